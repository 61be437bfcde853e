// The needle grid on the embedded model: what is lost lies outside the window; stopped grids go on; every sample can be
// made again.
#include "engine/compare/needle_grid.h"

#include "engine/core/error.h"
#include "tests/model/model_fixture.h"

namespace moa::test {
namespace {

NeedleOptions small(const std::string& task) {
    NeedleOptions options;
    options.task = task;
    options.lengths = {512, 768};
    options.depths = 4;
    options.samples = 2;
    options.seed = 3;
    options.textFolder = kSource + "/resources/texts";
    return options;
}

MaskSource half() { return MaskSource::plan(uniformPlan(6, 8, 4, {0, 0.5})); }
MaskSource quarter() { return MaskSource::plan(uniformPlan(6, 8, 4, {0, 0.25})); }

bool same(const NeedleGrid& a, const NeedleGrid& b) {
    return std::ranges::equal(a.cells, b.cells, [](const NeedleCell& x, const NeedleCell& y) {
        return x.length == y.length && x.depth == y.depth &&
               std::ranges::equal(x.samples, y.samples, [](const NeedleSample& s, const NeedleSample& t) {
                   return s.dense == t.dense && s.sparse == t.sparse && s.sparseNll == t.sparseNll;
               });
    });
}

TEST(NeedleGrid, LosesWhatLiesOutsideTheWindow) {
    const NeedleOptions options = small("lines");
    int filled = 0;
    const NeedleGrid grid = measureNeedleGrid(tinyModel(), half(), options, {},
                                              [&](const NeedleCell& cell) { filled += !cell.samples.empty(); }, {});
    EXPECT_EQ(grid.completion, Completion::Done);
    ASSERT_EQ(grid.cells.size(), 8u);
    EXPECT_EQ(filled, 16);
    Score dense, early, late;
    for (const NeedleCell& cell : grid.cells) {
        ASSERT_EQ(cell.samples.size(), 2u);
        for (const NeedleSample& sample : cell.samples) {
            dense.add(sample.dense);
            if (cell.depth < 2) early.add(sample.sparse);
            if (cell.depth == 3) late.add(sample.sparse);
        }
    }
    EXPECT_GE(dense.accuracy(), 0.9);
    EXPECT_LE(early.accuracy(), 0.25);
    EXPECT_GE(late.accuracy(), 0.75);
    EXPECT_TRUE(grid.at(1, 0, 4).firstLost().has_value());
}

TEST(NeedleGrid, AStoppedGridGoesOnToTheSameEnd) {
    NeedleOptions options = small("lines");
    options.lengths = {512};
    const NeedleGrid whole = measureNeedleGrid(tinyModel(), quarter(), options, {}, {}, {});
    std::stop_source stop;
    const NeedleGrid part = measureNeedleGrid(tinyModel(), quarter(), options, {},
                                              [&](const NeedleCell&) { stop.request_stop(); }, stop.get_token());
    EXPECT_EQ(part.completion, Completion::Cancelled);
    EXPECT_EQ(part.cells[0].samples.size(), 1u);
    int added = 0;
    const NeedleGrid rest =
        measureNeedleGrid(tinyModel(), quarter(), options, part.cells, [&](const NeedleCell&) { ++added; }, {});
    EXPECT_EQ(added, 4);
    EXPECT_TRUE(same(rest, whole));
}

TEST(NeedleGrid, EverySampleCanBeMadeAgain) {
    for (const std::string task : {"lines", "passkey"}) {
        NeedleOptions options = small(task);
        options.lengths = {512};
        options.depths = 3;
        const NeedleGrid grid = measureNeedleGrid(tinyModel(), quarter(), options, {}, {}, {});
        for (const NeedleCell& cell : grid.cells) {
            const NeedlePrompt prompt = needlePrompt(tinyModel().files(), options, 512, cell.depth, 1);
            EXPECT_GE(prompt.depth, cell.depth / 3.0);
            EXPECT_LT(prompt.depth, (cell.depth + 1) / 3.0);
            EXPECT_LE(prompt.ids.size() + prompt.answer.size(), 512u);
            Sequence alone(tinyModel(), quarter(), 512);
            GenerateOptions generation;
            generation.maxNew = static_cast<int>(prompt.answer.size());
            generation.stopAtEnd = false;
            EXPECT_EQ(generate(tinyModel(), alone, prompt.ids, generation, {}, {}).ids == prompt.answer,
                      cell.samples[1].sparse)
                << task << " " << cell.depth;
        }
    }
}

TEST(NeedleGrid, RefusesWhatCannotBeMeasured) {
    const auto refused = [](auto change) {
        NeedleOptions options = small("lines");
        change(options);
        EXPECT_THROW(measureNeedleGrid(tinyModel(), quarter(), options, {}, {}, {}), UsageError);
    };
    refused([](NeedleOptions& o) { o.depths = 0; });
    refused([](NeedleOptions& o) { o.depths = 33; });
    refused([](NeedleOptions& o) { o.samples = 0; });
    refused([](NeedleOptions& o) { o.lengths = {}; });
    refused([](NeedleOptions& o) { o.lengths = {20000}; });
    refused([](NeedleOptions& o) { o.task = "haystack"; });
    refused([](NeedleOptions& o) { o.lengths = {256}, o.depths = 32; });
    EXPECT_THROW(needlePrompt(tinyModel().files(), small("lines"), 512, 4, 0), UsageError);
}

} // namespace
} // namespace moa::test
