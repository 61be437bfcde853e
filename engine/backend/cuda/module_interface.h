// What libmoa_cuda.so exports, for cuda_module.cpp alone. Both sides come from one build, so that C++ types
// may cross.
#pragma once

#include "engine/backend/backend.h"
#include "engine/backend/device_bench.h"
#include "engine/backend/tile_device.h"

#include <vector>

namespace moa::cuda {

/// Changes with every change of these functions or of Backend: a module of another build is refused.
inline constexpr int kModuleVersion = 8;

using ModuleVersionFn = int (*)();
using ListDevicesFn = void (*)(std::vector<DeviceInfo>& devices);
/// Throws what openCudaBackend() documents.
using CreateBackendFn = Backend* (*)(int index, DType dtype);
using CreateBenchFn = DeviceBench* (*)(int index);
using CreateTilesFn = TileDevice* (*)(int index);

} // namespace moa::cuda
