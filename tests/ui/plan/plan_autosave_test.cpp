// Unsaved edits outlive the program: written within a second, found after kill -9, offered and restored; nothing is left
// behind by an orderly end. Run with "--edit FOLDER" the program edits a plan until it is killed.
#include "ui/viewmodels/plan_autosave.h"

#include "engine/core/error.h"
#include "tests/ui/viewmodels/engine_fixture.h"

#include <QCoreApplication>
#include <QDir>
#include <QElapsedTimer>
#include <QProcess>
#include <QTemporaryDir>
#include <QTest>

#include <csignal>
#include <cstdio>

namespace moa {
namespace {

using namespace Qt::StringLiterals;

constexpr int kLayers = 4, kHeads = 4, kKvHeads = 2, kEditMs = 20;
constexpr qint64 kDurableMs = 1000;

PlanValue saved() {
    return {u"mine"_s, u"/nowhere/mine.json"_s, uniformPlan(kLayers, kHeads, kKvHeads, {64, 0.5}), {}};
}

struct Desk {
    explicit Desk(const QString& folder) : workspace(engine), autosave(workspace, folder) {
        workspace.plan().setShape(kLayers, kHeads, kKvHeads);
    }
    void edit(int count) { workspace.plan().setRule({{count % kLayers, 0}}, {64.0 * count, 0}, u"edit"_s); }
    Engine engine{test::cpuOptions()};
    Workspace workspace;
    PlanAutosave autosave;
};

/// Edits and says so, until it is killed.
int editForever(const QString& folder) {
    Desk desk(folder);
    desk.workspace.plan().open(saved());
    int count = 0;
    QTimer timer;
    QObject::connect(&timer, &QTimer::timeout, [&] {
        desk.edit(++count);
        std::printf("%d\n", count);
        std::fflush(stdout);
    });
    timer.start(kEditMs);
    return QCoreApplication::exec();
}

class PlanAutosaveTest : public QObject {
    Q_OBJECT
private slots:
    void anEditIsOnDiskWithinASecond();
    void killLosesAtMostTheLastSecond();
    void restoresAndForgets();
    void anOrderlyEndLeavesNothing();
    void aSavedPlanHasNoBackup();
    void damagedBackupsAreRefused();
    void aRunningProgramIsNotRobbed();
    void noFolderIsSaidOnce();
};

void PlanAutosaveTest::anEditIsOnDiskWithinASecond() {
    const QTemporaryDir folder;
    Desk desk(folder.path());
    desk.workspace.plan().open(saved());
    QTRY_VERIFY(desk.autosave.isWritten());
    QElapsedTimer clock;
    clock.start();
    desk.edit(3);
    desk.workspace.plan().setPinned({{1, 1}}, true);
    QVERIFY(QTest::qWaitFor([&] { return desk.autosave.isWritten(); }, 5000));
    const qint64 ms = clock.elapsed();
    qInfo("an edit was written and synced after %lld ms", static_cast<long long>(ms));
    QVERIFY2(ms < kDurableMs, "an edit must be durable within a second");
    const QDir files(folder.path());
    const QStringList backups = files.entryList({u"*.moabackup"_s});
    QCOMPARE(backups.size(), 1);
    const PlanBackup read = readPlanBackup(files.filePath(backups.front()));
    QVERIFY(read.edited.rules == desk.workspace.plan().plan().rules);
    QVERIFY(read.base.plan.rules == saved().plan.rules);
    QCOMPARE(read.base.path, saved().path);
    QCOMPARE(read.pins.size(), 1u);
}

void PlanAutosaveTest::killLosesAtMostTheLastSecond() {
    for (const int life : {700, 1500, 2300}) {
        const QTemporaryDir folder;
        QProcess child;
        child.start(QCoreApplication::applicationFilePath(), {u"--edit"_s, folder.path()});
        QVERIFY(child.waitForStarted());
        QList<std::pair<qint64, int>> edits;
        QElapsedTimer clock;
        clock.start();
        QTRY_VERIFY_WITH_TIMEOUT(child.canReadLine(), 20000);
        const qint64 begun = clock.elapsed();
        while (clock.elapsed() < begun + life) {
            child.waitForReadyRead(10);
            while (child.canReadLine()) edits.append({clock.elapsed(), child.readLine().trimmed().toInt()});
        }
        const qint64 killedAt = clock.elapsed();
        ::kill(pid_t(child.processId()), SIGKILL);
        child.waitForFinished();
        int durable = 0;
        for (const auto& [at, count] : edits)
            if (at < killedAt - kDurableMs) durable = count;
        Desk next(folder.path());
        if (!next.autosave.found()) {
            QVERIFY2(durable == 0, "edits of over a second ago are lost");
            continue;
        }
        const PlanBackup& backup = *next.autosave.found();
        double newest = 0;
        for (const Rule& rule : backup.edited.rules)
            if (rule.beta == 0) newest = std::max(newest, rule.alpha);
        qInfo("killed after %d edits: the backup has %d, due were %d", edits.back().second, int(newest / 64), durable);
        QVERIFY2(int(newest / 64) >= durable, "edits of over a second ago are lost");
        QVERIFY(QDir(folder.path()).entryList({u"*.tmp*"_s}).size() <= 1);
    }
}

void PlanAutosaveTest::restoresAndForgets() {
    const QTemporaryDir folder;
    SparsePlan edited = saved().plan;
    edited.rules[3] = {512, 0};
    const PlanBackup backup{saved(), edited, {{2, 1}}, {}, 2048, QDateTime::currentDateTimeUtc()};
    const QString file = folder.filePath(u"plan-1-gone.moabackup"_s);
    writePlanBackup(file, backup);
    Desk desk(folder.path());
    QVERIFY(desk.autosave.found());
    desk.autosave.restore();
    PlanDocument& plan = desk.workspace.plan();
    QVERIFY(plan.plan().rules == edited.rules);
    QVERIFY(plan.isPinned({2, 1}));
    QVERIFY(plan.isModified());
    QCOMPARE(plan.name(), u"mine"_s);
    QCOMPARE(desk.workspace.length(), 2048);
    QVERIFY(plan.isEdited({0, 1}));
    plan.undoStack()->undo();
    QVERIFY2(plan.plan().rules == saved().plan.rules, "the edits are one step over the saved plan");
    QTRY_VERIFY(!QFile::exists(file));
    QVERIFY(!desk.autosave.found());
}

void PlanAutosaveTest::anOrderlyEndLeavesNothing() {
    const QTemporaryDir folder;
    {
        Desk desk(folder.path());
        desk.edit(1);
        QTRY_VERIFY(desk.autosave.isWritten());
        QCOMPARE(QDir(folder.path()).entryList({u"*.moabackup"_s}).size(), 1);
    }
    QVERIFY(QDir(folder.path()).entryList(QDir::Files).isEmpty());
}

void PlanAutosaveTest::aSavedPlanHasNoBackup() {
    const QTemporaryDir folder;
    Desk desk(folder.path());
    desk.edit(1);
    QTRY_COMPARE(QDir(folder.path()).entryList({u"*.moabackup"_s}).size(), 1);
    desk.workspace.plan().markSaved(u"mine.json"_s, desk.workspace.plan().plan());
    QTRY_COMPARE(QDir(folder.path()).entryList({u"*.moabackup"_s}).size(), 0);
}

void PlanAutosaveTest::damagedBackupsAreRefused() {
    const QTemporaryDir folder;
    const QString file = folder.filePath(u"plan-1-gone.moabackup"_s);
    const PlanBackup good{saved(), saved().plan, {}, {}, 64, QDateTime::currentDateTimeUtc()};
    writePlanBackup(file, good);
    QFile whole(file);
    QVERIFY(whole.open(QFile::ReadOnly));
    const QByteArray text = whole.readAll();
    whole.close();
    for (const QByteArray& bad : {QByteArray(), text.left(text.size() / 2), QByteArray("[]"), QByteArray(text).replace("\"length\": 64", "\"length\": -1"),
                                  QByteArray(text).replace("\"pins\": []", "\"pins\": [[9, 9]]")}) {
        QVERIFY(bad != text);
        QFile out(file);
        QVERIFY(out.open(QFile::WriteOnly));
        out.write(bad);
        out.close();
        QVERIFY_EXCEPTION_THROWN(readPlanBackup(file), FileError);
        Desk desk(folder.path());
        QVERIFY(!desk.autosave.found());
        QVERIFY2(QFile::exists(file), "what cannot be read is not thrown away");
    }
}

void PlanAutosaveTest::aRunningProgramIsNotRobbed() {
    const QTemporaryDir folder;
    Desk first(folder.path());
    first.edit(1);
    QTRY_VERIFY(first.autosave.isWritten());
    Desk second(folder.path());
    QVERIFY2(!second.autosave.found(), "its program still runs");
}

void PlanAutosaveTest::noFolderIsSaidOnce() {
    const QTemporaryDir folder;
    QFile file(folder.filePath(u"file"_s));
    QVERIFY(file.open(QFile::WriteOnly));
    Engine engine{test::cpuOptions()};
    Workspace workspace(engine);
    PlanAutosave autosave(workspace, folder.filePath(u"file/under"_s));
    int told = 0;
    connect(&autosave, &PlanAutosave::failed, this, [&] { ++told; });
    QTRY_COMPARE(told, 1);
    workspace.plan().setRule({{0, 0}}, {64, 0}, u"edit"_s);
    QTest::qWait(2 * PlanAutosave::kMostMs);
    QCOMPARE(told, 1);
}

} // namespace
} // namespace moa

int main(int argc, char** argv) {
    QCoreApplication application(argc, argv);
    if (argc == 3 && QByteArray(argv[1]) == "--edit") return moa::editForever(QString::fromLocal8Bit(argv[2]));
    moa::PlanAutosaveTest test;
    return QTest::qExec(&test, argc, argv);
}
#include "plan_autosave_test.moc"
