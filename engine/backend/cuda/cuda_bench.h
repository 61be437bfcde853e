// The benches on one card.
#pragma once

#include "engine/backend/device_bench.h"

#include <memory>

namespace moa::cuda {

std::unique_ptr<DeviceBench> makeDeviceBench(int index);

} // namespace moa::cuda
