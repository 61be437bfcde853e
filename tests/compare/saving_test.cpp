// Measured saving on the embedded model: bytes are exact, a quarter of the keys takes less time than all of them.
#include "engine/compare/saving.h"

#include "engine/core/error.h"
#include "tests/model/model_fixture.h"

namespace moa::test {
namespace {

TEST(Saving, BytesAreThoseAllocatedAndTimesAreOnOneClock) {
    const MaskSource quarter = MaskSource::plan(uniformPlan(6, 8, 4, {0, 0.25}));
    SavingOptions options;
    options.batch = 2;
    const Saving saving = measureSaving(tinyModel(), quarter, 8192, options, {});
    ASSERT_EQ(saving.completion, Completion::Done);
    EXPECT_NEAR(saving.density, 0.25, 1e-9);
    const Sequence dense(tinyModel(), MaskSource::dense(), 8192 + 10);
    EXPECT_EQ(saving.dense.kvBytes, 2 * dense.kvBytes());
    EXPECT_EQ(saving.sparse.kvBytes, 2ull * 2048 * 6 * 4 * 64 * 2 * 4);
    for (const SavingSide& side : {saving.dense, saving.sparse}) {
        EXPECT_GT(side.attentionSeconds, 0);
        EXPECT_NEAR(side.tokensPerSecond, 2 / side.stepSeconds, 1e-9);
    }
    ASSERT_EQ(saving.spans.size(), 2u);
    EXPECT_EQ(saving.spans[0].span, 2048);
    EXPECT_EQ(saving.spans[0].heads, 24);
    EXPECT_EQ(saving.spans[1].span, 8193);
    EXPECT_GT(saving.spans[0].seconds, 0);
}

TEST(Saving, StopsAndRefuses) {
    const MaskSource full = MaskSource::plan(uniformPlan(6, 8, 4, {0, 1}));
    std::stop_source stop;
    stop.request_stop();
    EXPECT_EQ(measureSaving(tinyModel(), full, 256, {}, stop.get_token()).completion, Completion::Cancelled);
    EXPECT_EQ(measureSaving(tinyModel(), full, 16384, {1, 0, 5, false}, {}).tokens, 16384 - 5) << "room for the steps themselves";
    EXPECT_THROW(measureSaving(tinyModel(), full, 0, {}, {}), UsageError);
    EXPECT_THROW(measureSaving(tinyModel(), full, 16385, {}, {}), UsageError);
    EXPECT_THROW(measureSaving(tinyModel(), full, 256, {0}, {}), UsageError);
    EXPECT_THROW(measureSaving(tinyModel(), full, 256, {1, 3, 4}, {}), UsageError);
}

} // namespace
} // namespace moa::test
