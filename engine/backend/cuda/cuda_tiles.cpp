#include "engine/backend/cuda/cuda_tiles.h"

#include "engine/backend/cuda/decode_cache.h"
#include "engine/backend/cuda/device_memory.h"
#include "engine/backend/cuda/stream.h"
#include "engine/core/error.h"
#include "moa_kernels/cuda/cache.h"
#include "moa_kernels/cuda/heatmap.h"

#include <list>

namespace moa::cuda {

namespace k = kernels::cuda;

namespace {

constexpr std::size_t kKept = std::size_t(1) << 30; ///< bytes of heads kept on the card

struct HeadOnCard {
    std::uint64_t id = 0;
    DeviceMemory q, k, lse;
    std::size_t bytes() const { return q.bytes() + k.bytes() + lse.bytes(); }
};

class CudaTiles final : public TileDevice {
public:
    explicit CudaTiles(int index) : m_index(index) {}
    ~CudaTiles() override { m_stream.synchronise(); }

    void tiles(const CapturedHead& head, int firstHead, int heads, std::span<const CellRange> ranges, int side,
               std::span<float> mean, std::span<float> max) override {
        check(cudaSetDevice(m_index), "choosing the device"); // belongs to the thread
        const std::size_t cells = static_cast<std::size_t>(side) * static_cast<std::size_t>(side);
        if (mean.size() != ranges.size() * cells || max.size() != mean.size())
            throw UsageError("tiles are written whole");
        const HeadOnCard& at = onCard(head);
        reserve(m_mean, mean.size_bytes());
        reserve(m_max, max.size_bytes());
        k::HeatmapParams p;
        p.q = at.q.as<char>() + 2 * firstHead * head.headDim;
        p.qHeadStride = head.headDim, p.qTokenStride = std::int64_t(head.heads) * head.headDim;
        p.k = at.k.as(), p.kTokenStride = head.headDim;
        p.lse = at.lse.as<float>() + firstHead * head.n, p.lseStride = head.n;
        p.heads = heads, p.tokens = int32(head.n), p.headDim = head.headDim;
        p.window = int32(head.window), p.sink = int32(head.sink);
        p.scale = head.scale;
        p.rows = p.cols = side;
        p.element = element(head);
        for (std::size_t i = 0; i < ranges.size(); ++i) {
            p.block = ranges[i].block;
            p.firstQuery = int32(ranges[i].firstQuery), p.firstKey = int32(ranges[i].firstKey);
            p.mean = m_mean.as<float>() + i * cells, p.max = m_max.as<float>() + i * cells;
            check(k::launchHeatmap(p, m_stream), "pooling attention");
        }
        read(mean, m_mean);
        read(max, m_max);
        m_stream.synchronise();
    }

private:
    static k::Element element(const CapturedHead& head) {
        return head.dtype == DType::BF16 ? k::Element::BF16 : k::Element::F16;
    }
    static void reserve(DeviceMemory& memory, std::size_t bytes) {
        if (memory.bytes() < bytes) memory = DeviceMemory(bytes, "tiles");
    }
    void read(std::span<float> to, const DeviceMemory& from) {
        check(cudaMemcpyAsync(to.data(), from.as(), to.size_bytes(), cudaMemcpyDeviceToHost, m_stream),
              "reading tiles");
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
    DeviceMemory m_wide, m_mean, m_max;
};

} // namespace

std::unique_ptr<TileDevice> makeTileDevice(int index) {
    check(cudaSetDevice(index), "choosing the device");
    return std::make_unique<CudaTiles>(index);
}

} // namespace moa::cuda
