// Two columns of bars.
#include "ui/widgets/compare/alternatives_popover.h"

#include "ui/widgets/inspect/paint_tools.h"
#include "ui/widgets/inspect/token_text.h"
#include "ui/widgets/shell/painting.h"

#include <QKeyEvent>
#include <QLocale>
#include <QMouseEvent>
#include <QPainter>

#include <algorithm>

namespace moa {
namespace {

constexpr int kInner = 12, kColumn = 164, kColumnGap = 12, kRowGap = 4, kOffset = 6;

int lineOf(TextStyle style) {
    return QFontMetrics(Theme::instance().font(style)).height() + 4;
}

int rowHeight() {
    return lineOf(TextStyle::Mono) + 1;
}

} // namespace

AlternativesPopover::AlternativesPopover(QWidget* parent) : QWidget(parent) {
    registerCanvases();
    setFocusPolicy(Qt::StrongFocus);
    setAccessibleName(tr("Alternatives"));
    connect(&Theme::instance(), &Theme::changed, this, qOverload<>(&QWidget::update));
    hide();
}

int AlternativesPopover::rowsTop() const {
    return kShadow + kInner + lineOf(TextStyle::Key) + lineOf(TextStyle::Caption) + 4;
}

void AlternativesPopover::present(const Content& content, const QRect& token, const QRect& within) {
    m_content = content;
    m_side = 0;
    m_row = 0;
    const int rows = int(std::max(content.dense.size(), content.sparse.size()));
    const int wide = 2 * kColumn + kColumnGap + 2 * (kInner + kShadow);
    const int high = rowsTop() + rows * (rowHeight() + kRowGap) + lineOf(TextStyle::Caption) + kInner + kShadow + 2;
    resize(wide, high);
    // Below the token where there is room, else above it: never over it.
    int y = token.bottom() + kOffset - kShadow;
    if (y + high > within.bottom() + kShadow) y = token.top() - kOffset - high + kShadow;
    y = std::max(y, within.top() - kShadow);
    const int x = std::clamp(token.center().x() - wide / 2, within.left() - kShadow, std::max(within.right() + kShadow - wide, within.left() - kShadow));
    move(x, y);
    setAccessibleName(QStringLiteral("%1, %2").arg(content.title, content.kl));
    show();
    raise();
    update();
}

QRect AlternativesPopover::rowRect(bool dense, int row) const {
    const int x = kShadow + kInner + (dense ? 0 : kColumn + kColumnGap);
    return {x, rowsTop() + row * (rowHeight() + kRowGap), kColumn, rowHeight()};
}

void AlternativesPopover::paintSide(QPainter& painter, int index) const {
    const Theme& theme = Theme::instance();
    const bool dense = index == 0;
    const QRect first = rowRect(dense, 0);
    const int caption = lineOf(TextStyle::Caption);
    drawText(painter, QRectF(first.left(), first.top() - caption - 2, kColumn, caption), dense ? m_content.denseName : m_content.sparseName,
             TextStyle::Chip, dense ? Role::Dense : Role::Sparse);
    const std::vector<Choice>& all = side(index);
    for (int row = 0; row < int(all.size()); ++row) {
        const Choice& choice = all[std::size_t(row)];
        const QRectF box(rowRect(dense, row));
        painter.setPen(Qt::NoPen);
        painter.setBrush(theme.color(Role::Sunken));
        painter.drawRoundedRect(box, metrics::kChipRadius, metrics::kChipRadius);
        painter.setBrush(theme.color(dense ? Role::DenseSoft : Role::SparseSoft));
        const QRectF bar(box.topLeft(), QSizeF(std::max(box.width() * choice.probability, 3.0), box.height()));
        painter.drawRoundedRect(bar, metrics::kChipRadius, metrics::kChipRadius);
        if (choice.isChosen) {
            painter.setBrush(Qt::NoBrush);
            painter.setPen(QPen(theme.color(dense ? Role::Dense : Role::Sparse), 1.2));
            painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), metrics::kChipRadius, metrics::kChipRadius);
        }
        const QString value = QLocale().toString(choice.probability, 'f', 3);
        const double room = box.width() - textWidth(value, TextStyle::Table) - 22;
        const QFontMetrics mono(theme.font(TextStyle::Mono));
        drawText(painter, box.adjusted(8, 0, 0, 0), mono.elidedText(tokenSymbols(choice.text), Qt::ElideMiddle, int(room)), TextStyle::Mono, Role::Text);
        drawText(painter, box.adjusted(0, 0, -8, 0), value, TextStyle::Table, Role::Text, Qt::AlignRight | Qt::AlignVCenter);
        if (hasFocus() && index == m_side && row == m_row) paint::focusRing(painter, box, metrics::kChipRadius);
    }
}

void AlternativesPopover::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const QRectF box = QRectF(rect()).adjusted(kShadow, kShadow, -kShadow, -kShadow);
    drawPopover(painter, box);
    const QRectF title(box.left() + kInner, box.top() + kInner - 2, box.width() - 2 * kInner, lineOf(TextStyle::Key));
    drawText(painter, title, m_content.title, TextStyle::Key, Role::Text);
    drawText(painter, title, m_content.kl, TextStyle::Key, Role::Sparse, Qt::AlignRight | Qt::AlignVCenter);
    paintSide(painter, 0);
    paintSide(painter, 1);
    const QRectF foot(title.left(), box.bottom() - kInner - lineOf(TextStyle::Caption) + 4, title.width(), lineOf(TextStyle::Caption));
    drawText(painter, foot, tr("Enter: continue both from this token"), TextStyle::Caption, Role::Text2);
    drawText(painter, foot, tr("B: blame heads"), TextStyle::Chip, Role::Accent, Qt::AlignRight | Qt::AlignVCenter);
}

void AlternativesPopover::close() {
    if (!isVisible()) return;
    const bool had = hasFocus();
    hide();
    emit closed(had);
}

void AlternativesPopover::mousePressEvent(QMouseEvent* event) {
    setFocus(Qt::MouseFocusReason);
    for (int index = 0; index < 2; ++index)
        for (int row = 0; row < int(side(index).size()); ++row)
            if (rowRect(index == 0, row).contains(event->position().toPoint())) {
                m_side = index;
                m_row = row;
                update();
            }
}

void AlternativesPopover::mouseDoubleClickEvent(QMouseEvent*) {
    activateItem(currentItem()); // the first click chose it
}

void AlternativesPopover::leaveEvent(QEvent* event) {
    QWidget::leaveEvent(event);
    if (!hasFocus()) close();
}

void AlternativesPopover::keyPressEvent(QKeyEvent* event) {
    const int last = int(side(m_side).size()) - 1;
    switch (event->key()) {
    case Qt::Key_Up: m_row = std::max(m_row - 1, 0); break;
    case Qt::Key_Down: m_row = std::min(m_row + 1, last); break;
    case Qt::Key_Left:
    case Qt::Key_Right:
        m_side = event->key() == Qt::Key_Left ? 0 : 1;
        m_row = std::clamp(m_row, 0, std::max(int(side(m_side).size()) - 1, 0));
        break;
    case Qt::Key_Return:
    case Qt::Key_Enter: return activateItem(currentItem());
    case Qt::Key_B: return emit blameAsked();
    case Qt::Key_Escape: return close();
    default: return event->ignore();
    }
    announceCurrent(this);
    update();
}

void AlternativesPopover::activateItem(int index) {
    const int dense = int(m_content.dense.size());
    if (index < 0 || index >= itemCount()) return;
    const int token = index < dense ? m_content.dense[std::size_t(index)].token : m_content.sparse[std::size_t(index - dense)].token;
    close();
    emit continueAsked(token);
}

void AlternativesPopover::focusOutEvent(QFocusEvent* event) {
    QWidget::focusOutEvent(event);
    close();
}

bool AlternativesPopover::event(QEvent* event) {
    // Esc and B are its own while it is open, not the window's.
    if (event->type() == QEvent::ShortcutOverride) {
        const int key = static_cast<QKeyEvent*>(event)->key();
        if (key == Qt::Key_Escape || key == Qt::Key_B) event->accept();
    }
    return QWidget::event(event);
}

AccessibleItem AlternativesPopover::item(int index) const {
    const int dense = int(m_content.dense.size());
    const bool ofDense = index < dense;
    const int row = ofDense ? index : index - dense;
    const Choice& choice = side(ofDense ? 0 : 1)[std::size_t(row)];
    return {.role = QAccessible::ListItem,
            .name = tr("%1, %2 at %3").arg(ofDense ? m_content.denseName : m_content.sparseName, tokenSymbols(choice.text),
                                           QLocale().toString(choice.probability, 'f', 3)),
            .rect = rowRect(ofDense, row),
            .selected = index == currentItem()};
}

} // namespace moa
