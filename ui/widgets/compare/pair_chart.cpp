// Scales end at round numbers.
#include "ui/widgets/compare/pair_chart.h"

#include "ui/widgets/inspect/paint_tools.h"
#include "ui/widgets/shell/painting.h"

#include <QAccessible>
#include <QHelpEvent>
#include <QLocale>
#include <QPainter>
#include <QPainterPath>
#include <QToolTip>

#include <algorithm>
#include <cmath>

namespace moa {

using namespace Qt::StringLiterals;

namespace {

constexpr int kBar = 8, kBelow = 8;

/// The least of 1, 2, 2.5, 5 × 10^k that is at least `value`.
double roundEnd(double value) {
    if (!(value > 0)) return 1;
    const double decade = std::pow(10.0, std::floor(std::log10(value)));
    for (const double step : {1.0, 2.0, 2.5, 5.0, 10.0})
        if (step * decade >= value * (1 - 1e-9)) return step * decade;
    return 10 * decade;
}

} // namespace

PairChart::PairChart(const QString& name, QWidget* parent) : QWidget(parent) {
    setProperty("accessibleRole", int(QAccessible::Chart));
    setAccessibleName(name);
    connect(&Theme::instance(), &Theme::changed, this, qOverload<>(&QWidget::update));
}

void PairChart::setLines(std::vector<double> dense, std::vector<double> sparse, int room) {
    m_dense = std::move(dense);
    m_sparse = std::move(sparse);
    m_room = std::max({room, int(m_dense.size()), int(m_sparse.size()), 1});
    update();
}

void PairChart::paintEvent(QPaintEvent*) {
    const Theme& theme = Theme::instance();
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    double most = 0;
    for (const auto* line : {&m_dense, &m_sparse})
        for (const double v : *line)
            if (std::isfinite(v)) most = std::max(most, v);
    const double end = roundEnd(most * 1.1);
    const int text = QFontMetrics(theme.font(TextStyle::Axis)).height();
    const double left = textWidth(u"00.00"_s, TextStyle::Axis) + 10;
    const QRectF area(left, text / 2.0 + 4, width() - left - 12, height() - 1.5 * text - 12);
    const int lines = area.height() > 5 * text ? 4 : 2;
    for (int i = 0; i <= lines; ++i) {
        const double y = area.bottom() - area.height() * i / lines;
        paint::hairline(painter, {area.left(), y}, {area.right(), y}, Role::Grid);
        if (most > 0)
            drawText(painter, QRectF(0, y - text / 2.0, left - 6, text), QLocale().toString(end * i / lines, 'g', 4), TextStyle::Axis,
                     Role::Text3, Qt::AlignRight | Qt::AlignVCenter);
    }
    const auto step = std::max<qint64>(paint::tickStep(m_room, area.width(), 50), 1);
    for (qint64 t = 0; t <= m_room; t += step) {
        const double x = area.left() + area.width() * double(t) / m_room;
        drawText(painter, QRectF(x - 20, area.bottom() + 3, 40, text), QString::number(t), TextStyle::Axis, Role::Text3, Qt::AlignCenter);
    }
    const auto draw = [&](const std::vector<double>& values, Role role) {
        QPainterPath path;
        bool begun = false;
        for (std::size_t i = 0; i < values.size(); ++i) {
            if (!std::isfinite(values[i])) continue;
            const QPointF at(area.left() + area.width() * (double(i) + 0.5) / m_room, area.bottom() - values[i] / end * area.height());
            begun ? path.lineTo(at) : path.moveTo(at);
            begun = true;
        }
        painter.setPen(QPen(theme.color(role), 1.8));
        painter.drawPath(path);
    };
    draw(m_dense, Role::Dense);
    draw(m_sparse, Role::Sparse);
}

SavingRows::SavingRows(QWidget* parent) : QWidget(parent) {
    setProperty("accessibleRole", int(QAccessible::Chart));
    setAccessibleName(tr("Saving"));
    connect(&Theme::instance(), &Theme::changed, this, [this] {
        updateGeometry();
        update();
    });
}

void SavingRows::setRows(std::vector<Row> rows) {
    if (rows == m_rows) return;
    m_rows = std::move(rows);
    QStringList spoken;
    for (const Row& row : m_rows)
        if (row.share >= 0) spoken << tr("%1 %2 of dense").arg(row.name, QLocale().toString(row.share, 'f', 3));
    setAccessibleName(spoken.isEmpty() ? tr("Saving") : spoken.join(u", "_s));
    updateGeometry();
    update();
}

int SavingRows::rowHeight() const {
    return Theme::instance().rowHeight(TextStyle::Table) - 5 + kBar + kBelow;
}

QSize SavingRows::sizeHint() const {
    return {220, rowHeight() * int(m_rows.size())};
}

void SavingRows::paintEvent(QPaintEvent*) {
    const Theme& theme = Theme::instance();
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(Qt::NoPen);
    for (int k = 0; k < int(m_rows.size()); ++k) {
        const Row& row = m_rows[std::size_t(k)];
        const QRectF line(0, k * rowHeight(), width(), rowHeight() - kBar - kBelow);
        const QString value = row.share < 0 ? u"–"_s : QLocale().toString(row.share, 'f', 3);
        const int room = width() - textWidth(value, TextStyle::Key) - 8; // a name may elide, its number never
        drawText(painter, line, QFontMetrics(theme.font(TextStyle::Table)).elidedText(row.name, Qt::ElideRight, room), TextStyle::Table, Role::Text2);
        drawText(painter, line, value, TextStyle::Key, Role::Text, Qt::AlignRight | Qt::AlignVCenter);
        const QRectF bar(0, line.bottom() + 1, width(), kBar);
        painter.setPen(Qt::NoPen);
        painter.setBrush(theme.color(Role::DenseSoft));
        painter.drawRoundedRect(bar, 3, 3);
        if (row.share < 0) continue;
        painter.setBrush(theme.color(Role::Sparse));
        painter.drawRoundedRect(QRectF(bar.topLeft(), QSizeF(bar.width() * std::clamp(row.share, 0.0, 1.0), kBar)), 3, 3);
    }
}

bool SavingRows::event(QEvent* event) {
    if (event->type() != QEvent::ToolTip) return QWidget::event(event);
    auto* help = static_cast<QHelpEvent*>(event);
    const int row = help->pos().y() / std::max(rowHeight(), 1);
    if (row >= 0 && row < int(m_rows.size()) && !m_rows[std::size_t(row)].tip.isEmpty())
        QToolTip::showText(help->globalPos(), m_rows[std::size_t(row)].tip, this);
    return true;
}

} // namespace moa
