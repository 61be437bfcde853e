// One term of a query as the set of runs that match it. Internal to store/query/.
#pragma once

#include "store/query/query_text.h"
#include "store/query/run_columns.h"

#include <optional>
#include <vector>

namespace moa {

/// [run]; one byte each, so that sets are combined by the word.
using RunMask = std::vector<std::uint8_t>;

struct TermMatch {
    RunMask mask;
    std::optional<QueryProblem> problem; ///< a measure that no run has
};

/// Texts of the term are bound to fixed statements. `measures`: names in the history.
TermMatch matchTerm(const Connection& connection, const RunColumns& columns, const QueryTerm& term,
                    const std::vector<std::string>& measures);

/// ASCII letters of any case are the same.
bool holdsIgnoringCase(std::string_view text, std::string_view part);
bool equalIgnoringCase(std::string_view a, std::string_view b);

} // namespace moa
