// Painting of the two small tables.
#include "ui/widgets/model/facts_table.h"

#include "ui/widgets/model/memory_chart.h"
#include "ui/widgets/shell/painting.h"

#include <QLocale>
#include <QPainter>

#include <algorithm>
#include <cmath>

namespace moa {

FactsTable::FactsTable(QWidget* parent) : QWidget(parent) {
    connect(&Theme::instance(), &Theme::changed, this, [this] { updateGeometry(), update(); });
}

void FactsTable::setFacts(const std::vector<Fact>& facts) {
    m_facts = facts;
    QStringList said;
    for (const Fact& fact : facts) said.append(fact.name + QLatin1Char(' ') + fact.value);
    setAccessibleName(said.join(QStringLiteral("; ")));
    updateGeometry();
    update();
}

QSize FactsTable::sizeHint() const {
    int width = 0;
    for (const Fact& fact : m_facts)
        width = std::max(width, textWidth(fact.name, TextStyle::Table) + 16 + textWidth(fact.value, TextStyle::Table));
    return {width, int(m_facts.size()) * (Theme::instance().rowHeight() + 4)};
}

void FactsTable::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    const int row = Theme::instance().rowHeight() + 4;
    for (std::size_t i = 0; i < m_facts.size(); ++i) {
        const QRectF box(0, double(i) * row, width(), row);
        drawText(painter, box, m_facts[i].name, TextStyle::Table, Role::Text2);
        if (m_facts[i].isKey)
            drawKey(painter, {box.right(), box.center().y()}, m_facts[i].value);
        else
            drawText(painter, box, m_facts[i].value, TextStyle::Table, m_facts[i].role, Qt::AlignRight | Qt::AlignVCenter);
    }
}

AllocationTable::AllocationTable(QWidget* parent) : QWidget(parent) {
    connect(&Theme::instance(), &Theme::changed, this, [this] { updateGeometry(), update(); });
}

void AllocationTable::setRows(const std::vector<Row>& rows) {
    m_rows = rows;
    if (!rows.empty()) {
        Row total{tr("Total"), 0, 0};
        for (const Row& row : rows) {
            total.estimated += row.estimated;
            total.allocated += row.allocated;
        }
        m_rows.push_back(total);
    }
    QStringList said;
    for (const Row& row : m_rows)
        said.append(tr("%1, estimated %2, allocated %3").arg(row.part, bytesText(row.estimated), bytesText(row.allocated)));
    setAccessibleName(said.join(QStringLiteral("; ")));
    updateGeometry();
    update();
}

QSize AllocationTable::sizeHint() const {
    return {280, int(m_rows.size() + 1) * Theme::instance().rowHeight()};
}

void AllocationTable::paintEvent(QPaintEvent*) {
    const Theme& theme = Theme::instance();
    QPainter painter(this);
    const int high = theme.rowHeight();
    const double number = textWidth(QStringLiteral("1000.00 MiB"), TextStyle::Table) + 10;
    const double percent = textWidth(QStringLiteral("−100.0%"), TextStyle::Table) + 10;
    const auto line = [&](int row, const QString& part, const QString& a, const QString& b, const QString& c,
                          TextStyle style, Role role) {
        const double y = double(row) * high;
        drawText(painter, QRectF(0, y, width(), high), part, style == TextStyle::Table ? TextStyle::Key : style, role);
        const double right = width();
        drawText(painter, QRectF(right - percent, y, percent, high), c, style, role, Qt::AlignRight | Qt::AlignVCenter);
        drawText(painter, QRectF(right - percent - number, y, number, high), b, style, role,
                 Qt::AlignRight | Qt::AlignVCenter);
        drawText(painter, QRectF(right - percent - 2 * number, y, number, high), a, style, role,
                 Qt::AlignRight | Qt::AlignVCenter);
        painter.setPen(theme.color(Role::Grid));
        painter.drawLine(QPointF(0, y + high - 0.5), QPointF(right, y + high - 0.5));
    };
    line(0, tr("Part"), tr("Estimate"), tr("Allocated"), tr("Error"), TextStyle::Caption, Role::Text2);
    const QLocale locale;
    for (std::size_t i = 0; i < m_rows.size(); ++i) {
        const Row& row = m_rows[i];
        QString error = QStringLiteral("–");
        if (row.allocated > 0) {
            const double percentOff = 100 * (double(row.estimated) / double(row.allocated) - 1);
            error = (percentOff < -0.05 ? QStringLiteral("−") : QString()) +
                    locale.toString(std::abs(percentOff), 'f', 1) + QLatin1Char('%');
        }
        line(int(i) + 1, row.part, bytesText(row.estimated), bytesText(row.allocated), error, TextStyle::Table, Role::Text);
    }
}

} // namespace moa
