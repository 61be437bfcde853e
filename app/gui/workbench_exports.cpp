// Export of the focused view, and what is said when a file was written or not.
#include "app/gui/workbench.h"

#include "ui/views/inspect_heatmap.h"
#include "ui/views/inspect_page.h"
#include "ui/views/model_page.h"
#include "ui/views/panel_export.h"
#include "ui/widgets/shell/banner_area.h"
#include "ui/widgets/shell/log_dialog.h"
#include "ui/widgets/shell/notices.h"

#include <QApplication>
#include <QDesktopServices>
#include <QDir>
#include <QFileInfo>
#include <QUrl>

namespace moa {

using namespace Qt::StringLiterals;

void Workbench::addExportAction() {
    m_window->addAction(m_window->actions().add({.id = u"view.export"_s,
                                                 .text = tr("&Export this view…"),
                                                 .menu = MenuId::File,
                                                 .shortcut = QKeySequence(Qt::CTRL | Qt::Key_E),
                                                 .icon = u"export"_s,
                                                 .group = 30,
                                                 .detail = tr("The focused panel as a picture or as its numbers")},
                                                [this] { exportFocused(); }));
}

void Workbench::exportFocused() {
    const QWidget* page = m_window->page(m_window->currentPage());
    const QWidget* focused = QApplication::focusWidget();
    PanelExport* chosen = page != nullptr && focused != nullptr && page->isAncestorOf(focused)
                              ? PanelExport::around(focused)
                              : nullptr;
    if (chosen == nullptr && page == m_inspectPage) chosen = PanelExport::around(&m_inspectPage->heatmap());
    if (chosen == nullptr && page != nullptr)
        for (PanelExport* candidate : page->findChildren<PanelExport*>())
            if (candidate->view().isVisible()) {
                chosen = candidate;
                break;
            }
    if (chosen != nullptr) chosen->ask();
}

void Workbench::connectExports() {
    connect(&m_engine->exports, &ExportService::written, this, [this](const QString& path) {
        const QFileInfo file(path);
        m_window->log().append(tr("Saved %1").arg(path));
        m_window->notices().post({tr("Saved %1").arg(file.fileName()), tr("In %1").arg(QDir::toNativeSeparators(file.path())),
                                  {tr("Show folder"), [folder = file.path()] {
                                       QDesktopServices::openUrl(QUrl::fromLocalFile(folder));
                                   }}});
    });
    connect(&m_engine->exports, &ExportService::failed, this, [this](const ExportFailure& failure) {
        Banner banner{tr("%1 was not saved").arg(QFileInfo(failure.path).fileName()), failure.message};
        if (failure.again) banner.actions.push_back({tr("Save elsewhere…"), failure.again});
        m_window->banners(m_window->currentPage()).post(banner);
        m_window->log().append(tr("%1 was not saved: %2").arg(failure.path, failure.message), LogLevel::Error);
    });
}

} // namespace moa
