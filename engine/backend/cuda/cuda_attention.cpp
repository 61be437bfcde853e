#include "engine/backend/cuda/cuda_attention.h"

#include "engine/backend/cuda/card.h"
#include "engine/backend/cuda/decode_cache.h"
#include "engine/core/error.h"
#include "moa_kernels/cuda/heatmap.h"
#include "moa_kernels/cuda/run_attention.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace moa::cuda {

namespace k = kernels::cuda;

namespace {

float scaleOf(const AttentionShape& shape) {
    return 1.f / std::sqrt(static_cast<float>(shape.headDim));
}

const char* at(const Tensor& t, std::int64_t row, std::int64_t col) {
    return static_cast<const char*>(t.data) + 2 * (row * t.stride + col);
}

/// Sink, the ring's one or two runs, and the new rows.
std::array<k::KeyRun, k::kKeyRuns> runsOf(const BatchItem& item, const AttentionShape& shape, int head,
                                          const Tensor& keys, const Tensor& values) {
    std::array<k::KeyRun, k::kKeyRuns> runs{};
    std::size_t count = 0;
    const auto add = [&](const void* kRow, const void* vRow, std::int64_t stride, std::int64_t first,
                         std::int64_t rows) {
        if (rows > 0) runs[count++] = {kRow, vRow, stride, int32(first), int32(rows)};
    };
    const std::int64_t d = shape.headDim;
    if (!item.cache.empty() && item.held > 0) {
        const KvHeadCache& c = item.cache[static_cast<std::size_t>(head)];
        add(c.k, c.v, d, 0, std::min(item.held, c.sink));
        for (std::int64_t p = std::max(c.ringFirst, c.sink); p < item.held;) {
            const std::int64_t slot = (p - c.sink) % c.ring, rows = std::min(item.held - p, c.ring - slot);
            add(static_cast<char*>(c.k) + 2 * (c.sink + slot) * d,
                static_cast<char*>(c.v) + 2 * (c.sink + slot) * d, d, p, rows);
            p += rows;
        }
    }
    add(at(keys, item.newRow, head * d), at(values, item.newRow, head * d), keys.stride, item.held,
        item.newRows);
    return runs;
}

} // namespace

CudaAttention::CudaAttention(cudaStream_t stream, Staging& staging, k::Element element)
    : m_stream(stream), m_staging(staging), m_element(element),
      m_workers(k::decodeWorkers(multiprocessors())),
      m_counter(k::prefillWorkspaceBytes(), "workspace of attention") {}

void CudaAttention::forward(const AttentionShape& shape, const Tensor& q, const Tensor& keys,
                            const Tensor& values, const Tensor& out, const Tensor& lse,
                            std::span<const BatchItem> items) {
    std::vector<BatchItem> single, several;
    for (const BatchItem& item : items) {
        if (item.queryRows <= 0) continue;
        const bool decodes = item.queryRows == 1 && item.newRows == 1 && !item.cache.empty() && !lse.data &&
                             shape.groupSize() <= 16;
        (decodes ? single : several).push_back(item);
    }
    if (!single.empty()) decode(shape, q, keys, values, out, single);
    if (several.empty() || prefillWhole(shape, q, keys, values, out, lse, several)) return;
    runs(shape, q, keys, values, out, lse, several);
}

/// One new token each: the ring caches as they are, the new row beside them.
void CudaAttention::decode(const AttentionShape& shape, const Tensor& q, const Tensor& keys,
                           const Tensor& values, const Tensor& out, std::span<const BatchItem> items) {
    const int g = shape.kvHeads, count = static_cast<int>(items.size()), entries = count * g;
    // Items' rows need not follow each other; a launch takes rows by a stride, so rows in order share one.
    const auto inOrder = [&] {
        for (int i = 0; i < count; ++i)
            if (items[static_cast<std::size_t>(i)].queryRow != items[0].queryRow + i) return false;
        return true;
    };
    if (count > 1 && !inOrder()) {
        for (const BatchItem& item : items) decode(shape, q, keys, values, out, std::span(&item, 1));
        return;
    }
    std::vector<k::DecodeCache> caches;
    std::vector<std::int32_t> positions;
    for (const BatchItem& item : items) {
        positions.push_back(int32(item.held));
        for (int h = 0; h < g; ++h) {
            auto& cache = caches.emplace_back(
                decodeCache(item.cache[static_cast<std::size_t>(h)], item.windows[static_cast<std::size_t>(h)]));
            cache.freshK = at(keys, item.newRow, h * shape.headDim);
            cache.freshV = at(values, item.newRow, h * shape.headDim);
        }
    }
    const std::size_t planBytes =
        (static_cast<std::size_t>(entries) + 1 + static_cast<std::size_t>(m_workers)) * 4;
    const std::size_t workspace = k::decodeWorkspaceBytes(m_workers, shape.groupSize(), shape.headDim);
    if (m_plan.bytes() < planBytes) m_plan = DeviceMemory(2 * planBytes, "shares");
    if (m_workspace.bytes() < workspace)
        m_workspace = DeviceMemory(workspace, "partial results of attention");
    k::DecodeAttentionParams p;
    p.caches = m_staging.put(caches), p.positions = m_staging.put(positions);
    auto* starts = m_plan.as<std::int32_t>();
    auto* first = starts + entries + 1;
    check(k::launchDecodePlan({p.caches, p.positions, 1, count, g, m_workers, starts, first}, m_stream),
          "planning attention");
    p.q = at(q, items[0].queryRow, 0), p.qStride = q.stride;
    p.out = const_cast<char*>(at(out, items[0].queryRow, 0)), p.outStride = out.stride;
    p.tileStarts = starts, p.firstEntry = first;
    p.sequences = count, p.heads = shape.heads, p.kvHeads = g, p.headDim = shape.headDim;
    p.scale = scaleOf(shape);
    p.workers = m_workers;
    p.workspace = m_workspace.as();
    p.element = m_element;
    check(k::launchDecodeAttention(p, m_stream), "attention");
}

/// A whole text from its first token on takes the fast path; false: not that case.
bool CudaAttention::prefillWhole(const AttentionShape& shape, const Tensor& q, const Tensor& keys,
                                 const Tensor& values, const Tensor& out, const Tensor& lse,
                                 std::span<const BatchItem> items) {
    const BatchItem& item = items[0];
    if (items.size() != 1 || item.held != 0) return false;
    std::vector<std::int32_t> windows;
    for (const std::int64_t w : item.windows) windows.push_back(int32(w));
    const auto rows = [&](const Tensor& t, std::int64_t row) {
        return k::HeadRows{const_cast<char*>(at(t, row, 0)), 0, t.stride, shape.headDim};
    };
    k::PrefillAttentionParams p;
    p.q = rows(q, item.queryRow), p.out = rows(out, item.queryRow);
    p.k = rows(keys, item.newRow), p.v = rows(values, item.newRow);
    if (lse.data) p.lse = static_cast<float*>(lse.data) + item.queryRow, p.lseStride = lse.stride;
    p.windows = m_staging.put(windows), p.sink = int32(item.sink);
    p.queryTokens = int32(item.queryRows), p.keyTokens = int32(item.newRows);
    p.heads = shape.heads, p.kvHeads = shape.kvHeads, p.headDim = shape.headDim;
    p.scale = scaleOf(shape);
    p.workspace = m_counter.as();
    p.element = m_element;
    check(k::launchPrefillAttention(p, m_stream), "attention");
    return true;
}

void CudaAttention::runs(const AttentionShape& shape, const Tensor& q, const Tensor& keys,
                         const Tensor& values, const Tensor& out, const Tensor& lse,
                         std::span<const BatchItem> items) {
    std::vector<k::QueryRows> rows;
    std::vector<k::KeyRun> keyRuns;
    std::vector<std::int32_t> windows;
    k::RunAttentionParams p;
    for (const BatchItem& item : items) {
        rows.push_back({int32(item.queryRow), int32(item.queryRows),
                        int32(item.held + item.newRows - item.queryRows), int32(item.sink)});
        p.mostRows = std::max(p.mostRows, rows.back().count);
        for (int h = 0; h < shape.kvHeads; ++h) {
            const auto four = runsOf(item, shape, h, keys, values);
            keyRuns.insert(keyRuns.end(), four.begin(), four.end());
            windows.push_back(int32(item.windows[static_cast<std::size_t>(h)]));
        }
    }
    p.q = q.data, p.qStride = q.stride, p.out = out.data, p.outStride = out.stride;
    p.lse = static_cast<float*>(lse.data), p.lseStride = lse.stride;
    p.items = m_staging.put(rows), p.runs = m_staging.put(keyRuns), p.windows = m_staging.put(windows);
    p.sequences = static_cast<int>(items.size());
    p.heads = shape.heads, p.kvHeads = shape.kvHeads, p.headDim = shape.headDim;
    p.scale = scaleOf(shape);
    p.element = m_element;
    check(k::launchRunAttention(p, m_stream), "attention");
}

void CudaAttention::append(const AttentionShape& shape, const Tensor& keys, const Tensor& values,
                           std::span<const BatchItem> items) {
    std::vector<k::NewRows> rows;
    std::vector<k::DecodeCache> caches;
    k::AppendParams p;
    for (const BatchItem& item : items) {
        if (item.newRows <= 0) continue;
        rows.push_back({int32(item.newRow), int32(item.newRows), int32(item.held)});
        p.mostRows = std::max(p.mostRows, rows.back().count);
        for (const KvHeadCache& c : item.cache) caches.push_back(decodeCache(c, c.ring));
    }
    if (rows.empty()) return;
    p.k = keys.data, p.v = values.data, p.kStride = keys.stride, p.vStride = values.stride;
    p.items = m_staging.put(rows), p.caches = m_staging.put(caches);
    p.sequences = static_cast<int>(rows.size()), p.kvHeads = shape.kvHeads, p.headDim = shape.headDim;
    check(k::launchAppend(p, m_stream), "appending to the cache");
}

void CudaAttention::map(const AttentionMapArgs& args) {
    if (args.block < 1 || (args.block & (args.block - 1)) != 0)
        throw UsageError("on the GPU a cell of an attention map is a power of two of tokens, not " +
                         std::to_string(args.block));
    const std::int64_t n = args.q.rows, side = (n + args.block - 1) / args.block;
    const std::size_t cells = static_cast<std::size_t>(side * side);
    DeviceMemory mean(cells * sizeof(float), "attention map"), most(cells * sizeof(float), "attention map");
    for (std::size_t i = 0; i < args.heads.size() && !args.stop.stop_requested(); ++i) {
        const int head = args.heads[i], kvHead = head / args.shape.groupSize();
        k::HeatmapParams p;
        p.q = at(args.q, 0, head * args.shape.headDim), p.qTokenStride = args.q.stride;
        p.k = at(args.k, 0, kvHead * args.shape.headDim), p.kTokenStride = args.k.stride;
        p.lse = static_cast<const float*>(args.lse.data) + head * args.lse.stride;
        p.tokens = int32(n), p.headDim = args.shape.headDim;
        p.window = int32(args.windows[static_cast<std::size_t>(kvHead)]), p.sink = int32(args.sink);
        p.scale = scaleOf(args.shape);
        p.block = int32(args.block), p.rows = p.cols = int32(side);
        p.mean = mean.as<float>(), p.max = most.as<float>();
        p.element = m_element;
        check(k::launchHeatmap(p, m_stream), "attention map");
        float* to = args.cells.data() + i * cells;
        check(cudaMemcpyAsync(to, mean.as(), cells * sizeof(float), cudaMemcpyDeviceToHost, m_stream),
              "reading a map");
        check(cudaStreamSynchronize(m_stream), "reading a map");
        // The kernel gives means over pairs with key ≤ query; the interface asks for sums.
        for (std::int64_t row = 0; row < side; ++row)
            for (std::int64_t col = 0; col <= row; ++col) {
                const double height =
                    static_cast<double>(std::min(n, (row + 1) * args.block) - row * args.block);
                const double width =
                    static_cast<double>(std::min(n, (col + 1) * args.block) - col * args.block);
                const double pairs = row == col ? height * (height + 1) / 2 : height * width;
                float& cell = to[static_cast<std::size_t>(row * side + col)];
                cell = static_cast<float>(cell * pairs);
            }
    }
}

} // namespace moa::cuda
