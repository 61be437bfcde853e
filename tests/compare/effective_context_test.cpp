// Effective context on the embedded model with the profile that is shipped beside it.
#include "engine/compare/effective_context.h"

#include "engine/core/error.h"
#include "engine/profile/profile_file.h"
#include "tests/model/model_fixture.h"

namespace moa::test {
namespace {

EffectiveContextOptions oneLength(int length) {
    EffectiveContextOptions options;
    options.meanSpan = 512;
    options.retrieval.tasks = {"lines"};
    options.retrieval.lengths = {length};
    options.retrieval.prompts = 2;
    options.retrieval.questionsPerPrompt = 6;
    options.retrieval.textFolder = kSource + "/resources/texts";
    return options;
}

const ProfileData& shipped() {
    static const ProfileData profile =
        readProfile(kSource + "/resources/models/moa-tiny/moa-tiny.moaprofile", false);
    return profile;
}

TEST(EffectiveContext, APlanReachesWhereAUniformWindowDoesNot) {
    const EffectiveContext outcome = measureEffectiveContext(tinyModel(), shipped(), oneLength(2048), {});
    ASSERT_EQ(outcome.rows.size(), 1u);
    const EffectiveRow& row = outcome.rows[0];
    EXPECT_EQ(row.density, 0.25);
    ASSERT_TRUE(row.plan);
    EXPECT_LE(row.plan->meanSpan(2048), 512);
    EXPECT_EQ(row.dense.asked, 12);
    EXPECT_GE(row.planned.accuracy(), 0.8);
    EXPECT_LE(row.uniform.accuracy(), 0.5);
    EXPECT_EQ(outcome.dense, 2048);
    EXPECT_EQ(outcome.uniform, 0);
}

TEST(EffectiveContext, RefusesWhatTheProfileDoesNotKnow) {
    EXPECT_THROW(measureEffectiveContext(tinyModel(), shipped(), oneLength(8192), {}), UsageError);
    EffectiveContextOptions narrow = oneLength(1024);
    narrow.meanSpan = 64;
    EXPECT_THROW(measureEffectiveContext(tinyModel(), shipped(), narrow, {}), UsageError);
    ProfileData other = shipped();
    other.layers = 5;
    EXPECT_THROW(measureEffectiveContext(tinyModel(), other, oneLength(1024), {}), UsageError);
}

} // namespace
} // namespace moa::test
