// How the workspace of rule costs is laid out.
#pragma once

#include "kernels/cuda/backward_sums.cuh"

namespace moa::kernels::cuda {

/// Parts that a head's blocks of 128 rows are dealt into.
int backwardParts(int n);
CostSpace costSpaceOf(const RuleCostParams& params, int n, int heads, int multiprocessors);
/// Adds up parts and rows of maps, in order, and multiplies by the factor.
cudaError_t launchPoolCosts(const RuleCostParams& params, const CostSpace& space, int heads,
                            cudaStream_t stream);

} // namespace moa::kernels::cuda
