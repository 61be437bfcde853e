// A search that is asked again and again about one instance: a slider moves, and the next plan starts from
// what the last one taught (multipliers, cuts, plans). The first answer comes within a frame, a longer call
// proves it. Goal: the one door for interactive use; no Qt, no files, no threads of its own. Non-goal:
// concurrency. One session belongs to one thread at a time; a caller that wants a new answer requests stop on
// the running call and calls again.
#pragma once

#include "engine/search/search.h"

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace moa {

/// When a solve may end.
struct SolveLimits {
    /// Wall clock; the best plan so far is returned then (status TimeLimit). Without any plan the call goes
    /// on for at most twice as long again.
    double seconds = 0.016;
    double gapTarget = 5e-3; ///< ends at (objective − bound) ≤ gapTarget · |objective| (status Optimal)
};

/// What loosening one limit a little is worth, to first order, at the best bound of the last solve.
struct ShadowPrice {
    std::string limit;  ///< "density at 8192", "loss at 2048", "KV bytes at 8192", "decode time at 8192"
    int length = 0;     ///< tokens
    bool upper = true;  ///< the upper side binds; false: the lower
    double step = 0.01; ///< the size of step that `nats` prices, in `unit`
    std::string unit;   ///< "density", "nats", "bytes", "s"
    double nats = 0;    ///< objective saved by loosening the limit by `step`, ≥ 0
    std::string text;   ///< "+0.01 density at 8192 saves 0.0031 nats"
};

/// A neighbouring rule of one KV head and what moving there changes, everything else equal.
struct RuleStep {
    int rule = 0;       ///< index into instance.rules
    double loss = 0;    ///< change of the loss at the objective length, nats
    double density = 0; ///< change of the model's density at the objective length
};

/// Next wider and narrower rule of one KV head, by cache at the objective length; of equally wide ones the
/// cheapest. None where pins or the grid leave none.
struct HeadSensitivity {
    std::optional<RuleStep> wider, narrower;
};

/// Sees every better plan or bound while a solve runs, on the caller's thread; `outcome` is complete (choice,
/// losses, densities, bound, gap).
using ImprovementFn = std::function<void(const SearchOutcome& outcome)>;

class SearchSession {
public:
    /// `instance` is completed here; UsageError where its tables do not fit together.
    explicit SearchSession(SearchInstance instance);
    ~SearchSession();
    SearchSession(SearchSession&&) noexcept;
    SearchSession& operator=(SearchSession&&) noexcept;

    const SearchInstance& instance() const;

    /// Solves under `options`; their timeLimit and gapTarget give way to `limits`, their solver is always
    /// ours. Cheapest where only limits moved since the last call; pins, granularity, objective and the set
    /// of limited lengths may change too. Results are those of a cold solve within the gap. Equal calls in
    /// equal order give equal plans unless stopped by time. Throws UsageError as `search`. An infeasible
    /// outcome is explained only where options.explain is set (a few more solves, within limits.seconds).
    SearchOutcome solve(const SearchOptions& options, const SolveLimits& limits = {},
                        std::stop_token stop = {}, const ImprovementFn& onImprovement = {});

    /// The other slider: the least density whose plan loses at most `nats` at the objective length. The
    /// density bound is halved in on to a thousandth of a dense cache, every step warm and within its share
    /// of limits.seconds; options.density is ignored. Without such a plan the outcome is infeasible, its
    /// explanation the least loss that was found. `bound` receives the density bound of the plan returned,
    /// where not null.
    SearchOutcome solveForLoss(const SearchOptions& options, double nats, const SolveLimits& limits = {},
                               std::stop_token stop = {}, double* bound = nullptr);

    /// Prices of the limits that bind at the last solve, dearest first; empty before one, and under limits of
    /// three and more rules a layer, whose multipliers branch and bound keeps to itself.
    std::vector<ShadowPrice> shadowPrices() const;

    /// Per KV head [groups], for a choice [group] under the options of the last solve (UsageError for a
    /// choice of another size; empty before a solve).
    std::vector<HeadSensitivity> headSensitivities(const std::vector<int>& choice) const;

    /// What the session learnt, as text: multipliers by limit and the plans worth starting from. Loading it
    /// into a session of the same instance makes the next solve as warm as it was. loadState throws Error
    /// where the text is damaged or of another instance, and leaves the session as it was.
    std::string saveState() const;
    void loadState(std::string_view text);

private:
    struct State;
    std::unique_ptr<State> m_state;
};

} // namespace moa
