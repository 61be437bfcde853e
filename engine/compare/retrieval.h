// Retrieval accuracy of dense, planned and uniform attention on tasks at several lengths, and the longest input a
// mask still answers.
#pragma once

#include "engine/compare/answering.h"
#include "engine/tasks/score.h"
#include "engine/tasks/text_metrics.h"

#include <filesystem>
#include <string>
#include <vector>

namespace moa {

/// A mask to be measured and its name in the result.
struct MaskChoice {
    std::string name;
    MaskSource mask;
};

struct RetrievalOptions {
    std::vector<std::string> tasks{"lines", "facts"}; ///< built-in names or users' JSONL files (readTasks())
    std::vector<int> lengths{1024, 2048, 4096};       ///< nominal, tokens; JSONL prompts have their own length
    int prompts = 10;             ///< per task and length
    int questionsPerPrompt = 4;   ///< branching from one prompt's cache
    std::uint64_t seed = 0;
    std::filesystem::path textFolder;
};

/// Score of every mask on one task and length (of a user's file: one metric); the same prompts for all masks.
struct RetrievalRow {
    std::string task;
    int length = 0;
    std::vector<Score> scores;  ///< per mask; right: the whole answer, or a metric of 1
    std::vector<double> nll;    ///< per mask, nats per answer token; 0 where the model wrote its own text
    Metric metric = Metric::Answer;
    std::vector<double> means{}; ///< per mask, mean of the metric

    /// The share of the score of `reference` that `mask` loses, at least 0; 0 where that score is 0.
    double relativeDrop(std::size_t reference, std::size_t mask) const;
};

struct RetrievalOutcome {
    Completion completion = Completion::Done;
    std::vector<RetrievalRow> rows; ///< a cancelled run keeps the rows it finished

    Score pooled(std::size_t mask) const; ///< over all rows
};

/// Throws UsageError for unknown tasks, lengths past the context; FileError for task files.
RetrievalOutcome measureRetrieval(LanguageModel& model, const std::vector<MaskChoice>& masks,
                                  const RetrievalOptions& options, std::stop_token stop, const ProgressFn& progress);

/// The longest of the measured lengths up to which every accuracy is above `threshold`; 0 when the first fails.
/// Rows of several tasks at one length are pooled.
int effectiveLength(const std::vector<RetrievalRow>& rows, std::size_t mask, double threshold = 0.9);

} // namespace moa
