// Calibration samples: long prompts whose answers the dense model itself wrote, loss only on the answer
// (docs/method.md, "Calibration").
#pragma once

#include "engine/model/generate.h"
#include "engine/tasks/records.h"
#include "engine/tasks/task_encoding.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace moa {

/// A prompt and the answers that the dense model (or the user's file) gives to its questions.
struct CalibrationSample {
    std::string source;                  ///< "lines", "facts", "passkey" or the file's name
    EncodedPrompt prompt;                ///< answers end with the model's end token where it came
    std::vector<std::vector<int>> turns; ///< [branch − 1]: leads from an answer to the next question, as one chat
};

/// The sample as one conversation: prompt, question, answer, further question, answer …
struct Conversation {
    std::vector<int> ids;
    std::vector<std::int64_t> targets; ///< positions of the answers' tokens, ascending
};
Conversation asConversation(const CalibrationSample& sample);

class CalibrationSet {
public:
    /// `data`: built-in tasks and JSONL files, taken in turn. Throws UsageError, FileError.
    CalibrationSet(LanguageModel& model, const std::filesystem::path& textFolder,
                   std::vector<std::string> data, std::uint64_t seed);

    /// Sample number `index` for a nominal length; its conversation has at most `length` tokens. Nothing when `stop` came first.
    /// Throws UsageError when no record fits the length.
    std::optional<CalibrationSample> sample(int length, int index, const std::stop_token& stop);

    /// What identifies the set: names, file hashes, seed.
    const std::string& description() const { return m_description; }
    /// Records of a JSONL source with the responses written so far.
    const std::vector<PromptRecord>& records(std::size_t source) const { return m_sources[source].records; }
    std::size_t sources() const { return m_sources.size(); }

    /// Longest answer written by the model, tokens.
    static constexpr int kMaxAnswer = 128;
    /// Questions of one built-in prompt: evidence at several depths for the price of one pass.
    static constexpr int kQuestions = 4;

private:
    struct Source {
        std::string name;
        bool builtIn = true;
        std::vector<PromptRecord> records;
        std::vector<std::size_t> lengths; ///< tokens of each record's prompt
    };
    std::optional<CalibrationSample> fromTask(const Source& source, int length, int index,
                                              const std::stop_token& stop);
    std::optional<CalibrationSample> fromRecord(Source& source, int length, int index,
                                                const std::stop_token& stop);
    /// Greedy answers of the dense model to all branches, end tokens included; false when cancelled.
    bool writeAnswers(EncodedPrompt& prompt, int budget, const std::stop_token& stop);

    LanguageModel& m_model;
    TaskEncoder m_encoder;
    TaskGenerator m_generator;
    std::uint64_t m_seed;
    std::vector<Source> m_sources;
    std::string m_description;
};

} // namespace moa
