// Facets: how many of some runs have which command, model, tag, month … Internal to store/query/.
#pragma once

#include "store/query/run_match.h"
#include "store/query/run_search.h"

namespace moa {

/// Fields that facets are made of, in the page's order.
enum class FacetField { Command, Status, Model, Plan, Device, Machine, Tag, Month, Version };
inline constexpr int kFacetFields = 9;

/// The query's field whose terms a facet leaves out, so that its other values keep their counts.
QueryField queryFieldOf(FacetField field);

/// Counts over the runs of `mask`. `chosen`: values that the query names, as typed.
Facet countFacet(const RunColumns& columns, FacetField field, const RunMask& mask,
                 const std::vector<std::string>& chosen, std::size_t most);

/// Every value of a field, for completion; unsorted.
std::vector<std::string> facetNames(const RunColumns& columns, QueryField field);

} // namespace moa
