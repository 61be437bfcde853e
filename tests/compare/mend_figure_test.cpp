// A figure: uniform 50% windows, facts outside them, twenty and more prompts. The first divergence is found, and widening
// at most three of the blamed KV heads takes away 90% of its KL.
#include "engine/compare/answering.h"
#include "engine/compare/lockstep_session.h"
#include "engine/tasks/generator.h"
#include "engine/tasks/task_encoding.h"
#include "tests/compare/lockstep_fixture.h"

#include <cstdio>

namespace moa::test {
namespace {

constexpr int kPrompts = 24;

struct Case {
    std::vector<int> ids;
    int answer = 0; ///< tokens
};

/// The earliest key of a prompt, whose answer the uniform window cannot see.
Case lostFact(const TaskEncoder& encoder, const TaskGenerator& generator, const std::string& task, int sample) {
    TaskOptions options;
    options.task = task;
    options.length = 768;
    options.questions = 4;
    options.seed = 21;
    options.sample = sample;
    const EncodedPrompt prompt = encodePrompt(encoder, generator.make(options));
    Case made{prompt.head, static_cast<int>(prompt.branches[0].answer.size())};
    made.ids.insert(made.ids.end(), prompt.branches[0].tail.begin(), prompt.branches[0].tail.end());
    return made;
}

TEST(MendFigure, ThreeHeadsBringBackWhatAUniformPlanLost) {
    const TaskEncoder encoder(tinyModel().files());
    const TaskGenerator generator = encoder.generator(kTexts);
    int diverged = 0, mended = 0, first = 0;
    for (int i = 0; i < kPrompts; ++i) {
        const std::string task = i % 2 ? "facts" : "lines";
        const Case made = lostFact(encoder, generator, task, i);
        LockstepSession session(tinyModel(), MaskSource::plan(uniformPlan(6, 8, 4, {0, 0.5})), made.ids, made.answer);
        ASSERT_EQ(session.prefill({}), Completion::Done);
        while (session.step()) {
        }
        const auto at = std::ranges::find_if(session.tokens(), [](const LockstepToken& t) { return t.token != t.sparse; });
        if (at == session.tokens().end()) {
            std::printf("%s %d: no divergence\n", task.c_str(), i);
            continue;
        }
        ++diverged;
        const auto t = static_cast<std::size_t>(at - session.tokens().begin());
        const std::vector<BlameRow> blamed = session.blame(t, {});
        const std::vector<HeadId> heads = session.mend(t, blamed, 0.9, 3, 12, {});
        const double after = session.widen(t, heads).klAfter.front();
        std::string names;
        for (const HeadId& head : heads)
            names += " " + std::to_string(head.layer.value) + ":" + std::to_string(head.kvHead.value);
        const bool good = after <= 0.1 * at->kl;
        mended += good;
        first += blamed.front().head == heads.front();
        std::printf("%s %d: token %zu, KL %.4f, with%s %.4f%s\n", task.c_str(), i, t, at->kl, names.c_str(), after,
                    good ? "" : "  NOT MENDED");
    }
    std::printf("%d prompts, %d diverged, %d mended, %d by the head blamed most\n", kPrompts, diverged, mended, first);
    EXPECT_GE(diverged, 20);
    EXPECT_EQ(mended, diverged);
    EXPECT_GE(first, diverged - 2) << "the estimate and the measurement name the same head";
}

} // namespace
} // namespace moa::test
