// The CPU backend: OpenBLAS for products, kernels/cpu for attention and the rest, one thread pool for all.
#pragma once

#include "engine/backend/backend.h"

#include <memory>

namespace moa {

/// `threads` ≤ 0: as many as the process may use.
std::unique_ptr<Backend> makeCpuBackend(int threads);

/// Processors this process may run on.
int availableThreads();
/// Memory that can still be taken, as the kernel estimates it (MemAvailable, cgroup limit).
std::uint64_t availableMemory();

} // namespace moa
