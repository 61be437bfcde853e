// Which key tiles a block of query rows visits under window and sink, and which of them need the mask key by key.
#pragma once

#include <cstdint>

namespace moa::kernels::cuda {

/// Key tiles of one block of query rows, from the diagonal down to the window's edge, then the sink's.
struct KeyTiles {
    int highest = 0;     ///< tile of the diagonal
    int windowTiles = 0; ///< highest, highest − 1, …
    int sinkTiles = 0;   ///< the last ones: sinkTiles − 1 … 0

    /// Rows at positions first … last; tiles of `tile` keys.
    __device__ KeyTiles(int first, int last, int window, int sink, int tile) {
        highest = last / tile;
        const int lowest = max(0, first - window + 1) / tile;
        windowTiles = highest - lowest + 1;
        sinkTiles = min((sink + tile - 1) / tile, lowest);
    }
    __device__ int count() const { return windowTiles + sinkTiles; }
    __device__ int at(int i) const { return i < windowTiles ? highest - i : count() - 1 - i; }
};

/// Whether some key of firstKey … lastKey is hidden from some row of first … last.
__device__ inline bool hidesAny(int firstKey, int lastKey, int first, int last, int window, int sink) {
    return lastKey > first || (firstKey <= last - window && lastKey >= sink);
}

__device__ inline bool isVisible(int row, int key, int window, int sink) {
    return (key <= row) & ((key < sink) | (row - key < window)); // no branches
}

} // namespace moa::kernels::cuda
