// Needle grid, depth × length: scores of 100 in cells whose colour is the change from dense. Cells fill as they are
// measured; arrows move, Enter or a double click opens a cell's prompt.
#pragma once

#include "ui/widgets/inspect/accessible_items.h"
#include "ui/widgets/theme.h"

#include <QWidget>

#include <optional>
#include <vector>

namespace moa {

class NeedleMap : public QWidget, public AccessibleItems {
    Q_OBJECT
public:
    enum class Show { Sparse, Dense, Difference };
    struct Cell {
        std::optional<double> dense, sparse; ///< 0 … 100; nothing: not measured
        bool operator==(const Cell&) const = default;
    };
    explicit NeedleMap(QWidget* parent = nullptr);

    /// `cells` [depths][lengths]; names of both axes: "28%", "32k".
    void setCells(const QStringList& depths, const QStringList& lengths, std::vector<Cell> cells);
    void setShow(Show show);
    int current() const { return m_current; }
    void setCurrent(int index); ///< no signal
    QRect cellRect(int index) const;
    const std::vector<Cell>& cells() const { return m_cells; }

    QSize sizeHint() const override { return {320, 300}; }
    QSize minimumSizeHint() const override;
    int itemCount() const override { return int(m_cells.size()); }
    AccessibleItem item(int index) const override;
    int currentItem() const override { return m_current; }
    QSize tableShape() const override { return {int(m_lengths.size()), int(m_depths.size())}; }
    QAccessible::Role canvasRole() const override { return QAccessible::Table; }
    void activateItem(int index) override { choose(index); }

signals:
    void chosen(int index);
    void opened(int index);

protected:
    void paintEvent(QPaintEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseDoubleClickEvent(QMouseEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void focusInEvent(QFocusEvent* event) override;
    void focusOutEvent(QFocusEvent* event) override;

private:
    QRectF area() const;
    int indexAt(QPointF at) const;
    void choose(int index);
    void paintCell(QPainter& painter, int index) const;
    QString text(const Cell& cell) const;

    QStringList m_depths, m_lengths;
    std::vector<Cell> m_cells;
    Show m_show = Show::Sparse;
    int m_current = 0;
};

} // namespace moa
