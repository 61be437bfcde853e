// Copies a whole database page by page while others write it.
#pragma once

#include "store/sqlite/connection.h"

#include <cstdint>
#include <functional>

namespace moa {

/// Told now and then during long work, done of total (0: not known); false ends it.
using StoreProgress = std::function<bool(std::int64_t done, std::int64_t total)>;

/// Replaces what `to` holds by one snapshot of `from`, or changes nothing in it. False when `progress` ended
/// it. Throws StoreError.
bool copyDatabase(Connection& from, Connection& to, const StoreProgress& progress = {});

} // namespace moa
