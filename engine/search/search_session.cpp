#include "engine/search/search_session.h"

#include "engine/core/error.h"

#include <utility>

namespace moa {

struct SearchSession::State {
    SearchInstance instance;
    std::vector<int> lastChoice;
};

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
    SearchOptions own = options;
    own.timeLimit = limits.seconds;
    own.gapTarget = limits.gapTarget;
    own.solver = SolverKind::Lagrangian;
    if (!m_state->lastChoice.empty()) own.starts.push_back(m_state->lastChoice);
    SearchOutcome outcome = search(m_state->instance, own, stop);
    if (outcome.hasPlan()) m_state->lastChoice = outcome.choice;
    if (outcome.hasPlan() && onImprovement) onImprovement(outcome);
    return outcome;
}

} // namespace moa
