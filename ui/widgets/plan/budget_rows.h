// The plan's price as rows: name, bound, one large number, change, and a bar with the bound's mark. What is estimated is
// drawn hatched, what is measured solid with its run in the tooltip, what is stale grey with a chip.
#pragma once

#include "ui/widgets/inspect/accessible_items.h"
#include "ui/widgets/theme.h"

#include <QWidget>

#include <vector>

namespace moa {

class BudgetRows : public QWidget, public AccessibleItems {
    Q_OBJECT
public:
    enum class Kind { Exact, Estimated, Measured, Stale, Unknown };
    struct Row {
        QString name;
        QString note;       ///< at the right of the name: "bound 0.500"
        QString value;      ///< large; for Unknown a few words instead
        QString unit;       ///< small after it
        QString delta;      ///< change since the saved plan
        Role deltaRole = Role::Text2;
        double share = 0;   ///< of the bar
        double bound = -1;  ///< mark on the bar; below 0: none
        bool over = false;  ///< past its bound: error, and `excess` is printed
        QString excess = {};
        Kind kind = Kind::Exact;
        QString tip = {};
        bool operator==(const Row&) const = default;
    };

    explicit BudgetRows(QWidget* parent = nullptr);
    void setRows(std::vector<Row> rows);
    const std::vector<Row>& rows() const { return m_rows; }

    QSize sizeHint() const override;
    QSize minimumSizeHint() const override;

    int itemCount() const override { return int(m_rows.size()); }
    AccessibleItem item(int index) const override;
    QAccessible::Role canvasRole() const override { return QAccessible::List; }

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    QRect rowRect(int index) const;
    int rowHeight() const;
    void paintRow(QPainter& painter, const Row& row, const QRect& box);
    void paintBar(QPainter& painter, const Row& row, const QRectF& track);

    std::vector<Row> m_rows;
};

} // namespace moa
