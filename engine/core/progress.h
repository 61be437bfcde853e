// How long work reports and ends: a progress callback, and Completion as a value.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace moa {

/// One progress report: `done` of `total` units of `stage` (total 0: unknown).
struct Progress {
    std::string stage;
    std::int64_t done = 0;
    std::int64_t total = 0;
};

/// Called from the working thread; must return quickly. May be empty.
using ProgressFn = std::function<void(const Progress&)>;

/// Normal endings of long work are values, not exceptions.
enum class Completion { Done, Cancelled };

} // namespace moa
