#include "engine/backend/cpu/cpu_attention.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace moa {

namespace {

float* f32(const Tensor& t) { return static_cast<float*>(t.data); }

using kernels::kTile;

struct TileTask {
    std::size_t item;
    int head; ///< query head; for a decode task the KV head
    std::int64_t row;
    std::int64_t keys; ///< rough number of keys seen, for balance
};

} // namespace

/// Sink, the ring's one or two runs, and the new rows: at most four runs of consecutive positions.
struct CpuAttention::HeadKeys {
    std::array<kernels::KeySegment, 4> segments{};
    int count = 0;
    std::int64_t held = 0;

    void add(const float* k, const float* v, std::int64_t first, std::int64_t rows) {
        if (rows <= 0) return;
        segments[static_cast<std::size_t>(count++)] = {k, v, first, rows};
        held += rows;
    }

    HeadKeys(const BatchItem& item, const AttentionShape& shape, int kvHead, const float* newK, const float* newV) {
        const std::int64_t dim = shape.headDim;
        if (!item.cache.empty() && item.held > 0) {
            const KvHeadCache& c = item.cache[static_cast<std::size_t>(kvHead)];
            const auto* k = static_cast<const float*>(c.k);
            const auto* v = static_cast<const float*>(c.v);
            add(k, v, 0, std::min(item.held, c.sink));
            for (std::int64_t p = std::max(c.ringFirst, c.sink); p < item.held;) {
                const std::int64_t slot = (p - c.sink) % c.ring;
                const std::int64_t run = std::min(item.held - p, c.ring - slot);
                add(k + (c.sink + slot) * dim, v + (c.sink + slot) * dim, p, run);
                p += run;
            }
        }
        add(newK + item.newRow * dim, newV + item.newRow * dim, item.held, item.newRows);
    }
};

CpuAttention::CpuAttention(ThreadPool& pool)
    : m_pool(pool), m_workspaces(static_cast<std::size_t>(pool.threads())) {}

float* CpuAttention::workspace(int worker, std::size_t floats) {
    auto& ws = m_workspaces[static_cast<std::size_t>(worker)];
    if (ws.size() < floats + 16) ws.resize(floats + 16);
    auto address = reinterpret_cast<std::uintptr_t>(ws.data());
    return reinterpret_cast<float*>((address + 63) / 64 * 64);
}

void CpuAttention::packNewKeys(const AttentionShape& shape, const Tensor& k, const Tensor& v) {
    const std::size_t dim = static_cast<std::size_t>(shape.headDim);
    const std::size_t size = static_cast<std::size_t>(k.rows) * static_cast<std::size_t>(shape.kvHeads) * dim;
    m_packedK.resize(size);
    m_packedV.resize(size);
    const auto pack = [&](const Tensor& from, std::vector<float>& to) {
        for (int g = 0; g < shape.kvHeads; ++g)
            for (std::int64_t r = 0; r < from.rows; ++r)
                std::memcpy(to.data() + (static_cast<std::size_t>(g) * static_cast<std::size_t>(from.rows) +
                                         static_cast<std::size_t>(r)) * dim,
                            f32(from) + r * from.stride + g * shape.headDim, dim * sizeof(float));
    };
    pack(k, m_packedK);
    pack(v, m_packedV);
}

void CpuAttention::forward(const AttentionShape& shape, const Tensor& q, const Tensor& k, const Tensor& v,
                           const Tensor& out, const Tensor& lse, std::span<const BatchItem> items) {
    packNewKeys(shape, k, v);
    const int dim = shape.headDim, group = shape.groupSize();
    std::vector<TileTask> tasks;
    for (std::size_t i = 0; i < items.size(); ++i) {
        const BatchItem& item = items[i];
        if (item.queryRows == 1 && !lse.data)
            for (int g = 0; g < shape.kvHeads; ++g)
                tasks.push_back({i, g, -1, std::min(item.windows[static_cast<std::size_t>(g)], item.held)});
        else
            for (int h = 0; h < shape.heads; ++h)
                for (std::int64_t r = 0; r < item.queryRows; r += kTile) tasks.push_back({i, h, r, item.held + r});
    }
    // Longest first, so that no thread is left alone with a long tile at the end.
    std::stable_sort(tasks.begin(), tasks.end(), [](const TileTask& a, const TileTask& b) { return a.keys > b.keys; });

    const std::size_t headFloats = static_cast<std::size_t>(k.rows) * static_cast<std::size_t>(dim);
    m_pool.run(static_cast<std::int64_t>(tasks.size()), [&](std::int64_t t, int worker) {
        const TileTask& task = tasks[static_cast<std::size_t>(t)];
        const BatchItem& item = items[task.item];
        const bool decode = task.row < 0;
        const int g = decode ? task.head : task.head / group;
        const HeadKeys keys(item, shape, g, m_packedK.data() + static_cast<std::size_t>(g) * headFloats,
                            m_packedV.data() + static_cast<std::size_t>(g) * headFloats);
        const kernels::KeySet set{keys.segments.data(), keys.count, item.sink,
                                  item.windows[static_cast<std::size_t>(g)]};
        const std::int64_t firstQuery = item.held + item.newRows - item.queryRows;
        if (decode) {
            const int first = g * group * dim;
            kernels::attentionDecode({f32(q) + item.queryRow * q.stride + first, group, firstQuery, set, dim,
                                      shape.scale(), f32(out) + item.queryRow * out.stride + first,
                                      workspace(worker, kernels::decodeWorkspaceFloats(group, keys.held))});
            return;
        }
        const std::int64_t row = item.queryRow + task.row;
        kernels::ForwardTileParams p;
        p.q = f32(q) + row * q.stride + task.head * dim;
        p.qStride = q.stride;
        p.firstPosition = firstQuery + task.row;
        p.rows = static_cast<int>(std::min<std::int64_t>(kTile, item.queryRows - task.row));
        p.keys = set;
        p.headDim = dim;
        p.scale = shape.scale();
        p.out = f32(out) + row * out.stride + task.head * dim;
        p.outStride = out.stride;
        p.lse = lse.data ? f32(lse) + task.head * lse.stride + row : nullptr;
        p.workspace = workspace(worker, kernels::forwardWorkspaceFloats(dim));
        kernels::attentionForwardTile(p);
    });
}

void CpuAttention::append(const AttentionShape& shape, const Tensor& k, const Tensor& v,
                          std::span<const BatchItem> items) {
    const std::size_t bytes = static_cast<std::size_t>(shape.headDim) * sizeof(float);
    for (const BatchItem& item : items)
        for (int g = 0; g < shape.kvHeads; ++g) {
            const KvHeadCache& c = item.cache[static_cast<std::size_t>(g)];
            for (std::int64_t r = 0; r < item.newRows; ++r) {
                const std::int64_t p = item.held + r;
                // A row that a later row of this same chunk would overwrite need not be written.
                if (p >= c.sink && item.newRows - r > c.ring) continue;
                const std::int64_t slot = p < c.sink ? p : c.sink + (p - c.sink) % c.ring;
                const std::int64_t from = (item.newRow + r) * k.stride + g * shape.headDim;
                std::memcpy(static_cast<float*>(c.k) + slot * shape.headDim, f32(k) + from, bytes);
                std::memcpy(static_cast<float*>(c.v) + slot * shape.headDim, f32(v) + from, bytes);
            }
        }
}

void CpuAttention::backward(const AttentionBackwardArgs& a) {
    const AttentionShape& shape = a.shape;
    packNewKeys(shape, a.k, a.v);
    const int dim = shape.headDim, group = shape.groupSize(), pad = kernels::paddedDim(dim);
    const std::int64_t n = a.q.rows;
    const std::size_t perHead = static_cast<std::size_t>(n) * static_cast<std::size_t>(pad);
    // Query heads are the unit of work. Each keeps its own dK and dV, added up in order afterwards: the result
    // does not depend on the number of threads.
    std::vector<float> dK(perHead * static_cast<std::size_t>(shape.heads)), dV(dK.size());
    m_pool.run(shape.heads, [&](std::int64_t head, int worker) {
        const int h = static_cast<int>(head), g = h / group;
        const std::size_t packed = static_cast<std::size_t>(g) * static_cast<std::size_t>(n * dim);
        kernels::RuleCostSums sums;
        if (a.sums) {
            const HeadCostSums& s = *a.sums;
            const std::size_t line = static_cast<std::size_t>(h) * kernels::kSinkChoices;
            const std::size_t tiles = static_cast<std::size_t>(s.tiles);
            const std::size_t cells = static_cast<std::size_t>(s.mapCells) * static_cast<std::size_t>(s.mapCells);
            sums = {s.tiles, s.cost.data() + line * (tiles + 1), s.costSigned.data() + line * (tiles + 1),
                    s.hist.data() + line * tiles, s.influenceMap.data() + static_cast<std::size_t>(h) * cells,
                    s.attentionMap.data() + static_cast<std::size_t>(h) * cells, s.mapCells};
        }
        kernels::BackwardHeadParams p;
        p.q = f32(a.q) + h * dim;
        p.qStride = a.q.stride;
        p.k = m_packedK.data() + packed;
        p.v = m_packedV.data() + packed;
        p.out = f32(a.out) + h * dim;
        p.dOut = f32(a.dOut) + h * dim;
        p.outStride = a.out.stride;
        p.lse = f32(a.lse) + h * a.lse.stride;
        p.n = n;
        p.sink = a.sink;
        p.window = a.windows[static_cast<std::size_t>(g)];
        p.headDim = dim;
        p.scale = shape.scale();
        p.dQ = f32(a.dQ) + h * dim;
        p.dK = dK.data() + static_cast<std::size_t>(h) * perHead;
        p.dV = dV.data() + static_cast<std::size_t>(h) * perHead;
        p.sums = a.sums ? &sums : nullptr;
        p.workspace = workspace(worker, kernels::backwardWorkspaceFloats(dim, n));
        // In runs of rows, so that a stop is noticed within a long sample.
        for (p.firstRow = 0; p.firstRow < n && !a.stop.stop_requested(); p.firstRow += 4 * kTile) {
            p.rowCount = std::min<std::int64_t>(4 * kTile, n - p.firstRow);
            kernels::attentionBackwardHead(p);
        }
    });
    m_pool.run(n, [&](std::int64_t r, int) {
        for (int g = 0; g < shape.kvHeads; ++g)
            for (int d = 0; d < dim; ++d) {
                float k = 0, v = 0;
                for (int h = g * group; h < (g + 1) * group; ++h) {
                    const std::size_t at = static_cast<std::size_t>(h) * perHead + static_cast<std::size_t>(r * pad + d);
                    k += dK[at];
                    v += dV[at];
                }
                f32(a.dK)[r * a.dK.stride + g * dim + d] = k;
                f32(a.dV)[r * a.dV.stride + g * dim + d] = v;
            }
    });
}

void CpuAttention::map(const AttentionMapArgs& a) {
    const AttentionShape& shape = a.shape;
    packNewKeys(shape, a.k, a.v);
    const int dim = shape.headDim;
    const std::int64_t n = a.q.rows, cells = (n + a.block - 1) / a.block;
    // A unit of work is whole rows of cells, at least a tile of query rows: no two units share a cell, so the
    // result does not depend on the number of threads.
    const std::int64_t unitCells = (kTile + a.block - 1) / a.block, units = (cells + unitCells - 1) / unitCells;
    const auto heads = static_cast<std::int64_t>(a.heads.size());
    std::vector<std::vector<double>> sums(static_cast<std::size_t>(m_pool.threads()),
                                          std::vector<double>(static_cast<std::size_t>(unitCells * cells)));
    m_pool.run(heads * units, [&](std::int64_t task, int worker) {
        if (a.stop.stop_requested()) return;
        // The last rows see the most keys: longest first.
        const std::int64_t unit = units - 1 - task / heads, firstCell = unit * unitCells;
        const std::int64_t cellRows = std::min(unitCells, cells - firstCell);
        const auto at = static_cast<std::size_t>(task % heads);
        const int h = a.heads[at];
        const std::int64_t packed = (h / shape.groupSize()) * n * dim;
        std::vector<double>& own = sums[static_cast<std::size_t>(worker)];
        std::fill(own.begin(), own.end(), 0.0);
        kernels::BlockSumParams p;
        p.q = f32(a.q) + h * dim;
        p.qStride = a.q.stride;
        p.k = m_packedK.data() + packed;
        p.v = m_packedV.data() + packed;
        if (a.dOut.data) {
            p.out = f32(a.out) + h * dim;
            p.dOut = f32(a.dOut) + h * dim;
            p.outStride = a.dOut.stride;
        }
        p.lse = f32(a.lse) + h * a.lse.stride;
        p.n = n;
        p.sink = a.sink;
        p.window = a.windows[static_cast<std::size_t>(h / shape.groupSize())];
        p.headDim = dim;
        p.scale = shape.scale();
        p.block = a.block;
        p.firstRow = firstCell * a.block;
        p.rowCount = std::min(cellRows * a.block, n - p.firstRow);
        p.sums = own.data();
        p.workspace = workspace(worker, kernels::blockSumWorkspaceFloats(dim));
        kernels::attentionBlockSums(p);
        float* to = a.cells.data() + (static_cast<std::int64_t>(at) * cells + firstCell) * cells;
        for (std::int64_t i = 0; i < cellRows * cells; ++i)
            to[i] = static_cast<float>(own[static_cast<std::size_t>(i)]);
    });
}

} // namespace moa
