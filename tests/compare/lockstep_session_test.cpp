// Lockstep by token: looks back, mixed caches against caches put together by hand, blame and mending of an answer
// that a plan lost.
#include "engine/compare/lockstep_session.h"

#include "engine/compare/answering.h"
#include "engine/core/error.h"
#include "engine/tasks/generator.h"
#include "engine/tasks/task_encoding.h"
#include "tests/compare/lockstep_fixture.h"

#include <numeric>

namespace moa::test {
namespace {

TEST(LookBack, EqualsTheStepThatWasTakenThere) {
    const std::vector<int> ids = noise(700);
    Sequence sequence(tinyModel(), MaskSource::fixed(narrow()), 700, 40);
    std::vector<std::vector<float>> taken;
    lastLogits({&sequence, std::span(ids).first(660), 1});
    for (std::size_t t = 660; t < 700; ++t) taken.push_back(lastLogits({&sequence, std::span(ids).subspan(t, 1), 1}));
    for (const std::size_t t : {660u, 675u, 699u}) {
        ForwardItem look{&sequence, std::span(ids).subspan(t, 1), 1, false};
        look.at = static_cast<std::int64_t>(t);
        EXPECT_LT(maxDifference(lastLogits(look), taken[t - 660]), 1e-5) << t;
    }
    EXPECT_EQ(sequence.length(), 700);
    ForwardItem tooFar{&sequence, std::span(ids).subspan(600, 1), 1, false};
    tooFar.at = 600;
    EXPECT_THROW(lastLogits(tooFar), UsageError);
}

TEST(MixedLook, EqualsCachesPutTogetherByHand) {
    const std::vector<int> ids = noise(601);
    const WindowMap windows = narrow();
    Sequence dense(tinyModel(), MaskSource::dense(), 640), sparse(tinyModel(), MaskSource::fixed(windows), 640, 20);
    lastLogits({&dense, std::span(ids).first(600), 1});
    lastLogits({&sparse, std::span(ids).first(600), 1});
    std::vector<bool> widened(24);
    WindowMap mixed = windows;
    for (const std::size_t h : {1u, 9u, 20u, 23u}) {
        widened[h] = true;
        mixed.windows[h] = WindowMap::kFullWindow;
    }
    Sequence byHand(tinyModel(), MaskSource::fixed(mixed), 640, 20);
    for (std::size_t h = 0; h < 24; ++h) copyRows((widened[h] ? dense : sparse).caches()[h], byHand.caches()[h], 600, 64);
    byHand.advance(600);
    ForwardItem look{&sparse, std::span(ids).subspan(600, 1), 1, false};
    look.other = &dense;
    look.fromOther = &widened;
    const auto seen = lastLogits(look), expected = lastLogits({&byHand, std::span(ids).subspan(600, 1), 1});
    EXPECT_LT(maxDifference(seen, expected), 1e-5);
    EXPECT_GT(maxDifference(seen, lastLogits({&sparse, std::span(ids).subspan(600, 1), 1, false})), 1e-3);
}

TEST(LockstepSession, APlanThatCoversEverythingNeverDiverges) {
    const std::vector<int> ids = noise(300);
    LockstepSession session(tinyModel(), MaskSource::plan(uniformPlan(6, 8, 4, {0, 1})), ids, 8);
    ASSERT_EQ(session.prefill({}), Completion::Done);
    std::vector<int> text;
    while (const auto token = session.step()) {
        text.push_back(token->token);
        EXPECT_EQ(token->kl, 0);
        EXPECT_EQ(token->rank, 1);
    }
    GenerateOptions options;
    options.maxNew = 8;
    options.stopAtEnd = false;
    Sequence alone(tinyModel(), MaskSource::dense(), 320);
    EXPECT_EQ(text, generate(tinyModel(), alone, ids, options, {}, {}).ids);
    EXPECT_TRUE(session.blame(0, {}).empty());
    EXPECT_THROW(session.widen(8, {}), UsageError);
    const HeadId nowhere{LayerIndex(6), KvHeadIndex(0)};
    EXPECT_THROW(session.widen(0, std::span(&nowhere, 1)), UsageError);
}

/// Uniform half windows lose lines beyond them; the heads that are blamed bring the answer back.
TEST(LockstepSession, BlamedHeadsMendAnAnswer) {
    const TaskEncoder encoder(tinyModel().files());
    int lost = 0, mended = 0;
    for (int sample = 0; sample < 3; ++sample) {
        TaskOptions options;
        options.length = 768;
        options.questions = 4;
        options.seed = 5;
        options.sample = sample;
        const EncodedPrompt prompt = encodePrompt(encoder, encoder.generator(kTexts).make(options));
        std::vector<int> ids = prompt.head;
        ids.insert(ids.end(), prompt.branches[0].tail.begin(), prompt.branches[0].tail.end()); // the earliest line
        LockstepSession session(tinyModel(), MaskSource::plan(uniformPlan(6, 8, 4, {0, 0.5})), ids, 48); // "The … is <46196>."
        ASSERT_EQ(session.prefill({}), Completion::Done);
        while (session.step()) {
        }
        const auto at = std::ranges::find_if(session.tokens(), [](const LockstepToken& t) { return t.kl > 0.5; });
        if (at == session.tokens().end()) continue;
        ++lost;
        const auto t = static_cast<std::size_t>(at - session.tokens().begin());
        const std::vector<BlameRow> blamed = session.blame(t, {});
        ASSERT_FALSE(blamed.empty());
        EXPECT_EQ(blamed.front().hidden.size(), ids.size() + t);
        for (std::size_t i = 0; i < blamed.size(); ++i)
            if (i < kEvidenceHeads)
                EXPECT_NEAR(std::accumulate(blamed[i].hidden.begin(), blamed[i].hidden.end(), 0.0), blamed[i].hiddenMass, 1e-5);
            else
                EXPECT_TRUE(blamed[i].hidden.empty());
        EXPECT_GT(session.tokens().back().denseSeconds, 0);
        const std::vector<HeadId> heads = session.mend(t, blamed, 0.9, 3, 12, {});
        const Counterfactual with = session.widen(t, heads, 2);
        EXPECT_EQ(with.klBefore.front(), at->kl);
        mended += with.klAfter.front() <= 0.1 * at->kl;
        EXPECT_LT(*session.rerun(t, heads, {}), at->kl);
        EXPECT_EQ(session.alternatives(t, 3).size(), 3u);
    }
    EXPECT_GE(lost, 2);
    EXPECT_EQ(mended, lost);
}

} // namespace
} // namespace moa::test
