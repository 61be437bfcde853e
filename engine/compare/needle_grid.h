// Needle grid: how many answers survive by the depth of the evidence and the length of the prompt, dense and under a
// mask, on the same prompts. Filled sample by sample, so that a coarse picture is there early; a grid that was stopped
// goes on from the cells it has.
// Goal: every sample of every cell can be made again by seed. Non-goal: pooling over lengths (engine/compare/retrieval.h).
#pragma once

#include "engine/compare/answering.h"
#include "engine/tasks/score.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace moa {

struct NeedleOptions {
    std::string task = "lines";           ///< one of builtInTasks()
    std::vector<int> lengths{1024, 2048, 4096}; ///< nominal, tokens, ascending
    int depths = 10;                      ///< rows: equal strata of the context, 1 … kMostDepths
    int samples = 4;                      ///< questions a cell
    std::uint64_t seed = 0;
    std::filesystem::path textFolder;

    static constexpr int kMostDepths = 32; ///< more lines do not fit a short prompt
};

/// One question of a cell.
struct NeedleSample {
    bool dense = false, sparse = false;      ///< the whole answer was right; sparse as dense where there is no mask
    double denseNll = 0, sparseNll = 0;      ///< nats per answer token
};

struct NeedleCell {
    int length = 0;                    ///< tokens
    int depth = 0;                     ///< row: evidence in [depth / depths, (depth + 1) / depths) of the context
    std::vector<NeedleSample> samples; ///< in order: sample i is needlePrompt(…, i)

    Score denseScore() const;
    Score sparseScore() const;
    /// The first sample that dense answers and sparse does not.
    std::optional<std::size_t> firstLost() const;
};

struct NeedleGrid {
    Completion completion = Completion::Done;
    std::vector<NeedleCell> cells; ///< [lengths][depths]; a cancelled grid keeps the samples it has

    const NeedleCell& at(std::size_t length, std::size_t depth, int depths) const {
        return cells[length * static_cast<std::size_t>(depths) + depth];
    }
};

/// A sample of a cell as the model sees it.
struct NeedlePrompt {
    std::vector<int> ids;    ///< prompt and question, up to where the answer begins
    std::vector<int> answer; ///< expected
    std::string question, expected; ///< their texts
    double depth = 0;        ///< of the evidence, share of the context
    std::vector<int> head;   ///< the first ids, before the question
};

/// Called from the working thread whenever a cell has one more sample.
using NeedleCellFn = std::function<void(const NeedleCell& cell)>;

/// Fills the grid, or the rest of it: `done` holds cells of an earlier run with the same options (more `samples` are
/// fine; others are ignored). `sparse` dense: only one side is measured. One prefill per prompt and side answers all
/// depths at once for lines and facts; passkey has one key a prompt.
/// Throws UsageError for an unknown task, lengths past the context, prompts too short for so many depths.
NeedleGrid measureNeedleGrid(LanguageModel& model, const MaskSource& sparse, const NeedleOptions& options,
                             std::span<const NeedleCell> done, const NeedleCellFn& onCell, std::stop_token stop,
                             const ProgressFn& progress = {});

/// The prompt of one sample of one cell, as it was measured. Throws UsageError as measureNeedleGrid().
NeedlePrompt needlePrompt(const Model& model, const NeedleOptions& options, int length, int depth, int sample);

} // namespace moa
