// Prefill attention on Hopper. A block is one producer warpgroup, which feeds the tensor copy engine, and two
// consumer warpgroups of 64 query rows each, which take turns: while one multiplies, the other's softmax
// runs. Within a consumer the scores of the next key tile are multiplied while this one's softmax and output
// product are under way. Blocks are persistent and draw tiles from a counter, longest first within groups of
// heads whose keys fit the L2 cache together.
#include "kernels/cuda/element.cuh"
#include "kernels/cuda/hopper.cuh"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/prefill_launch.h"
#include "kernels/cuda/prefill_mask.cuh"
#include "kernels/cuda/wgmma.cuh"

#include <cmath>
#include <mutex>

namespace moa::kernels::cuda {

namespace {

constexpr int kRows = 128, kKeys = 128; // of a tile
constexpr int kWarpgroup = 128;         // threads
constexpr int kConsumers = 2;           // warpgroups
constexpr int kThreads = (kConsumers + 1) * kWarpgroup;
constexpr int kStages = 2;
constexpr int kPanel = 64;                  // columns of a swizzled panel: 128 bytes
constexpr int kPanelBytes = kKeys * 128;    // rows and keys of a tile are equally many
[[maybe_unused]] constexpr int kHalfBytes = kKeyBlock * 128; // of a panel: one of the two key blocks of a tile
[[maybe_unused]] constexpr float kLog2e = 1.4426950408889634f;

struct HopperParams {
    CUtensorMap q, k, v;
    PrefillAttentionParams p;
    int* counter = nullptr; ///< next tile
    int rowBlocks = 0, tiles = 0;
    int headsPerSection = 0; ///< query heads, of all sequences one after the other
};

struct Tile {
    int sequence, head, kvHead, firstRow; ///< firstRow: index of the first query row
};

__device__ Tile tileOf(const HopperParams& h, int index) {
    const int allHeads = h.p.sequences * h.p.heads, perSection = h.headsPerSection * h.rowBlocks;
    const int section = index / perSection, rest = index % perSection;
    const int heads = min(h.headsPerSection, allHeads - section * h.headsPerSection);
    const int head = section * h.headsPerSection + rest % heads;
    return {head / h.p.heads, head % h.p.heads, head % h.p.heads / (h.p.heads / h.p.kvHeads),
            (h.rowBlocks - 1 - rest / heads) * kRows};
}

__device__ KeyBlocks keyBlocksOf(const HopperParams& h, const Tile& t, int window) {
    const int offset = h.p.keyTokens - h.p.queryTokens;
    const int last = min(t.firstRow + kRows, h.p.queryTokens) - 1;
    return KeyBlocks(t.firstRow + offset, last + offset, window, h.p.sink);
}

/// A key tile is two key blocks, wherever they lie; behind the last block are zeros that every mask hides.
__device__ int keyTiles(const KeyBlocks& blocks) {
    return (blocks.count + 1) / 2;
}

/// Shared memory of a block: tiles first (aligned for the swizzle), then barriers and the current tile's
/// index.
template <int D>
struct Shared {
    static constexpr int kTileBytes = D / kPanel * kPanelBytes;
    static constexpr int kTiles = 2 + 2 * kStages; ///< two of queries, kStages each of keys and values
    static constexpr int kBytes = kTiles * kTileBytes + 256 + 1024;
    std::uint32_t base;

    __device__ explicit Shared(const void* raw) : base((sharedAddress(raw) + 1023) & ~1023u) {}
    __device__ std::uint32_t q(int buffer) const { return base + buffer * kTileBytes; }
    __device__ std::uint32_t k(int stage) const { return base + (2 + stage) * kTileBytes; }
    __device__ std::uint32_t v(int stage) const { return base + (2 + kStages + stage) * kTileBytes; }
    __device__ Barrier barrier(int i) const { return {base + kTiles * kTileBytes + 8 * i}; }
    __device__ Barrier qFull(int buffer) const { return barrier(buffer); }
    __device__ Barrier qEmpty(int buffer) const { return barrier(2 + buffer); }
    __device__ Barrier kFull(int s) const { return barrier(4 + s); }
    __device__ Barrier kEmpty(int s) const { return barrier(4 + kStages + s); }
    __device__ Barrier vFull(int s) const { return barrier(4 + 2 * kStages + s); }
    __device__ Barrier vEmpty(int s) const { return barrier(4 + 3 * kStages + s); }
    /// Index of the tile whose queries are in the buffer; −1: no more.
    __device__ std::uint32_t tileIndex(int buffer) const {
        return base + kTiles * kTileBytes + 192 + 4 * buffer;
    }

    __device__ void initBarriers() const {
        constexpr int kConsumerWarps = kConsumers * 4;
        for (int b = 0; b < 2; ++b) qFull(b).init(1), qEmpty(b).init(kConsumerWarps);
        for (int s = 0; s < kStages; ++s) {
            kFull(s).init(1), vFull(s).init(1);
            kEmpty(s).init(kConsumerWarps), vEmpty(s).init(kConsumerWarps);
        }
        asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
    }
};

/// Position in a ring of stages, with the parity of its current round.
template <int Stages>
struct Pipe {
    int stage = 0, parity = 0;
    __device__ void advance() {
        if (++stage == Stages) stage = 0, parity ^= 1;
    }
};

/// Two boxes of 64 rows of a (sequence, head), from tokens `first` and `second` on.
template <int D>
__device__ void copyTile(const CUtensorMap* map, std::uint32_t to, Barrier barrier, int first, int second,
                         int head, int sequence) {
    barrier.expect(Shared<D>::kTileBytes);
#pragma unroll
    for (int panel = 0; panel < D / kPanel; ++panel) {
        copyBox(map, to + panel * kPanelBytes, barrier, panel * kPanel, first, head, sequence);
        copyBox(map, to + panel * kPanelBytes + kHalfBytes, barrier, panel * kPanel, second, head, sequence);
    }
}

/// The producer: one thread.
template <int D>
__device__ void produce(const HopperParams& h, const Shared<D>& shared) {
    Pipe<kStages> kv;
    for (Pipe<2> queries;; queries.advance()) {
        const int index = atomicAdd(h.counter, 1), q = queries.stage;
        shared.qEmpty(q).wait(queries.parity ^ 1);
        asm volatile("st.shared.u32 [%0], %1;" ::"r"(shared.tileIndex(q)), "r"(index < h.tiles ? index : -1)
                     : "memory");
        if (index >= h.tiles) {
            shared.qFull(q).arrive();
            return;
        }
        const Tile t = tileOf(h, index);
        const KeyBlocks keys = keyBlocksOf(h, t, h.p.windows[t.kvHead]);
        copyTile<D>(&h.q, shared.q(q), shared.qFull(q), t.firstRow, t.firstRow + 64, t.head, t.sequence);
        for (int i = 0; i < keyTiles(keys); ++i) {
            const int first = keys.firstKey(2 * i, h.p.keyTokens),
                      second = keys.firstKey(2 * i + 1, h.p.keyTokens);
            shared.kEmpty(kv.stage).wait(kv.parity ^ 1);
            copyTile<D>(&h.k, shared.k(kv.stage), shared.kFull(kv.stage), first, second, t.kvHead,
                        t.sequence);
            shared.vEmpty(kv.stage).wait(kv.parity ^ 1);
            copyTile<D>(&h.v, shared.v(kv.stage), shared.vFull(kv.stage), first, second, t.kvHead,
                        t.sequence);
            kv.advance();
        }
    }
}

/// Keeps the compiler from moving accesses to accumulators across the waits for the products that make them.
template <int Count>
__device__ void fenceRegisters(float (&c)[Count]) {
#pragma unroll
    for (int i = 0; i < Count; ++i) asm volatile("" : "+f"(c[i])::"memory");
}

/// One consumer warpgroup's 64 rows; this thread has rows `row` and `row` + 8 of each accumulator.
template <class T, int D>
struct Consumer {
    float o[D / 2];
    float s[kKeys / 2];
    std::uint32_t probabilities[kKeys / 16][4];
    float maximum[2], sum[2];
    float scaleLog2;
    int firstRow, column; ///< position of this thread's first row, its first column within eight

    __device__ void start() {
#pragma unroll
        for (int i = 0; i < D / 2; ++i) o[i] = 0;
        maximum[0] = maximum[1] = -INFINITY;
        sum[0] = sum[1] = 0;
    }

    __device__ void issueScores(std::uint32_t q, std::uint32_t k) {
        fenceRegisters(s);
        wgmmaFence();
#pragma unroll
        for (int step = 0; step < D / 16; ++step) {
            const int panel = step / 4 * kPanelBytes, within = step % 4 * 32;
            Wgmma<T, kKeys>::shared(s, tileDescriptor(q + panel + within), tileDescriptor(k + panel + within),
                                    step > 0);
        }
        wgmmaCommit();
    }

    __device__ void issueOutput(std::uint32_t v) {
        fenceRegisters(o);
        wgmmaFence();
#pragma unroll
        for (int step = 0; step < kKeys / 16; ++step)
            Wgmma<T, D>::registers(o, probabilities[step], tileDescriptor(v + step * 16 * 128, kPanelBytes));
        wgmmaCommit();
    }

    /// Hides keys of one half of the tile, the key block from `firstKey` on. A block of the sink is never
    /// below the window's edge; one comparison a key then says both whether it is new enough and whether it
    /// is past.
    template <int Half>
    __device__ void mask(int firstKey, int window, int sink) {
        const bool inSink = firstKey < sink;
#pragma unroll
        for (int r = 0; r < 2; ++r) {
            const int row = firstRow + 8 * r, lowest = inSink ? 0 : row - window + 1;
            const auto distance = static_cast<unsigned>(firstKey + column - lowest);
            const auto visible = static_cast<unsigned>(row - lowest);
#pragma unroll
            for (int i = 0; i < kKeyBlock / 4; ++i) {
                float& x = s[Half * kKeyBlock / 2 + i / 2 * 4 + 2 * r + i % 2];
                x = distance + static_cast<unsigned>(i / 2 * 8 + i % 2) <= visible ? x : -INFINITY;
            }
        }
    }

    /// Scores to exponentials relative to the new maximum; returns what earlier sums shrink by.
    __device__ void softmax(float (&shrink)[2]) {
#pragma unroll
        for (int r = 0; r < 2; ++r) {
            float top = maximum[r];
#pragma unroll
            for (int n = 0; n < kKeys / 8; ++n)
                top = fmaxf(top, fmaxf(s[4 * n + 2 * r], s[4 * n + 2 * r + 1]));
            top = fmaxf(top, __shfl_xor_sync(~0u, top, 1));
            top = fmaxf(top, __shfl_xor_sync(~0u, top, 2));
            const float base = top == -INFINITY ? 0.f : top * scaleLog2;
            shrink[r] = exp2Fast(maximum[r] * scaleLog2 - base);
            maximum[r] = top;
            float added = 0;
#pragma unroll
            for (int n = 0; n < kKeys / 8; ++n) {
                float& x = s[4 * n + 2 * r];
                float& y = s[4 * n + 2 * r + 1];
                x = exp2Fast(x * scaleLog2 - base);
                y = exp2Fast(y * scaleLog2 - base);
                added += x + y;
            }
            sum[r] = sum[r] * shrink[r] + added;
        }
    }

    __device__ void packProbabilities() {
#pragma unroll
        for (int step = 0; step < kKeys / 16; ++step)
#pragma unroll
            for (int i = 0; i < 4; ++i)
                probabilities[step][i] = packPair<T>(s[step * 8 + 2 * i], s[step * 8 + 2 * i + 1]);
                // Packed here and now: a conversion that sinks between two products makes the compiler
                // serialise them.
#pragma unroll
        for (int step = 0; step < kKeys / 16; ++step)
#pragma unroll
            for (int i = 0; i < 4; ++i) asm volatile("" : "+r"(probabilities[step][i])::"memory");
    }

    __device__ void rescale(const float (&shrink)[2]) {
#pragma unroll
        for (int i = 0; i < D / 2; ++i) o[i] *= shrink[i % 4 / 2];
    }
};

/// Lane j of each four gets the packed pairs of column block j, in the order of the lanes.
__device__ inline void transpose4(std::uint32_t (&v)[4], int lane) {
    const auto exchange = [&](std::uint32_t& low, std::uint32_t& high, int step) {
        const bool upper = lane & step;
        const std::uint32_t given = __shfl_xor_sync(~0u, upper ? low : high, step);
        low = upper ? given : low;
        high = upper ? high : given;
    };
    exchange(v[0], v[1], 1);
    exchange(v[2], v[3], 1);
    exchange(v[0], v[2], 2);
    exchange(v[1], v[3], 2);
}

template <class T, int D>
__device__ void writeRows(const HopperParams& h, const Tile& t, Consumer<T, D>& c, int row, int lane) {
#pragma unroll
    for (int r = 0; r < 2; ++r) {
        float total = c.sum[r];
        total += __shfl_xor_sync(~0u, total, 1);
        total += __shfl_xor_sync(~0u, total, 2);
        const float inverse = 1.f / total;
        const int queryRow = row + 8 * r;
        T* to = static_cast<T*>(h.p.out.data) + t.sequence * h.p.out.sequenceStride +
                t.head * h.p.out.headStride + queryRow * h.p.out.tokenStride;
#pragma unroll
        for (int block = 0; block < D / 8; block += 4) {
            std::uint32_t v[4];
#pragma unroll
            for (int i = 0; i < 4; ++i)
                v[i] = packPair<T>(c.o[(block + i) * 4 + 2 * r] * inverse,
                                   c.o[(block + i) * 4 + 2 * r + 1] * inverse);
            transpose4(v, lane);
            if (queryRow < h.p.queryTokens)
                *reinterpret_cast<uint4*>(to + (block + lane % 4) * 8) = make_uint4(v[0], v[1], v[2], v[3]);
        }
        if (h.p.lse && lane % 4 == 0 && queryRow < h.p.queryTokens) {
            const std::int64_t stride = h.p.lseStride ? h.p.lseStride : h.p.queryTokens;
            h.p.lse[(static_cast<std::int64_t>(t.sequence) * h.p.heads + t.head) * stride + queryRow] =
                (c.maximum[r] * c.scaleLog2 + log2f(total)) / kLog2e;
        }
    }
}

template <class T, int D>
__device__ void consume(const HopperParams& h, const Shared<D>& shared, int group) {
    const int thread = threadIdx.x % kWarpgroup, lane = thread % 32;
    const int rowInTile = group * 64 + thread / 32 * 16 + lane / 4;
    const bool signals = lane == 0;
    Consumer<T, D> c;
    c.scaleLog2 = h.p.scale * kLog2e;
    c.column = lane % 4 * 2;
    Pipe<kStages> kv;
    // The first turn is the first warpgroup's.
    if (group == 1) namedBarrierArrive(2, 2 * kWarpgroup);
    for (Pipe<2> queries;; queries.advance()) {
        shared.qFull(queries.stage).wait(queries.parity);
        int index = 0; // read by the lane that later hands the buffer back
        if (signals)
            asm volatile("ld.shared.u32 %0, [%1];"
                         : "=r"(index)
                         : "r"(shared.tileIndex(queries.stage))
                         : "memory");
        index = __shfl_sync(~0u, index, 0);
        if (index < 0) return;
        const std::uint32_t q = shared.q(queries.stage) + group * 64 * 128;
        const Tile t = tileOf(h, index);
        const int window = h.p.windows[t.kvHead], sink = h.p.sink;
        const KeyBlocks keys = keyBlocksOf(h, t, window);
        const int first = t.firstRow + group * 64 + h.p.keyTokens - h.p.queryTokens;
        c.firstRow = t.firstRow + rowInTile + h.p.keyTokens - h.p.queryTokens;
        const auto maskTile = [&](int i) {
            const int low = keys.firstKey(2 * i, h.p.keyTokens),
                      high = keys.firstKey(2 * i + 1, h.p.keyTokens);
            if (hidesAny(low, low + kKeyBlock - 1, first, first + 63, window, sink))
                c.template mask<0>(low, window, sink);
            if (hidesAny(high, high + kKeyBlock - 1, first, first + 63, window, sink))
                c.template mask<1>(high, window, sink);
        };
        const auto turn = [&] { namedBarrierSync(2 + group, 2 * kWarpgroup); };
        const auto passTurn = [&] { namedBarrierArrive(3 - group, 2 * kWarpgroup); };
        const int tiles = keyTiles(keys);
        c.start();
        float shrink[2];

        shared.kFull(kv.stage).wait(kv.parity);
        turn();
        c.issueScores(q, shared.k(kv.stage));
        passTurn();
        wgmmaWait<0>();
        fenceRegisters(c.s);
        if (signals) shared.kEmpty(kv.stage).arrive();
        maskTile(0);
        c.softmax(shrink);
        c.packProbabilities();
        Pipe<kStages> values = kv; // the tile whose output product is due
        kv.advance();
        for (int i = 1; i < tiles; ++i) {
            shared.kFull(kv.stage).wait(kv.parity);
            turn();
            c.issueScores(q, shared.k(kv.stage));
            shared.vFull(values.stage).wait(values.parity);
            c.issueOutput(shared.v(values.stage));
            passTurn();
            wgmmaWait<1>();
            fenceRegisters(c.s);
            if (signals) shared.kEmpty(kv.stage).arrive();
            maskTile(i);
            c.softmax(shrink);
            wgmmaWait<0>();
            fenceRegisters(c.o);
            if (signals) shared.vEmpty(values.stage).arrive();
            c.rescale(shrink);
            c.packProbabilities();
            values = kv;
            kv.advance();
        }
        if (signals) shared.qEmpty(queries.stage).arrive();
        shared.vFull(values.stage).wait(values.parity);
        c.issueOutput(shared.v(values.stage));
        wgmmaWait<0>();
        fenceRegisters(c.o);
        if (signals) shared.vEmpty(values.stage).arrive();
        writeRows(h, t, c, t.firstRow + rowInTile, lane);
    }
}

template <class T, int D>
__global__ void __launch_bounds__(kThreads, 1) prefillTiles(const __grid_constant__ HopperParams h) {
#if __CUDA_ARCH_FEAT_SM90_ALL
    extern __shared__ unsigned char raw[];
    const Shared<D> shared(raw);
    if (threadIdx.x == 0) {
        prefetchMap(&h.q), prefetchMap(&h.k), prefetchMap(&h.v);
        shared.initBarriers();
    }
    __syncthreads();
    const int warpgroup = threadIdx.x / kWarpgroup;
    if (warpgroup == 0) {
        giveRegisters<24>();
        if (threadIdx.x == 0) produce<D>(h, shared);
    } else {
        takeRegisters<240>();
        consume<T, D>(h, shared, warpgroup - 1);
    }
#endif
}

using EncodeTiled = decltype(&cuTensorMapEncodeTiled);

/// The driver's function, found once.
EncodeTiled encodeTiled() {
    static std::once_flag once;
    static EncodeTiled function = nullptr;
    std::call_once(once, [] {
        void* found = nullptr;
        cudaDriverEntryPointQueryResult status{};
        if (cudaGetDriverEntryPointByVersion("cuTensorMapEncodeTiled", &found, 12000, cudaEnableDefault,
                                             &status) == cudaSuccess &&
            status == cudaDriverEntryPointSuccess)
            function = reinterpret_cast<EncodeTiled>(found);
    });
    return function;
}

bool encode(CUtensorMap& map, const HeadRows& rows, const PrefillAttentionParams& p, int tokens, int heads) {
    const EncodeTiled function = encodeTiled();
    const auto d = static_cast<cuuint64_t>(p.headDim);
    const cuuint64_t sizes[] = {d, static_cast<cuuint64_t>(tokens), static_cast<cuuint64_t>(heads),
                                static_cast<cuuint64_t>(p.sequences)};
    // A stride of a dimension of size 1 may be 0, which the driver refuses.
    const auto bytes = [&](std::int64_t stride) {
        return static_cast<cuuint64_t>(stride > 0 ? stride * 2 : 16);
    };
    const cuuint64_t strides[] = {bytes(rows.tokenStride), bytes(rows.headStride),
                                  bytes(rows.sequenceStride)};
    const cuuint32_t box[] = {kPanel, kKeyBlock, 1, 1}, steps[] = {1, 1, 1, 1};
    const auto type =
        p.element == Element::F16 ? CU_TENSOR_MAP_DATA_TYPE_FLOAT16 : CU_TENSOR_MAP_DATA_TYPE_BFLOAT16;
    return function &&
           function(&map, type, 4, rows.data, sizes, strides, box, steps, CU_TENSOR_MAP_INTERLEAVE_NONE,
                    CU_TENSOR_MAP_SWIZZLE_128B, CU_TENSOR_MAP_L2_PROMOTION_L2_256B,
                    CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE) == CUDA_SUCCESS;
}

template <class T, int D>
cudaError_t launchFor(const HopperParams& h, int blocks, cudaStream_t stream) {
    if (const auto e = allowSharedMemory(prefillTiles<T, D>, Shared<D>::kBytes); e != cudaSuccess) return e;
    return launchKernel(prefillTiles<T, D>, dim3(blocks), dim3(kThreads), Shared<D>::kBytes, stream, false,
                        h);
}

} // namespace

bool servedByHopper(const PrefillAttentionParams& p) {
#ifdef MOA_CUDA_HAS_90A
    return (p.headDim == 64 || p.headDim == 128) && p.sink % kKeyBlock == 0;
#else
    (void)p;
    return false;
#endif
}

cudaError_t launchPrefillHopper(const PrefillAttentionParams& p, int multiprocessors, cudaStream_t stream) {
    HopperParams h;
    h.p = p;
    h.counter = static_cast<int*>(p.workspace);
    h.rowBlocks = (p.queryTokens + kRows - 1) / kRows;
    h.tiles = h.rowBlocks * p.heads * p.sequences;
    // Heads whose keys and values stay in the L2 cache together.
    constexpr std::int64_t kSectionBytes = std::int64_t(24) << 20;
    const std::int64_t kvBytes = static_cast<std::int64_t>(p.keyTokens) * p.headDim * 4;
    const std::int64_t kvHeads = kSectionBytes / kvBytes;
    const int group = p.heads / p.kvHeads;
    h.headsPerSection = static_cast<int>(kvHeads < 1 ? 1 : kvHeads > 1024 ? 1024 : kvHeads) * group;
    if (!encode(h.q, p.q, p, p.queryTokens, p.heads) || !encode(h.k, p.k, p, p.keyTokens, p.kvHeads) ||
        !encode(h.v, p.v, p, p.keyTokens, p.kvHeads))
        return cudaErrorInvalidValue;
    if (const auto e = cudaMemsetAsync(h.counter, 0, sizeof(int), stream); e != cudaSuccess) return e;
    const int blocks = h.tiles < multiprocessors ? h.tiles : multiprocessors;
    return withElement(p.element, [&]<class T>(T) {
        return p.headDim == 64 ? launchFor<T, 64>(h, blocks, stream) : launchFor<T, 128>(h, blocks, stream);
    });
}

} // namespace moa::kernels::cuda
