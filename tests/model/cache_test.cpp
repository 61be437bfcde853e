// The cache: pieces, rings, growth and batches give the numbers of one masked prefill.
#include "tests/model/model_fixture.h"

#include "engine/core/error.h"

namespace moa::test {
namespace {

constexpr double kCacheTolerance = 1e-4;

std::vector<int> someIds(std::size_t n) {
    std::vector<int> ids(n);
    std::uint64_t x = 12345;
    for (int& id : ids) {
        x = x * 6364136223846793005ull + 1442695040888963407ull;
        id = static_cast<int>(3 + (x >> 33) % 2045);
    }
    return ids;
}

TEST(Cache, PrefillThenDecodeEqualsOnePrefill) {
    const auto ids = someIds(300);
    const auto whole = logitsOf(tinyModel(), MaskSource::dense(), ids, {512});
    EXPECT_LT(maxDifference(whole, logitsOf(tinyModel(), MaskSource::dense(), ids, {250, 1})), kCacheTolerance);
    EXPECT_LT(maxDifference(whole, logitsOf(tinyModel(), MaskSource::dense(), ids, {1})), kCacheTolerance);
}

TEST(Cache, APlanThatCoversEverythingIsDenseBitForBit) {
    const auto ids = someIds(700);
    for (const std::vector<std::size_t>& pieces : {std::vector<std::size_t>{512}, {65, 1, 130}}) {
        const auto dense = logitsOf(tinyModel(), MaskSource::dense(), ids, pieces);
        for (const int sink : {0, 64, 256}) {
            const auto plan = MaskSource::plan(uniformPlan(6, 8, 4, {0, 1}, sink));
            EXPECT_EQ(dense, logitsOf(tinyModel(), plan, ids, pieces)) << "sink " << sink;
        }
    }
}

TEST(Cache, DecodePastTwoRingsEqualsAMaskedPrefill) {
    const auto ids = someIds(420);
    WindowMap windows = denseWindows(6, 4);
    for (std::size_t i = 0; i < windows.windows.size(); ++i)
        windows.windows[i] = i % 3 == 0 ? 64 : i % 3 == 1 ? 128 : WindowMap::kFullWindow;
    // A masked prefill that never evicts: the whole text is one chunk.
    const auto prefill = logitsOf(tinyModel(), MaskSource::fixed(windows), ids, {512});
    EXPECT_LT(maxDifference(prefill, logitsOf(tinyModel(), MaskSource::fixed(windows), ids, {40, 1})), kCacheTolerance);
    EXPECT_LT(maxDifference(prefill, logitsOf(tinyModel(), MaskSource::fixed(windows), ids, {1})), kCacheTolerance);
    EXPECT_LT(maxDifference(prefill, logitsOf(tinyModel(), MaskSource::fixed(windows), ids, {97, 150, 3})), kCacheTolerance);
}

TEST(Cache, WindowsNeedNotBeMultiplesOfTheBlock) {
    const auto ids = someIds(300);
    WindowMap windows = denseWindows(6, 4);
    for (std::size_t i = 0; i < windows.windows.size(); ++i) windows.windows[i] = static_cast<std::int64_t>(1 + 7 * i);
    const auto prefill = logitsOf(tinyModel(), MaskSource::fixed(windows), ids, {512});
    EXPECT_LT(maxDifference(prefill, logitsOf(tinyModel(), MaskSource::fixed(windows), ids, {90, 1, 33})), kCacheTolerance);
}

TEST(Cache, BatchesOfDifferentLengthsEqualSingleRuns) {
    const auto ids = someIds(400);
    LanguageModel& model = tinyModel();
    const auto mask = MaskSource::plan(uniformPlan(6, 8, 4, {0, 0.25}));
    const std::vector<std::size_t> lengths = {1, 64, 65, 333};
    std::vector<Sequence> sequences;
    std::vector<ForwardItem> items;
    for (std::size_t i = 0; i < lengths.size(); ++i) sequences.emplace_back(model, mask, 448);
    for (std::size_t i = 0; i < lengths.size(); ++i) items.push_back({&sequences[i], std::span(ids).first(lengths[i]), 1});
    std::vector<std::vector<float>> last(lengths.size());
    const LogitsFn keep = [&](std::size_t item, std::int64_t position, std::span<const float> row) {
        EXPECT_EQ(position + 1, sequences[item].length());
        last[item].assign(row.begin(), row.end());
    };
    model.forward(items, keep);
    for (std::size_t step = 0; step < 3; ++step) { // decode all of them together
        for (std::size_t i = 0; i < lengths.size(); ++i)
            items[i] = {&sequences[i], std::span(ids).subspan(lengths[i] + step, 1), 1};
        model.forward(items, keep);
    }
    for (std::size_t i = 0; i < lengths.size(); ++i) {
        Sequence alone(model, mask, 448);
        ForwardItem item{&alone, std::span(ids).first(lengths[i] + 3), 1};
        std::vector<float> expected;
        model.forward(std::span(&item, 1), [&](std::size_t, std::int64_t, std::span<const float> row) {
            expected.assign(row.begin(), row.end());
        });
        EXPECT_LT(maxDifference(expected, last[i]), kCacheTolerance) << lengths[i];
    }
}

TEST(Cache, GrowthKeepsWhatIsHeldAndCountsWhatIsMissing) {
    const auto ids = someIds(600);
    LanguageModel& model = tinyModel();
    // Dense: growth changes nothing.
    Sequence grown(model, MaskSource::dense(), 64);
    Sequence roomy(model, MaskSource::dense(), 1024);
    std::vector<float> a, b;
    for (std::size_t done = 0; done < ids.size(); done += 100) {
        for (auto& [sequence, out] : {std::pair{&grown, &a}, std::pair{&roomy, &b}}) {
            ForwardItem item{sequence, std::span(ids).subspan(done, 100), 1};
            model.forward(std::span(&item, 1),
                          [&](std::size_t, std::int64_t, std::span<const float> row) { out->assign(row.begin(), row.end()); });
        }
        EXPECT_EQ(a, b);
    }
    EXPECT_EQ(grown.relayouts(), 1);
    EXPECT_EQ(grown.missingKeys(), 0);
    // A plan whose rings widen as N rises: evicted keys stay gone and are counted.
    Sequence sparse(model, MaskSource::plan(uniformPlan(6, 8, 4, {0, 0.25})), 512);
    ForwardItem item{&sparse, std::span(ids).first(500), 0};
    model.forward(std::span(&item, 1), {});
    EXPECT_EQ(sparse.missingKeys(), 0);
    const auto before = sparse.layer(LayerIndex(0))[0];
    EXPECT_EQ(before.ring, 64);
    sparse.reserve(1000);
    EXPECT_EQ(sparse.capacity(), 1536);
    EXPECT_EQ(sparse.layer(LayerIndex(0))[0].ring, 320);
    EXPECT_EQ(sparse.missingKeys(), 24 * (500 - 64 - 180)); // the mask would show 180 … 499, the ring held 436 …
    ForwardItem more{&sparse, std::span(ids).subspan(500, 100), 1};
    EXPECT_EQ(model.forward(std::span(&more, 1), [](std::size_t, std::int64_t, std::span<const float>) {}), Completion::Done);
}

TEST(Cache, LookingAtAContinuationLeavesTheSequenceAsItWas) {
    const auto ids = someIds(200);
    LanguageModel& model = tinyModel();
    const auto mask = MaskSource::plan(uniformPlan(6, 8, 4, {0, 0.5}));
    Sequence sequence(model, mask, 256);
    ForwardItem prompt{&sequence, std::span(ids).first(150), 0};
    model.forward(std::span(&prompt, 1), {});
    std::vector<float> first, second;
    for (auto* out : {&first, &second}) {
        ForwardItem look{&sequence, std::span(ids).subspan(150, 40), 40, false};
        model.forward(std::span(&look, 1), [&](std::size_t, std::int64_t, std::span<const float> row) {
            out->insert(out->end(), row.begin(), row.end());
        });
    }
    EXPECT_EQ(first, second);
    EXPECT_EQ(sequence.length(), 150);
    Sequence copy = sequence.Copy();
    ForwardItem next{&copy, std::span(ids).subspan(150, 40), 40};
    std::vector<float> committed;
    model.forward(std::span(&next, 1), [&](std::size_t, std::int64_t, std::span<const float> row) {
        committed.insert(committed.end(), row.begin(), row.end());
    });
    EXPECT_EQ(first, committed);
}

TEST(Cache, ADenseSequenceGoesBackAndASparseOneRefuses) {
    const auto ids = someIds(300);
    LanguageModel& model = tinyModel();
    std::vector<std::vector<float>> runs;
    Sequence dense(model, MaskSource::dense(), 320);
    const LogitsFn keep = [&](std::size_t, std::int64_t, std::span<const float> row) {
        runs.emplace_back(row.begin(), row.end());
    };
    ForwardItem head{&dense, std::span(ids).first(200), 0};
    model.forward(std::span(&head, 1), {});
    for (int run = 0; run < 2; ++run) {
        dense.rewind(200);
        ForwardItem rest{&dense, std::span(ids).subspan(200, 50), 1};
        model.forward(std::span(&rest, 1), keep);
    }
    EXPECT_EQ(runs.at(0), runs.at(1));
    EXPECT_EQ(dense.length(), 250);
    Sequence sparse(model, MaskSource::plan(uniformPlan(6, 8, 4, {128, 0})), 320);
    ForwardItem item{&sparse, std::span(ids).first(200), 0};
    model.forward(std::span(&item, 1), {});
    EXPECT_THROW(sparse.rewind(100), Error);
}

TEST(Cache, BadTokensAndTooLongInputsAreRefused) {
    LanguageModel& model = tinyModel();
    Sequence sequence(model, MaskSource::dense(), 64);
    for (const int bad : {-1, 2048}) {
        ForwardItem item{&sequence, std::span(&bad, 1), 1};
        EXPECT_THROW(model.forward(std::span(&item, 1), {}), UsageError);
    }
    const std::vector<int> tooLong(16385, 5);
    ForwardItem item{&sequence, tooLong, 1};
    EXPECT_THROW(model.forward(std::span(&item, 1), {}), Error);
    EXPECT_THROW(Sequence(model, MaskSource::plan(uniformPlan(5, 8, 4, {0, 1})), 64), UsageError);
}

} // namespace
} // namespace moa::test
