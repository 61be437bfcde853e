// Device faults as exceptions: every runtime, cuBLAS and launch result passes through here.
#pragma once

#include <cublasLt.h>
#include <cuda_runtime_api.h>
#include <string>

namespace moa::cuda {

/// Throws Error "<what>: <reason>" unless `result` is success.
void check(cudaError_t result, const char* what);
void check(cublasStatus_t result, const char* what);

} // namespace moa::cuda
