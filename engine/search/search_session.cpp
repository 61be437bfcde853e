#include "engine/search/search_session.h"

#include "engine/core/error.h"
#include "engine/core/format.h"
#include "engine/search/explain.h"
#include "engine/search/outcome.h"
#include "engine/search/quick_solver.h"
#include "engine/search/relative_limits.h"
#include "engine/search/sensitivity.h"
#include "engine/search/session_state.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>

namespace moa {

namespace {

using Clock = std::chrono::steady_clock;
/// Plans remembered as starts of later solves.
constexpr std::size_t kKeptChoices = 8;
/// Halvings of the density bound: to a thousandth.
constexpr int kDensitySteps = 10;
/// Times the time limit that a call without any plan may go on.
constexpr int kGrace = 2;

bool equalPins(const std::vector<Pin>& a, const std::vector<Pin>& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Pin& x, const Pin& y) {
        return x.layer == y.layer && x.kvHead == y.kvHead && x.kind == y.kind && x.rule == y.rule &&
               x.span == y.span && x.length == y.length;
    });
}

/// Options that make the same problem but for the limits of its rows; moveLimits looks at those.
bool sameProblem(const SearchOptions& a, const SearchOptions& b) {
    return a.granularity == b.granularity && a.rulesPerLayer == b.rulesPerLayer &&
           a.objectiveLength == b.objectiveLength && equalPins(a.pins, b.pins);
}

double secondsSince(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

} // namespace

struct SearchSession::State {
    SearchInstance instance;
    SearchOptions options; ///< of the last solve
    std::unique_ptr<Problem> problem;
    std::unique_ptr<QuickSolver> quick; ///< null where the quick solver does not handle the problem
    LearntState learnt;                 ///< outlives a problem

    void adopt(const SearchOptions& next);
    Solution run(const SolveControl& control);
    void remember(const std::vector<int>& choice);
    void learn();
    void recall();
};

void SearchSession::State::adopt(const SearchOptions& next) {
    if (problem && sameProblem(options, next) && moveLimits(*problem, instance, next)) {
        options = next;
        return;
    }
    auto made = std::make_unique<Problem>(makeProblem(instance, next));
    quick.reset();
    problem = std::move(made);
    options = next;
    if (!QuickSolver::handles(*problem)) return;
    quick = std::make_unique<QuickSolver>(*problem);
    recall();
}

/// Gives the solver the multipliers known by name.
void SearchSession::State::recall() {
    std::vector<double> known;
    for (const Row& row : problem->rows) {
        const auto place = learnt.multipliers.find(row.name);
        known.push_back(place == learnt.multipliers.end() ? 0.0 : place->second * row.scale);
    }
    quick->setMultipliers(std::move(known));
}

Solution SearchSession::State::run(const SolveControl& control) {
    std::vector<std::vector<int>> starts = unitStarts(*problem, learnt.choices);
    const std::vector<std::vector<int>> given = unitStarts(*problem, options.starts);
    starts.insert(starts.end(), given.begin(), given.end());
    if (!quick) return solveLagrangian(*problem, control, starts);
    const Solution solution = quick->solve(control, starts);
    learn();
    return finishByTree(*problem, control, solution);
}

void SearchSession::State::learn() {
    for (std::size_t i = 0; i < problem->rows.size(); ++i)
        learnt.multipliers[problem->rows[i].name] = quick->multipliers()[i] / problem->rows[i].scale;
}

void SearchSession::State::remember(const std::vector<int>& choice) {
    std::erase(learnt.choices, choice);
    learnt.choices.insert(learnt.choices.begin(), choice);
    if (learnt.choices.size() > kKeptChoices) learnt.choices.pop_back();
}

SearchSession::SearchSession(SearchInstance instance) : m_state(std::make_unique<State>()) {
    completeInstance(instance);
    m_state->instance = std::move(instance);
}
SearchSession::~SearchSession() = default;
SearchSession::SearchSession(SearchSession&&) noexcept = default;
SearchSession& SearchSession::operator=(SearchSession&&) noexcept = default;

const SearchInstance& SearchSession::instance() const {
    return m_state->instance;
}

SearchOutcome SearchSession::solve(const SearchOptions& options, const SolveLimits& limits,
                                   std::stop_token stop, const ImprovementFn& onImprovement) {
    if (!(limits.seconds > 0) || !(limits.gapTarget >= 0))
        throw UsageError("a time limit above 0 seconds and a gap target of at least 0 expected");
    const auto start = Clock::now();
    State& state = *m_state;
    SolveControl control;
    control.stop = stop;
    control.deadline = start + std::chrono::duration_cast<Clock::duration>(
                                   std::chrono::duration<double>(std::min(limits.seconds, 1e8)));
    control.gapTarget = limits.gapTarget;
    control.seed = options.seed;
    state.adopt(hasRelativeLimits(options) ? withPlainLossLimits(state.instance, options, control) : options);
    if (onImprovement)
        control.improved = [&](const Solution& better) {
            onImprovement(outcomeOf(state.instance, *state.problem, better, secondsSince(start)));
        };
    Solution solution = state.run(control);
    if (solution.status == SearchStatus::TimeLimit && solution.choice.empty()) {
        control.deadline += kGrace * (control.deadline - start);
        solution = state.run(control); // a late frame is better than one without a plan
    }
    SearchOutcome outcome = outcomeOf(state.instance, *state.problem, solution, secondsSince(start));
    if (outcome.hasPlan()) state.remember(outcome.choice);
    if (outcome.status == SearchStatus::Infeasible && options.explain) {
        control.improved = nullptr;
        outcome.explanation = explainInfeasible(state.instance, state.options, *state.problem, control);
        outcome.seconds = secondsSince(start);
    }
    return outcome;
}

SearchOutcome SearchSession::solveForLoss(const SearchOptions& options, double nats,
                                          const SolveLimits& limits, std::stop_token stop, double* bound) {
    if (!std::isfinite(nats)) throw UsageError("a finite loss in nats expected");
    SearchOptions one = options;
    one.explain = false;
    const SolveLimits each{limits.seconds / (kDensitySteps + 1), limits.gapTarget};
    const auto start = Clock::now();
    double low = 0, high = 1;
    one.density = high;
    SearchOutcome best = solve(one, each, stop);
    if (!best.hasPlan() || best.objective > nats) {
        // A lower limit can make the densest bound a bad one; then nothing short of a sweep could tell.
        const std::string least = best.hasPlan()
                                      ? "at density 1 a plan loses " + formatFixed(best.objective, 6) +
                                            " nats, more than " + formatFixed(nats, 6)
                                      : "no plan meets the other limits at density 1";
        best = {};
        best.explanation = least;
        best.seconds = secondsSince(start);
        if (stop.stop_requested()) best.status = SearchStatus::Cancelled;
        return best;
    }
    for (int step = 0; step < kDensitySteps && !stop.stop_requested(); ++step) {
        one.density = (low + high) / 2;
        SearchOutcome tried = solve(one, each, stop);
        const bool enough = tried.hasPlan() && tried.objective <= nats;
        (enough ? high : low) = *one.density;
        if (enough) best = std::move(tried);
    }
    if (bound) *bound = high;
    if (stop.stop_requested()) best.status = SearchStatus::Cancelled;
    best.seconds = secondsSince(start);
    return best;
}

std::vector<ShadowPrice> SearchSession::shadowPrices() const {
    if (!m_state->quick) return {};
    return pricesOf(*m_state->problem, m_state->quick->multipliers());
}

std::vector<HeadSensitivity> SearchSession::headSensitivities(const std::vector<int>& choice) const {
    if (!m_state->problem) return {};
    return sensitivitiesOf(m_state->instance, m_state->options, *m_state->problem, choice);
}

std::string SearchSession::saveState() const {
    return stateText(m_state->instance, m_state->learnt);
}

void SearchSession::loadState(std::string_view text) {
    m_state->learnt = parseState(m_state->instance, text);
    if (m_state->quick) m_state->recall();
}

} // namespace moa
