// Where a plan comes from and what became of it, drawn as a graph from top to bottom: a dot and a line a node, edges in lanes at
// the left. Arrows walk over the nodes, Enter or a click opens one.
#pragma once

#include "ui/widgets/inspect/accessible_items.h"
#include "ui/widgets/theme.h"

#include <QWidget>

#include <vector>

namespace moa {

struct LineageMark {
    QString title;  ///< "#412"; of plans and profiles their name
    QString kind;   ///< "Search"
    QString detail; ///< at the right
    QString tip = {};
    Role role = Role::Accent; ///< of the dot
    bool isFocus = false;     ///< what the graph is about
    bool isRun = false;
    qint64 id = 0;
    std::vector<int> from = {}; ///< indices of marks above
    bool operator==(const LineageMark&) const = default;
};

class LineageView : public QWidget, public AccessibleItems {
    Q_OBJECT
public:
    explicit LineageView(QWidget* parent = nullptr);

    /// In the order from top to bottom: what leads to a mark stands above it.
    void setMarks(std::vector<LineageMark> marks);
    const std::vector<LineageMark>& marks() const { return m_marks; }
    QRect rowRect(int index) const;
    QSize sizeHint() const override;
    QSize minimumSizeHint() const override { return {180, sizeHint().height()}; }

    int itemCount() const override { return int(m_marks.size()); }
    AccessibleItem item(int index) const override;
    int currentItem() const override { return m_current; }
    QAccessible::Role canvasRole() const override { return QAccessible::List; }
    void activateItem(int index) override { emit opened(index); }

signals:
    void opened(int index);

protected:
    void paintEvent(QPaintEvent* event) override;
    bool event(QEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void focusInEvent(QFocusEvent* event) override;
    void focusOutEvent(QFocusEvent* event) override;

private:
    void assignLanes();
    QPointF dot(int index) const;

    std::vector<LineageMark> m_marks;
    std::vector<int> m_lanes;
    int m_laneCount = 1, m_current = 0;
};

} // namespace moa
