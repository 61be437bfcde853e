// What `moa search` found, as JSON and as tables.
#pragma once

#include "engine/compare/refine.h"
#include "engine/compare/retrieval.h"
#include "engine/search/search_session.h"

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace moa::cli {

/// Adds `solvers` and, where both found a plan, `difference` (CBC's objective less ours, nats) to a plan's
/// entry.
void addSolvers(nlohmann::json& plan, const SearchOutcome& outcome);
/// [{limit, length, side, step, unit, nats, text}], dearest first.
nlohmann::json pricesJson(const std::vector<ShadowPrice>& prices);
/// [{layer, kv_head, rule, wider, narrower: {rule, loss, density} or null}].
nlohmann::json headsJson(const SearchInstance& instance, const std::vector<int>& choice,
                         const std::vector<HeadSensitivity>& heads);
/// [{task, length, accuracy, asked, right}] of one mask.
nlohmann::json retrievalJson(const std::vector<RetrievalRow>& rows, std::size_t mask);
/// {plans: [{origin, estimated, measured, standard_error}], winner, rank_correlation, layer_factors, judged:
/// {…}}.
nlohmann::json refineJson(const RefineOutcome& outcome);

/// The tables for people.
std::string describeSearch(const nlohmann::json& result);

} // namespace moa::cli
