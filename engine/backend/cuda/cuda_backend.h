// The Backend on one card. Activations, weights and caches are 16-bit (`dtype()`), logits and log-sum-exp may
// be single precision; rotary tables are always single precision. Operations are asynchronous on one stream.
// Serves inference: the backward passes of profiling are refused with an Error.
#pragma once

#include "engine/backend/backend.h"

#include <memory>
#include <vector>

namespace moa::cuda {

/// Cards the driver shows, with their memory.
std::vector<DeviceInfo> listDevices();
std::unique_ptr<Backend> makeCudaBackend(int index, DType dtype);

} // namespace moa::cuda
