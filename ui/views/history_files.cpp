#include "ui/views/history_files.h"

#include <QDir>
#include <QFileDialog>
#include <QFileInfo>
#include <QMenu>
#include <QPointer>

#include <algorithm>

namespace moa {

using namespace Qt::StringLiterals;

namespace {

QString filterOf(const QString& format) {
    if (format == u"html"_s) return QObject::tr("Reports (*.html)");
    if (format == u"csv"_s) return QObject::tr("Tables (*.csv)");
    if (format == u"md"_s) return QObject::tr("Markdown (*.md)");
    return QObject::tr("JSON (*.json)");
}

} // namespace

HistoryFiles::HistoryFiles(HistoryModel& model, ExportService& exports, QWidget& page)
    : QObject(&page), m_model(model), m_exports(exports), m_page(page) {
    connect(&m_model.reader(), &HistoryReader::written, this, [this](const QString& format, const QByteArray& text) {
        const QString path = m_waiting.take(format);
        if (path.isEmpty()) return;
        m_exports.write(path, text, {}, [guard = QPointer(this), format] {
            if (guard) guard->ask(format);
        });
    });
}

void HistoryFiles::fillMenu(QMenu* menu) {
    menu->clear();
    const qsizetype chosen = qsizetype(m_model.chosen().size());
    const bool some = chosen > 0, comparable = chosen >= 2 && chosen <= qsizetype(kMostCompared);
    const QString runs = some ? tr("%1 chosen runs").arg(chosen) : tr("%1 found runs").arg(m_model.found().runs->size());
    const auto add = [&](const QString& text, const QString& format, bool on) {
        QAction* action = menu->addAction(text);
        action->setEnabled(on);
        connect(action, &QAction::triggered, this, [this, format] { ask(format); });
    };
    add(comparable ? tr("Report of %1 runs as HTML…").arg(chosen) : tr("Report of this run as HTML…"), u"html"_s, chosen >= 1 && chosen <= qsizetype(kMostCompared));
    add(tr("Comparison as Markdown…"), u"md"_s, comparable);
    menu->addSeparator();
    add(tr("%1 as CSV…").arg(runs), u"csv"_s, some || !m_model.found().runs->empty());
    add(tr("%1 as JSON…").arg(runs), u"json"_s, some || !m_model.found().runs->empty());
}

std::vector<RunId> HistoryFiles::runsFor(const QString& format) const {
    if (!m_model.chosen().empty() || format == u"html"_s || format == u"md"_s) return m_model.chosen();
    return *m_model.found().runs;
}

void HistoryFiles::askReport() {
    ask(u"html"_s);
}

void HistoryFiles::ask(const QString& format) {
    const std::vector<RunId> runs = runsFor(format);
    if (runs.empty()) return;
    auto* dialog = new QFileDialog(m_page.window(), tr("Export"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setAcceptMode(QFileDialog::AcceptSave);
    dialog->setFileMode(QFileDialog::AnyFile);
    dialog->setNameFilter(filterOf(format));
    dialog->setDefaultSuffix(format);
    dialog->setDirectory(m_exports.folder().isEmpty() ? QDir::homePath() : m_exports.folder());
    const bool one = runs.size() == 1;
    dialog->selectFile((one ? u"run-%1."_s.arg(runs.front().value) : format == u"md"_s || format == u"html"_s ? u"comparison."_s : u"runs."_s) + format);
    connect(dialog, &QFileDialog::fileSelected, this, [this, format](const QString& path) {
        m_exports.setFolder(QFileInfo(path).path());
        save(format, path);
    });
    dialog->open();
}

void HistoryFiles::save(const QString& format, const QString& path) {
    const std::vector<RunId> runs = runsFor(format); // as they are now: nobody exports what was chosen before
    if (runs.empty()) return;
    m_waiting[format] = path;
    const auto baseline = m_model.baseline();
    const auto at = baseline ? std::find(runs.begin(), runs.end(), *baseline) : runs.end();
    m_model.reader().write(format, runs, at == runs.end() ? 0 : std::size_t(at - runs.begin()));
}

void HistoryFiles::askImport() {
    auto* dialog = new QFileDialog(m_page.window(), tr("Import runs"), {}, tr("Exports and histories (*.json *.sqlite *.db);;All files (*)"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setFileMode(QFileDialog::ExistingFile);
    connect(dialog, &QFileDialog::fileSelected, &m_model, &HistoryModel::importRuns);
    dialog->open();
}

} // namespace moa
