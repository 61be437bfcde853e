// QAccessible interfaces of canvases and their items.
#include "ui/widgets/inspect/accessible_items.h"

#include <QAccessibleWidget>
#include <QHash>
#include <QLocale>
#include <QPointer>
#include <QWidget>

namespace moa {
namespace {

class ItemInterface final : public QAccessibleInterface,
                            public QAccessibleTableCellInterface,
                            public QAccessibleValueInterface,
                            public QAccessibleActionInterface {
public:
    ItemInterface(QWidget* widget, AccessibleItems* items, int index)
        : m_widget(widget), m_items(items), m_index(index) {}

    bool isValid() const override { return m_widget && m_index < m_items->itemCount(); }
    QObject* object() const override { return nullptr; }
    QAccessibleInterface* childAt(int, int) const override { return nullptr; }
    QAccessibleInterface* parent() const override {
        return QAccessible::queryAccessibleInterface(m_widget.data());
    }
    QAccessibleInterface* child(int) const override { return nullptr; }
    int childCount() const override { return 0; }
    int indexOfChild(const QAccessibleInterface*) const override { return -1; }
    QString text(QAccessible::Text kind) const override {
        if (!isValid()) return {};
        if (kind == QAccessible::Name) return m_items->item(m_index).name;
        if (kind == QAccessible::Value && role() == QAccessible::Slider)
            return m_widget->locale().toString(qlonglong(m_items->item(m_index).value));
        return {};
    }
    void setText(QAccessible::Text, const QString&) override {}
    QRect rect() const override {
        if (!isValid()) return {};
        const QRect local = m_items->item(m_index).rect;
        return {m_widget->mapToGlobal(local.topLeft()), local.size()};
    }
    QAccessible::Role role() const override {
        return isValid() ? m_items->item(m_index).role : QAccessible::NoRole;
    }
    QAccessible::State state() const override {
        QAccessible::State state;
        if (!isValid()) {
            state.invalid = true;
            return state;
        }
        const bool current = m_items->currentItem() == m_index;
        state.focusable = state.selectable = true;
        state.selected = m_items->item(m_index).selected;
        state.active = current;
        state.focused = current && m_widget->hasFocus();
        return state;
    }
    void* interface_cast(QAccessible::InterfaceType type) override {
        if (type == QAccessible::TableCellInterface && inTable())
            return static_cast<QAccessibleTableCellInterface*>(this);
        if (type == QAccessible::ValueInterface && role() == QAccessible::Slider)
            return static_cast<QAccessibleValueInterface*>(this);
        if (type == QAccessible::ActionInterface) return static_cast<QAccessibleActionInterface*>(this);
        return nullptr;
    }

    bool isSelected() const override { return isValid() && m_items->item(m_index).selected; }
    QList<QAccessibleInterface*> columnHeaderCells() const override { return {}; }
    QList<QAccessibleInterface*> rowHeaderCells() const override { return {}; }
    int columnIndex() const override { return m_index % std::max(m_items->tableShape().width(), 1); }
    int rowIndex() const override { return m_index / std::max(m_items->tableShape().width(), 1); }
    int columnExtent() const override { return 1; }
    int rowExtent() const override { return 1; }
    QAccessibleInterface* table() const override { return parent(); }

    QVariant currentValue() const override { return m_items->item(m_index).value; }
    void setCurrentValue(const QVariant& value) override { m_items->setItemValue(m_index, value.toDouble()); }
    QVariant maximumValue() const override { return m_items->item(m_index).maximum; }
    QVariant minimumValue() const override { return m_items->item(m_index).minimum; }
    QVariant minimumStepSize() const override { return m_items->item(m_index).step; }

    QStringList actionNames() const override { return {pressAction()}; }
    void doAction(const QString& action) override {
        if (action == pressAction() && isValid()) m_items->activateItem(m_index);
    }
    QStringList keyBindingsForAction(const QString&) const override { return {}; }

private:
    bool inTable() const {
        const QSize shape = m_items->tableShape();
        return m_index < shape.width() * shape.height();
    }

    QPointer<QWidget> m_widget;
    AccessibleItems* m_items;
    int m_index;
};

class CanvasInterface final : public QAccessibleWidget, public QAccessibleTableInterface {
public:
    CanvasInterface(QWidget* widget, AccessibleItems* items)
        : QAccessibleWidget(widget, items->canvasRole()), m_items(items) {}
    ~CanvasInterface() override {
        for (const QAccessible::Id id : m_children) QAccessible::deleteAccessibleInterface(id);
    }

    int childCount() const override { return isValid() ? m_items->itemCount() : 0; }
    QAccessibleInterface* child(int index) const override {
        if (index < 0 || index >= childCount()) return nullptr;
        if (const auto known = m_children.constFind(index); known != m_children.constEnd())
            return QAccessible::accessibleInterface(*known);
        auto* made = new ItemInterface(widget(), m_items, index);
        m_children.insert(index, QAccessible::registerAccessibleInterface(made));
        return made;
    }
    int indexOfChild(const QAccessibleInterface* wanted) const override {
        for (auto it = m_children.constBegin(); it != m_children.constEnd(); ++it)
            if (QAccessible::accessibleInterface(it.value()) == wanted) return it.key();
        return -1;
    }
    QAccessibleInterface* childAt(int x, int y) const override {
        const QPoint local = widget()->mapFromGlobal(QPoint(x, y));
        for (int i = 0; i < childCount(); ++i)
            if (m_items->item(i).rect.contains(local)) return child(i);
        return nullptr;
    }
    QAccessibleInterface* focusChild() const override {
        return widget()->hasFocus() ? child(m_items->currentItem()) : nullptr;
    }
    void* interface_cast(QAccessible::InterfaceType type) override {
        if (type == QAccessible::TableInterface && !m_items->tableShape().isEmpty())
            return static_cast<QAccessibleTableInterface*>(this);
        return QAccessibleWidget::interface_cast(type);
    }

    QAccessibleInterface* caption() const override { return nullptr; }
    QAccessibleInterface* summary() const override { return nullptr; }
    QAccessibleInterface* cellAt(int row, int column) const override {
        const bool inside = row >= 0 && row < rowCount() && column >= 0 && column < columnCount();
        return inside ? child(row * columnCount() + column) : nullptr;
    }
    int selectedCellCount() const override { return int(selectedCells().size()); }
    QList<QAccessibleInterface*> selectedCells() const override {
        QList<QAccessibleInterface*> cells;
        for (int i = 0; i < rowCount() * columnCount(); ++i)
            if (m_items->item(i).selected) cells.append(child(i));
        return cells;
    }
    QString columnDescription(int) const override { return {}; }
    QString rowDescription(int) const override { return {}; }
    int selectedColumnCount() const override { return 0; }
    int selectedRowCount() const override { return 0; }
    int columnCount() const override { return m_items->tableShape().width(); }
    int rowCount() const override { return m_items->tableShape().height(); }
    QList<int> selectedColumns() const override { return {}; }
    QList<int> selectedRows() const override { return {}; }
    bool isColumnSelected(int) const override { return false; }
    bool isRowSelected(int) const override { return false; }
    bool selectRow(int) override { return false; }
    bool selectColumn(int) override { return false; }
    bool unselectRow(int) override { return false; }
    bool unselectColumn(int) override { return false; }
    void modelChange(QAccessibleTableModelChangeEvent*) override {}

private:
    AccessibleItems* m_items;
    mutable QHash<int, QAccessible::Id> m_children;
};

QAccessibleInterface* makeCanvasInterface(const QString&, QObject* object) {
    auto* widget = qobject_cast<QWidget*>(object);
    auto* items = dynamic_cast<AccessibleItems*>(object);
    return widget && items ? new CanvasInterface(widget, items) : nullptr;
}

} // namespace

void AccessibleItems::registerCanvases() {
    static const bool installed = [] {
        QAccessible::installFactory(makeCanvasInterface);
        return true;
    }();
    Q_UNUSED(installed);
}

void AccessibleItems::announceCurrent(QWidget* widget) {
    const auto* items = dynamic_cast<AccessibleItems*>(widget);
    if (!QAccessible::isActive() || !items || items->currentItem() < 0 || !widget->hasFocus()) return;
    QAccessibleEvent event(widget, QAccessible::Focus);
    event.setChild(items->currentItem());
    QAccessible::updateAccessibility(&event);
}

} // namespace moa
