// Starts, menus and dialogs.
#include "tests/ui/export/export_bench.h"

#include "engine/core/resources.h"
#include "ui/views/inspect_page.h"
#include "ui/widgets/panel.h"
#include "ui/widgets/shell/workbench_style.h"

#include <QApplication>
#include <QClipboard>
#include <QDialogButtonBox>
#include <QDir>
#include <QFile>
#include <QFileDialog>
#include <QLineEdit>
#include <QMenu>
#include <QPushButton>
#include <QSignalSpy>
#include <QTest>
#include <QTimer>
#include <QToolButton>

namespace moa::test {

using namespace Qt::StringLiterals;

namespace {

void prepareOnce() {
    static const bool done = [] {
        QCoreApplication::setApplicationName(u"moa-workbench"_s);
        QCoreApplication::setApplicationVersion(u"9.8.7"_s);
        installWorkbenchStyle();
        return true;
    }();
    Q_UNUSED(done)
}

} // namespace

ExportBench::ExportBench() {
    prepareOnce();
    start();
}

ExportBench::~ExportBench() {
    m_hand.reset();
    m_bench.reset();
}

void ExportBench::start() {
    WorkbenchOptions options;
    options.engine.resources = resourcesFolder();
    options.settingsFile = settingsFile();
    options.historyFile = path(u"history.sqlite"_s);
    options.keepsHistory = true;
    m_bench = std::make_unique<Workbench>(options);
    m_bench->engine().exports.setFolder(m_folder.path());
    m_hand = std::make_unique<UserHand>(m_bench->window());
    m_bench->window().resize(1600, 1000);
    m_bench->window().show();
    m_hand->settle();
}

void ExportBench::restart(const QByteArray& settings) {
    m_bench->window().close();
    m_hand.reset();
    m_bench.reset(); // which writes the settings; what is given takes their place
    if (!settings.isEmpty()) {
        QFile file(settingsFile());
        if (!file.open(QIODevice::WriteOnly) || file.write(settings) != settings.size()) qFatal("no settings file");
    }
    start();
}

bool ExportBench::loadTiny() {
    m_bench->open(u"moa-tiny"_s);
    return wait([&] { return m_bench->workspace().isLoaded(); });
}

bool ExportBench::capture(int tokens) {
    Workspace& workspace = m_bench->workspace();
    workspace.setLength(tokens);
    m_bench->window().showPage(u"inspect"_s);
    workspace.samplePrompt(u"lines"_s, tokens);
    InspectModel& model = m_bench->inspectPage().model();
    const ModelConfig& config = workspace.model()->config;
    return wait([&] { return model.headsSummarised() == config.layers * config.heads && workspace.capturing() == nullptr; }) &&
           wait([&] { return model.rowQuery() >= 0; });
}

void ExportBench::key(Qt::Key key, Qt::KeyboardModifiers modifiers) {
    window().activateWindow();
    wait([&] { return window().isActiveWindow(); }, 2000);
    QTest::keyClick(&window(), key, modifiers);
}

Panel* ExportBench::panel(const QString& title) {
    Panel* hidden = nullptr; // one that is shown goes first
    for (Panel* panel : window().findChildren<Panel*>()) {
        if (panel->accessibleName() != title) continue;
        if (panel->isVisible()) return panel;
        hidden = panel;
    }
    return hidden;
}

bool ExportBench::chooseIn(QMenu& menu, const QStringList& texts) {
    QMenu* at = &menu;
    for (const QString& text : texts) {
        QAction* found = nullptr;
        for (QAction* action : at->actions())
            if (action->text() == text) found = action;
        if (found == nullptr) return false;
        QMenu* next = found->menu();
        QTest::mouseMove(at, at->actionGeometry(found).center());
        QTest::mouseClick(at, Qt::LeftButton, {}, at->actionGeometry(found).center());
        if (next == nullptr) return true;
        if (!QTest::qWaitFor([next] { return next->isVisible(); }, 2000)) return false;
        at = next;
    }
    return false;
}

bool ExportBench::chooseInMenu(Panel& panel, const QStringList& texts) {
    QMenu* menu = panel.menu();
    QToolButton* more = nullptr;
    for (QToolButton* button : panel.findChildren<QToolButton*>())
        if (button->menu() == menu) more = button;
    if (more == nullptr || !more->isVisible()) return false;
    bool chosen = false;
    // The click stays in the menu's own event loop until an entry is chosen.
    QTimer::singleShot(50, menu, [&] {
        chosen = chooseIn(*menu, texts);
        if (!chosen) menu->close();
    });
    QTest::mouseClick(more, Qt::LeftButton);
    return chosen;
}

QFileDialog* ExportBench::dialog() {
    QFileDialog* open = nullptr;
    wait([&] {
        for (QFileDialog* dialog : window().findChildren<QFileDialog*>())
            if (dialog->isVisible()) open = dialog;
        return open != nullptr;
    }, 2000);
    return open;
}

bool ExportBench::saveAs(const QString& file) {
    QFileDialog* open = dialog();
    if (open == nullptr) return false;
    QSignalSpy written(&m_bench->engine().exports, &ExportService::written);
    QSignalSpy failed(&m_bench->engine().exports, &ExportService::failed);
    QFile::remove(file); // or the dialog asks whether to overwrite
    auto* name = open->findChild<QLineEdit*>(u"fileNameEdit"_s);
    name->setFocus();
    name->selectAll();
    // Pasted: typed key by key, Qt's own dialog takes the folders on the way for chosen files.
    QApplication::clipboard()->setText(file);
    QTest::keyClick(name, Qt::Key_V, Qt::ControlModifier);
    auto* box = open->findChild<QDialogButtonBox*>();
    QTest::mouseClick(box->button(QDialogButtonBox::Save), Qt::LeftButton);
    wait([&] { return !written.isEmpty() || !failed.isEmpty(); }, 10'000);
    return !written.isEmpty();
}

QString ExportBench::exportTo(Panel& panel, const QStringList& texts, const QString& name) {
    if (!chooseInMenu(panel, texts)) return {};
    return saveAs(path(name)) ? path(name) : QString();
}

void ExportBench::grab(QWidget& widget, const QString& name) {
    const QString folder = qEnvironmentVariable("MOA_GRABS");
    if (folder.isEmpty()) return;
    QDir().mkpath(folder);
    widget.grab().save(u"%1/export-%2.png"_s.arg(folder, name));
}

} // namespace moa::test
