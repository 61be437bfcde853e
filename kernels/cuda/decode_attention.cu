// Decode attention: every warp walks its share of the tile list on its own, with its own pipeline of
// asynchronous copies that runs ahead across heads and sequences, so that no barrier and no head's end ever
// drains the memory system. Scores and outputs are tensor-core products whose 16 rows are the query heads of
// the group.
#include "kernels/cuda/decode_shares.cuh"
#include "kernels/cuda/element.cuh"
#include "kernels/cuda/head_dims.cuh"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/ptx.cuh"

#include <cmath>

namespace moa::kernels::cuda {

namespace {

constexpr float kLog2e = 1.4426950408889634f;

// Rows are padded by 16 bytes: the eight rows of an ldmatrix then lie in different banks for every headDim.
template <int D>
struct Layout {
    static constexpr int kPitch = 2 * D + 16;
    static constexpr int kStageBytes = 2 * kDecodeTile * kPitch;
    static constexpr int kStages = D <= 64 ? 6 : D <= 96 ? 4 : 3;
    static constexpr int kWarpBytes = kStages * kStageBytes;
};

/// One entry (sequence, KV head) as a cursor sees it.
struct Entry {
    DecodeCache cache;
    int index = 0, tiles = 0, position = 0, held = 0, newest = 0;

    /// Skips entries that hold nothing.
    __device__ void load(const DecodeAttentionParams& p, int entry) {
        index = entry;
        while ((tiles = p.tileStarts[index + 1] - p.tileStarts[index]) == 0) ++index;
        cache = p.caches[index];
        position = p.positions[index / p.kvHeads];
        held = heldSlots(cache, position);
        newest = newestPosition(cache, position);
    }
    __device__ bool isFresh(int tile) const { return cache.freshK && tile + 1 == tiles; }
    __device__ int newestSlot() const {
        return newest < cache.sink ? newest : cache.sink + (newest - cache.sink) % cache.ring;
    }
    /// The tile that the kernel before writes.
    __device__ int newestTile() const { return cache.freshK ? tiles - 1 : newestSlot() / kDecodeTile; }
    /// Lowest position of the ring that is visible.
    __device__ int lowest() const { return max(cache.ringFirst, position - cache.window + 1); }
    __device__ bool hidesHeldKeys() const { return lowest() > max(cache.sink, newest + 1 - cache.ring); }
    __device__ bool visible(int slot) const {
        if (slot >= held) return false;
        if (slot < cache.sink) return true;
        const int last = newestSlot() - cache.sink, r = slot - cache.sink;
        return newest - last + r - (r > last ? cache.ring : 0) >= lowest();
    }
};

/// Issues the copies of one tile: 16 rows of keys, then 16 of values.
template <int D>
__device__ void copyTile(const Entry& e, int tile, std::uint32_t stage, int lane) {
    constexpr int kChunks = D / 8; // of 16 bytes, a row
    const bool fresh = e.isFresh(tile);
    const char* k = static_cast<const char*>(fresh ? e.cache.freshK : e.cache.k);
    const char* v = static_cast<const char*>(fresh ? e.cache.freshV : e.cache.v);
    const int first = fresh ? 0 : tile * kDecodeTile, end = fresh ? 1 : e.held;
#pragma unroll
    for (int i = 0; i < kDecodeTile * kChunks / 32; ++i) {
        const int chunk = i * 32 + lane, row = chunk / kChunks, column = chunk % kChunks;
        const int slot = first + row;
        const bool valid = slot < end;
        const std::int64_t from = (static_cast<std::int64_t>(valid ? slot : 0) * D + column * 8) * 2;
        const std::uint32_t to = stage + row * Layout<D>::kPitch + column * 16;
        copyAsync16(to, k + from, valid);
        copyAsync16(to + kDecodeTile * Layout<D>::kPitch, v + from, valid);
    }
}

/// Running softmax of up to 16 query heads, as the accumulators of m16n8k16 hold it: this lane has rows lane
/// / 4 and lane / 4 + 8.
template <class T, int D, bool Wide>
struct State {
    /// BF16 keeps 8 bits: rounding probabilities would cost as much as rounding the output, so their rest is
    /// added.
    static constexpr bool kSplit = sizeof(T) == 2 && !__is_same(T, __half);
    std::uint32_t q[D / 16][4];
    float o[D / 8][4];
    float maximum[2], sum[2];

    __device__ void start(const DecodeAttentionParams& p, const Entry& e, int lane) {
        const int group = p.heads / p.kvHeads, row = lane / 4;
        const T* from = static_cast<const T*>(p.q) + e.index / p.kvHeads * p.qStride +
                        static_cast<std::int64_t>(e.index % p.kvHeads) * group * D;
        const auto pair = [&](int r, int column) {
            return r < group ? *reinterpret_cast<const std::uint32_t*>(from + r * D + column) : 0u;
        };
#pragma unroll
        for (int s = 0; s < D / 16; ++s) {
            const int column = s * 16 + lane % 4 * 2;
            q[s][0] = pair(row, column);
            q[s][1] = Wide ? pair(row + 8, column) : 0u;
            q[s][2] = pair(row, column + 8);
            q[s][3] = Wide ? pair(row + 8, column + 8) : 0u;
        }
#pragma unroll
        for (auto& tile : o)
#pragma unroll
            for (float& x : tile) x = 0;
        maximum[0] = maximum[1] = -INFINITY;
        sum[0] = sum[1] = 0;
    }

    /// scores [key half][4] of one tile, in units of log 2 once scaled.
    __device__ void scores(float (&s)[2][4], std::uint32_t keys, int lane) const {
        const std::uint32_t from =
            keys + ((lane & 7) + (lane >> 4) * 8) * Layout<D>::kPitch + ((lane >> 3) & 1) * 16;
#pragma unroll
        for (int step = 0; step < D / 16; ++step) {
            std::uint32_t b[4];
            loadMatrix4(b, from + step * 32);
            mma16816<T>(s[0], q[step], b[0], b[1]);
            mma16816<T>(s[1], q[step], b[2], b[3]);
        }
    }

    /// Replaces scores by probabilities relative to the running maximum and rescales what came before.
    __device__ void softmax(float (&s)[2][4], float scaleLog2) {
        constexpr int kRows = Wide ? 2 : 1;
#pragma unroll
        for (int r = 0; r < kRows; ++r) {
            float top = fmaxf(fmaxf(s[0][2 * r], s[0][2 * r + 1]), fmaxf(s[1][2 * r], s[1][2 * r + 1]));
            top = fmaxf(top, __shfl_xor_sync(~0u, top, 1));
            top = fmaxf(top, __shfl_xor_sync(~0u, top, 2)) * scaleLog2;
            const float next = fmaxf(maximum[r], top);
            const float base = next == -INFINITY ? 0.f : next; // a row that has seen no key yet
            if (__any_sync(~0u, next > maximum[r])) {
                const float shrink = exp2Fast(maximum[r] - base);
                sum[r] *= shrink;
#pragma unroll
                for (auto& tile : o) tile[2 * r] *= shrink, tile[2 * r + 1] *= shrink;
                maximum[r] = next;
            }
#pragma unroll
            for (int half = 0; half < 2; ++half)
#pragma unroll
                for (int i = 2 * r; i < 2 * r + 2; ++i) {
                    s[half][i] = exp2Fast(s[half][i] * scaleLog2 - base);
                    sum[r] += s[half][i];
                }
        }
    }

    __device__ void accumulate(const float (&s)[2][4], std::uint32_t values, int lane) {
        std::uint32_t a[4] = {}, rest[4] = {};
#pragma unroll
        for (int i = 0; i < 4; ++i) {
            if (!Wide && i % 2 == 1) continue;
            const float x = s[i / 2][i % 2 * 2], y = s[i / 2][i % 2 * 2 + 1];
            a[i] = packPair<T>(x, y);
            if constexpr (kSplit) {
                const float2 rounded = unpackPair<T>(a[i]);
                rest[i] = packPair<T>(x - rounded.x, y - rounded.y);
            }
        }
        const std::uint32_t from = values + (lane & 15) * Layout<D>::kPitch + (lane >> 4) * 16;
#pragma unroll
        for (int pair = 0; pair < D / 16; ++pair) {
            std::uint32_t b[4];
            loadMatrix4Transposed(b, from + pair * 32);
            mma16816<T>(o[2 * pair], a, b[0], b[1]);
            mma16816<T>(o[2 * pair + 1], a, b[2], b[3]);
            if constexpr (kSplit) {
                mma16816<T>(o[2 * pair], rest, b[0], b[1]);
                mma16816<T>(o[2 * pair + 1], rest, b[2], b[3]);
            }
        }
    }

    /// Writes the finished rows, or what is known of them to partial slot `slot` ≥ 0.
    __device__ void finish(const DecodeAttentionParams& p, const Entry& e, int slot, int lane) {
        const int group = p.heads / p.kvHeads;
        float* partials = static_cast<float*>(p.workspace);
        float* lse = partials + static_cast<std::int64_t>(2) * p.workers * group * D;
#pragma unroll
        for (int r = 0; r < (Wide ? 2 : 1); ++r) {
            float total = sum[r];
            total += __shfl_xor_sync(~0u, total, 1);
            total += __shfl_xor_sync(~0u, total, 2);
            const int row = lane / 4 + 8 * r;
            if (row >= group) continue;
            const float inverse = total > 0 ? 1 / total : 0.f;
            if (slot < 0) {
                T* to = static_cast<T*>(p.out) + e.index / p.kvHeads * p.outStride +
                        (static_cast<std::int64_t>(e.index % p.kvHeads) * group + row) * D + lane % 4 * 2;
#pragma unroll
                for (int n = 0; n < D / 8; ++n)
                    *reinterpret_cast<std::uint32_t*>(to + n * 8) =
                        packPair<T>(o[n][2 * r] * inverse, o[n][2 * r + 1] * inverse);
            } else {
                const std::int64_t at = static_cast<std::int64_t>(slot) * group + row;
                float* to = partials + at * D + lane % 4 * 2;
#pragma unroll
                for (int n = 0; n < D / 8; ++n)
                    *reinterpret_cast<float2*>(to + n * 8) =
                        make_float2(o[n][2 * r] * inverse, o[n][2 * r + 1] * inverse);
                if (lane % 4 == 0) lse[at] = total > 0 ? maximum[r] + log2f(total) : -INFINITY;
            }
        }
    }
};

template <class T, int D, bool Wide>
__global__ void __launch_bounds__(kDecodeBlockWarps * 32, 2) decodeShares(const DecodeAttentionParams p) {
    using L = Layout<D>;
    extern __shared__ __align__(128) unsigned char shared[];
    const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    const int worker = blockIdx.x * kDecodeBlockWarps + warp;
    const std::uint32_t stages = sharedAddress(shared) + warp * L::kWarpBytes;
    const int total = p.tileStarts[p.sequences * p.kvHeads];
    const int workers = busyWorkers(total, p.workers);
    if (worker >= workers) { // a kernel behind must not start before the one before this has ended
        waitForPreviousKernel();
        return;
    }
    const int begin = shareBegin(worker, total, workers), end = shareBegin(worker + 1, total, workers);

    Entry ahead; // what is being copied
    ahead.load(p, p.firstEntry[worker]);
    Entry now = ahead; // what is being computed
    int aheadTile = begin - p.tileStarts[ahead.index], tile = aheadTile;
    bool waited = false;
    const auto waitOnce = [&] {
        if (!waited) waitForPreviousKernel(), letNextKernelStart(), waited = true;
    };
    const auto copyNext = [&](int t) {
        if (t < end) {
            if (aheadTile == ahead.tiles) ahead.load(p, ahead.index + 1), aheadTile = 0;
            // The kernel before writes the newest row; all others are older and may be fetched while it runs.
            if (!waited && ahead.newestTile() == aheadTile) waitOnce();
            copyTile<D>(ahead, aheadTile++, stages + (t - begin) % L::kStages * L::kStageBytes, lane);
        }
        commitCopies();
    };
    for (int t = begin; t < begin + L::kStages - 1; ++t) copyNext(t);
    waitOnce();

    const float scaleLog2 = p.scale * kLog2e;
    State<T, D, Wide> state;
    bool masked = now.hidesHeldKeys();
    state.start(p, now, lane);
    int segmentBegin = begin - tile; // first tile of the current entry, in the layer's list
    for (int t = begin; t < end; ++t, ++tile) {
        if (tile == now.tiles) {
            const bool cut = segmentBegin < begin;
            state.finish(p, now, cut ? partialSlot(worker, false) : -1, lane);
            now.load(p, now.index + 1);
            segmentBegin = t, tile = 0;
            masked = now.hidesHeldKeys();
            state.start(p, now, lane);
        }
        waitCopies<L::kStages - 2>();
        __syncwarp(); // all lanes' copies of this tile have landed, and all have left the tile before
        copyNext(t + L::kStages - 1);
        const std::uint32_t keys = stages + (t - begin) % L::kStages * L::kStageBytes;
        float s[2][4] = {};
        state.scores(s, keys, lane);
        if (masked || (tile + 1) * kDecodeTile > now.held) {
            const bool fresh = now.isFresh(tile);
#pragma unroll
            for (int i = 0; i < 8; ++i) {
                const int row = i / 4 * 8 + lane % 4 * 2 + i % 2;
                const bool visible = fresh ? row == 0 : now.visible(tile * kDecodeTile + row);
                if (!visible) s[i / 4][i % 4] = -INFINITY;
            }
        }
        state.softmax(s, scaleLog2);
        state.accumulate(s, keys + kDecodeTile * L::kPitch, lane);
    }
    const bool cut = segmentBegin < begin || tile < now.tiles;
    state.finish(p, now, cut ? partialSlot(worker, begin < segmentBegin) : -1, lane);
}

template <class T, int D, bool Wide>
cudaError_t launchShares(const DecodeAttentionParams& p, cudaStream_t stream) {
    constexpr std::size_t kShared = kDecodeBlockWarps * Layout<D>::kWarpBytes;
    if (const auto e = allowSharedMemory(decodeShares<T, D, Wide>, kShared); e != cudaSuccess) return e;
    return launchKernel(decodeShares<T, D, Wide>, dim3(p.workers / kDecodeBlockWarps),
                        dim3(kDecodeBlockWarps * 32), kShared, stream, p.overlapPrevious, p);
}

template <class T, int D>
cudaError_t launchSharesFor(const DecodeAttentionParams& p, cudaStream_t stream) {
    return p.heads / p.kvHeads <= 8 ? launchShares<T, D, false>(p, stream)
                                    : launchShares<T, D, true>(p, stream);
}

} // namespace

cudaError_t launchDecodeMerge(const DecodeAttentionParams& params, cudaStream_t stream);

int decodeWorkers(int multiprocessors) {
    return 2 * multiprocessors * kDecodeBlockWarps;
}

std::size_t decodeWorkspaceBytes(int workers, int group, int headDim) {
    return static_cast<std::size_t>(2) * workers * group * (headDim + 1) * sizeof(float);
}

cudaError_t launchDecodeAttention(const DecodeAttentionParams& p, cudaStream_t stream) {
    const bool shaped =
        p.sequences > 0 && p.kvHeads > 0 && p.heads % p.kvHeads == 0 && p.heads / p.kvHeads <= 16;
    if (!shaped || p.workers <= 0 || p.workers % kDecodeBlockWarps != 0) return cudaErrorInvalidValue;
    const cudaError_t error = withElement(p.element, [&]<class T>(T) {
        return withHeadDim(p.headDim, [&]<int D>(std::integral_constant<int, D>) {
            return launchSharesFor<T, D>(p, stream);
        });
    });
    return error != cudaSuccess ? error : launchDecodeMerge(p, stream);
}

} // namespace moa::kernels::cuda
