// Screen-reader access to what custom canvases paint: a widget that lists its items (cells, bars, sliders)
// through AccessibleItems gets a QAccessibleInterface whose children are those items, as a table where they
// form one.
#pragma once

#include <QAccessible>
#include <QRect>
#include <QSize>
#include <QString>

class QWidget;

namespace moa {

/// One painted thing, as it is now.
struct AccessibleItem {
    QAccessible::Role role = QAccessible::Cell;
    QString name; ///< a whole sentence, e.g. "Layer 14, KV head 5, span 6,144, not pinned"
    QRect rect;   ///< in the widget
    bool selected = false;
    double value = 0, minimum = 0, maximum = 0, step = 1; ///< of a slider
};

/// Base of a custom-painted widget (dynamic_cast from the QWidget finds it).
class AccessibleItems {
public:
    virtual ~AccessibleItems() = default;
    virtual int itemCount() const = 0;
    virtual AccessibleItem item(int index) const = 0;
    /// The item with the focus; −1: none.
    virtual int currentItem() const { return -1; }
    /// Columns × rows when items 0 … columns·rows − 1 are a table in row order; empty: a plain list.
    virtual QSize tableShape() const { return {}; }
    virtual QAccessible::Role canvasRole() const { return QAccessible::Graphic; }
    /// A screen reader pressed the item.
    virtual void activateItem(int) {}
    /// A screen reader moved a slider.
    virtual void setItemValue(int, double) {}

protected:
    /// Makes the widget class known to Qt's accessibility; call in the constructor.
    static void registerCanvases();
    /// Tells a listening screen reader that the current item is another or reads differently.
    static void announceCurrent(QWidget* widget);
};

} // namespace moa
