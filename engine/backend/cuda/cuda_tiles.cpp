#include "engine/backend/cuda/cuda_tiles.h"

#include "engine/backend/cuda/card.h"
#include "engine/backend/cuda/decode_cache.h"
#include "engine/backend/cuda/device_memory.h"
#include "engine/backend/cuda/stream.h"
#include "moa_kernels/cuda/cache.h"
#include "moa_kernels/cuda/heatmap.h"

#include <list>
#include <utility>

namespace moa::cuda {

namespace k = kernels::cuda;

namespace {

constexpr std::size_t kKept = std::size_t(1) << 30; ///< bytes of heads kept on the card

struct HeadOnCard {
    std::uint64_t id = 0;
    DeviceMemory q, k, lse;
    std::size_t bytes() const { return q.bytes() + k.bytes() + lse.bytes(); }
};

/// Host memory that the card writes to at full speed.
class PinnedFloats {
public:
    PinnedFloats() = default;
    PinnedFloats(const PinnedFloats&) = delete;
    PinnedFloats& operator=(const PinnedFloats&) = delete;
    ~PinnedFloats() { cudaFreeHost(m_data); }
    void reserve(std::size_t count) {
        if (count <= m_count) return;
        cudaFreeHost(std::exchange(m_data, nullptr));
        m_count = 0;
        check(cudaMallocHost(reinterpret_cast<void**>(&m_data), count * sizeof(float)), "taking host memory for cells");
        m_count = count;
    }
    float* data() const { return m_data; }

private:
    float* m_data = nullptr;
    std::size_t m_count = 0;
};

class CudaTiles final : public TileDevice {
public:
    explicit CudaTiles(int index) : m_index(index) {}
    ~CudaTiles() override { m_stream.synchronise(); }

    CellValues cells(const CapturedHead& head, int firstHead, int heads, const CellRange& range) override {
        check(cudaSetDevice(m_index), "choosing the device"); // belongs to the thread
        const std::size_t count = static_cast<std::size_t>(range.rows) * static_cast<std::size_t>(range.cols);
        const HeadOnCard& at = onCard(head);
        reserve(m_cells, 2 * count * sizeof(float));
        m_host.reserve(2 * count);
        k::HeatmapParams p;
        p.q = at.q.as<char>() + 2 * firstHead * head.headDim;
        p.qHeadStride = head.headDim, p.qTokenStride = std::int64_t(head.heads) * head.headDim;
        p.k = at.k.as(), p.kTokenStride = head.headDim;
        p.lse = at.lse.as<float>() + firstHead * head.n, p.lseStride = head.n;
        p.heads = heads, p.tokens = int32(head.n), p.headDim = head.headDim;
        p.window = int32(head.window), p.sink = int32(head.sink);
        p.scale = head.scale;
        p.block = range.block, p.rows = range.rows, p.cols = range.cols;
        p.firstQuery = int32(range.firstQuery), p.firstKey = int32(range.firstKey);
        p.mean = m_cells.as<float>(), p.max = p.mean + count;
        p.element = elementOf(head.dtype);
        check(k::launchHeatmap(p, m_stream), "pooling attention");
        check(cudaMemcpyAsync(m_host.data(), m_cells.as(), 2 * count * sizeof(float), cudaMemcpyDeviceToHost, m_stream),
              "reading cells");
        m_stream.synchronise();
        return {{m_host.data(), count}, {m_host.data() + count, count}};
    }

private:
    static void reserve(DeviceMemory& memory, std::size_t bytes) {
        if (memory.bytes() < bytes) memory = DeviceMemory(bytes, "cells of a view");
    }
    /// The head's rows as the kernel wants them; the one asked for last is at the front.
    const HeadOnCard& onCard(const CapturedHead& head) {
        for (auto it = m_heads.begin(); it != m_heads.end(); ++it)
            if (it->id == head.id) {
                m_heads.splice(m_heads.begin(), m_heads, it);
                return m_heads.front();
            }
        std::size_t total = 0;
        for (auto it = m_heads.begin(); it != m_heads.end();)
            if ((total += it->bytes()) > kKept) it = m_heads.erase(it);
            else ++it;
        HeadOnCard made{head.id, narrowed(head, head.q, head.qStride, head.heads * head.headDim),
                        narrowed(head, head.k, head.kStride, head.headDim),
                        DeviceMemory(static_cast<std::size_t>(head.heads * head.n) * sizeof(float), "log-sum-exp")};
        copyRows(made.lse.as(), head.n, head.lse, head.lseStride, head.n, head.heads);
        m_stream.synchronise(); // the host's rows are free again
        m_heads.push_front(std::move(made));
        return m_heads.front();
    }

    void copyRows(void* to, std::int64_t toStride, const float* from, std::int64_t fromStride, std::int64_t cols,
                  std::int64_t rows) {
        const auto bytes = [](std::int64_t values) { return static_cast<std::size_t>(values) * sizeof(float); };
        check(cudaMemcpy2DAsync(to, bytes(toStride), from, bytes(fromStride), bytes(cols),
                                static_cast<std::size_t>(rows), cudaMemcpyHostToDevice, m_stream),
              "writing captured rows");
    }

    /// [n][cols] without gaps, in the head's type.
    DeviceMemory narrowed(const CapturedHead& head, const float* from, std::int64_t stride, std::int64_t cols) {
        const std::int64_t count = head.n * cols;
        reserve(m_wide, static_cast<std::size_t>(count) * sizeof(float));
        DeviceMemory narrow(static_cast<std::size_t>(count) * 2, "captured rows");
        copyRows(m_wide.as(), cols, from, stride, cols, head.n);
        check(k::launchConvert({m_wide.as(), k::ValueType::F32, narrow.as(),
                                head.dtype == DType::BF16 ? k::ValueType::BF16 : k::ValueType::F16, count},
                               m_stream),
              "converting captured rows");
        return narrow;
    }

    int m_index;
    Stream m_stream;
    std::list<HeadOnCard> m_heads;
    DeviceMemory m_wide, m_cells;
    PinnedFloats m_host;
};

} // namespace

std::unique_ptr<TileDevice> makeTileDevice(int index) {
    check(cudaSetDevice(index), "choosing the device");
    return std::make_unique<CudaTiles>(index);
}

} // namespace moa::cuda
