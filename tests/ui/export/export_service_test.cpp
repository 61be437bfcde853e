// Text forms, files whole or not at all, and a GUI thread that never waits for a disk.
#include "tests/ui/export/read_exports.h"

#include "engine/core/resources.h"
#include "ui/jobs/engine.h"

#include <QDir>
#include <QElapsedTimer>
#include <QImage>
#include <QFile>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>
#include <QTimer>

#include <limits>
#include <random>

namespace moa {
namespace {

using namespace Qt::StringLiterals;

class ExportServiceTest : public QObject {
    Q_OBJECT
private slots:
    void numbersReadBack();
    void tablesAsCsv();
    void tablesAsJson();
    void tablesAsMarkdown();
    void arraysKeepEveryValue();
    void aFailureNamesTheFileAndLeavesNothing();
    void largeFilesDoNotStallTheGui();
    void identifiesOnceAndSurvivesMissingFiles();

private:
    bool write(Engine& engine, const QString& path, ExportContent content, const Provenance& notes = {});

    QTemporaryDir m_folder;
};

bool ExportServiceTest::write(Engine& engine, const QString& path, ExportContent content, const Provenance& notes) {
    QSignalSpy written(&engine.exports, &ExportService::written), failed(&engine.exports, &ExportService::failed);
    engine.exports.write(path, std::move(content), notes);
    return QTest::qWaitFor([&] { return !written.isEmpty() || !failed.isEmpty(); }, 30'000) && failed.isEmpty();
}

EngineOptions options() {
    EngineOptions made;
    made.resources = resourcesFolder();
    return made;
}

void ExportServiceTest::numbersReadBack() {
    std::mt19937_64 random(7);
    std::uniform_real_distribution<double> exponent(-300, 300);
    for (int i = 0; i < 1000; ++i) {
        const double value = std::pow(10.0, exponent(random)) * (i % 2 == 0 ? 1 : -1);
        QCOMPARE(exactNumber(value).toDouble(), value);
    }
    QCOMPARE(exactNumber(0.1), u"0.1"_s);
    QCOMPARE(exactNumber(4096), u"4096"_s);
}

void ExportServiceTest::tablesAsCsv() {
    const ExportTable table{{u"token"_s, u"weight"_s}, {{u"a,b"_s, u"1"_s}, {u"say \"hi\""_s, u"2"_s}, {u"two\nlines"_s, u"3"_s}}};
    QCOMPARE(csvText(table), u"token,weight\n\"a,b\",1\n\"say \"\"hi\"\"\",2\n\"two\nlines\",3\n"_s);
    Engine engine(options());
    const QString path = m_folder.filePath(u"table.csv"_s);
    QVERIFY(write(engine, path, table, {{u"model"_s, u"moa-tiny"_s}, {u"prompt"_s, u"two\nlines"_s}}));
    const test::CsvFile csv = test::readCsv(path);
    QCOMPARE(csv.column(u"token"_s), (QStringList{u"a,b"_s, u"say \"hi\""_s, u"two\nlines"_s}));
    QCOMPARE(csv.notes[u"prompt"_s], u"two lines"_s); // a note stays one comment line
}

void ExportServiceTest::tablesAsJson() {
    const ExportTable table{{u"head"_s, u"weight"_s}, {{u"L0 KV1"_s, u"0.25"_s}, {u"nan"_s, {}}, {u"12"_s, u"1e-3"_s}}};
    Engine engine(options());
    const QString path = m_folder.filePath(u"table.json"_s);
    QVERIFY(write(engine, path, table, {{u"run"_s, u"12"_s}, {u"model"_s, u"moa-tiny"_s}}));
    QFile file(path);
    QVERIFY(file.open(QIODevice::ReadOnly));
    const QJsonObject document = QJsonDocument::fromJson(file.readAll()).object();
    QCOMPARE(document[u"provenance"_s].toObject(), (QJsonObject{{u"run"_s, u"12"_s}, {u"model"_s, u"moa-tiny"_s}}));
    QCOMPARE(document[u"columns"_s].toArray(), (QJsonArray{u"head"_s, u"weight"_s}));
    QCOMPARE(document[u"rows"_s].toArray(), (QJsonArray{QJsonObject{{u"head"_s, u"L0 KV1"_s}, {u"weight"_s, 0.25}},
                                                        QJsonObject{{u"head"_s, u"nan"_s}, {u"weight"_s, QJsonValue()}},
                                                        QJsonObject{{u"head"_s, 12}, {u"weight"_s, 1e-3}}}));
}

void ExportServiceTest::tablesAsMarkdown() {
    const ExportTable table{{u"name"_s, u"value"_s}, {{u"a|b"_s, u"1.5"_s}, {u"c"_s, {}}}};
    QCOMPARE(markdownText(table), u"| name | value |\n| --- | ---: |\n| a\\|b | 1.5 |\n| c |  |\n"_s);
    QCOMPARE(markdownText({{u"name"_s}, {}}), u"| name |\n| --- |\n"_s);
}

void ExportServiceTest::arraysKeepEveryValue() {
    Engine engine(options());
    ExportArray array{{0.1f, -1e-38f, std::numeric_limits<float>::quiet_NaN(), 3.4e38f, 0, 1}, {2, 3}, {u"row"_s, u"column"_s}};
    const QString npy = m_folder.filePath(u"a.npy"_s), csv = m_folder.filePath(u"a.csv"_s);
    QVERIFY(write(engine, npy, array, {{u"n"_s, u"3"_s}}));
    QVERIFY(write(engine, csv, array, {{u"n"_s, u"3"_s}}));
    const test::NpyFile read = test::readNpy(npy);
    QCOMPARE(read.shape, array.shape);
    const test::CsvFile text = test::readCsv(csv);
    for (std::size_t i = 0; i < 6; ++i) {
        const float cell = text.rows[qsizetype(i / 3)][qsizetype(i % 3)].toFloat();
        QVERIFY(i == 2 ? std::isnan(read.values[i]) && std::isnan(cell)
                       : read.values[i] == array.values[i] && cell == array.values[i]);
    }
    QCOMPARE(test::readSidecar(npy)[u"n"_s], u"3"_s);
    QCOMPARE(text.notes[u"axes"_s], u"row × column"_s);
}

void ExportServiceTest::aFailureNamesTheFileAndLeavesNothing() {
    Engine engine(options());
    const QString path = m_folder.filePath(u"missing/a.npy"_s);
    ExportFailure failure;
    connect(&engine.exports, &ExportService::failed, this, [&](const ExportFailure& f) { failure = f; });
    QVERIFY(!write(engine, path, ExportArray{{1}, {1}, {}}));
    QCOMPARE(failure.path, path);
    QVERIFY2(failure.message.contains(path), qPrintable(failure.message));
    QVERIFY(!QDir(m_folder.filePath(u"missing"_s)).exists());
    QVERIFY(write(engine, m_folder.filePath(u"after.npy"_s), ExportArray{{1}, {1}, {}})); // it goes on
}

void ExportServiceTest::largeFilesDoNotStallTheGui() {
    Engine engine(options());
    ExportArray array{std::vector<float>(std::size_t(1024) * 4096), {1024, 4096}, {}};
    std::mt19937 random(1);
    for (float& value : array.values) value = float(random()) / 4e9f;
    QElapsedTimer since, call;
    double longest = 0;
    QTimer pulse;
    pulse.setTimerType(Qt::PreciseTimer);
    connect(&pulse, &QTimer::timeout, this, [&] { longest = std::max(longest, double(since.restart())); });
    QSignalSpy written(&engine.exports, &ExportService::written);
    call.start();
    engine.exports.write(m_folder.filePath(u"large.csv"_s), std::move(array), {});
    const double began = double(call.elapsed());
    since.start();
    pulse.start(10);
    QVERIFY(written.wait(60'000));
    qInfo("4 Mi values as CSV: the call took %.0f ms, the GUI was away %.0f ms at most, %.0f ms in all", began, longest,
          double(call.elapsed()));
    QVERIFY(longest < 1000 && began < 200);
}

void ExportServiceTest::identifiesOnceAndSurvivesMissingFiles() {
    Engine engine(options());
    QStringList shas;
    const auto ask = [&](const QString& model) {
        const auto before = shas.size();
        engine.exports.identify(model, this, [&](const QString& sha) { shas.append(sha); });
        return QTest::qWaitFor([&] { return shas.size() > before; }, 30'000);
    };
    QVERIFY(ask(u"moa-tiny"_s));
    QCOMPARE(shas.back().size(), 12);
    QVERIFY(ask(u"moa-tiny"_s));
    QCOMPARE(shas[0], shas[1]);
    QVERIFY(ask(u"/nowhere/at-all"_s));
    QCOMPARE(shas.back(), QString());
    QVERIFY(ask({}));
}

} // namespace
} // namespace moa

QTEST_MAIN(moa::ExportServiceTest)
#include "export_service_test.moc"
