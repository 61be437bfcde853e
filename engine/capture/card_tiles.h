// Tiles of captured attention computed on a card, in place of engine/capture/attention_tile.h's on the processor:
// the same cells, within what 16-bit queries and keys, which the model on the card worked with, give.
#pragma once

#include "engine/backend/tile_device.h"
#include "engine/capture/attention_tile.h"

namespace moa {

/// True where the layer's queries and keys are exact in 16 bits and of a size that the card's kernel knows.
bool hasCardTiles(const CapturedLayer& layer);

/// All tiles of one layer at once per head; errors as computeTiles(), MemoryError, and Error where
/// hasCardTiles() is false.
void computeTilesOnCard(TileDevice& card, const CapturedLayer& layer, std::span<const TileKey> keys,
                        const TileReady& onTile);

} // namespace moa
