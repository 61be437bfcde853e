// DuoAttention patterns (arXiv 2410.10819): full_attention_heads.tsv, one row per layer, one score in [0, 1]
// per KV head, and config.json beside it with "sink_size" and "recent_size" (tokens). Heads with a high score
// keep everything ("full"), the others a sink and a recent window ("streaming").
#pragma once

#include "engine/plan/plan_file.h"

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace moa {

struct DuoPattern {
    int layers = 0, kvHeads = 0;
    std::vector<double> scores;                ///< [L][G], clipped to [0, 1]
    std::int64_t sinkSize = 0, recentSize = 0; ///< tokens
};

/// Which heads stay full. With neither, the threshold 0.5 that the published patterns are made for.
struct DuoSelection {
    std::optional<double> threshold; ///< full where score ≥ threshold
    std::optional<double> share;     ///< the round(share·L·G) highest scores; equal scores in file order
};

struct DuoImport {
    PlanFile file;
    int fullHeads = 0;              ///< KV heads
    std::vector<std::string> notes; ///< what the block grid changed, for people
};

/// Reads a pattern from its folder, or from the TSV with config.json beside it. Published scores overshoot
/// [0, 1] a little and are clipped, as DuoAttention does; beyond 0.01 they are refused. Throws FileError
/// (file, line and column or JSON path, expected).
DuoPattern readDuo(const std::string& path);

/// Full heads get (α = 0, β = 1), the others (α = sink + recent, β = 0) for every query head of the group.
/// The plan's sink is sink_size rounded up to a multiple of 64, at most 256. `heads`: query heads of the
/// model; without it one per KV head. Throws UsageError for a selection out of [0, 1], both kinds at once, or
/// heads that are no multiple of the KV heads.
DuoImport importDuo(const DuoPattern& pattern, const DuoSelection& selection, std::optional<int> heads,
                    const Passport& passport = {});

struct DuoExport {
    DuoPattern pattern;
    nlohmann::json report; ///< see exportDuo()
};

/// The nearest DuoAttention pattern to a plan, for the threshold 0.5. Full: dense at every length (score 1).
/// Streaming: a constant window; recent_size is the most frequent one (score 0). Heads that grow with the
/// input have no equal there: their score is their density at the longest of `lengths`, so other thresholds
/// split them sensibly. The report lists them: {kv_heads, represented, lost, sink_size, recent_size,
/// threshold, density: {N: [plan, exported]}, heads: [{layer, kv_head, why, exported_as, score, cache: {N:
/// [plan, exported]}}]}. Throws UsageError without lengths, or for one under 1.
DuoExport exportDuo(const SparsePlan& plan, std::span<const std::int64_t> lengths);

/// Writes full_attention_heads.tsv and config.json into `folder` (made when missing), each atomically. Throws
/// FileError.
void writeDuo(const std::string& folder, const DuoPattern& pattern);

} // namespace moa
