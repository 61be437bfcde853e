// The tour's steps on the History page: real runs of the command line program beside the window, found, compared and opened.
#include "app/gui/tour.h"

#include "ui/viewmodels/history_model.h"
#include "ui/views/history_compare_panel.h"
#include "ui/views/history_page.h"
#include "ui/views/history_run_panel.h"
#include "ui/views/history_runs_panel.h"
#include "ui/widgets/history/facet_list.h"
#include "ui/widgets/history/run_facts.h"
#include "ui/widgets/history/run_table.h"
#include "ui/widgets/theme.h"

#include <QCoreApplication>
#include <QFile>
#include <QProcess>
#include <QPushButton>
#include <QTemporaryDir>

namespace moa {

using namespace Qt::StringLiterals;

namespace {

constexpr int kRunMs = 120'000; ///< that one command may take on a slow machine

/// Dates in lines and a question about one of them, as people keep notes.
QByteArray promptText() {
    QByteArray text;
    for (int i = 1; i <= 60; ++i) text += "Line " + QByteArray::number(i) + ": the code of room " + QByteArray::number(100 + i) + " is " + QByteArray::number(7919 * i % 9973) + ".\n";
    return text + "What is the code of room 117?\n";
}

} // namespace

bool Tour::runMoa(const QString& folder, const QStringList& arguments) {
    QProcess process;
    process.setWorkingDirectory(folder);
    process.setProgram(QDir(QCoreApplication::applicationDirPath()).filePath(u"moa"_s));
    process.setArguments(arguments + QStringList{u"--db"_s, m_workbench.engine().historyReader.file(), u"--quiet"_s});
    process.setStandardOutputFile(QProcess::nullDevice());
    process.start();
    const bool ended = m_hand.waitUntil([&] { return process.state() == QProcess::NotRunning; }, kRunMs);
    return ended && process.error() == QProcess::UnknownError && process.exitCode() == 0;
}

void Tour::fillHistory(const QString& folder) {
    const QString profile = QDir(QString::fromStdString(m_workbench.engine().state->options().resources.string())).filePath(u"models/moa-tiny/moa-tiny.moaprofile"_s);
    QFile prompt(QDir(folder).filePath(u"prompt.txt"_s));
    expect(prompt.open(QIODevice::WriteOnly) && prompt.write(promptText()) > 0, u"the prompt of the tour's runs is written"_s);
    prompt.close();
    const QStringList lengths{u"--lengths"_s, u"1024"_s, u"--samples"_s, u"4"_s, u"--task"_s, u"lines"_s};
    const QList<QStringList> commands = {
        {u"search"_s, profile, u"-o"_s, u"balanced-50.json"_s, u"--density"_s, u"0.5"_s},
        {u"search"_s, profile, u"-o"_s, u"balanced-25.json"_s, u"--density"_s, u"0.25"_s},
        {u"plan"_s, u"uniform"_s, u"--model"_s, u"moa-tiny"_s, u"--density"_s, u"0.5"_s, u"-o"_s, u"uniform-50.json"_s},
        QStringList{u"retrieval"_s, u"moa-tiny"_s} + lengths,
        QStringList{u"retrieval"_s, u"moa-tiny"_s, u"--plan"_s, u"balanced-50.json"_s} + lengths,
        QStringList{u"retrieval"_s, u"moa-tiny"_s, u"--plan"_s, u"uniform-50.json"_s} + lengths,
        {u"score"_s, u"moa-tiny"_s, u"--plan"_s, u"balanced-50.json"_s, u"--text-file"_s, u"prompt.txt"_s},
        {u"score"_s, u"moa-tiny"_s, u"--plan"_s, u"balanced-25.json"_s, u"--text-file"_s, u"prompt.txt"_s},
        {u"score"_s, u"moa-tiny"_s, u"--text-file"_s, u"prompt.txt"_s},
        {u"compare"_s, u"moa-tiny"_s, u"balanced-50.json"_s, u"--text-file"_s, u"prompt.txt"_s, u"--max-new"_s, u"16"_s},
        {u"compare"_s, u"moa-tiny"_s, u"balanced-25.json"_s, u"--text-file"_s, u"prompt.txt"_s, u"--max-new"_s, u"16"_s},
        {u"compare"_s, u"moa-tiny"_s, u"uniform-50.json"_s, u"--text-file"_s, u"prompt.txt"_s, u"--max-new"_s, u"16"_s},
    };
    for (QStringList command : commands) {
        const bool done = command.front() == u"plan"_s ? runMoa(folder, command) : runMoa(folder, command + QStringList{u"--seed"_s, u"7"_s});
        expect(done, u"moa %1 ends well"_s.arg(command.mid(0, 3).join(u' ')));
    }
}

void Tour::history() {
    if (m_workbench.engine().historyReader.file().isEmpty()) return; // --no-db
    const QTemporaryDir folder;
    fillHistory(folder.path());
    m_hand.key(Qt::Key_6, Qt::ControlModifier);
    HistoryPage& page = m_workbench.historyPage();
    HistoryModel& model = page.model();
    HistoryTableModel& rows = page.runs().rows();
    RunTable& table = page.runs().table();
    const auto read = [&] { return model.isCurrent() && rows.rowCount() > 0 && rows.isRead(0, std::min(rows.rowCount() - 1, 30)); };
    QElapsedTimer clock;
    clock.start();
    expect(m_hand.waitUntil([&] { return page.isVisible() && read() && model.found().all >= 11; }, 10'000), u"Ctrl+6 opens History with the tour's runs"_s);
    m_times[u"history_first_rows_ms"_s] = double(clock.nsecsElapsed()) / 1e6;
    const auto click = [&](int row, Qt::KeyboardModifiers modifiers) {
        m_hand.click(table.viewport(), table.visualRect(rows.index(row, HistoryTableModel::When)).center(), modifiers);
    };
    click(0, Qt::NoModifier);
    click(1, Qt::ControlModifier);
    click(2, Qt::ControlModifier);
    expect(m_hand.waitUntil([&] { return model.comparison() != nullptr && model.passport() != nullptr; }, 5000), u"three chosen runs are compared"_s);
    if (model.comparison()) {
        model.setBaseline(model.chosen().front());
        m_hand.waitUntil([&] { return model.comparison() && model.comparison()->runs[model.comparison()->baseline].id == model.chosen().front(); }, 5000);
    }
    picture(u"history"_s);
    Theme::instance().setMode(ThemeMode::Dark);
    picture(u"history-dark"_s);
    Theme::instance().setMode(ThemeMode::Light);
    m_workbench.window().resize(1180, 720);
    picture(u"history-small"_s);
    m_workbench.window().resize(m_options.size);
    // A run measured again: the same number, and its report under the button.
    m_hand.key(Qt::Key_F, Qt::ControlModifier);
    m_hand.type(u"command:score plan:balanced"_s);
    expect(m_hand.waitUntil([&] { return read() && rows.rowCount() == 2; }, 5000), u"a query finds the two scored plans"_s);
    m_hand.key(Qt::Key_Escape); // the offers
    click(0, Qt::NoModifier);
    expect(m_hand.waitUntil([&] { return model.passport() && model.reproduceObstacle().isEmpty(); }, 5000), u"the run can be repeated"_s);
    m_hand.click(&page.run().reproduceButton());
    expect(m_hand.waitUntil([&] { return model.drift() != nullptr; }, kRunMs) && model.drift()->isSame(), u"a repeated score is identical"_s);
    m_hand.waitUntil([&] { return read() && rows.rowCount() == 3 && model.passport() && !model.passport()->repeats.empty(); }, 5000);
    picture(u"history-reproduced"_s);
    model.clearQuery();
    m_hand.waitUntil(read, 5000);
    m_hand.key(Qt::Key_2, Qt::ControlModifier);
}

} // namespace moa
