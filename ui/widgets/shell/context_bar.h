// The line under the menu bar: model, plan, length N, prompt, and at the right the selected head. They exist
// once, for all pages. Each is a menu that its owner fills; the bar itself knows no model and no plan.
#pragma once

#include "ui/widgets/theme.h"

#include <QAbstractButton>
#include <QWidget>

#include <array>
#include <functional>
#include <optional>

class QAction;
class QMenu;
class QToolButton;

namespace moa {

enum class ContextItem { Model, Plan, Length, Prompt, Head, Count };

/// What a field shows: "balanced-50" with a dot and the note "edited".
struct ContextValue {
    QString value;
    QString note = {};
    std::optional<Role> dot = {};
    Role noteRole = Role::Text2;
    QString toolTip = {}; ///< empty: value and note in full
};

/// One field of the bar: caption over value, a chevron, and a menu.
class ContextField : public QAbstractButton {
    Q_OBJECT
public:
    /// `elides`: a file or model name, which may lose its middle; any other value is shown whole.
    ContextField(const QString& caption, bool elides, QWidget* parent = nullptr);

    void setValue(const ContextValue& value);
    void setMenuProvider(std::function<void(QMenu*)> fill);
    /// Opens the menu under the field; nothing happens without a provider or with an empty menu.
    void openMenu();
    QSize sizeHint() const override;
    QSize minimumSizeHint() const override;

protected:
    void paintEvent(QPaintEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    bool event(QEvent* event) override;

private:
    int widthFor(int valueWidth) const;
    void describe();

    QString m_caption;
    bool m_elides;
    ContextValue m_value;
    std::function<void(QMenu*)> m_fill;
};

class ContextBar : public QWidget {
    Q_OBJECT
public:
    explicit ContextBar(QWidget* parent = nullptr);

    void setValue(ContextItem item, const ContextValue& value);
    void setMenuProvider(ContextItem item, std::function<void(QMenu*)> fill);
    void openMenu(ContextItem item);
    ContextField* field(ContextItem item) const { return m_fields[std::size_t(item)]; }
    /// The buttons at the right stand for these actions: whether enabled and the tooltip follow them.
    void setActions(QAction* back, QAction* forward, QAction* pin);
    /// Whether the selected head is pinned; no button when no head is selected.
    void setPin(bool available, bool pinned);

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    void restyle();
    void bind(QToolButton* button, QAction* action);

    std::array<ContextField*, std::size_t(ContextItem::Count)> m_fields;
    QToolButton *m_back, *m_forward, *m_pin;
    bool m_pinned = false;
};

} // namespace moa
