// Layout, painting and input of a token lane.
#include "ui/widgets/inspect/token_lane.h"

#include "ui/widgets/inspect/hover_tip.h"
#include "ui/widgets/inspect/paint_tools.h"
#include "ui/widgets/inspect/token_text.h"
#include "ui/widgets/theme.h"

#include <QClipboard>
#include <QGuiApplication>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QWheelEvent>

#include <algorithm>

namespace moa {
namespace {

constexpr int kChipGap = 4, kChipPad = 5, kRim = 3, kUnderline = 2, kLeastChip = 16;

int chipHeight() {
    return QFontMetrics(Theme::instance().font(TextStyle::Mono)).height() + 8;
}

} // namespace

TokenLane::TokenLane(const QString& kind, QWidget* parent) : QWidget(parent), m_kind(kind) {
    registerCanvases();
    setFocusPolicy(Qt::StrongFocus);
    setMouseTracking(true);
    new HoverTip(this, [this](QPoint at) {
        const int position = positionAt(at, false);
        return position < 0 ? QString() : sentence(position);
    });
    connect(&Theme::instance(), &Theme::changed, this, [this] {
        updateGeometry();
        layOut();
    });
}

int TokenLane::titleWidth() {
    const Theme& theme = Theme::instance();
    const QFontMetrics title(theme.font(TextStyle::Key)), note(theme.font(TextStyle::Caption));
    const QString widest = tr("%1 to %2").arg(paint::count(131072), paint::count(131072));
    return std::max(title.horizontalAdvance(tr("Query tokens")), note.horizontalAdvance(widest)) + 12;
}

QSize TokenLane::sizeHint() const {
    const Theme& theme = Theme::instance();
    const int texts = QFontMetrics(theme.font(TextStyle::Key)).height() +
                      QFontMetrics(theme.font(TextStyle::Caption)).height();
    return {titleWidth() + 480, std::max(chipHeight() + kUnderline + 3, texts) + 2 * kRim};
}

void TokenLane::setTitle(const QString& title, const QString& note) {
    m_title = title;
    m_note = note;
    setAccessibleName(title);
    update();
}

void TokenLane::setTokens(int first, QList<LaneToken> tokens) {
    m_first = std::max(first, 0);
    m_tokens = std::move(tokens);
    layOut();
}

void TokenLane::setCurrent(int position) {
    if (position == m_current) return;
    m_current = position;
    layOut();
    announceCurrent(this);
}

void TokenLane::setSelection(int first, int last) {
    m_selectionFirst = first;
    m_selectionLast = last;
    update();
}

void TokenLane::setLook(const HeatLook& look) {
    m_look = look;
    update();
}

void TokenLane::layOut() {
    m_chips.clear();
    update();
    if (m_tokens.isEmpty()) return;
    const QFontMetrics metrics(Theme::instance().font(TextStyle::Mono));
    const auto make = [&](int position) {
        const QString shown = tokenSymbols(tokenOf(position).text);
        const int width = std::max(metrics.horizontalAdvance(shown) + 2 * kChipPad, kLeastChip);
        return Chip{position, shown, {0, 0, width, chipHeight()}};
    };
    const int room = width() - titleWidth() - kRim;
    const int centre = has(m_current) ? m_current : m_first;
    m_chips.append(make(centre));
    int used = m_chips.front().rect.width();
    // Grows to both sides in turn, so that the current token stays in the middle while there is text around
    // it.
    for (bool left = true, right = true, turn = true; left || right; turn = !turn) {
        bool& open = turn ? left : right;
        if (!open) continue;
        const int position = turn ? m_chips.front().position - 1 : m_chips.back().position + 1;
        open = has(position);
        if (!open) continue;
        const Chip chip = make(position);
        open = used + kChipGap + chip.rect.width() <= room;
        if (!open) continue;
        used += kChipGap + chip.rect.width();
        turn ? m_chips.prepend(chip) : m_chips.append(chip);
    }
    int x = titleWidth();
    for (Chip& chip : m_chips) {
        chip.rect.moveTo(x, kRim);
        x += chip.rect.width() + kChipGap;
    }
}

std::pair<int, int> TokenLane::shownRange() const {
    return m_chips.isEmpty() ? std::pair{0, -1}
                             : std::pair{m_chips.front().position, m_chips.back().position};
}

QRect TokenLane::chipRect(int position) const {
    const auto [first, last] = shownRange();
    return position >= first && position <= last ? m_chips[position - first].rect : QRect();
}

void TokenLane::paintChip(QPainter& painter, const Chip& chip) {
    const Theme& theme = Theme::instance();
    const LaneToken& token = tokenOf(chip.position);
    const QRectF box = QRectF(chip.rect).adjusted(0.5, 0.5, -0.5, -0.5);
    QColor fill = theme.color(Role::Surface), ink = theme.color(Role::Text);
    if (token.weight >= 0) {
        fill = QColor::fromRgb(m_look.attentionColour(m_look.position(double(token.weight))));
        ink = Theme::textOn(fill);
    }
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(QPen(theme.color(token.special ? Role::Strong : Role::Border), 1,
                        token.special ? Qt::DashLine : Qt::SolidLine));
    painter.setBrush(fill);
    painter.drawRoundedRect(box, metrics::kChipRadius, metrics::kChipRadius);
    if (token.masked) {
        painter.setPen(Qt::NoPen);
        painter.setBrush(theme.color(Role::Sparse));
        painter.drawRect(QRectF(box.left(), box.bottom() + 2, box.width(), kUnderline));
    }
    painter.setFont(theme.font(TextStyle::Mono));
    painter.setPen(ink);
    painter.drawText(chip.rect, Qt::AlignCenter, chip.shown);
    painter.setBrush(Qt::NoBrush);
    if (chip.position == m_current) {
        painter.setPen(QPen(theme.color(Role::Text), 2));
        painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), metrics::kChipRadius,
                                metrics::kChipRadius);
    } else if (isSelected(chip.position)) {
        painter.setPen(QPen(theme.color(Role::Text), 1));
        painter.drawRoundedRect(box, metrics::kChipRadius, metrics::kChipRadius);
    }
}

void TokenLane::paintTo(QPainter& painter) {
    const Theme& theme = Theme::instance();
    const QFont bold = theme.font(TextStyle::Caption), caption = bold;
    QFont title = bold;
    title.setWeight(QFont::DemiBold);
    painter.setFont(title);
    painter.setPen(theme.color(Role::Text2));
    const int titleHeight = QFontMetrics(title).height(), noteHeight = QFontMetrics(caption).height();
    painter.drawText(QRect(kRim + 1, kRim, titleWidth(), titleHeight), Qt::AlignLeft | Qt::AlignVCenter,
                     m_title);
    const auto [first, last] = shownRange();
    const QString note = !m_note.isEmpty() || last < first
                             ? m_note
                             : tr("%1 to %2").arg(paint::count(first), paint::count(last));
    painter.setFont(caption);
    painter.setPen(theme.color(Role::Text3));
    painter.drawText(QRect(kRim + 1, kRim + titleHeight, titleWidth(), noteHeight),
                     Qt::AlignLeft | Qt::AlignVCenter, note);
    for (const Chip& chip : m_chips) paintChip(painter, chip);
}

void TokenLane::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    paintTo(painter);
    if (hasFocus()) paint::focusRing(painter, QRectF(rect()).adjusted(-1, -1, 1, 1));
}

void TokenLane::resizeEvent(QResizeEvent* event) {
    QWidget::resizeEvent(event);
    layOut();
}

int TokenLane::positionAt(QPoint at, bool nearest) const {
    if (m_chips.isEmpty()) return -1;
    for (const Chip& chip : m_chips)
        if (at.x() < chip.rect.right() + kChipGap && (nearest || chip.rect.contains(at)))
            return chip.position;
    return nearest ? m_chips.back().position : -1;
}

void TokenLane::moveCurrent(int position) {
    if (!has(position) || position == m_current) return;
    setCurrent(position);
    emit currentChanged(position);
}

void TokenLane::mousePressEvent(QMouseEvent* event) {
    if (event->button() != Qt::LeftButton) return;
    m_pressed = positionAt(event->position().toPoint(), false);
}

void TokenLane::mouseMoveEvent(QMouseEvent* event) {
    if (m_pressed < 0 || !(event->buttons() & Qt::LeftButton)) return;
    const int here = positionAt(event->position().toPoint(), true);
    if (here == m_pressed && m_selectionLast < m_selectionFirst) return;
    setSelection(std::min(m_pressed, here), std::max(m_pressed, here));
}

void TokenLane::mouseReleaseEvent(QMouseEvent* event) {
    if (event->button() != Qt::LeftButton || m_pressed < 0) return;
    const int pressed = std::exchange(m_pressed, -1), here = positionAt(event->position().toPoint(), true);
    if (here != pressed) {
        emit rangeSelected(m_selectionFirst, m_selectionLast);
        return;
    }
    if (m_selectionLast >= m_selectionFirst) {
        setSelection(0, -1);
        emit rangeSelected(0, -1);
    }
    moveCurrent(pressed);
}

void TokenLane::wheelEvent(QWheelEvent* event) {
    m_wheel += event->angleDelta().y() + event->angleDelta().x();
    constexpr int kNotch = 120;
    const int steps = m_wheel / kNotch;
    m_wheel -= steps * kNotch;
    if (steps != 0 && m_current >= 0)
        moveCurrent(std::clamp(m_current - steps, m_first, m_first + int(m_tokens.size()) - 1));
    event->accept();
}

void TokenLane::keyPressEvent(QKeyEvent* event) {
    const int step = event->modifiers() & Qt::ShiftModifier ? 10 : 1;
    const int last = m_first + int(m_tokens.size()) - 1;
    const auto go = [&](int position) {
        moveCurrent(std::clamp(position, m_first, std::max(last, m_first)));
    };
    if (event->matches(QKeySequence::Copy)) return copy();
    switch (event->key()) {
    case Qt::Key_Left:
        go(m_current - step);
        return;
    case Qt::Key_Right:
        go(m_current + step);
        return;
    case Qt::Key_Home:
        go(m_first);
        return;
    case Qt::Key_End:
        go(last);
        return;
    case Qt::Key_Escape:
        if (m_selectionLast < m_selectionFirst) break;
        setSelection(0, -1);
        emit rangeSelected(0, -1);
        return;
    default:
        break;
    }
    QWidget::keyPressEvent(event);
}

void TokenLane::copy() const {
    QString text;
    const bool range = m_selectionLast >= m_selectionFirst;
    for (int p = range ? m_selectionFirst : m_current; p <= (range ? m_selectionLast : m_current); ++p)
        if (has(p)) text += tokenOf(p).text;
    if (!text.isEmpty()) QGuiApplication::clipboard()->setText(text);
}

QString TokenLane::sentence(int position) const {
    const LaneToken& token = tokenOf(position);
    QStringList parts{tr("%1 %2").arg(m_kind, paint::count(position)),
                      QStringLiteral("“%1”").arg(tokenSymbols(token.text))};
    if (token.special) parts << tr("special token");
    if (token.weight >= 0) parts << tr("attention %1").arg(paint::weight(double(token.weight)));
    if (token.masked) parts << tr("outside window");
    return parts.join(QStringLiteral(", "));
}

AccessibleItem TokenLane::item(int index) const {
    AccessibleItem item;
    item.role = QAccessible::ListItem;
    item.name = sentence(m_chips[index].position);
    item.rect = m_chips[index].rect;
    item.selected = m_chips[index].position == m_current || isSelected(m_chips[index].position);
    return item;
}

int TokenLane::currentItem() const {
    const auto [first, last] = shownRange();
    return m_current >= first && m_current <= last ? m_current - first : -1;
}

void TokenLane::activateItem(int index) {
    if (index >= 0 && index < m_chips.size()) moveCurrent(m_chips[index].position);
}

} // namespace moa
