// TileDevice on a card: the heads looked at last stay there, cells come from the heatmap kernel.
#pragma once

#include "engine/backend/tile_device.h"

#include <memory>

namespace moa::cuda {

std::unique_ptr<TileDevice> makeTileDevice(int index);

} // namespace moa::cuda
