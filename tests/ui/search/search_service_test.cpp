// SearchService: what it answers on the bundled model's profile is what the engine's own search finds, a newer request
// supersedes an older one, and reasons and remedies hold.
#include "ui/jobs/search_service.h"

#include "engine/profile/profile_file.h"
#include "engine/search/loss_tables.h"
#include "engine/search/synthetic_instance.h"

#include <QTemporaryDir>
#include <QTest>

#include <algorithm>
#include <cmath>
#include <optional>

using namespace moa;
using namespace Qt::StringLiterals;

namespace {

const QString kProfile = QStringLiteral(MOA_SOURCE_DIR "/resources/models/moa-tiny/moa-tiny.moaprofile");

/// Everything that a service says, with the generations.
struct Heard : QObject {
    explicit Heard(SearchService& service) {
        connect(&service, &SearchService::opened, this, [this](const SearchSubject& s) { subject = s; });
        connect(&service, &SearchService::failed, this, [this](const QString& path, const JobError& e) { failures << path + u": "_s + e.message; });
        connect(&service, &SearchService::answered, this, [this](quint64 g, const SearchAnswer& a) {
            generations.push_back(g);
            answers.push_back(a);
        });
        connect(&service, &SearchService::infeasible, this, [this](quint64, const QString& text, const QList<SearchRemedy>& r) {
            reason = text;
            remedies = r;
        });
        connect(&service, &SearchService::frontPoint, this, [this](quint64, const FrontPoint& p) { front.push_back(p); });
        connect(&service, &SearchService::lengthsPoint, this, [this](quint64, const FrontPoint& p) { points.push_back(p); });
        connect(&service, &SearchService::finished, this, [this](quint64 g) { finished = g; });
    }
    bool waitFor(quint64 generation) {
        return QTest::qWaitFor([this, generation] { return finished == generation; }, 60000);
    }
    std::optional<SearchSubject> subject;
    QStringList failures;
    std::vector<quint64> generations;
    std::vector<SearchAnswer> answers;
    QString reason;
    QList<SearchRemedy> remedies;
    std::vector<FrontPoint> front;
    std::vector<FrontPoint> points;
    quint64 finished = 0;
};

EngineOptions engineOptions() {
    EngineOptions options;
    options.resources = std::string(MOA_SOURCE_DIR) + "/resources";
    options.device = "cpu";
    options.threads = 1;
    return options;
}

} // namespace

class SearchServiceTest : public QObject {
    Q_OBJECT
private slots:
    void init() {
        m_service = std::make_unique<SearchService>(std::make_shared<EngineState>(engineOptions()));
        m_heard = std::make_unique<Heard>(*m_service);
    }
    void cleanup() {
        m_service.reset();
        m_heard.reset();
    }

    void aStoredProfileOpensWithoutAModel() {
        m_service->openStoredProfile(u"moa-tiny"_s);
        QVERIFY(waitOpened());
        QCOMPARE(m_heard->subject->layers, 6);
        QCOMPARE(m_heard->subject->kvHeads, 4);
        QCOMPARE(m_heard->subject->name, u"moa-tiny.moaprofile"_s);
        QVERIFY(m_heard->subject->samples.size() >= 2);
        QCOMPARE(int(m_heard->subject->densityLengths.size()), int(m_heard->subject->lengths.size()) + 1);
    }

    void filesThatAreNoProfileAreRefused() {
        QTemporaryDir folder;
        QFile file(folder.filePath(u"broken.moaprofile"_s));
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write("not a profile");
        file.close();
        m_service->openProfile(file.fileName());
        QVERIFY(QTest::qWaitFor([this] { return !m_heard->failures.isEmpty(); }, 10000));
        QVERIFY2(m_heard->failures.front().contains(u"broken.moaprofile"_s), qPrintable(m_heard->failures.front()));
        QVERIFY(!m_heard->subject);
    }

    void answersEqualTheEnginesSearch_data() {
        QTest::addColumn<double>("density");
        QTest::addColumn<int>("rules");
        QTest::newRow("half") << 0.5 << 0;
        QTest::newRow("a third") << 0.33 << 0;
        QTest::newRow("two rules a layer") << 0.5 << 2;
    }
    void answersEqualTheEnginesSearch() {
        QFETCH(double, density);
        QFETCH(int, rules);
        openTiny();
        SearchRequest request;
        request.options.density = density;
        request.options.rulesPerLayer = rules;
        const quint64 generation = m_service->solve(request);
        QVERIFY(m_heard->waitFor(generation));
        QVERIFY(!m_heard->answers.empty());
        const SearchAnswer& last = m_heard->answers.back();
        QVERIFY(last.isProven);
        // The way of `moa search`: the same profile, bounds and gap.
        SearchSession session(makeInstance(readProfile(kProfile.toStdString(), false), {}));
        const SearchOutcome expected = session.solve(request.options, {60, request.gapTarget});
        QVERIFY(expected.hasPlan());
        QVERIFY(std::abs(last.outcome.objective - expected.objective) <= 2 * request.gapTarget * std::abs(expected.objective));
        for (const auto& [length, at] : last.outcome.density) QVERIFY2(at <= density + 1e-12, qPrintable(QString::number(length)));
        QCOMPARE(last.outcome.loss, lossesOf(session.instance(), last.outcome.choice));
    }

    void theFrontFallsWithTheDensity() {
        openTiny();
        SearchRequest request;
        request.front = {0.2, 0.4, 0.6, 0.8};
        QVERIFY(m_heard->waitFor(m_service->solve(request)));
        QCOMPARE(m_heard->front.size(), request.front.size());
        for (std::size_t k = 1; k < m_heard->front.size(); ++k)
            QVERIFY(m_heard->front[k].outcome.objective < m_heard->front[k - 1].outcome.objective);
        for (const FrontPoint& point : m_heard->front) QVERIFY(point.outcome.lowerBound <= point.outcome.objective + 1e-12);
    }

    void theSetOverLengthsStreams() {
        openTiny();
        SearchRequest request;
        request.lengths = true;
        QVERIFY(m_heard->waitFor(m_service->solve(request)));
        QVERIFY(m_heard->points.size() > m_heard->subject->lengths.size());
    }

    void aNewerRequestSupersedes() {
        m_service->openInstance(syntheticInstance(syntheticShape("llama-7b"), 3), u"llama-7b"_s);
        QVERIFY(waitOpened());
        quint64 last = 0;
        QElapsedTimer clock;
        for (int k = 0; k < 30; ++k) {
            SearchRequest request;
            request.proveSeconds = k < 29 ? 60 : 0.2;
            request.options.density = 0.3 + 0.01 * k;
            clock.start();
            last = m_service->solve(request);
            QTest::qWait(5);
        }
        QVERIFY(m_heard->waitFor(last));
        const SearchOutcome& best = m_heard->answers.back().outcome;
        qInfo("last of 30 requests on 1,024 heads done after %lld ms, gap %.2g", clock.elapsed(), best.gap);
        QVERIFY(best.status == SearchStatus::Optimal);
        QVERIFY(clock.elapsed() < 5000);
        QVERIFY(!m_heard->generations.empty());
        QCOMPARE(m_heard->generations.back(), last);
        // Generations never go back: what is stale is not heard.
        QVERIFY(std::ranges::is_sorted(m_heard->generations));
        QVERIFY(m_heard->answers.back().outcome.density.at(8192) <= 0.59 + 1e-12);
        QVERIFY(m_heard->answers.back().outcome.density.at(8192) > 0.9 * 0.59 - 1e-6);
    }

    void impossibleBoundsNameTheirRemedies() {
        openTiny();
        const int length = m_heard->subject->lengths.back();
        SearchRequest request;
        request.options.density = 0.25;
        request.options.lossLimits[length].upper = 1e-6;
        QVERIFY(m_heard->waitFor(m_service->solve(request)));
        QVERIFY(m_heard->answers.empty());
        QVERIFY2(!m_heard->reason.isEmpty(), "the reason is told");
        for (const SearchRemedy& remedy : std::as_const(m_heard->remedies)) qInfo("remedy %d, density %g", int(remedy.kind), remedy.density);
        QVERIFY2(m_heard->remedies.size() >= 2, qPrintable(m_heard->reason));
        for (const SearchRemedy& remedy : std::as_const(m_heard->remedies)) {
            SearchRequest mended = request;
            if (remedy.kind == SearchRemedy::Kind::RaiseDensity) mended.options.density = remedy.density;
            if (remedy.kind == SearchRemedy::Kind::LowerShare) mended.options.minDensityShare = 0;
            for (const auto& [at, nats] : remedy.loss) mended.options.lossLimits[at].upper = nats;
            m_heard->answers.clear();
            QVERIFY(m_heard->waitFor(m_service->solve(mended)));
            QVERIFY2(!m_heard->answers.empty(), qPrintable(QString::number(int(remedy.kind))));
        }
    }

    void pinsOutsideTheGridAreKept() {
        openTiny();
        SearchRequest request;
        const Rule rule{333, 0.21};
        request.options.pins = {{2, 1, Pin::Kind::Exact, rule, 0, 0}};
        QVERIFY(m_heard->waitFor(m_service->solve(request)));
        QVERIFY(!m_heard->answers.empty());
        QVERIFY(m_heard->answers.back().plan.rule(LayerIndex(2), HeadIndex(2)) == rule);
    }

private:
    bool waitOpened() {
        return QTest::qWaitFor([this] { return m_heard->subject.has_value(); }, 20000);
    }
    void openTiny() {
        m_service->openProfile(kProfile);
        QVERIFY(waitOpened());
    }
    std::unique_ptr<SearchService> m_service;
    std::unique_ptr<Heard> m_heard;
};

QTEST_GUILESS_MAIN(SearchServiceTest)
#include "search_service_test.moc"
