// Lookups of estimated loss and influence against the engine's own tables and the histogram's definition.
#include <QTest>

#ifndef Q_MOC_RUN // moc 6.4 cannot read concepts
#include "engine/core/error.h"
#include "engine/search/loss_tables.h"
#include "ui/jobs/influence.h"

#include <cmath>
#include <functional>
#include <random>
#endif

namespace moa {
namespace {

constexpr int kLayers = 2, kHeads = 4, kKvHeads = 2, kGroup = kHeads / kKvHeads;
constexpr int kLength = 500, kWindows = 8, kSamples = 3, kCells = 4;

std::vector<float> someNumbers(std::size_t count, unsigned seed) {
    std::mt19937 generator(seed);
    std::uniform_real_distribution<float> number(0, 1);
    std::vector<float> out(count);
    for (float& v : out) v = number(generator);
    return out;
}

ProfileData someProfile(bool withSamples, int sink = kDefaultSink) {
    ProfileData profile;
    profile.layers = kLayers;
    profile.heads = kHeads;
    profile.kvHeads = kKvHeads;
    profile.sink = sink;
    ProfileLength at;
    at.length = kLength;
    at.samples = kSamples;
    at.windows = kWindows;
    at.mapCells = kCells;
    const std::size_t rows = std::size_t(kLayers) * kHeads * kSinkChoices;
    at.cost = someNumbers(rows * (kWindows + 1), 1);
    at.costSigned = someNumbers(rows * (kWindows + 1), 2);
    at.hist = someNumbers(rows * kWindows, 3);
    if (withSamples) at.costSamples = someNumbers(std::size_t(kSamples) * kLayers * kKvHeads * (kWindows + 1), 4);
    at.influence = someNumbers(std::size_t(kLayers) * kHeads * kCells * kCells, 5);
    profile.lengths[kLength] = at;
    return profile;
}

/// Σ|E| at distance ≥ w (whole buckets) beyond the sink, straight from the histogram.
double hidden(const ProfileData& profile, int layer, int head, std::int64_t window) {
    const ProfileLength& at = profile.lengths.at(kLength);
    const std::size_t row = std::size_t(layer * kHeads + head) * kSinkChoices + std::size_t(profile.sink / kBlock);
    double sum = 0;
    for (int t = 0; t < kWindows; ++t)
        if (t * kBlock >= window) sum += double(at.hist[row * kWindows + std::size_t(t)]);
    return sum;
}

void compareClose(double found, double expected) {
    QVERIFY2(std::abs(found - expected) <= 1e-5 * (1 + std::abs(expected)),
             qPrintable(QString("%1, expected %2").arg(found).arg(expected)));
}

class InfluenceTest : public QObject {
    Q_OBJECT
private slots:
    void lossIsTheSearchsLoss_data();
    void lossIsTheSearchsLoss();
    void lossAtAnotherSinkFollowsTheRows_data();
    void lossAtAnotherSinkFollowsTheRows();
    void aFullWindowCostsNothing();
    void lossOfAPlanIsTheSumOfItsHeads();
    void outsideFollowsTheHistogram_data();
    void outsideFollowsTheHistogram();
    void sharesAndSpansFollowTheHistogram();
    void mapsAreTheHeadsOwn();
    void sizesThatLieAreRefused();
};

void InfluenceTest::lossIsTheSearchsLoss_data() {
    QTest::addColumn<bool>("samples");
    QTest::newRow("mean over samples") << true;
    QTest::newRow("sums of rows") << false;
}

void InfluenceTest::lossIsTheSearchsLoss() {
    QFETCH(bool, samples);
    const ProfileData profile = someProfile(samples);
    const ProfileLength& at = profile.lengths.at(kLength);
    const InfluenceCurves curves(profile, at, "test");
    const Estimate estimate = samples ? Estimate::Joint : Estimate::JointRows;
    for (int l = 0; l < kLayers; ++l)
        for (int g = 0; g < kKvHeads; ++g)
            for (std::int64_t b = 1; (b + 1) * kBlock < denseCache(kLength, profile.sink); ++b)
                compareClose(curves.loss(LayerIndex(l), KvHeadIndex(g), b * kBlock, profile.sink),
                             ruleLoss(profile, at, estimate, profile.sink, LayerIndex(l), KvHeadIndex(g), b));
}

void InfluenceTest::lossAtAnotherSinkFollowsTheRows_data() {
    for (QTest::addColumn<int>("sink"); const int k : {0, 2, 4}) QTest::addRow("sink %d", k * kBlock) << k * kBlock;
}

void InfluenceTest::lossAtAnotherSinkFollowsTheRows() {
    QFETCH(int, sink);
    const ProfileData profile = someProfile(true), rowsOnly = someProfile(false);
    const ProfileLength& at = profile.lengths.at(kLength);
    const InfluenceCurves curves(profile, at, "test"), rows(rowsOnly, rowsOnly.lengths.at(kLength), "rows");
    const auto rowLoss = [&](int s, std::int64_t b) {
        return ruleLoss(profile, at, Estimate::JointRows, s, LayerIndex(1), KvHeadIndex(0), b);
    };
    for (std::int64_t b = 1; sink + b * kBlock < denseCache(kLength, sink) && b * kBlock + kDefaultSink < kLength; ++b) {
        compareClose(rows.loss(LayerIndex(1), KvHeadIndex(0), b * kBlock, sink), rowLoss(sink, b));
        compareClose(curves.loss(LayerIndex(1), KvHeadIndex(0), b * kBlock, sink),
                     curves.loss(LayerIndex(1), KvHeadIndex(0), b * kBlock, kDefaultSink) * rowLoss(sink, b) /
                         rowLoss(kDefaultSink, b));
    }
    WindowMap windows = denseWindows(kLayers, kKvHeads, sink);
    windows.window(LayerIndex(1), KvHeadIndex(0)) = kBlock;
    compareClose(curves.loss(windows), curves.loss(LayerIndex(1), KvHeadIndex(0), kBlock, sink));
}

void InfluenceTest::aFullWindowCostsNothing() {
    const ProfileData profile = someProfile(true);
    const InfluenceCurves curves(profile, profile.lengths.at(kLength), "test");
    QCOMPARE(curves.loss(denseWindows(kLayers, kKvHeads)), 0.0);
    QCOMPARE(curves.loss(LayerIndex(0), KvHeadIndex(0), kLength, kDefaultSink), 0.0);
    QVERIFY(curves.loss(LayerIndex(0), KvHeadIndex(0), kBlock, kDefaultSink) > 0);
    QCOMPARE(curves.outside(LayerIndex(0), KvHeadIndex(0), WindowMap::kFullWindow, kDefaultSink), 0.0);
}

void InfluenceTest::lossOfAPlanIsTheSumOfItsHeads() {
    const ProfileData profile = someProfile(true);
    const InfluenceCurves curves(profile, profile.lengths.at(kLength), "test");
    WindowMap windows = denseWindows(kLayers, kKvHeads);
    windows.window(LayerIndex(0), KvHeadIndex(1)) = 2 * kBlock;
    windows.window(LayerIndex(1), KvHeadIndex(0)) = 3 * kBlock;
    compareClose(curves.loss(windows), curves.loss(LayerIndex(0), KvHeadIndex(1), 2 * kBlock, kDefaultSink) +
                                           curves.loss(LayerIndex(1), KvHeadIndex(0), 3 * kBlock, kDefaultSink));
}

void InfluenceTest::outsideFollowsTheHistogram_data() {
    QTest::addColumn<int>("sink");
    for (int k = 0; k < kSinkChoices; ++k) QTest::addRow("sink %d", k * kBlock) << k * kBlock;
}

void InfluenceTest::outsideFollowsTheHistogram() {
    QFETCH(int, sink);
    const ProfileData profile = someProfile(false, sink);
    const InfluenceCurves curves(profile, profile.lengths.at(kLength), "test");
    const auto group = [&](int l, int g, std::int64_t w) {
        double sum = 0;
        for (int h = g * kGroup; h < (g + 1) * kGroup; ++h) sum += hidden(profile, l, h, w);
        return sum;
    };
    double largest = 0;
    for (int l = 0; l < kLayers; ++l)
        for (int g = 0; g < kKvHeads; ++g) largest = std::max(largest, group(l, g, 0));
    double most = 0;
    for (int l = 0; l < kLayers; ++l)
        for (int g = 0; g < kKvHeads; ++g)
            for (std::int64_t w = 0; w <= kWindows * kBlock; w += kBlock) {
                const double found = curves.outside(LayerIndex(l), KvHeadIndex(g), w, sink);
                compareClose(found, group(l, g, w) / largest);
                most = std::max(most, found);
            }
    compareClose(most, 1);
}

void InfluenceTest::sharesAndSpansFollowTheHistogram() {
    const ProfileData profile = someProfile(true);
    const InfluenceCurves curves(profile, profile.lengths.at(kLength), "test");
    for (int l = 0; l < kLayers; ++l)
        for (int h = 0; h < kHeads; ++h) {
            const double all = hidden(profile, l, h, 0);
            for (int b = 0; b <= kWindows; ++b)
                compareClose(curves.headShareOutside(LayerIndex(l), HeadIndex(h), b * kBlock, kDefaultSink),
                             hidden(profile, l, h, b * kBlock) / all);
            for (const double share : {0.5, 0.8, 0.95}) {
                const std::int64_t window = curves.spanKeeping(LayerIndex(l), HeadIndex(h), share, kDefaultSink) - kDefaultSink;
                QVERIFY(window >= kBlock && window % kBlock == 0);
                QVERIFY2(hidden(profile, l, h, window) <= (1 - share) * all + 1e-6, "keeps the share");
                if (window > kBlock)
                    QVERIFY2(hidden(profile, l, h, window - kBlock) > (1 - share) * all - 1e-6, "is the least that does");
            }
        }
}

void InfluenceTest::mapsAreTheHeadsOwn() {
    const ProfileData profile = someProfile(true);
    const ProfileLength& at = profile.lengths.at(kLength);
    const InfluenceCurves curves(profile, at, "test");
    const auto map = curves.map(LayerIndex(1), HeadIndex(2));
    QCOMPARE(map.size(), std::size_t(kCells * kCells));
    const std::size_t begin = (1 * kHeads + 2) * kCells * kCells;
    for (std::size_t i = 0; i < map.size(); ++i) QCOMPARE(map[i], at.influence[begin + i]);
}

void InfluenceTest::sizesThatLieAreRefused() {
    const auto refuses = [](const std::function<void(ProfileData&, ProfileLength&)>& damage) {
        ProfileData profile = someProfile(true);
        ProfileLength at = profile.lengths.at(kLength);
        damage(profile, at);
        try {
            InfluenceCurves(profile, at, "test");
        } catch (const Error&) {
            return true;
        }
        return false;
    };
    QVERIFY(!refuses([](ProfileData&, ProfileLength&) {}));
    QVERIFY(refuses([](ProfileData&, ProfileLength& at) { at.hist.pop_back(); }));
    QVERIFY(refuses([](ProfileData&, ProfileLength& at) { at.influence.pop_back(); }));
    QVERIFY(refuses([](ProfileData&, ProfileLength& at) { at.costSamples.pop_back(); }));
    QVERIFY(refuses([](ProfileData&, ProfileLength& at) {
        at.costSamples.clear();
        at.cost.pop_back();
    }));
    QVERIFY(refuses([](ProfileData&, ProfileLength& at) { ++at.windows; }));
    QVERIFY(refuses([](ProfileData& profile, ProfileLength&) { profile.sink = kSinkChoices * kBlock; }));
    QVERIFY(refuses([](ProfileData& profile, ProfileLength&) { profile.kvHeads = 3; }));
}

} // namespace
} // namespace moa

QTEST_GUILESS_MAIN(moa::InfluenceTest)
#include "influence_test.moc"
