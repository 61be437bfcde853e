// Lines of the table for a few runs. Internal to store/query/.
#pragma once

#include "store/query/run_columns.h"
#include "store/query/run_search.h"

namespace moa {

std::vector<RunRow> readRunRows(const Connection& connection, const RunColumns& columns,
                                std::span<const RunId> runs);

} // namespace moa
