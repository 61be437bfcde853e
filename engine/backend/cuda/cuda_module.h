// The CUDA backend as a module that is opened at run time: the program starts everywhere, and asks here
// whether there is a card. No CUDA header needed.
#pragma once

#include "engine/backend/backend.h"
#include "engine/backend/device_bench.h"
#include "engine/backend/tile_device.h"

#include <memory>
#include <string>
#include <vector>

namespace moa {

/// Cards that the module sees. Empty without the module, a driver or a card; `why` then says what is missing.
std::vector<DeviceInfo> cudaDevices(std::string* why = nullptr);

/// A backend on card `index` whose activations, weights and caches are `dtype` (F16 or BF16). The module
/// stays open for as long as the process runs. Throws Error saying what is missing, UsageError for an index
/// that is not there.
std::unique_ptr<Backend> openCudaBackend(int index, DType dtype);

/// Attention of captured heads on card `index`. Throws as openCudaBackend().
std::unique_ptr<TileDevice> openCudaTiles(int index);

/// Benches on card `index`. Throws as openCudaBackend().
std::unique_ptr<DeviceBench> openCudaBench(int index);

} // namespace moa
