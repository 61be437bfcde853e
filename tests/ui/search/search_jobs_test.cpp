// Profiling and measuring from the Search page on the bundled model: lengths are there as they finish, a cancelled run goes
// on, and what is measured comes with an error and grows stale.
#ifndef Q_MOC_RUN // moc 6.4 cannot read what <compare> includes
#include "engine/compare/retrieval.h"
#include "engine/compare/validation.h"
#include "engine/profile/profile_file.h"
#include "engine/profile/profile_run.h"
#endif
#include "tests/ui/viewmodels/engine_fixture.h"
#include "ui/viewmodels/plan_speeds.h"
#include "ui/viewmodels/search_measurements.h"

#include <QTemporaryDir>

#include <cmath>

using namespace moa;
using namespace moa::test;
using namespace Qt::StringLiterals;

namespace {
constexpr int kWait = 120000;
}

class SearchJobsTest : public QObject {
    Q_OBJECT
private slots:
    void init() {
        m_loaded = std::make_unique<LoadedWorkspace>();
        QVERIFY(m_loaded->ready);
        m_model = std::make_unique<SearchModel>(m_loaded->workspace);
        m_measurements = std::make_unique<SearchMeasurements>(*m_model);
    }
    void cleanup() {
        m_loaded->engine.worker.shutDown();
        m_measurements.reset();
        m_model.reset();
        m_loaded.reset();
    }

    void lengthsAreUsableAsTheyFinishAndACancelledRunGoesOn() {
        QTemporaryDir folder;
        const QString file = folder.filePath(u"own.moaprofile"_s);
        const ProfileWish wish{.file = file, .lengths = {384, 256}, .samples = 2};
        m_measurements->profile(wish);
        QVERIFY(m_measurements->job() != nullptr);
        QCOMPARE(m_measurements->work(), SearchMeasurements::Work::Profile);
        // The first length opens while the second one is at work.
        QVERIFY(QTest::qWaitFor([this] { return m_model->hasSubject() && m_model->subject().samples.contains(256); }, kWait));
        if (Job* job = m_measurements->job()) job->cancel();
        QVERIFY(QTest::qWaitFor([this] { return m_measurements->job() == nullptr; }, kWait));
        if (m_measurements->canResume()) m_measurements->resume();
        QVERIFY(QTest::qWaitFor([this] { return m_measurements->job() == nullptr; }, kWait));
        QVERIFY(!m_measurements->canResume());
        for (const ProfileStep& step : m_measurements->steps()) QCOMPARE(step.done, 2);
        QVERIFY2(m_loaded->problems.all.isEmpty(), m_loaded->problems.all.isEmpty() ? "" : qPrintable(m_loaded->problems.all.front().text));
        const ProfileData profile = readProfile(file.toStdString());
        QCOMPARE(int(profile.lengths.size()), 2);
        for (const auto& [length, at] : profile.lengths) QCOMPARE(at.samples, 2);
        // Length by length is what one run over all lengths makes.
        LanguageModel& model = m_loaded->engine.state->model();
        CalibrationSet set(model, m_loaded->engine.state->options().resources / "texts", {"lines", "facts"}, 0);
        ProfileOptions options;
        options.file = folder.filePath(u"once.moaprofile"_s).toStdString();
        options.lengths = {256, 384};
        options.samples = 2;
        const ProfileOutcome once = runProfile(model, set, options, {}, {});
        QVERIFY(profile.lengths.at(256).cost == once.profile.lengths.at(256).cost);
        QVERIFY(profile.lengths.at(384).costSamples == once.profile.lengths.at(384).costSamples);
        QVERIFY(QTest::qWaitFor([this] { return m_model->subject().samples.size() == 2; }, kWait));
    }

    void plansAreMeasuredAtALengthNeverProfiled() {
        m_model->openBundledProfile(u"moa-tiny"_s);
        QVERIFY(QTest::qWaitFor([this] { return m_model->best() != nullptr && m_model->best()->isProven; }, kWait));
        QVERIFY(!m_measurements->heldOutLengths().empty());
        m_measurements->measure({}, 512, 2);
        QVERIFY(QTest::qWaitFor([this] { return m_measurements->job() == nullptr && m_measurements->all().size() == 1; }, kWait));
        const MeasuredLoss measured = m_measurements->all().front();
        QCOMPARE(measured.samples, 2);
        QVERIFY(std::isfinite(measured.loss));
        QVERIFY(measured.error > 0);
        QVERIFY(!m_measurements->isStale(measured.name, measured.plan));
        QCOMPARE(measured.loss, measured.answerNll - measured.denseAnswerNll);
        SearchBounds bounds = m_model->bounds();
        bounds.density = 0.3;
        m_model->setBounds(bounds);
        QVERIFY(QTest::qWaitFor([this] { return m_model->isCurrent() && m_model->best() != nullptr; }, kWait));
        QVERIFY(m_measurements->isStale(measured.name, measured.plan));
    }

    void measurementsAreTheEngines() {
        m_model->openBundledProfile(u"moa-tiny"_s);
        QVERIFY(QTest::qWaitFor([this] { return m_model->best() != nullptr && m_model->best()->isProven; }, kWait));
        const SparsePlan plan = m_model->best()->plan;
        m_measurements->measure({}, 384, 2);
        QVERIFY(QTest::qWaitFor([this] { return m_measurements->job() == nullptr && !m_measurements->all().empty(); }, kWait));
        m_measurements->check({u"Best"_s}, 384, 1);
        QCOMPARE(m_measurements->work(), SearchMeasurements::Work::Checks);
        QVERIFY(QTest::qWaitFor([this] { return m_measurements->job() == nullptr; }, kWait));
        QCOMPARE(m_measurements->checks().size(), 3u);
        LanguageModel& model = m_loaded->engine.state->model();
        const std::filesystem::path texts = m_loaded->engine.state->options().resources / "texts";
        CalibrationSet set(model, texts, {"lines", "facts"}, 0);
        const ValidationOutcome expected = validatePlans(model, set, {plan}, {384, 2, false}, {}, {});
        const MeasuredLoss measured = m_measurements->all().front();
        QCOMPARE(measured.answerNll, expected.plans[0].answerNll);
        QCOMPARE(measured.denseAnswerNll, expected.plans[0].denseAnswerNll);
        QCOMPARE(measured.error, expected.plans[0].standardError());
        QCOMPARE(measured.agreement, expected.plans[0].agreement);
        RetrievalOptions options;
        options.tasks = {"lines", "facts", "passkey"};
        options.lengths = {384};
        options.prompts = 1;
        options.textFolder = texts;
        const RetrievalOutcome answers =
            measureRetrieval(model, {{"dense", MaskSource::dense()}, {"plan", MaskSource::plan(plan)}}, options, {}, {});
        for (std::size_t i = 0; i < answers.rows.size(); ++i) {
            const TaskCheck& check = m_measurements->checks()[i];
            QCOMPARE(check.task.toStdString(), answers.rows[i].task);
            QCOMPARE(check.dense.right, answers.rows[i].scores[0].right);
            QCOMPARE(check.score.right, answers.rows[i].scores[1].right);
            QCOMPARE(check.score.asked, answers.rows[i].scores[1].asked);
            QCOMPARE(check.score.low, answers.rows[i].scores[1].interval95().low);
        }
    }

    void applyingNamesItsPrice() {
        m_model->openBundledProfile(u"moa-tiny"_s);
        QVERIFY(QTest::qWaitFor([this] { return m_model->best() != nullptr && m_model->best()->isProven; }, kWait));
        Workspace& workspace = m_loaded->workspace;
        QVERIFY(!workspace.prefillSeconds());
        QVERIFY(m_loaded->capture(u"a line of text, "_s.repeated(60)));
        QVERIFY(workspace.prefillSeconds() && *workspace.prefillSeconds() > 0);
        const SearchCandidate best = m_model->candidates().front();
        // From dense everything only narrows: nothing is to be read again.
        ApplyPrice price = m_model->applyPrice(best);
        QCOMPARE(price.wider, 0);
        QVERIFY(price.narrower > 0 && !price.seconds);
        std::set<HeadRef> all;
        for (int l = 0; l < 6; ++l)
            for (int g = 0; g < 4; ++g) all.insert({l, g});
        workspace.plan().setRule(all, {128, 0}, u"narrow"_s);
        price = m_model->applyPrice(best);
        QVERIFY(price.wider > 0);
        QCOMPARE(price.narrower, 0);
        QVERIFY(price.seconds == workspace.prefillSeconds());
    }

    void aFileOfAnotherSetIsRefused() {
        QTemporaryDir folder;
        const QString file = folder.filePath(u"own.moaprofile"_s);
        m_measurements->profile({.file = file, .lengths = {256}, .samples = 1});
        QVERIFY(QTest::qWaitFor([this] { return m_measurements->job() == nullptr; }, kWait));
        m_measurements->profile({.file = file, .data = {u"passkey"_s}, .lengths = {256}, .samples = 1});
        QVERIFY(QTest::qWaitFor([this] { return m_measurements->job() == nullptr; }, kWait));
        QCOMPARE(m_loaded->problems.all.size(), 1);
        QVERIFY2(m_loaded->problems.all.front().text.contains(u"calibration set"_s), qPrintable(m_loaded->problems.all.front().text));
    }

    void speedsAndKernelTimesAreMeasured() {
        PlanSpeeds speeds(m_loaded->workspace);
        Workspace& workspace = m_loaded->workspace;
        workspace.setLength(512);
        workspace.plan().setRule({{0, 0}}, {128, 0}, u"edit"_s);
        QVERIFY(speeds.of(workspace.plan().plan()) == nullptr);
        speeds.measure();
        QVERIFY(!speeds.obstacle().isEmpty());
        QVERIFY(QTest::qWaitFor([&] { return speeds.job() == nullptr; }, kWait));
        QVERIFY(speeds.dense() != nullptr && speeds.dense()->tokensPerSecond > 0);
        const DecodeSpeed* now = speeds.of(workspace.plan().plan());
        QVERIFY(now != nullptr && now->tokensPerSecond > 0 && now->length == 512);
        workspace.plan().setRule({{1, 0}}, {128, 0}, u"edit"_s);
        QVERIFY2(speeds.of(workspace.plan().plan()) == nullptr, "a speed belongs to its rules");
        QVERIFY(speeds.stale() != nullptr);
        speeds.measureSpans();
        QVERIFY(QTest::qWaitFor([&] { return speeds.job() == nullptr; }, kWait));
        const SpanTimes& times = speeds.spanTimes();
        if (times.isEmpty()) { // a machine with other work to do
            QCOMPARE(m_loaded->problems.all.size(), 1);
            QVERIFY(m_loaded->problems.all.front().text.contains(u"equally long"_s));
            return;
        }
        QCOMPARE(times.points.front().first, 128);
        QCOMPARE(times.points.back().first, 8192);
        QVERIFY(times.points.back().second > times.points.front().second);
        for (std::size_t i = 1; i < times.points.size(); ++i) QVERIFY(times.points[i].second >= times.points[i - 1].second);
        QVERIFY(times.seconds(64) >= 0 && times.seconds(16384) >= times.seconds(8192));
    }

    void kernelTimesFromAFile_data() {
        QTest::addColumn<QByteArray>("text");
        QTest::addColumn<bool>("isGood");
        QTest::newRow("good") << QByteArray("[[128, 0.001], [512, 0.003]]") << true;
        QTest::newRow("not ascending") << QByteArray("[[512, 0.001], [128, 0.003]]") << false;
        QTest::newRow("negative") << QByteArray("[[128, -1]]") << false;
        QTest::newRow("no list") << QByteArray("{}") << false;
        QTest::newRow("no JSON") << QByteArray("span,seconds") << false;
        QTest::newRow("three numbers") << QByteArray("[[1, 2, 3]]") << false;
        QTest::newRow("text") << QByteArray("[[\"a\", 2]]") << false;
        QTest::newRow("empty") << QByteArray() << false;
    }
    void kernelTimesFromAFile() {
        QFETCH(QByteArray, text);
        QFETCH(bool, isGood);
        QTemporaryDir folder;
        QFile file(folder.filePath(u"times.json"_s));
        QVERIFY(file.open(QFile::WriteOnly));
        file.write(text);
        file.close();
        PlanSpeeds speeds(m_loaded->workspace);
        speeds.openSpanTimes(file.fileName());
        QVERIFY(QTest::qWaitFor([&] { return !speeds.spanTimes().isEmpty() || !m_loaded->problems.all.isEmpty(); }, kWait));
        QCOMPARE(!speeds.spanTimes().isEmpty(), isGood);
        if (!isGood) return;
        QCOMPARE(speeds.spanTimes().seconds(320), 0.002);
        QCOMPARE(speeds.spanTimes().seconds(896), 0.005);
    }

private:
    std::unique_ptr<LoadedWorkspace> m_loaded;
    std::unique_ptr<SearchModel> m_model;
    std::unique_ptr<SearchMeasurements> m_measurements;
};

QTEST_GUILESS_MAIN(SearchJobsTest)
#include "search_jobs_test.moc"
