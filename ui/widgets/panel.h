// A titled box: the unit that pages are made of. Header (title, note, controls at the right, ⋯ menu) over a body.
#pragma once

#include "ui/widgets/theme.h"

#include <QWidget>

#include <optional>

class QHBoxLayout;
class QLabel;
class QMenu;
class QPainter;
class QToolButton;
class QVBoxLayout;

namespace moa {

/// Surface with a border and round corners: the box under every panel.
void paintPanelFrame(QPainter& painter, const QRect& rect);

class Panel : public QWidget {
    Q_OBJECT
public:
    explicit Panel(const QString& title, QWidget* parent = nullptr);

    void setTitle(const QString& title);
    /// A square of that colour before the title: the side of a comparison that the panel shows.
    void setMark(Role role);
    /// Small grey text after the title, e.g. "32 × 8".
    void setNote(const QString& note);
    /// Adds a control at the right end of the header, before the ⋯ button.
    void addHeaderWidget(QWidget* widget);
    /// The ⋯ menu; its button shows once the menu has an action.
    QMenu* menu();
    /// Where the content goes: zero spacing, margins of the padding step (0 with setBodyMargins(0)).
    QVBoxLayout* body() const { return m_body; }
    void setBodyMargins(int px);
    /// From now on the body scrolls where the panel is lower than its content, instead of squeezing it.
    void scrollBody();

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    void restyle();

    QLabel *m_mark, *m_title, *m_note;
    std::optional<Role> m_markRole;
    QHBoxLayout* m_header;
    QWidget* m_headerBox;
    QVBoxLayout* m_body;
    QToolButton* m_menuButton;
    QMenu* m_menu;
};

} // namespace moa
