// Retrieval prompts of any length, by seed, in the wording that the embedded model knows
// (resources/models/moa-tiny/README.md): lines of a record, facts in prose, a pass key in prose.
//
// The same options give the same prompt on every machine. Keys are spread evenly over the depth of the
// context, and over the samples of one seed when a prompt has few of them.
#pragma once

#include "engine/tasks/task_prompt.h"
#include "engine/tasks/texts.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace moa {

/// Below this even one short key with its question and template leaves no text to hide it in.
inline constexpr std::size_t kShortestTask = 128;

/// The built-in tasks, in the order they are reported.
const std::vector<std::string>& builtInTasks();

struct TaskOptions {
    std::string task = "lines"; ///< one of builtInTasks()
    std::size_t length = 1024;  ///< tokens, with the longest question, answer and template; never exceeded
    int questions = 4;          ///< per prompt; at most one for passkey, see questionsPerPrompt()
    std::uint64_t seed = 0;
    int sample = 0;           ///< which prompt of this seed
    std::size_t reserved = 0; ///< tokens the runner adds itself, e.g. 1 for a begin token
    /// Where in the context the keys lie, one per question, ascending, each in [0, 1); empty: spread by the seed.
    std::vector<double> depths{};
};

/// The depth of one of `rows` equal strata for prompt `sample` of a seed: its offset inside the stratum walks by the
/// golden ratio from sample to sample. In [row / rows, (row + 1) / rows).
double depthInStratum(std::uint64_t seed, int sample, int row, int rows);

/// The number of questions one prompt of `task` carries when `wanted` are asked for: passkey hides one key.
int questionsPerPrompt(const std::string& task, int wanted);

/// Makes prompts; keeps texts, tokenizer and template together. Safe to share between threads when the
/// counter is.
class TaskGenerator {
public:
    TaskGenerator(TaskTexts texts, TokenCounter count, ChatTurns turns = {});

    /// One prompt with `questions` questions, in order of depth, of at most `length` tokens and within about
    /// 2% or 40 tokens of it (a whole line for `lines`).
    /// @throws UsageError for an unknown task, a length below kShortestTask, or one that cannot hold the
    /// keys asked for (it says which length would).
    TaskPrompt make(const TaskOptions& options) const;

    const ChatTurns& turns() const { return m_turns; }

private:
    TaskTexts m_texts;
    TokenCounter m_count;
    ChatTurns m_turns;
};

} // namespace moa
