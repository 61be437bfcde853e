// Figures and tiles of the Inspect page against the engine asked directly, and against softmax done here: masses kept,
// influence outside the window, windows, rows, exact and pooled tiles. Also what remains when model or prompt change.
#include "tests/ui/viewmodels/engine_fixture.h"
#include "ui/viewmodels/inspect_model.h"

#include "engine/backend/cpu/cpu_backend.h"
#include "engine/capture/attention_maps.h"

#include <cmath>

namespace moa {
namespace {

using namespace Qt::StringLiterals;

constexpr int kLossTokens = 16; // of Workspace::measureInfluence()
const QString kOther = QStringLiteral(MOA_SOURCE_DIR "/tests/reference/golden/tiny-bf16-sharded");

QString someText(int lines) {
    QString text;
    for (int i = 0; i < lines; ++i)
        text += u"line %1 holds the number %2, and the box in room %3 is red.\n"_s.arg(i).arg(7919 * (i + 3) % 1000).arg(i % 7);
    return text;
}

bool close(double found, double expected, double tolerance) {
    if (std::abs(found - expected) <= tolerance) return true;
    qWarning("found %.9g, expected %.9g within %.1g", found, expected, tolerance);
    return false;
}

class InspectModelTest : public QObject {
    Q_OBJECT
private slots:
    void initTestCase();
    void cleanupTestCase();
    void windowsFollowThePlan();
    void massKeptIsTheMaskedAttention_data();
    void massKeptIsTheMaskedAttention();
    void summariesAreMeansOfTheGroup();
    void distanceCurvesAccumulate();
    void influenceIsTheBackwardPass();
    void exactTilesAreSoftmax_data();
    void exactTilesAreSoftmax();
    void coarseTilesPoolTheExactOnes();
    void rowsAreExact();
    void anotherPromptStartsAfresh();
    void anotherModelShowsNothingOfThisOne();
    void influenceOfAPromptThatIsGoneIsNotTaken();

private:
    /// A[i][j] of a query head by definition, from the queries and keys of a capture of its own.
    std::vector<double> softmax(int layer, int head) const;
    double maskedMass(int layer, int kvHead, std::int64_t sink, std::int64_t window) const;
    AttentionMaps maps(MapValue value) const;
    int group() const { return m_loaded->workspace.model()->config.groupSize(); }

    std::unique_ptr<test::LoadedWorkspace> m_loaded;
    std::unique_ptr<InspectModel> m_model;
    std::unique_ptr<Backend> m_backend;
    std::unique_ptr<LanguageModel> m_engine; // beside the workspace's own
    std::vector<std::shared_ptr<const CapturedLayer>> m_layers;
    std::vector<int> m_ids;
    int m_n = 0;
};

void InspectModelTest::initTestCase() {
    m_loaded = std::make_unique<test::LoadedWorkspace>();
    QVERIFY(m_loaded->ready);
    m_model = std::make_unique<InspectModel>(m_loaded->workspace);
    QVERIFY(m_loaded->capture(someText(12)));
    m_ids = m_loaded->workspace.prompt()->ids;
    m_n = int(m_ids.size());
    QVERIFY2(m_n > 200 && m_n < 600, qPrintable(QString::number(m_n)));
    QCOMPARE(m_model->tokens(), m_n);
    const ModelConfig& config = m_loaded->workspace.model()->config;
    QTRY_COMPARE(m_model->headsSummarised(), config.layers * config.heads);
    m_backend = makeCpuBackend(2);
    m_engine = std::make_unique<LanguageModel>(loadModel(std::string(MOA_SOURCE_DIR) + "/resources/models/moa-tiny"), *m_backend);
    captureLayers(*m_engine, m_ids, nullptr, {}, [&](LayerIndex, auto layer) { m_layers.push_back(std::move(layer)); });
    QCOMPARE(int(m_layers.size()), config.layers);
}

void InspectModelTest::cleanupTestCase() {
    m_model.reset();
    m_loaded.reset();
    m_engine.reset();
    m_backend.reset();
}

std::vector<double> InspectModelTest::softmax(int layer, int head) const {
    const CapturedLayer& of = *m_layers[std::size_t(layer)];
    const int d = of.shape.headDim, g = head / of.shape.groupSize();
    std::vector<double> weights(std::size_t(m_n) * std::size_t(m_n), 0);
    for (int i = 0; i < m_n; ++i) {
        const float* q = of.q.data() + (std::size_t(i) * std::size_t(of.shape.heads) + std::size_t(head)) * std::size_t(d);
        double* row = weights.data() + std::size_t(i) * std::size_t(m_n);
        double largest = -1e300, sum = 0;
        for (int j = 0; j <= i; ++j) {
            const float* k = of.k.data() + (std::size_t(j) * std::size_t(of.shape.kvHeads) + std::size_t(g)) * std::size_t(d);
            double score = 0;
            for (int x = 0; x < d; ++x) score += double(q[x]) * double(k[x]);
            row[j] = score / std::sqrt(double(d));
            largest = std::max(largest, row[j]);
        }
        for (int j = 0; j <= i; ++j) sum += row[j] = std::exp(row[j] - largest);
        for (int j = 0; j <= i; ++j) row[j] /= sum;
    }
    return weights;
}

double InspectModelTest::maskedMass(int layer, int kvHead, std::int64_t sink, std::int64_t window) const {
    double kept = 0;
    for (int h = kvHead * group(); h < (kvHead + 1) * group(); ++h) {
        const std::vector<double> weights = softmax(layer, h);
        for (int i = 0; i < m_n; ++i)
            for (int j = 0; j <= i; ++j)
                if (j < sink || i - j < window) kept += weights[std::size_t(i) * std::size_t(m_n) + std::size_t(j)];
    }
    return kept / m_n / group();
}

AttentionMaps InspectModelTest::maps(MapValue value) const {
    AttentionMapOptions options;
    options.value = value;
    options.block = 1;
    options.lossLast = kLossTokens;
    return captureAttention(*m_engine, m_ids, options);
}

void InspectModelTest::windowsFollowThePlan() {
    PlanDocument& plan = m_loaded->workspace.plan();
    QVERIFY(plan.isDense());
    QCOMPARE(m_model->window({0, 0}), 0);
    plan.setRule({{2, 1}}, {0, 0.5}, "edit");
    const WindowMap windows = windowsAt(plan.plan(), m_n);
    for (int l = 0; l < windows.layers; ++l)
        for (int g = 0; g < windows.kvHeads; ++g)
            QCOMPARE(m_model->window({l, g}), windows.window(LayerIndex(l), KvHeadIndex(g)));
    QVERIFY(m_model->window({2, 1}) < m_n);
    QCOMPARE(m_model->window({99, 0}), 0);
    plan.undoStack()->undo();
    QCOMPARE(m_model->window({2, 1}), 0);
}

void InspectModelTest::massKeptIsTheMaskedAttention_data() {
    QTest::addColumn<int>("layer");
    QTest::addColumn<int>("kvHead");
    QTest::addColumn<int>("span");
    QTest::newRow("first head, narrow") << 0 << 0 << 128;
    QTest::newRow("middle") << 3 << 2 << 192;
    QTest::newRow("last head, wide") << 5 << 3 << 256;
}

void InspectModelTest::massKeptIsTheMaskedAttention() {
    QFETCH(int, layer);
    QFETCH(int, kvHead);
    QFETCH(int, span);
    const HeadRef head{layer, kvHead};
    PlanDocument& plan = m_loaded->workspace.plan();
    QCOMPARE(m_model->massKept(head).value(), 1.0);
    plan.setRule({head}, {double(span), 0}, "edit");
    QCOMPARE(m_model->window(head), span - kDefaultSink);
    const double expected = maskedMass(layer, kvHead, kDefaultSink, span - kDefaultSink);
    QVERIFY(expected < 1);
    QVERIFY(close(m_model->massKept(head).value(), expected, 1e-4));
    plan.undoStack()->undo();
}

void InspectModelTest::summariesAreMeansOfTheGroup() {
    const HeadRef head{4, 1};
    double entropy = 0, distance = 0, sink = 0;
    for (int h = head.kvHead * group(); h < (head.kvHead + 1) * group(); ++h) {
        const std::vector<double> weights = softmax(head.layer, h);
        for (int i = 0; i < m_n; ++i)
            for (int j = 0; j <= i; ++j) {
                const double a = weights[std::size_t(i) * std::size_t(m_n) + std::size_t(j)];
                if (a > 0) entropy -= a * std::log(a);
                distance += a * (i - j);
                if (j < kBlock) sink += a;
            }
    }
    const double rows = double(m_n) * group();
    const GroupSummary* summary = m_model->summary(head);
    QVERIFY(summary != nullptr);
    QVERIFY(close(summary->entropy, entropy / rows, 1e-3));
    QVERIFY(close(summary->meanDistance, distance / rows, 1e-2));
    QVERIFY(close(summary->sinkMass, sink / rows, 1e-4));
    QVERIFY(summary->side > 0 && summary->side <= 64);
    QVERIFY(*std::ranges::max_element(summary->thumbnail) > 0);
    QVERIFY(m_model->summary({6, 0}) == nullptr);
    QVERIFY(m_model->summary({0, 4}) == nullptr);
}

void InspectModelTest::distanceCurvesAccumulate() {
    const HeadRef head{2, 0};
    const DistanceCurves curves = m_model->distanceCurves(head);
    QCOMPARE(curves.attention.size(), std::size_t((m_n + kBlock - 1) / kBlock));
    QVERIFY(curves.influence.empty());
    for (const auto& [distance, share] : curves.attention)
        QVERIFY(close(share, maskedMass(head.layer, head.kvHead, 0, distance), 1e-4));
    QVERIFY(close(curves.attention.back().second, 1, 1e-4));
}

void InspectModelTest::influenceIsTheBackwardPass() {
    Workspace& workspace = m_loaded->workspace;
    QVERIFY(!m_model->influenceOutside({0, 0}).has_value());
    workspace.measureInfluence();
    QTRY_VERIFY_WITH_TIMEOUT(workspace.influence() != nullptr, 30000);
    const AttentionMaps exact = maps(MapValue::Influence);
    const auto hidden = [&](int layer, int kvHead, std::int64_t window) {
        double sum = 0;
        for (int h = kvHead * group(); h < (kvHead + 1) * group(); ++h) {
            const auto map = exact.map(std::size_t(layer), std::size_t(h));
            for (int i = 0; i < m_n; ++i)
                for (int j = kDefaultSink; j <= i; ++j)
                    if ((i - j) / kBlock * kBlock >= window) sum += double(map[std::size_t(i) * std::size_t(m_n) + std::size_t(j)]);
        }
        return sum;
    };
    const ModelConfig& config = workspace.model()->config;
    double largest = 0;
    for (int l = 0; l < config.layers; ++l)
        for (int g = 0; g < config.kvHeads; ++g) largest = std::max(largest, hidden(l, g, 0));
    PlanDocument& plan = workspace.plan();
    const HeadRef head{5, 2};
    QCOMPARE(m_model->influenceOutside(head).value(), 0.0); // dense hides nothing
    for (const int span : {128, 192, 256}) {
        plan.setRule({head}, {double(span), 0}, "edit");
        QVERIFY(close(m_model->influenceOutside(head).value(), hidden(head.layer, head.kvHead, span - kDefaultSink) / largest, 1e-4));
        QVERIFY(workspace.estimatedLoss(plan.plan()).value() > 0);
        plan.undoStack()->undo();
    }
    QCOMPARE(workspace.estimatedLoss(plan.plan()).value(), 0.0);
    for (const auto& [queryHead, span] : m_model->spansNeeded(head)) {
        QCOMPARE(queryHead / group(), head.kvHead);
        QVERIFY(span >= kDefaultSink + kBlock);
    }
    QVERIFY(!m_model->distanceCurves(head).influence.empty());
}

void InspectModelTest::exactTilesAreSoftmax_data() {
    QTest::addColumn<int>("layer");
    QTest::addColumn<int>("queryHead"); // −1: the mean of KV head 1
    QTest::newRow("first head") << 0 << 0;
    QTest::newRow("last head") << 5 << 7;
    QTest::newRow("group mean") << 3 << -1;
}

void InspectModelTest::exactTilesAreSoftmax() {
    QFETCH(int, layer);
    QFETCH(int, queryHead);
    const int kvHead = queryHead < 0 ? 1 : queryHead / group();
    HeadAttention source(m_loaded->engine.captures);
    source.show({layer, kvHead, queryHead}, m_n);
    std::vector<TileId> ids;
    const int side = (m_n + kTileCells - 1) / kTileCells;
    for (int row = 0; row < side; ++row)
        for (int col = 0; col <= row; ++col) ids.push_back({1, row, col});
    source.want(ids);
    QTRY_VERIFY(std::ranges::all_of(ids, [&](const TileId& id) { return source.tile(id) != nullptr; }));
    std::vector<double> expected(std::size_t(m_n) * std::size_t(m_n), 0);
    for (int h = queryHead < 0 ? kvHead * group() : queryHead; h < (queryHead < 0 ? (kvHead + 1) * group() : queryHead + 1); ++h) {
        const std::vector<double> weights = softmax(layer, h);
        for (std::size_t i = 0; i < weights.size(); ++i) expected[i] += weights[i] / (queryHead < 0 ? group() : 1);
    }
    double worst = 0, largest = 0;
    for (const TileId& id : ids) {
        const HeatTile& tile = *source.tile(id);
        for (int y = 0; y < kTileCells; ++y)
            for (int x = 0; x < kTileCells; ++x) {
                const int i = id.firstQuery() + y, j = id.firstKey() + x;
                const double want = i < m_n && j <= i ? expected[std::size_t(i) * std::size_t(m_n) + std::size_t(j)] : 0;
                const double got = double(tile.mean[std::size_t(y * kTileCells + x)]);
                worst = std::max(worst, std::abs(got - want));
                largest = std::max(largest, got);
            }
    }
    qInfo("largest difference from softmax: %.2g over %d tokens", worst, m_n);
    QVERIFY2(worst <= 1e-3, qPrintable(QString::number(worst)));
    QVERIFY(largest > 0.05);
}

void InspectModelTest::coarseTilesPoolTheExactOnes() {
    HeadAttention source(m_loaded->engine.captures);
    source.show({1, 0, 1}, m_n);
    const TileId id{16, 0, 0};
    source.want({id});
    QTRY_VERIFY(source.tile(id) != nullptr);
    const std::vector<double> weights = softmax(1, 1);
    const HeatTile& tile = *source.tile(id);
    for (int y = 0; y * 16 < m_n; ++y)
        for (int x = 0; x <= y; ++x) {
            double sum = 0, most = 0;
            int pairs = 0;
            for (int i = y * 16; i < std::min(m_n, (y + 1) * 16); ++i)
                for (int j = x * 16; j < std::min(i + 1, (x + 1) * 16); ++j, ++pairs) {
                    sum += weights[std::size_t(i) * std::size_t(m_n) + std::size_t(j)];
                    most = std::max(most, weights[std::size_t(i) * std::size_t(m_n) + std::size_t(j)]);
                }
            QVERIFY(close(double(tile.mean[std::size_t(y * kTileCells + x)]), sum / pairs, 1e-4));
            QVERIFY(close(double(tile.max[std::size_t(y * kTileCells + x)]), most, 1e-3));
        }
}

void InspectModelTest::rowsAreExact() {
    SelectionModel& selection = m_loaded->workspace.selection();
    selection.selectHead({5, 1});
    selection.selectQueryHead(1);
    selection.pointAt(m_n - 3, 5);
    QTRY_COMPARE(m_model->rowQuery(), m_n - 3);
    const std::vector<double> weights = softmax(5, group() + 1);
    QCOMPARE(int(m_model->row().size()), m_n - 2);
    for (int j = 0; j <= m_n - 3; ++j)
        QVERIFY(close(double(m_model->row()[std::size_t(j)]), weights[std::size_t(m_n - 3) * std::size_t(m_n) + std::size_t(j)], 1e-4));
    selection.reset();
}

void InspectModelTest::anotherPromptStartsAfresh() {
    QSignalSpy reset(m_model.get(), &InspectModel::reset);
    QVERIFY(m_loaded->capture(u"One short line.\n"_s));
    QVERIFY(reset.count() >= 1);
    QVERIFY(m_model->tokens() > 0 && m_model->tokens() < 20);
    QTRY_COMPARE(m_model->headsSummarised(), 48);
    QVERIFY2(m_loaded->workspace.influence() == nullptr, "influence was another prompt's");
    const QString longer = someText(12);
    QVERIFY(m_loaded->capture(longer));
    QCOMPARE(m_model->tokens(), m_n);
}

void InspectModelTest::anotherModelShowsNothingOfThisOne() {
    Workspace& workspace = m_loaded->workspace;
    QTRY_COMPARE(m_model->headsSummarised(), 48);
    workspace.selection().selectHead({5, 3});
    workspace.chooseModel(kOther);
    QTRY_COMPARE(workspace.model()->path, kOther);
    const HeadRef now = workspace.selection().now().current;
    QVERIFY2(now.layer < workspace.model()->config.layers && now.kvHead < workspace.model()->config.kvHeads,
             "the selection must be within the model");
    QCOMPARE(m_model->tokens(), 0);
    QVERIFY(m_model->summary({0, 0}) == nullptr);
    QVERIFY(!m_model->massKept({0, 0}).has_value());
    QVERIFY(m_model->distanceCurves({0, 0}).attention.empty());
    QVERIFY(m_model->spansNeeded({0, 0}).empty());
    // The first model is still loaded, and so is what was captured of it.
    workspace.chooseModel("moa-tiny");
    QTRY_COMPARE(workspace.model()->path, QString("moa-tiny"));
    QVERIFY(workspace.isLoaded());
    QCOMPARE(m_model->tokens(), m_n);
    QVERIFY(m_model->summary({5, 3}) != nullptr);
}

void InspectModelTest::influenceOfAPromptThatIsGoneIsNotTaken() {
    Workspace& workspace = m_loaded->workspace;
    QSignalSpy answers(&m_loaded->engine.captures, &CaptureService::influenceReady);
    workspace.measureInfluence();
    QVERIFY(m_loaded->capture(u"Another short line.\n"_s));
    QTRY_VERIFY(m_loaded->engine.worker.isIdle());
    QVERIFY2(workspace.influence() == nullptr, "it was measured on the prompt before");
    workspace.measureInfluence();
    QTRY_VERIFY(workspace.influence() != nullptr);
    workspace.eject();
    QTRY_VERIFY(!workspace.loaded());
    QVERIFY(workspace.influence() == nullptr);
    QVERIFY(answers.count() >= 1);
}

} // namespace
} // namespace moa

QTEST_GUILESS_MAIN(moa::InspectModelTest)
#include "inspect_model_test.moc"
