// The search: one rule per (layer, KV head), least estimated loss at one length, within every limit given.
// Options in, an explained result out. Definitions: docs/method.md, "Optimisation".
#pragma once

#include "engine/core/plan.h"
#include "engine/core/progress.h"
#include "engine/search/search_instance.h"

#include <cstdint>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

namespace moa {

/// What shares one rule.
enum class Granularity {
    Elastic, ///< every KV head has its own (α, β)
    Head,    ///< every KV head has its own fixed span (β = 0)
    Layer,   ///< one (α, β) per layer
    Uniform, ///< one (α, β) for the whole model
};

/// "elastic", "head", "layer", "uniform"; UsageError for anything else.
Granularity parseGranularity(const std::string& name);
std::string toString(Granularity granularity);

enum class SolverKind {
    Lagrangian, ///< ours: anytime, bound and gap at any moment
    Cbc,        ///< COIN-OR CBC on the same MILP, the exact check
    Both,       ///< ours, then CBC; the better plan and the better bound
};

/// "lagrangian", "cbc", "both"; UsageError for anything else.
SolverKind parseSolver(const std::string& name);
std::string toString(SolverKind solver);

/// Limits on the estimated loss at one length, nats.
struct LossLimit {
    std::optional<double> lower; ///< unset: none
    std::optional<double> upper; ///< unset: none
    /// At most this share over the least loss that any plan within the other limits has there (0.1: ten per
    /// cent).
    std::optional<double> overBest;
};

/// A decision taken out of the search's hands. With granularity layer or uniform it binds all that share the
/// rule.
struct Pin {
    enum class Kind {
        Exact,   ///< `rule`, which must be among the instance's rules
        MinSpan, ///< c(N) ≥ `span` rounded up to what a cache can be, at `length`
        MaxSpan, ///< c(N) ≤ `span` rounded up to what a cache can be, at `length`
    };
    int layer = 0;   ///< −1: every layer
    int kvHead = -1; ///< −1: every KV head of the layer
    Kind kind = Kind::Exact;
    Rule rule{};
    std::int64_t span = 0; ///< tokens, the sink included
    int length = 0;        ///< tokens; 0: the longest profiled length
};

/// A limit on the bytes of keys and values held by a batch of full sequences.
struct KvLimit {
    std::int64_t bytes = 0;
    int batch = 1;
    int headDim = 0;
    int bytesPerValue = 2; ///< FP16
    int length = 0;        ///< tokens every sequence holds; 0: the objective length
};

/// A limit on the time attention takes to decode one token, from spans measured on the user's device.
struct DecodeTimeLimit {
    double seconds = 0; ///< all KV heads of the model together, one decode step of the batch measured
    /// Cache length in tokens → seconds of one KV head; at least one point, ascending, linear between, the
    /// ends prolonged.
    std::vector<std::pair<std::int64_t, double>> secondsBySpan;
    int length = 0; ///< tokens held; 0: the objective length
};

struct SearchOptions {
    /// Upper bound on density(N) at every density length; unset: none (then only `densityAt` and `kvLimit`
    /// bound).
    std::optional<double> density = 0.5;
    /// Bounds for single lengths, in place of `density`.
    std::map<int, double> densityAt;
    /// density(N) must reach this share of its bound. 0: no lower limit.
    double minDensityShare = 0.9;
    /// The same for single lengths, in place of `minDensityShare`.
    std::map<int, double> minDensityShareAt;
    /// The length whose loss is minimised, tokens; 0: the longest profiled.
    int objectiveLength = 0;
    /// Limits on the loss at profiled lengths.
    std::map<int, LossLimit> lossLimits;
    /// Most distinct rules in one layer; 0: no limit.
    int rulesPerLayer = 0;
    /// With Head, a span fixed at all lengths cannot hold one density at all of them: `density` then bounds
    /// the objective length only, `densityAt` whatever it names.
    Granularity granularity = Granularity::Elastic;
    std::vector<Pin> pins;
    std::optional<KvLimit> kvLimit;
    std::optional<DecodeTimeLimit> decodeTime;
    SolverKind solver = SolverKind::Lagrangian;
    double timeLimit = 60;   ///< seconds of wall clock, > 0
    double gapTarget = 1e-6; ///< stop once (objective − bound) ≤ gapTarget · |objective|
    std::uint64_t seed = 1;  ///< equal seeds give equal plans
    /// Whether an infeasible search looks for the reason (a few more solves, within the time limit).
    bool explain = true;
    /// Choices [group] worth trying first, say of a similar search; those that do not fit are ignored.
    std::vector<std::vector<int>> starts;
};

enum class SearchStatus {
    Optimal,    ///< proven within gapTarget
    Feasible,   ///< a plan, not proven: the solver gave up (never by time)
    Infeasible, ///< proven that no plan meets all limits; see `explanation`
    TimeLimit,  ///< stopped by timeLimit, with or without a plan
    Cancelled,  ///< stopped by the caller, with or without a plan
};

/// "optimal", "feasible", "infeasible", "time_limit", "cancelled": the words of the contract.
std::string toString(SearchStatus status);

/// What one solver did.
struct SolverReport {
    SolverKind solver = SolverKind::Lagrangian;
    SearchStatus status = SearchStatus::Feasible;
    std::optional<double> objective; ///< nats, where it found a plan
    double lowerBound = 0;           ///< nats; −infinity where it has none
    double seconds = 0;
    std::int64_t iterations = 0; ///< dual evaluations, or CBC's simplex iterations
    std::int64_t nodes = 0;      ///< branch and bound
};

struct SearchOutcome {
    SearchStatus status = SearchStatus::Infeasible;
    std::vector<int> choice;       ///< [group] index into instance.rules; empty where there is no plan
    std::map<int, double> loss;    ///< by profiled length, nats
    std::map<int, double> density; ///< by density length
    double objective = 0;          ///< loss at the objective length, nats
    double lowerBound = 0; ///< no plan can have a lower objective; ∓infinity where unknown or infeasible
    double gap = 0;        ///< (objective − lowerBound) / |objective|; infinity without a plan or bound
    double seconds = 0;
    std::int64_t iterations = 0;
    int distinctRules = 0;
    std::vector<SolverReport> solvers; ///< one, or two with SolverKind::Both
    std::string explanation;           ///< when infeasible: which limit, and how near a plan can come

    bool hasPlan() const { return !choice.empty(); }
};

/// Runs the search. Throws UsageError where options and instance do not fit together (an unknown length, a
/// pin out of range); infeasible, cancelled and out of time are outcomes. Deterministic for equal input
/// unless stopped by time. `instance` must have passed completeInstance. Progress stage: "search", done =
/// nodes, total unknown.
SearchOutcome search(const SearchInstance& instance, const SearchOptions& options, std::stop_token stop = {},
                     const ProgressFn& progress = {});

/// Losses and densities of a choice [group] under an instance.
std::map<int, double> lossesOf(const SearchInstance& instance, const std::vector<int>& choice);
std::map<int, double> densitiesOf(const SearchInstance& instance, const std::vector<int>& choice);

/// The plan of a choice: every query head gets its KV head's rule. `heads`: query heads, a multiple of
/// kvHeads.
SparsePlan toPlan(const SearchInstance& instance, const std::vector<int>& choice, int heads);

} // namespace moa
