// Pieces of capture work shared by a few threads that are started for it: no pool is held, so that views
// compute while the device's own pool is busy. Not for other folders.
#pragma once

#include "engine/capture/attention_tile.h"

#include <mutex>

namespace moa {

/// One piece, by its number; false when it was not finished because of the stop. `deliver` is held while a
/// result is handed over.
using TilePiece = std::function<bool(std::size_t piece, TileWorkspace& workspace, std::mutex& deliver)>;

/// Runs pieces 0 … count−1, begun in that order, on `threads` threads, the caller's among them. The first
/// exception of a piece ends the work and is thrown here.
Completion runPieces(std::size_t count, int threads, const std::stop_token& stop, const TilePiece& piece);

} // namespace moa
