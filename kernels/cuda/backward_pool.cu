// The ends of attention backward: δ of every row before, and after it the sums of all parts in a fixed order.
#include "kernels/cuda/backward_launch.h"
#include "kernels/cuda/backward_space.h"
#include "kernels/cuda/launch.h"

namespace moa::kernels::cuda {

namespace {

constexpr int kThreads = 256;

/// One warp a row and head.
template <class T>
__global__ void __launch_bounds__(kThreads) deltaRows(const AttentionBackwardParams p) {
    const int lane = threadIdx.x % 32;
    const std::int64_t row = blockIdx.x * (kThreads / 32ll) + threadIdx.x / 32;
    const int head = blockIdx.y, c = head * p.headDim + lane * 8;
    if (row >= p.n) return;
    float sum = 0;
    if (lane * 8 < p.headDim) {
        const Floats8 a = load8(static_cast<const T*>(p.dOut) + row * p.dOutStride + c);
        const Floats8 b = load8(static_cast<const T*>(p.out) + row * p.outStride + c);
#pragma unroll
        for (int i = 0; i < 8; ++i) sum += a.x[i] * b.x[i];
    }
    sum = warpSum(sum);
    if (lane == 0) p.delta[static_cast<std::int64_t>(head) * p.n + row] = sum;
}

__global__ void __launch_bounds__(kThreads) poolCosts(const RuleCostParams p, const CostSpace c) {
    const int head = blockIdx.y, i = blockIdx.x * kThreads + threadIdx.x;
    const double factor = p.factor ? static_cast<double>(*p.factor) : 1;
    const int costs = kSinkChoices * (c.tiles + 1), hist = kSinkChoices * c.tiles;
    const std::size_t firstPart = static_cast<std::size_t>(head) * c.parts;
    if (i < 2 * costs) {
        double sum = 0;
        for (int part = 0; part < c.parts; ++part) sum += c.costs[(firstPart + part) * c.costSize() + i];
        (i < costs ? p.cost : p.costSigned)[static_cast<std::size_t>(head) * costs + i % costs] =
            sum * factor;
    }
    if (i < hist) { // sink choice k: the windowed keys of tiles k … 3 and all the others
        const int k = i / c.tiles, t = i % c.tiles;
        double sum = 0;
        for (int part = 0; part < c.parts; ++part)
            for (int tile = k; tile < kSinkChoices; ++tile)
                sum += c.hist[(firstPart + part) * c.histSize() + tile * c.tiles + t];
        p.hist[static_cast<std::size_t>(head) * hist + i] = sum * factor;
    }
    const int cells = c.mapCells * c.mapCells;
    if (i < 2 * cells) {
        const int v = i / cells, cell = i % cells;
        const std::int64_t row = cell / c.mapCells;
        const auto firstOf = [&](std::int64_t at) { return (at * c.tiles + c.mapCells - 1) / c.mapCells; };
        double sum = 0;
        for (std::int64_t tile = firstOf(row);
             tile < min(firstOf(row + 1), static_cast<std::int64_t>(c.rowTiles)); ++tile)
            sum += static_cast<double>(
                c.mapRows[((static_cast<std::size_t>(head) * c.rowTiles + tile) * 2 + v) * c.mapCells +
                          cell % c.mapCells]);
        (v == 0 ? p.influenceMap : p.attentionMap)[static_cast<std::size_t>(head) * cells + cell] =
            static_cast<float>(v == 0 ? sum * factor : sum);
    }
}

std::size_t aligned(std::size_t bytes) {
    return (bytes + 255) / 256 * 256;
}

/// The arrays one behind the other from `base` on; returns the bytes.
std::size_t layOut(CostSpace& c, char* base, int heads, int multiprocessors) {
    std::size_t used = 0;
    const auto take = [&](std::size_t bytes) {
        char* at = base + used;
        used += aligned(bytes);
        return at;
    };
    const std::size_t parts = static_cast<std::size_t>(heads) * static_cast<std::size_t>(c.parts);
    const auto blocks = static_cast<std::size_t>(multiprocessors) * kBackwardBlocks;
    c.blocks = take(blocks * aligned(BlockSpace::bytes(c.tiles)));
    c.mapRows = reinterpret_cast<float*>(
        take(static_cast<std::size_t>(heads) * c.rowTiles * 2 * c.mapCells * sizeof(float)));
    const std::size_t zeroBegin = used;
    c.counter = reinterpret_cast<int*>(take(sizeof(int)));
    c.costs = reinterpret_cast<double*>(take(parts * c.costSize() * sizeof(double)));
    c.hist = reinterpret_cast<double*>(take(parts * c.histSize() * sizeof(double)));
    c.zeroBytes = used - zeroBegin;
    return used;
}

CostSpace shapeOf(int n, int tiles, int mapCells) {
    CostSpace c;
    c.parts = backwardParts(n), c.tiles = tiles, c.mapCells = mapCells;
    c.rowTiles = (n + kBackwardTile - 1) / kBackwardTile;
    return c;
}

bool isServed(const AttentionBackwardParams& p) {
    return p.n > 0 && p.n <= (1 << 22) && p.heads > 0 && p.kvHeads > 0 && p.heads % p.kvHeads == 0 &&
           p.sink >= 0 && p.delta;
}

} // namespace

CostSpace costSpaceOf(const RuleCostParams& p, int n, int heads, int multiprocessors) {
    CostSpace c = shapeOf(n, p.tiles, p.mapCells);
    layOut(c, static_cast<char*>(p.workspace), heads, multiprocessors);
    return c;
}

std::size_t ruleCostWorkspaceBytes(int n, int heads, int tiles, int mapCells, int multiprocessors) {
    CostSpace c = shapeOf(n, tiles, mapCells);
    return layOut(c, nullptr, heads, multiprocessors);
}

cudaError_t launchBackwardDelta(const AttentionBackwardParams& p, cudaStream_t stream) {
    const dim3 grid((p.n + kThreads / 32 - 1) / (kThreads / 32), p.heads);
    return withElement(p.element, [&]<class T>(T) {
        return launchKernel(deltaRows<T>, grid, dim3(kThreads), 0, stream, false, p);
    });
}

cudaError_t launchPoolCosts(const RuleCostParams& p, const CostSpace& c, int heads, cudaStream_t stream) {
    const std::size_t cells = static_cast<std::size_t>(c.mapCells) * c.mapCells;
    const std::size_t most = c.costSize() > 2 * cells ? c.costSize() : 2 * cells;
    const dim3 grid(static_cast<unsigned>((most + kThreads - 1) / kThreads), heads);
    return launchKernel(poolCosts, grid, dim3(kThreads), 0, stream, false, p, c);
}

cudaError_t launchAttentionBackward(const AttentionBackwardParams& p, const RuleCostParams* costs,
                                    cudaStream_t stream) {
    if (!isServed(p)) return cudaErrorInvalidValue;
    if (costs && (p.windows || costs->tiles < (p.n + kBackwardTile - 1) / kBackwardTile ||
                  costs->mapCells < 1 || costs->mapCells > costs->tiles))
        return cudaErrorInvalidValue;
    if (const auto e = launchBackwardDelta(p, stream); e != cudaSuccess) return e;
    if (const auto e = launchBackwardRows(p, costs, stream); e != cudaSuccess) return e;
    if (const auto e = launchBackwardKeys(p, stream); e != cudaSuccess) return e;
    if (!costs) return cudaSuccess;
    int device = 0, multiprocessors = 0;
    if (const auto e = cudaGetDevice(&device); e != cudaSuccess) return e;
    cudaDeviceGetAttribute(&multiprocessors, cudaDevAttrMultiProcessorCount, device);
    return launchPoolCosts(*costs, costSpaceOf(*costs, p.n, p.heads, multiprocessors), p.heads, stream);
}

} // namespace moa::kernels::cuda
