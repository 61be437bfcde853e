// Watches operator new: how large the largest single allocation was.
#pragma once

#include <cstddef>

namespace moa {

void resetLargestAllocation();
/// Bytes of the largest allocation since the last reset, in any thread.
std::size_t largestAllocation();

} // namespace moa
