// Bounds outlive the program: after kill -9 in the middle of a search those of a second ago are there again, and the profile
// is offered. Nonsense in their file is no reason to fail. Run with "--search FOLDER" the program moves bounds until it is
// killed.
#include "tests/ui/gui/gui_session.h"

#include "ui/viewmodels/search_keeper.h"
#include "ui/views/search_page.h"

#include <QDir>
#include <QElapsedTimer>
#include <QFile>
#include <QProcess>

#include <cmath>
#include <csignal>
#include <cstdio>

using namespace moa;
using namespace moa::test;
using namespace Qt::StringLiterals;

namespace {

constexpr int kMoveMs = 40;
constexpr qint64 kDurableMs = 1000;
const QString kProfile = kSource + QStringLiteral("/resources/models/moa-tiny/moa-tiny.moaprofile");

/// A density for every move, each another one.
double densityOf(int count) {
    return 0.2 + 0.001 * (count % 600);
}

/// Moves the density bound under a live search and says so, until it is killed.
int searchForever(const QString& folder) {
    Session session({.settings = QDir(folder).filePath(u"workbench.ini"_s)});
    SearchModel& model = session.bench().searchPage().model();
    model.openProfile(kProfile);
    if (!session.wait([&] { return model.best() != nullptr; })) return 1;
    int count = 0;
    QTimer timer;
    QObject::connect(&timer, &QTimer::timeout, [&] {
        SearchBounds bounds = model.bounds();
        bounds.density = densityOf(++count);
        model.setBounds(bounds);
        std::printf("%d\n", count);
        std::fflush(stdout);
    });
    timer.start(kMoveMs);
    return QApplication::exec();
}

SearchBounds someBounds() {
    SearchBounds bounds;
    bounds.density = 0.375;
    bounds.share = 0.5;
    bounds.densityAt = {{1024, 0.7}};
    bounds.loss = {{2048, 0.0125}};
    bounds.rulesPerLayer = 3;
    bounds.objective = 2048;
    bounds.keepsPins = false;
    return bounds;
}

} // namespace

class SearchKeptTest : public QObject {
    Q_OBJECT
private slots:
    void boundsAsText() {
        QVERIFY(boundsOf(boundsText(someBounds())).has_value());
        QVERIFY(*boundsOf(boundsText(someBounds())) == someBounds());
        QVERIFY(*boundsOf(boundsText({})) == SearchBounds());
    }

    void nonsenseIsNoBounds_data() {
        QTest::addColumn<QByteArray>("text");
        QTest::newRow("nothing") << QByteArray();
        QTest::newRow("half") << boundsText(someBounds()).left(40);
        QTest::newRow("a list") << QByteArray("[1, 2]");
        QTest::newRow("empty") << QByteArray("{}");
        QTest::newRow("density over 1") << QByteArray(R"({"density": 7})");
        QTest::newRow("density of text") << QByteArray(R"({"density": "half"})");
        QTest::newRow("density of nothing") << QByteArray(R"({"density": null})");
        QTest::newRow("negative length") << QByteArray(R"({"density": 0.5, "density_at": {"-4": 0.5}})");
        QTest::newRow("length of text") << QByteArray(R"({"density": 0.5, "max_loss": {"long": 0.5}})");
        QTest::newRow("rules") << QByteArray(R"({"density": 0.5, "rules_per_layer": 1e9})");
        QTest::newRow("share") << QByteArray(R"({"density": 0.5, "min_density_share": -1})");
        QTest::newRow("losses as a list") << QByteArray(R"({"density": 0.5, "max_loss": [1]})");
    }
    void nonsenseIsNoBounds() {
        QFETCH(QByteArray, text);
        QVERIFY(!boundsOf(text).has_value());
    }

    void boundsComeBackWithTheNextStart() {
        QTemporaryDir folder;
        const QString settings = folder.filePath(u"workbench.ini"_s);
        {
            Session session({.settings = settings});
            SearchModel& model = session.bench().searchPage().model();
            model.openProfile(kProfile);
            QVERIFY(session.wait([&] { return model.best() != nullptr; }));
            model.setBounds(someBounds());
        }
        Session session({.settings = settings});
        SearchModel& model = session.bench().searchPage().model();
        QVERIFY(model.bounds() == someBounds());
        session.hand().key(Qt::Key_4, Qt::ControlModifier);
        session.hand().settle(50);
        QWidget* again = session.buttonNamed(u"Reopen moa-tiny.moaprofile"_s);
        QVERIFY(again != nullptr);
        session.grab(u"search-reopen"_s);
        session.hand().click(again);
        QVERIFY(session.wait([&] { return model.hasSubject(); }));
        QVERIFY2(model.bounds() == someBounds(), "all its lengths are profiled");
        QCOMPARE(model.subject().path, kProfile);
    }

    void aDamagedFileIsIgnored() {
        QTemporaryDir folder;
        writeFile(folder.filePath(u"search.json"_s), "{\"bounds\": {\"density\": 12}, \"profile\": \"/nowhere\"}");
        Session session({.settings = folder.filePath(u"workbench.ini"_s)});
        QVERIFY(session.bench().searchPage().model().bounds() == SearchBounds());
    }

    void killLosesAtMostTheLastSecond() {
        for (const int life : {600, 1700}) {
            const QTemporaryDir folder;
            QProcess child;
            child.start(QCoreApplication::applicationFilePath(), {u"--search"_s, folder.path()});
            QVERIFY(child.waitForStarted());
            QList<std::pair<qint64, int>> moves;
            QElapsedTimer clock;
            clock.start();
            QTRY_VERIFY_WITH_TIMEOUT(child.canReadLine(), kLong);
            const qint64 begun = clock.elapsed();
            while (clock.elapsed() < begun + life) {
                child.waitForReadyRead(10);
                while (child.canReadLine()) moves.append({clock.elapsed(), child.readLine().trimmed().toInt()});
            }
            const qint64 killedAt = clock.elapsed();
            ::kill(pid_t(child.processId()), SIGKILL);
            child.waitForFinished();
            int due = 0;
            for (const auto& [at, count] : moves)
                if (at < killedAt - kDurableMs * kSlower) due = count;
            Session next({.settings = folder.filePath(u"workbench.ini"_s)});
            const double density = next.bench().searchPage().model().bounds().density;
            const int kept = density == SearchBounds().density ? 0 : int(std::lround((density - 0.2) / 0.001));
            qInfo("killed after %d moves: %d are kept, due were %d", moves.isEmpty() ? 0 : int(moves.back().second), kept, due);
            QVERIFY2(kept >= due, "bounds of over a second ago are lost");
        }
    }
};

int main(int argc, char** argv) {
    const WatchedApplication application(argc, argv);
    if (argc == 3 && QByteArray(argv[1]) == "--search") return searchForever(QString::fromLocal8Bit(argv[2]));
    SearchKeptTest test;
    return QTest::qExec(&test, argc, argv);
}

#include "search_kept_test.moc"
