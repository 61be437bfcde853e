// The window: menu bar with the palette field, context bar, activity rail, pages with their banners, status
// bar, notices, palette, drop overlay. It arranges and remembers; what models, plans and jobs are it does not
// know.
#pragma once

#include "ui/widgets/shell/action_registry.h"
#include "ui/widgets/shell/layout_store.h"

#include <QKeySequence>
#include <QMainWindow>

#include <functional>
#include <vector>

class QMimeData;
class QSettings;
class QStackedWidget;

namespace moa {

class ActivityRail;
class BannerArea;
class CommandPalette;
class ContextBar;
class DropOverlay;
class KeySheet;
class LogDialog;
class LogModel;
class NoticeStack;
class PaletteField;
class StatusBar;

struct PageSpec {
    QString id;    ///< "inspect"
    QString icon;  ///< of resources/icons
    QString title; ///< "Inspect", translated
    QKeySequence key;
    QString detail = {}; ///< what the page is for; tooltip and palette
};

/// Names what a drop would do ("Open model llama-3"); empty: nothing of ours.
using DropDescriber = std::function<QString(const QMimeData&)>;
using DropHandler = std::function<void(const QMimeData&)>;

/// Actions that the window registers itself; those marked * do nothing until their owner connects to
/// triggered(). file.close, file.quit, edit.settings*, view.palette, view.find_head, view.next_panel,
/// view.previous_panel, view.full_screen, view.restore_layout, view.log, view.notices, selection.back*,
/// selection.forward*, head.pin*, context.model, context.plan, context.length, context.prompt, page.<id> (by
/// addPage), help.keys.
class ShellWindow : public QMainWindow {
    Q_OBJECT
public:
    /// `settings` keeps geometry, layouts and the last page; not owned, must outlive the window; nullptr:
    /// nothing kept.
    explicit ShellWindow(QSettings* settings = nullptr, QWidget* parent = nullptr);
    ~ShellWindow() override;

    ActionRegistry& actions() { return m_actions; }
    ContextBar& context() { return *m_context; }
    StatusBar& status() { return *m_status; }
    ActivityRail& rail() { return *m_rail; }
    LayoutStore& layouts() { return m_layouts; }
    /// Actions run by themselves; for heads, plans and runs add a source and connect to activated().
    CommandPalette& commandPalette() { return *m_palette; }
    NoticeStack& notices() { return *m_notices; }
    LogModel& log() { return *m_log; }
    void showLog();
    void showKeys();

    /// Appends a page to the rail; the window owns it. The first one is shown.
    void addPage(const PageSpec& spec, QWidget* page);
    /// An unknown id is ignored.
    void showPage(const QString& id);
    QString currentPage() const;
    QWidget* page(const QString& id) const; ///< nullptr: no such page
    void setBadge(const QString& id, bool on, const QString& why = {});
    /// Banners of a page; of the current page for an unknown id. At least one page must be there.
    BannerArea& banners(const QString& pageId);

    void setDropHandler(DropDescriber describe, DropHandler drop);
    /// Asked before the window closes; false keeps it open.
    void setCloseGuard(std::function<bool()> mayClose) { m_mayClose = std::move(mayClose); }
    /// Puts geometry, page layouts and the last page back; call once, after the last addPage and before show.
    void restoreLayout();
    void saveLayout();

signals:
    void pageChanged(const QString& id);
    void settingsRequested();
    /// The window closes now: the guard agreed and the layout is kept.
    void closing();

protected:
    void closeEvent(QCloseEvent* event) override;
    void showEvent(QShowEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void dragEnterEvent(QDragEnterEvent* event) override;
    void dragMoveEvent(QDragMoveEvent* event) override;
    void dragLeaveEvent(QDragLeaveEvent* event) override;
    void dropEvent(QDropEvent* event) override;

private:
    struct Page {
        PageSpec spec;
        QWidget *frame, *content;
        BannerArea* banners;
    };
    const Page* find(const QString& id) const;
    void registerActions();
    void registerViewActions();
    void registerKeyHints();
    void connectPalette();
    void movePanelFocus(int step);
    void toggleFullScreen();
    void focusPage();

    ActionRegistry m_actions;
    LayoutStore m_layouts;
    ContextBar* m_context;
    ActivityRail* m_rail;
    QStackedWidget* m_stack;
    StatusBar* m_status;
    PaletteField* m_field;
    DropOverlay* m_overlay;
    CommandPalette* m_palette;
    NoticeStack* m_notices;
    LogModel* m_log;
    LogDialog* m_logDialog = nullptr;
    KeySheet* m_keySheet = nullptr;
    std::vector<Page> m_pages;
    DropDescriber m_describe;
    DropHandler m_drop;
    std::function<bool()> m_mayClose;
};

} // namespace moa
