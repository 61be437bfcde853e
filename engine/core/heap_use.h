// Bytes this process has on its heap: what a load really took, beside what was predicted.
#pragma once

#include <cstdint>

namespace moa {

/// Live bytes of malloc and its kin, large blocks included. Memory that libraries map by themselves is not
/// seen.
std::uint64_t heapBytes();

} // namespace moa
