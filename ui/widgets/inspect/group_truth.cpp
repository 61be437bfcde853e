// Bars, rule line and conclusion.
#include "ui/widgets/inspect/group_truth.h"

#include "ui/widgets/inspect/hover_tip.h"
#include "ui/widgets/inspect/paint_tools.h"
#include "ui/widgets/theme.h"

#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>

#include <algorithm>
#include <functional>
#include <vector>

namespace moa {
namespace {

constexpr int kRim = 4, kBarHeight = 10, kGap = 12;
constexpr int kPreferredWidth = 320, kLeastWidth = 200, kTall = 10'000;

QFontMetrics metricsOf(TextStyle style) {
    return QFontMetrics(Theme::instance().font(style));
}

} // namespace

GroupTruth::GroupTruth(QWidget* parent) : QWidget(parent) {
    registerCanvases();
    setFocusPolicy(Qt::StrongFocus);
    setMouseTracking(true);
    setAccessibleName(tr("Query heads of the group"));
    QSizePolicy policy(QSizePolicy::Preferred, QSizePolicy::Minimum);
    policy.setHeightForWidth(true);
    setSizePolicy(policy);
    new HoverTip(this, [this](QPoint at) {
        for (int row = 0; row < m_heads.size(); ++row)
            if (rowRect(row).contains(at)) return sentence(row);
        return QString();
    });
    connect(&Theme::instance(), &Theme::changed, this, [this] {
        updateGeometry();
        update();
    });
}

void GroupTruth::setHeads(QList<HeadSpan> heads, qint64 rule, qint64 tokens, int keptPercent) {
    m_heads = std::move(heads);
    m_rule = rule;
    m_tokens = std::max<qint64>(tokens, 1);
    m_keptPercent = keptPercent;
    updateGeometry();
    update();
}

void GroupTruth::setCaption(const QString& caption) {
    m_caption = caption;
    updateGeometry();
    update();
}

void GroupTruth::setRule(qint64 rule) {
    m_rule = rule;
    updateGeometry(); // the sentence may take another line
    update();
}

void GroupTruth::setCurrent(int queryHead) {
    m_current = queryHead;
    announceCurrent(this);
    update();
}

int GroupTruth::holder() const {
    qint64 most = m_rule;
    int head = -1;
    for (const HeadSpan& h : m_heads) {
        if (h.span == most) head = -1; // two need as much: no single one holds it
        if (h.span > most) {
            most = h.span;
            head = h.queryHead;
        }
    }
    return head;
}

QString GroupTruth::caption() const {
    return m_caption.isEmpty() ? tr("Span that keeps %1% of influence, per query head").arg(m_keptPercent) : m_caption;
}

int GroupTruth::wrappedHeight(const QString& text, int width) const {
    return metricsOf(TextStyle::Caption).boundingRect(0, 0, std::max(width - 2 * kRim, 1), kTall, Qt::TextWordWrap, text).height();
}

int GroupTruth::heightForWidth(int width) const {
    const int rows = int(m_heads.size()) * Theme::instance().rowHeight(TextStyle::Table);
    const int sentence = m_heads.isEmpty() ? 0 : wrappedHeight(conclusion(), width) + 6;
    return kRim * 2 + wrappedHeight(caption(), width) + 8 + rows + metricsOf(TextStyle::Axis).height() + 8 + sentence;
}

QSize GroupTruth::sizeHint() const {
    return {kPreferredWidth, heightForWidth(width() > 0 && isVisible() ? width() : kPreferredWidth)};
}

QSize GroupTruth::minimumSizeHint() const {
    return {kLeastWidth, 0}; // the height follows the width
}

QRect GroupTruth::rowRect(int row) const {
    const int height = Theme::instance().rowHeight(TextStyle::Table);
    return {kRim, kRim + wrappedHeight(caption(), width()) + 8 + row * height, width() - 2 * kRim, height};
}

QRect GroupTruth::barRect(int row) const {
    int names = 0;
    for (const HeadSpan& h : m_heads)
        names = std::max(names, metricsOf(TextStyle::Key).horizontalAdvance(tr("Q%1").arg(h.queryHead)));
    const int numbers =
        metricsOf(TextStyle::Key).horizontalAdvance(paint::count(std::max<qint64>(m_tokens, 100000)));
    const QRect line = rowRect(row);
    return {line.left() + names + kGap, line.center().y() - kBarHeight / 2,
            std::max(line.width() - names - numbers - 2 * kGap, 20), kBarHeight};
}

double GroupTruth::xOf(qint64 span) const {
    const QRect bar = barRect(0);
    return bar.left() + std::clamp(double(span) / double(m_tokens), 0.0, 1.0) * bar.width();
}

QString GroupTruth::conclusion() const {
    std::vector<qint64> spans;
    for (const HeadSpan& h : m_heads) spans.push_back(h.span);
    std::ranges::sort(spans, std::greater<>());
    const qint64 widest = spans.front(), second = spans.size() > 1 ? spans[1] : 0;
    if (widest <= m_rule) return tr("All of them fit in the rule's %1 tokens.").arg(paint::count(m_rule));
    const int head = holder();
    if (head < 0 || m_heads.size() < 2)
        return tr("The rule keeps less than they need, by up to %1 tokens.")
            .arg(paint::count(widest - m_rule));
    if (second <= m_rule)
        return tr("Q%1 alone needs %2. The others fit in %3, so a narrow rule costs accuracy through one "
                  "query head only.")
            .arg(head)
            .arg(paint::count(widest), paint::count(second));
    return tr("Q%1 needs %2, the next %3: more than one query head loses by this rule.")
        .arg(head)
        .arg(paint::count(widest), paint::count(second));
}

void GroupTruth::paintTo(QPainter& painter) {
    const Theme& theme = Theme::instance();
    if (m_heads.isEmpty()) {
        painter.setFont(theme.font(TextStyle::Caption));
        painter.setPen(theme.color(Role::Text2));
        painter.drawText(QRect(kRim, kRim, width() - 2 * kRim, height()), Qt::AlignLeft | Qt::AlignTop | Qt::TextWordWrap,
                         tr("The span that each query head needs shows once attention is captured."));
        return;
    }
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setFont(theme.font(TextStyle::Caption));
    painter.setPen(theme.color(Role::Text2));
    painter.drawText(QRect(kRim, kRim, width() - 2 * kRim, wrappedHeight(caption(), width())),
                     Qt::AlignLeft | Qt::AlignTop | Qt::TextWordWrap, caption());
    for (int row = 0; row < m_heads.size(); ++row) {
        const HeadSpan& head = m_heads[row];
        const QRectF line = rowRect(row), bar = barRect(row);
        const bool over = head.span > m_rule;
        if (head.queryHead == m_current) {
            painter.setPen(Qt::NoPen);
            painter.setBrush(theme.color(Role::AccentSoft));
            painter.drawRoundedRect(line.adjusted(-2, 1, 2, -1), metrics::kChipRadius, metrics::kChipRadius);
        }
        painter.setFont(theme.font(head.queryHead == m_current ? TextStyle::Key : TextStyle::Table));
        painter.setPen(theme.color(Role::Text));
        painter.drawText(line, Qt::AlignLeft | Qt::AlignVCenter, tr("Q%1").arg(head.queryHead));
        painter.setPen(Qt::NoPen);
        painter.setBrush(theme.color(Role::Sunken));
        painter.drawRoundedRect(bar, metrics::kCellRadius, metrics::kCellRadius);
        const double within = xOf(std::min(head.span, m_rule)), end = xOf(head.span);
        painter.fillRect(QRectF(bar.topLeft(), QPointF(within, bar.bottom())), theme.color(Role::Dense));
        if (over)
            painter.fillRect(QRectF(QPointF(within, bar.top()), QPointF(end, bar.bottom())),
                             theme.color(Role::Sparse));
        painter.setFont(theme.font(over ? TextStyle::Key : TextStyle::Table));
        painter.setPen(theme.color(over ? Role::Sparse : Role::Text));
        painter.drawText(line, Qt::AlignRight | Qt::AlignVCenter, paint::count(head.span));
    }
    const QRect first = barRect(0), last = barRect(int(m_heads.size()) - 1);
    const double x = xOf(m_rule);
    painter.setPen(QPen(theme.color(Role::Text), 2));
    painter.drawLine(QPointF(x, first.top() - 5), QPointF(x, last.bottom() + 6));
    QFont axis = theme.font(TextStyle::Axis), bold = axis;
    bold.setWeight(QFont::DemiBold);
    const QRectF foot(first.left(), last.bottom() + 8, first.width(), QFontMetricsF(axis).height());
    const QString rule = tr("rule %1").arg(paint::count(m_rule)), end = paint::axisTokens(m_tokens);
    const double ruleWidth = QFontMetricsF(bold).horizontalAdvance(rule) + 4;
    const double left =
        std::clamp(x - ruleWidth / 2, double(kRim), std::max(double(kRim), width() - kRim - ruleWidth));
    painter.setFont(bold);
    painter.drawText(QRectF(left, foot.top(), ruleWidth, foot.height()), Qt::AlignCenter, rule);
    painter.setFont(axis);
    painter.setPen(theme.color(Role::Text3));
    if (left + ruleWidth + 4 < foot.right() - QFontMetricsF(axis).horizontalAdvance(end))
        painter.drawText(foot, Qt::AlignRight | Qt::AlignVCenter, end);
    painter.setFont(theme.font(TextStyle::Caption));
    painter.setPen(theme.color(Role::Text2));
    painter.drawText(QRectF(kRim, foot.bottom() + 6, width() - 2 * kRim, height() - foot.bottom() - 6),
                     Qt::AlignLeft | Qt::AlignTop | Qt::TextWordWrap, conclusion());
}

void GroupTruth::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    paintTo(painter);
    if (hasFocus()) paint::focusRing(painter, QRectF(rect()).adjusted(-1, -1, 1, 1));
}

void GroupTruth::activateItem(int index) {
    if (index < 0 || index >= m_heads.size()) return;
    setCurrent(m_heads[index].queryHead);
    emit headChosen(m_current);
}

void GroupTruth::mousePressEvent(QMouseEvent* event) {
    for (int row = 0; row < m_heads.size(); ++row)
        if (event->button() == Qt::LeftButton && rowRect(row).contains(event->position().toPoint()))
            activateItem(row);
}

void GroupTruth::keyPressEvent(QKeyEvent* event) {
    const int row = currentItem(), last = int(m_heads.size()) - 1;
    switch (event->key()) {
    case Qt::Key_Up:
        activateItem(std::max(row - 1, 0));
        return;
    case Qt::Key_Down:
        activateItem(std::min(row + 1, last));
        return;
    case Qt::Key_Home:
        activateItem(0);
        return;
    case Qt::Key_End:
        activateItem(last);
        return;
    default:
        QWidget::keyPressEvent(event);
    }
}

QString GroupTruth::sentence(int row) const {
    const HeadSpan& head = m_heads[row];
    QString text = tr("Query head %1, %2% of influence within span %3")
                       .arg(head.queryHead)
                       .arg(m_keptPercent)
                       .arg(paint::count(head.span));
    if (head.span > m_rule) text += tr(", %1 more than the rule").arg(paint::count(head.span - m_rule));
    return text;
}

AccessibleItem GroupTruth::item(int index) const {
    AccessibleItem item;
    item.role = QAccessible::ListItem;
    item.name = sentence(index);
    item.rect = rowRect(index);
    item.selected = m_heads[index].queryHead == m_current;
    return item;
}

int GroupTruth::currentItem() const {
    for (int row = 0; row < m_heads.size(); ++row)
        if (m_heads[row].queryHead == m_current) return row;
    return -1;
}

} // namespace moa
