// Profiling and measuring from the Search page on the bundled model: lengths are there as they finish, a cancelled run goes
// on, and what is measured comes with an error and grows stale.
#ifndef Q_MOC_RUN // moc 6.4 cannot read what <compare> includes
#include "engine/profile/profile_file.h"
#include "engine/profile/profile_run.h"
#endif
#include "tests/ui/viewmodels/engine_fixture.h"
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
        m_measurements->profile(file, {256, 384}, 2);
        QVERIFY(m_measurements->job() != nullptr);
        // The first length opens while the second one is at work.
        QVERIFY(QTest::qWaitFor([this] { return m_model->hasSubject() && m_model->subject().samples.contains(256); }, kWait));
        if (Job* job = m_measurements->job()) job->cancel();
        QVERIFY(QTest::qWaitFor([this] { return m_measurements->job() == nullptr; }, kWait));
        m_measurements->profile(file, {256, 384}, 2);
        QVERIFY(QTest::qWaitFor([this] { return m_measurements->job() == nullptr; }, kWait));
        QVERIFY2(m_loaded->problems.all.isEmpty(), m_loaded->problems.all.isEmpty() ? "" : qPrintable(m_loaded->problems.all.front().text));
        const ProfileData profile = readProfile(file.toStdString());
        QCOMPARE(int(profile.lengths.size()), 2);
        for (const auto& [length, at] : profile.lengths) QCOMPARE(at.samples, 2);
        // Length by length is what one run over all lengths makes.
        LanguageModel& model = m_loaded->engine.state->model();
        CalibrationSet set(model, m_loaded->engine.state->options().resources / "texts", {"lines", "facts"}, 1);
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
        QVERIFY(!m_measurements->isStale(measured));
        SearchBounds bounds = m_model->bounds();
        bounds.density = 0.3;
        m_model->setBounds(bounds);
        QVERIFY(QTest::qWaitFor([this] { return m_model->isCurrent() && m_model->best() != nullptr; }, kWait));
        QVERIFY(m_measurements->isStale(measured));
    }

private:
    std::unique_ptr<LoadedWorkspace> m_loaded;
    std::unique_ptr<SearchModel> m_model;
    std::unique_ptr<SearchMeasurements> m_measurements;
};

QTEST_GUILESS_MAIN(SearchJobsTest)
#include "search_jobs_test.moc"
