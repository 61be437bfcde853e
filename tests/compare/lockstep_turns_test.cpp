// Sessions that run freely, go on otherwise, take further turns, change their plan or run one side after the other: held
// to sequences fed by hand.
#include "engine/compare/lockstep_session.h"

#include "engine/compare/lockstep.h"
#include "engine/core/error.h"
#include "engine/core/heap_use.h"
#include "tests/compare/lockstep_fixture.h"

namespace moa::test {
namespace {

constexpr double kClose = 1e-5;

MaskSource mask() { return MaskSource::fixed(narrow()); }

WindowMap scaled(std::int64_t times) {
    WindowMap map = narrow();
    for (std::int64_t& w : map.windows) w *= times;
    return map;
}

std::vector<int> dense(const LockstepSession& session) {
    std::vector<int> ids;
    for (const LockstepToken& token : session.tokens()) ids.push_back(token.token);
    return ids;
}

std::vector<int> sparse(const LockstepSession& session) {
    std::vector<int> ids;
    for (const LockstepToken& token : session.tokens()) ids.push_back(token.sparse);
    return ids;
}

void runToEnd(LockstepSession& session) {
    ASSERT_EQ(session.prefill({}), Completion::Done);
    while (session.step()) {
    }
}

std::vector<int> joined(std::vector<int> a, std::span<const int> b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

/// KL of what follows `ids` when both caches get them at once.
double klAfter(const std::vector<int>& ids, const MaskSource& sparseMask, std::int64_t n) {
    Sequence a(tinyModel(), MaskSource::dense(), n), b(tinyModel(), sparseMask, n);
    return klDivergence(lastLogits({&a, ids, 1}), lastLogits({&b, ids, 1}));
}

std::vector<int> plainText(const MaskSource& m, const std::vector<int>& prompt, int count, std::int64_t n) {
    GenerateOptions options;
    options.maxNew = count;
    options.stopAtEnd = false;
    Sequence alone(tinyModel(), m, n);
    return generate(tinyModel(), alone, prompt, options, {}, {}).ids;
}

LockstepOptions own() { return {LockstepFeed::OwnTokens, false, 0}; }

TEST(FreeRunning, EachPaneIsItsOwnPlainText) {
    const std::vector<int> prompt = noise(500);
    LockstepSession session(tinyModel(), mask(), prompt, 12, own());
    runToEnd(session);
    EXPECT_EQ(dense(session), plainText(MaskSource::dense(), prompt, 12, 512));
    EXPECT_EQ(sparse(session), plainText(mask(), prompt, 12, 512));
    const auto differs = std::ranges::find_if(session.tokens(), [](const LockstepToken& t) { return t.token != t.sparse; });
    ASSERT_NE(differs, session.tokens().end());
    const auto at = static_cast<std::size_t>(differs - session.tokens().begin());
    ASSERT_LT(at + 1, session.tokens().size());
    EXPECT_TRUE(session.tokens()[at].sameContext);
    EXPECT_FALSE(session.tokens()[at + 1].sameContext);
    EXPECT_THROW(session.widen(at + 1, {}), UsageError);
    EXPECT_NEAR(session.widen(at, {}).klAfter.front(), differs->kl, kClose);
}

TEST(FreeRunning, TheFeedCanChangeBothWays) {
    const std::vector<int> prompt = noise(500);
    LockstepSession together(tinyModel(), mask(), prompt, 10), apart(tinyModel(), mask(), prompt, 10, own());
    runToEnd(together);
    runToEnd(apart);
    LockstepSession changed(tinyModel(), mask(), prompt, 10);
    runToEnd(changed);
    ASSERT_EQ(changed.setFeed(LockstepFeed::OwnTokens), Completion::Done);
    EXPECT_EQ(sparse(changed), sparse(apart));
    EXPECT_EQ(dense(changed), dense(apart));
    ASSERT_EQ(changed.setFeed(LockstepFeed::DenseTokens), Completion::Done);
    ASSERT_EQ(changed.tokens().size(), together.tokens().size());
    for (std::size_t t = 0; t < together.tokens().size(); ++t) {
        EXPECT_NEAR(changed.tokens()[t].kl, together.tokens()[t].kl, kClose) << t;
        EXPECT_TRUE(changed.tokens()[t].sameContext);
    }
}

TEST(Continuation, EqualsAPromptThatSaysSo) {
    const std::vector<int> prompt = noise(500);
    LockstepSession session(tinyModel(), mask(), prompt, 10);
    runToEnd(session);
    const std::vector<int> written = dense(session);
    const int other = session.alternatives(4, 2).back().token;
    EXPECT_EQ(session.continueCost(4).tokens, 0) << "within the rings";
    ASSERT_EQ(session.continueFrom(4, other), Completion::Done);
    ASSERT_EQ(session.tokens().size(), 5u);
    EXPECT_TRUE(session.tokens()[4].forced);
    while (session.step()) {
    }
    ASSERT_EQ(session.tokens().size(), 10u);
    std::vector<int> said = joined(prompt, std::span(written).first(4));
    said.push_back(other);
    EXPECT_EQ(dense(session)[5], plainText(MaskSource::dense(), said, 1, 512).front());
    EXPECT_NEAR(session.tokens()[5].kl, klAfter(said, mask(), 512), kClose);
    EXPECT_NEAR(session.widen(5, {}).klAfter.front(), session.tokens()[5].kl, kClose);
    EXPECT_THROW(session.continueFrom(10, 0), UsageError);
    EXPECT_THROW(session.continueFrom(0, -1), UsageError);
}

TEST(Turns, EqualOneTextSaidAtOnce) {
    const std::vector<int> prompt = noise(500);
    const std::vector<int> turn{5, 17, 290, 1033, 77, 8, 8, 412};
    LockstepSession session(tinyModel(), mask(), prompt, 6, {LockstepFeed::DenseTokens, false, 64});
    runToEnd(session);
    const std::vector<int> said = joined(session.idsUpTo(6), turn);
    ASSERT_EQ(session.append(turn, -1, 5), Completion::Done);
    while (session.step()) {
    }
    ASSERT_EQ(session.tokens().size(), 11u);
    EXPECT_NEAR(session.tokens()[6].kl, klAfter(said, mask(), 576), kClose);
    EXPECT_EQ(session.tokens()[6].token, plainText(MaskSource::dense(), said, 1, 576).front());
    // Far back, beyond what the rings keep: the price is named and the refill gives the same.
    const RefillCost cost = session.continueCost(1);
    EXPECT_GT(cost.tokens, 300);
    EXPECT_LE(cost.tokens, 501);
    EXPECT_GT(cost.seconds, 0);
    EXPECT_THROW(session.widen(0, {}), UsageError);
    const std::vector<int> start = session.idsUpTo(1);
    ASSERT_EQ(session.continueFrom(1, 99), Completion::Done);
    ASSERT_TRUE(session.step());
    EXPECT_NEAR(session.tokens()[2].kl, klAfter(joined(start, std::vector<int>{99}), mask(), 576), kClose);
    EXPECT_THROW(session.append({}, -1, 5), UsageError);
    EXPECT_THROW(session.append(std::vector<int>(16000, 5), -1, 5), UsageError);
}

TEST(Turns, AnAnswerEndsWhereTheModelEndedIt) {
    const int end = tinyModel().config().eosIds.front();
    const std::vector<int> prompt = noise(200), turn{5, 17, 290};
    LockstepSession session(tinyModel(), mask(), prompt, 6, {LockstepFeed::DenseTokens, false, 64});
    runToEnd(session);
    ASSERT_EQ(session.continueFrom(2, end), Completion::Done);
    while (session.step()) {
    }
    const std::vector<int> said = joined(session.idsUpTo(3), turn);
    ASSERT_EQ(session.append(turn, end, 2), Completion::Done);
    ASSERT_TRUE(session.step());
    EXPECT_NEAR(session.tokens()[6].kl, klAfter(said, mask(), 320), kClose);
    EXPECT_THROW(session.continueFrom(4, 9), UsageError) << "behind the end of the answer";
}

TEST(Turns, GrowPastWhatTheCachesWereLaidOutFor) {
    LockstepSession session(tinyModel(), MaskSource::plan(uniformPlan(6, 8, 4, {0, 0.5})), noise(120), 4);
    runToEnd(session);
    const std::uint64_t before = session.denseBytes();
    ASSERT_EQ(session.append(noise(300), -1, 4), Completion::Done);
    while (session.step()) {
    }
    EXPECT_EQ(session.tokens().size(), 8u);
    EXPECT_GT(session.denseBytes(), before);
    EXPECT_THROW(session.widen(0, {}), UsageError) << "decided under other windows";
    EXPECT_NEAR(session.widen(5, {}).klAfter.front(), session.tokens()[5].kl, kClose);
}

TEST(Swap, WiderEqualsASessionThatBeganSo) {
    const std::vector<int> prompt = noise(700);
    const MaskSource wide = MaskSource::fixed(scaled(2));
    LockstepSession session(tinyModel(), mask(), prompt, 10);
    ASSERT_EQ(session.prefill({}), Completion::Done);
    for (int i = 0; i < 3; ++i) session.step();
    const RefillCost cost = session.swapCost(wide);
    EXPECT_EQ(cost.tokens, 702 - 192) << "all but what every window shows";
    EXPECT_GT(cost.bytes, session.sparseBytes());
    ASSERT_EQ(session.swap(wide), Completion::Done);
    EXPECT_EQ(session.sparseBytes(), cost.bytes);
    ASSERT_TRUE(session.step());
    EXPECT_NEAR(session.tokens()[3].kl, klAfter(session.idsUpTo(3), wide, 704), kClose);
    EXPECT_THROW(session.widen(2, {}), UsageError) << "decided under the other plan";
    EXPECT_NEAR(session.widen(3, {}).klAfter.front(), session.tokens()[3].kl, kClose);
}

TEST(Swap, NarrowerForgetsAtOnceAndEqualsCachesCutByHand) {
    const std::vector<int> prompt = noise(700);
    LockstepSession session(tinyModel(), MaskSource::fixed(scaled(2)), prompt, 10);
    ASSERT_EQ(session.prefill({}), Completion::Done);
    session.step();
    const RefillCost cost = session.swapCost(mask());
    EXPECT_EQ(cost.tokens, 0);
    EXPECT_LT(cost.bytes, session.sparseBytes());
    ASSERT_EQ(session.swap(mask()), Completion::Done);
    ASSERT_TRUE(session.step());

    Sequence whole(tinyModel(), MaskSource::dense(), 704), wide(tinyModel(), MaskSource::fixed(scaled(2)), 704, 10),
        cut(tinyModel(), mask(), 704, 10);
    lastLogits({&whole, prompt, 1});
    lastLogits({&wide, prompt, 1});
    for (std::size_t h = 0; h < 24; ++h) copyRows(wide.caches()[h], cut.caches()[h], 700, 64);
    cut.advance(700);
    const int fed = session.tokens()[0].token;
    const double kl = klDivergence(lastLogits({&whole, std::span(&fed, 1), 1}), lastLogits({&cut, std::span(&fed, 1), 1}));
    EXPECT_NEAR(session.tokens()[1].kl, kl, kClose);
    EXPECT_GT(session.swapCost(MaskSource::fixed(scaled(2))).tokens, 0) << "what was dropped is gone";
}

TEST(Swap, ATokenNotYetDecidedIsDecidedUnderTheNewPlan) {
    const std::vector<int> prompt = noise(400);
    const MaskSource full = MaskSource::plan(uniformPlan(6, 8, 4, {0, 1}));
    LockstepSession session(tinyModel(), mask(), prompt, 4);
    ASSERT_EQ(session.prefill({}), Completion::Done);
    ASSERT_EQ(session.swap(full), Completion::Done);
    ASSERT_TRUE(session.step());
    EXPECT_NEAR(session.tokens()[0].kl, 0, 1e-9);
    WindowMap sinks = narrow();
    sinks.sink = 128;
    ASSERT_EQ(session.swap(MaskSource::fixed(sinks)), Completion::Done);
    ASSERT_TRUE(session.step());
    EXPECT_NEAR(session.widen(1, {}).klAfter.front(), session.tokens()[1].kl, kClose) << "another sink, mixed all the same";
    EXPECT_THROW(session.swap(MaskSource::plan(uniformPlan(5, 8, 4, {0, 1}))), UsageError);
}

TEST(Swap, ACancelLeavesTheOldPlan) {
    LockstepSession session(tinyModel(), mask(), noise(700), 10), undisturbed(tinyModel(), mask(), noise(700), 10);
    runToEnd(undisturbed);
    ASSERT_EQ(session.prefill({}), Completion::Done);
    session.step();
    std::stop_source stop;
    stop.request_stop();
    EXPECT_EQ(session.swap(MaskSource::fixed(scaled(2)), stop.get_token()), Completion::Cancelled);
    while (session.step()) {
    }
    EXPECT_EQ(dense(session), dense(undisturbed));
    EXPECT_NEAR(session.tokens()[5].kl, undisturbed.tokens()[5].kl, kClose);
}

TEST(OneAfterTheOther, EqualsBothAtOnce) {
    const std::vector<int> prompt = noise(500);
    LockstepSession together(tinyModel(), mask(), prompt, 10),
        apart(tinyModel(), mask(), prompt, 10, {LockstepFeed::DenseTokens, true, 0});
    runToEnd(together);
    runToEnd(apart);
    ASSERT_FALSE(apart.tokens().empty());
    for (std::size_t t = 0; t < apart.tokens().size(); ++t) {
        EXPECT_EQ(apart.tokens()[t].token, together.tokens()[t].token);
        EXPECT_NEAR(apart.tokens()[t].kl, together.tokens()[t].kl, kClose);
    }
    EXPECT_NEAR(*apart.rerun(2, {}, {}), *together.rerun(2, {}, {}), kClose);
    EXPECT_EQ(apart.blame(2, {}).size(), together.blame(2, {}).size());
    EXPECT_THROW(apart.widen(0, {}), UsageError);
    EXPECT_THROW(apart.continueFrom(0, 5), UsageError);
    EXPECT_THROW(apart.append(prompt, -1, 5), UsageError);
}

TEST(Memory, IsStatedBeforeItIsTaken) {
    const LockstepMemory memory = lockstepMemory(tinyModel(), mask(), 500, 12, 100);
    const LockstepSession session(tinyModel(), mask(), noise(500), 12, {LockstepFeed::DenseTokens, false, 100});
    EXPECT_EQ(memory.dense, session.denseBytes());
    EXPECT_EQ(memory.sparse, session.sparseBytes());
    EXPECT_GT(memory.dense, memory.sparse);
    EXPECT_GT(memory.free, memory.dense + memory.sparse);
    EXPECT_TRUE(memory.fitsTogether());
    LockstepMemory tight = memory;
    tight.free = memory.dense + memory.sparse - 1;
    EXPECT_FALSE(tight.fitsTogether());
    EXPECT_TRUE(tight.fitsApart());
}

TEST(Cancel, AtAnyTimeGoesOnToTheSameEndAndLeavesNothingBehind) {
    const std::vector<int> prompt = noise(1400);
    LockstepSession whole(tinyModel(), mask(), prompt, 4);
    runToEnd(whole);
    std::uint64_t before = 0;
    for (int round = 0; round < 3; ++round) {
        {
            LockstepSession session(tinyModel(), mask(), prompt, 4);
            for (int stopAt = 0; stopAt < 6; ++stopAt) { // between chunks of either side
                std::stop_source stop;
                int seen = 0;
                const auto progress = [&](const Progress&) {
                    if (seen++ == stopAt) stop.request_stop();
                };
                if (session.prefill(stop.get_token(), progress) == Completion::Done) break;
            }
            ASSERT_EQ(session.prefill({}), Completion::Done);
            while (session.step()) {
            }
            EXPECT_EQ(dense(session), dense(whole));
            for (std::size_t t = 0; t < 4; ++t) EXPECT_NEAR(session.tokens()[t].kl, whole.tokens()[t].kl, kClose);
        }
        if (round == 0) before = heapBytes();
    }
    EXPECT_LT(heapBytes(), before + (1 << 20)) << "two more sessions hold nothing";
}

} // namespace
} // namespace moa::test
