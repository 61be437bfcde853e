// Plans against density on the embedded model with the profile that is shipped beside it.
#include "engine/compare/density_sweep.h"

#include "engine/core/error.h"
#include "engine/profile/profile_file.h"
#include "tests/model/model_fixture.h"

namespace moa::test {
namespace {

const ProfileData& shipped() {
    static const ProfileData profile = readProfile(kSource + "/resources/models/moa-tiny/moa-tiny.moaprofile", false);
    return profile;
}

SweepOptions at(std::vector<SweepPoint> points) {
    SweepOptions options;
    options.points = std::move(points);
    options.retrieval.tasks = {"lines"};
    options.retrieval.prompts = 2;
    options.retrieval.questionsPerPrompt = 6;
    options.retrieval.textFolder = kSource + "/resources/texts";
    return options;
}

TEST(DensitySweep, APlanKeepsWhatAUniformWindowLoses) {
    int seen = 0;
    const SweepOutcome outcome =
        measureSweep(tinyModel(), shipped(), at({{1024, 0.25}, {1024, 1}}), [&](const SweepRow&) { ++seen; }, {});
    ASSERT_EQ(outcome.rows.size(), 2u);
    EXPECT_EQ(seen, 2);
    const SweepRow &quarter = outcome.rows[0], &whole = outcome.rows[1];
    ASSERT_TRUE(quarter.plan && whole.plan);
    EXPECT_LE(quarter.plan->density, 0.25);
    EXPECT_EQ(quarter.uniform.density, 0.25);
    EXPECT_EQ(quarter.dense.score.asked, 12);
    EXPECT_GT(quarter.plan->score.right, quarter.uniform.score.right + 3);
    EXPECT_EQ(whole.plan->score.right, whole.dense.score.right);
    EXPECT_EQ(whole.uniform.score.right, whole.dense.score.right);
    for (const SweepSide& side : {quarter.dense, quarter.uniform, *quarter.plan}) EXPECT_GT(side.tokensPerSecond, 0);
}

TEST(DensitySweep, StopsAndRefuses) {
    SweepOptions options = at({{1024, 0.5}, {1024, 1}});
    options.speed = false;
    std::stop_source stop;
    const auto stopped = measureSweep(tinyModel(), shipped(), options, [&](const SweepRow&) { stop.request_stop(); }, stop.get_token());
    EXPECT_EQ(stopped.completion, Completion::Cancelled);
    ASSERT_EQ(stopped.rows.size(), 1u);
    EXPECT_EQ(stopped.rows[0].uniform.tokensPerSecond, 0);
    EXPECT_THROW(measureSweep(tinyModel(), shipped(), at({}), {}, {}), UsageError);
    EXPECT_THROW(measureSweep(tinyModel(), shipped(), at({{1024, 0}}), {}, {}), UsageError);
    EXPECT_THROW(measureSweep(tinyModel(), shipped(), at({{8192, 0.5}}), {}, {}), UsageError);
}

} // namespace
} // namespace moa::test
