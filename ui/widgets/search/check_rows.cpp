// Three columns of numbers at the right, names at the left, intervals below.
#include "ui/widgets/search/check_rows.h"

#include "ui/widgets/inspect/hover_tip.h"
#include "ui/widgets/inspect/paint_tools.h"
#include "ui/widgets/shell/chip.h"
#include "ui/widgets/shell/painting.h"

#include <QPainter>

#include <array>
#include <cmath>

namespace moa {
namespace {

constexpr int kScale = 14, kBelow = 6, kGap = 14, kSide = 4;
constexpr double kSeen = 0.005; ///< half of the last decimal

/// Widths of the number columns, from the widest that they can hold.
std::array<int, 3> columns() {
    const auto width = [](const QString& head, const QString& number) {
        return std::max(textWidth(head, TextStyle::Caption), textWidth(number, TextStyle::Key)) + kGap;
    };
    return {width(CheckRows::tr("Dense"), QStringLiteral("0.00")), width(CheckRows::tr("Plan"), QStringLiteral("0.00")),
            width(CheckRows::tr("Change"), QStringLiteral("−0.00"))};
}

void paintShare(QPainter& painter, const QRectF& scale, double y, const CheckShare& share, Role role) {
    const auto x = [&](double value) { return scale.left() + value * scale.width(); };
    painter.setPen(QPen(Theme::instance().color(role), 1.5));
    painter.drawLine(QPointF(x(share.low), y), QPointF(x(share.high), y));
    for (const double end : {share.low, share.high}) painter.drawLine(QPointF(x(end), y - 2), QPointF(x(end), y + 2));
    painter.setBrush(Theme::instance().color(role));
    painter.drawEllipse(QPointF(x(share.value), y), 2.5, 2.5);
}

} // namespace

CheckRows::CheckRows(QWidget* parent) : QWidget(parent) {
    registerCanvases();
    setAccessibleName(tr("Answers on tasks"));
    setMouseTracking(true);
    new HoverTip(this, [this](QPoint at) {
        for (int i = 0; i < itemCount(); ++i)
            if (rowRect(i).contains(at)) return m_rows[std::size_t(i)].tip;
        return QString();
    });
    connect(&Theme::instance(), &Theme::changed, this, [this] {
        updateGeometry();
        update();
    });
}

void CheckRows::setRows(std::vector<CheckRow> rows) {
    if (rows == m_rows) return;
    m_rows = std::move(rows);
    updateGeometry();
    update();
}

QStringList CheckRows::texts(const CheckRow& row) {
    const double change = row.share.value - row.dense.value;
    return {paint::number(row.dense.value, 2), paint::number(row.share.value, 2),
            std::abs(change) < kSeen ? QStringLiteral("0") : paint::signedNumber(change, 2)};
}

int CheckRows::headHeight() const {
    return Theme::instance().rowHeight(TextStyle::Caption) - 4;
}

int CheckRows::rowHeight() const {
    return Theme::instance().rowHeight(TextStyle::Table) - 4 + kScale + kBelow;
}

QRect CheckRows::rowRect(int row) const {
    return {0, headHeight() + row * rowHeight(), width(), rowHeight()};
}

QSize CheckRows::sizeHint() const {
    return {240, m_rows.empty() ? 0 : headHeight() + rowHeight() * int(m_rows.size())};
}

void CheckRows::paintEvent(QPaintEvent*) {
    if (m_rows.empty()) return;
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    QRectF head(kSide, 0, width() - 2 * kSide, headHeight());
    drawText(painter, head, tr("Check"), TextStyle::Caption, Role::Text3);
    const QString heads[] = {tr("Dense"), tr("Plan"), tr("Change")};
    const std::array<int, 3> wide = columns();
    for (int c = 2; c >= 0; --c) {
        drawText(painter, head, heads[c], TextStyle::Caption, Role::Text3, Qt::AlignRight | Qt::AlignVCenter);
        head.setRight(head.right() - wide[std::size_t(c)]);
    }
    for (int k = 0; k < itemCount(); ++k) paintRow(painter, m_rows[std::size_t(k)], QRectF(rowRect(k)));
}

void CheckRows::paintRow(QPainter& painter, const CheckRow& row, const QRectF& box) {
    const Theme& theme = Theme::instance();
    QRectF line(kSide, box.top(), box.width() - 2 * kSide, box.height() - kScale - kBelow);
    const QStringList numbers = texts(row);
    const double change = row.share.value - row.dense.value;
    const Role changed = std::abs(change) < kSeen ? Role::Text2 : change < 0 ? Role::Error : Role::Ok;
    const Role roles[] = {Role::Dense, Role::Text, changed};
    const std::array<int, 3> wide = columns();
    for (int c = 2; c >= 0; --c) {
        drawText(painter, line, numbers[c], c == 0 ? TextStyle::Table : TextStyle::Key, row.isStale ? Role::Text3 : roles[c],
                 Qt::AlignRight | Qt::AlignVCenter);
        line.setRight(line.right() - wide[std::size_t(c)]);
    }
    qreal x = line.left() + drawText(painter, line, row.name, TextStyle::Table, row.isStale ? Role::Text3 : Role::Text) + 6;
    if (row.isStale) x += paintStaleChip(painter, {x, line.center().y()}) + 6;
    const QString plan = QFontMetrics(theme.font(TextStyle::Caption)).elidedText(row.plan, Qt::ElideMiddle, int(line.right() - x));
    drawText(painter, {x, line.top(), line.right() - x, line.height()}, plan, TextStyle::Caption, row.isOwn ? Role::Sparse : Role::Text3);
    const QRectF scale(kSide + 4, box.bottom() - kScale - kBelow, box.width() - 2 * kSide - 8, kScale);
    painter.fillRect(scale.adjusted(-4, 0, 4, 0), theme.color(Role::Sunken));
    paintShare(painter, scale, scale.top() + kScale / 3.0 - 0.5, row.dense, row.isStale ? Role::Neutral : Role::Dense);
    paintShare(painter, scale, scale.top() + kScale * 2 / 3.0 + 0.5, row.share,
               row.isStale ? Role::Neutral : row.isOwn ? Role::Sparse : Role::Accent);
}

AccessibleItem CheckRows::item(int index) const {
    const CheckRow& row = m_rows[std::size_t(index)];
    const QStringList numbers = texts(row);
    return {.role = QAccessible::ListItem,
            .name = tr("%1, %2: dense %3, plan %4, change %5%6").arg(row.name, row.plan, numbers[0], numbers[1], numbers[2], row.isStale ? tr(", stale") : QString()),
            .rect = rowRect(index)};
}

} // namespace moa
