// Which keys a tile of query rows visits under window and sink, and which of them need the mask key by key.
#pragma once

#include <cstdint>

namespace moa::kernels::cuda {

inline constexpr int kKeyBlock = 64; ///< keys; a sink is a whole number of blocks

/// Key blocks that a tile of query rows visits, from the diagonal down to the window's edge, then the sink's.
struct KeyBlocks {
    int highest = 0;      ///< block of the diagonal
    int windowBlocks = 0; ///< highest, highest − 1, …
    int count = 0;        ///< with the sink's, the last ones: …, 1, 0

    /// Rows at positions first … last.
    __device__ KeyBlocks(int first, int last, int window, int sink) {
        highest = last / kKeyBlock;
        const int lowest = max(0, first - window + 1) / kKeyBlock;
        windowBlocks = highest - lowest + 1;
        count = windowBlocks + min(sink / kKeyBlock, lowest);
    }
    /// First key of the i-th block, `none` behind the last.
    __device__ int firstKey(int i, int none) const {
        if (i >= count) return none;
        return (i < windowBlocks ? highest - i : count - 1 - i) * kKeyBlock;
    }
};

/// Whether some key of firstKey … lastKey is hidden from some row of first … last.
__device__ inline bool hidesAny(int firstKey, int lastKey, int first, int last, int window, int sink) {
    return lastKey > first || (firstKey <= last - window && lastKey >= sink);
}

__device__ inline bool isVisible(int row, int key, int window, int sink) {
    return (key <= row) & ((key < sink) | (row - key < window)); // no branches
}

} // namespace moa::kernels::cuda
