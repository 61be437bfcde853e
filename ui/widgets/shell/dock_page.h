// A page with fixed left and centre and a right column of dock panels that float, stack and hide. The column
// is as wide as drawn from 1500 px of window width, 320 from 1180, and becomes tabs under the centre below
// that.
#pragma once

#include <QByteArray>
#include <QList>
#include <QMainWindow>
#include <QPointer>

#include <array>
#include <vector>

class QAction;
class QDockWidget;
class QHBoxLayout;
class QMouseEvent;

namespace moa {

class Panel;

/// Of the window that holds the page. Wide: from 1500 px; Medium: from 1180; Narrow: below.
enum class WidthClass { Wide, Medium, Narrow, Count };

class DockPage : public QMainWindow {
    Q_OBJECT
public:
    static constexpr int kWideFrom = 1500, kMediumFrom = 1180, kMediumColumn = 320;

    explicit DockPage(QWidget* parent = nullptr);
    ~DockPage() override;

    /// The left column, `width` px; none where it is not called.
    void setLeft(QWidget* left, int width);
    void setCentre(QWidget* centre);
    /// Width of the right column from 1500 px.
    void setRightWidth(int px);
    /// Adds a panel at the foot of the right column. Its header drags it, its ⋯ menu floats and hides it.
    /// `share`: of the column's height, against the other panels' shares; 0: its size hint. `id` names it in
    /// kept layouts.
    QDockWidget* addPanel(const QString& id, Panel* panel, int share = 1);

    WidthClass widthClass() const { return m_class; }
    /// One checkable action a panel, for View ▸ Panels.
    QList<QAction*> panelActions() const;
    void restoreDefaultLayout();
    QByteArray saveLayout() const;
    /// False: damaged or of another set of panels; the layout is as it was.
    bool restoreLayout(const QByteArray& layout);

signals:
    /// Legends and the like move to the ⋯ menu, and back.
    void widthClassChanged(moa::WidthClass widthClass);

protected:
    void resizeEvent(QResizeEvent* event) override;
    void showEvent(QShowEvent* event) override;
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    struct Docked {
        QDockWidget* dock;
        Panel* panel;
        int share;
    };
    static WidthClass classOf(int windowWidth);
    void applyClass(WidthClass next);
    void arrange();
    void sizeColumn();
    void restyle();
    void readSeparators();
    /// The dock whose header `widget` belongs to; nullptr: none, or a control in it.
    QDockWidget* headerUnder(const QWidget* widget, const QMouseEvent& event) const;
    void tellDock(const QMouseEvent& event);

    QHBoxLayout* m_fixed;
    std::vector<Docked> m_docked;
    int m_rightWidth = 348;
    WidthClass m_class = WidthClass::Wide;
    /// What the user made of each width class; empty: the default.
    std::array<QByteArray, std::size_t(WidthClass::Count)> m_states;
    QPointer<QDockWidget> m_dragged; ///< pressed by its header
    bool m_arranged = false;
};

} // namespace moa
