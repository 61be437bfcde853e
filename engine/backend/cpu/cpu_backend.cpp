// CPU backend: memory, products and row-wise operations. Attention is in cpu_attention.cpp.
#include "engine/backend/cpu/cpu_backend.h"

#include "engine/backend/cpu/cpu_attention.h"
#include "engine/backend/cpu/system.h"
#include "engine/backend/cpu/thread_pool.h"
#include "engine/core/error.h"
#include "engine/core/heap_use.h"
#include "moa_kernels/blocks.h"
#include "moa_kernels/convert.h"
#include "moa_kernels/elementwise.h"

#include <cblas.h>
#include <sys/mman.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <new>
#include <vector>

extern "C" void openblas_set_num_threads(int);

namespace moa {

float AttentionShape::scale() const { return 1.0f / std::sqrt(static_cast<float>(headDim)); }

namespace {

float* f32(const Tensor& t) { return static_cast<float*>(t.data); }
const std::byte* bytes(const Tensor& t) { return static_cast<const std::byte*>(t.data); }

constexpr std::size_t kHugePage = std::size_t(2) << 20;

class CpuBackend final : public Backend {
public:
    explicit CpuBackend(int threads) : m_pool(threads > 0 ? threads : availableThreads()) {
        // Products are cut over our own pool: two pools would fight for the same cores.
        openblas_set_num_threads(1);
    }

    DeviceInfo device() const override {
        static const std::string name = processorName(); // a file to read, and every sequence asks
        return {"cpu", name, totalMemory(), availableMemory(), m_pool.threads()};
    }

    Buffer allocate(std::size_t bytes, const std::string& what) override {
        const std::uint64_t available = availableMemory();
        if (bytes > available) throw MemoryError(what, bytes, available, "use a shorter input or a smaller batch");
        const std::size_t align = bytes >= kHugePage ? kHugePage : 64;
        const std::size_t size = std::max<std::size_t>((bytes + align - 1) / align * align, align);
        void* data = std::aligned_alloc(align, size);
        if (!data) throw MemoryError(what, bytes, available, "use a shorter input or a smaller batch");
        // Only whole huge pages are advised, so that a buffer never holds more than it asked for.
        if (const std::size_t whole = bytes / kHugePage * kHugePage) madvise(data, whole, MADV_HUGEPAGE);
        std::memset(data, 0, bytes);
        return {data, bytes, [](void* p) { std::free(p); }};
    }

    void upload(void* device, const void* host, std::size_t bytes) override { std::memcpy(device, host, bytes); }
    void download(void* host, const void* device, std::size_t bytes) override { std::memcpy(host, device, bytes); }
    void downloadRows(void* host, const Tensor& rows) override {
        for (std::int64_t r = 0; r < rows.rows; ++r)
            std::memcpy(static_cast<float*>(host) + r * rows.cols, f32(rows) + r * rows.stride,
                        static_cast<std::size_t>(rows.cols) * sizeof(float));
    }
    void copy(void* to, const void* from, std::size_t bytes) override { std::memmove(to, from, bytes); }
    std::uint64_t usedBytes() const override { return heapBytes(); }
    DType dtype() const override { return DType::F32; }
    std::int64_t rowsPerStop() const override { return 1024; }

    void uploadWeight(void* device, const void* values, DType dtype, std::int64_t count) override {
        float* out = static_cast<float*>(device);
        switch (dtype) {
        case DType::F32: std::memcpy(out, values, static_cast<std::size_t>(count) * sizeof(float)); break;
        case DType::F16: kernels::convertHalf(static_cast<const std::uint16_t*>(values), out, count); break;
        case DType::BF16: kernels::convertBfloat(static_cast<const std::uint16_t*>(values), out, count); break;
        }
    }

    bool keepsBlocks() const override { return true; }

    void embed(const Tensor& out, std::span<const int> ids, const Tensor& table) override {
        if (table.blocks) {
            for (std::size_t r = 0; r < ids.size(); ++r)
                kernels::dequantiseBlocks(*table.blocks, bytes(table.rowRange(ids[r], 1)), table.cols,
                                          f32(out) + static_cast<std::int64_t>(r) * out.stride);
            return;
        }
        for (std::size_t r = 0; r < ids.size(); ++r)
            std::memcpy(f32(out) + static_cast<std::int64_t>(r) * out.stride, f32(table) + ids[r] * table.stride,
                        static_cast<std::size_t>(out.cols) * sizeof(float));
    }

    void rmsNorm(const Tensor& out, const Tensor& x, const Tensor& weight, float eps) override {
        forRows(x.rows, x.cols, [&](std::int64_t first, std::int64_t rows) {
            kernels::rmsNorm(f32(x) + first * x.stride, f32(weight), eps, rows, x.cols, f32(out) + first * out.stride);
        });
    }

    void rmsNormBackward(const Tensor& dX, const Tensor& x, const Tensor& weight, float eps,
                         const Tensor& dOut, const float* /*factor: gradients are not scaled here*/) override {
        forRows(x.rows, x.cols, [&](std::int64_t first, std::int64_t rows) {
            kernels::rmsNormBackward(f32(x) + first * x.stride, f32(weight), eps, f32(dOut) + first * dOut.stride,
                                     rows, x.cols, f32(dX) + first * dX.stride);
        });
    }

    void linear(const Tensor& out, const Tensor& x, const Tensor& weight, bool accumulate) override {
        if (!weight.blocks) return multiply(out, x, weight, true, accumulate);
        if (x.rows <= kernels::kMostBlockRows) return multiplyBlocks(out, x, weight, accumulate);
        forPanels(weight, [&](const Tensor& panel, std::int64_t first) {
            multiply(columns(out, first, panel.rows), x, panel, true, accumulate);
        });
    }

    void linearBackward(const Tensor& dX, const Tensor& dOut, const Tensor& weight, bool accumulate) override {
        if (!weight.blocks) return multiply(dX, dOut, weight, false, accumulate);
        forPanels(weight, [&](const Tensor& panel, std::int64_t first) {
            multiply(dX, columns(dOut, first, panel.rows), panel, false, accumulate || first > 0);
        });
    }

    void rope(const Tensor& x, int heads, std::span<const std::int64_t> positions, const Tensor& cosine,
              const Tensor& sine, bool inverse) override {
        const int headDim = static_cast<int>(x.cols) / heads;
        forRows(x.rows, x.cols, [&](std::int64_t first, std::int64_t rows) {
            for (std::int64_t r = first; r < first + rows; ++r) {
                const std::int64_t at = positions[static_cast<std::size_t>(r)];
                kernels::rope(f32(x) + r * x.stride, heads, headDim, f32(cosine) + at * cosine.stride,
                              f32(sine) + at * sine.stride, inverse);
            }
        });
    }

    void narrowGradient(const Tensor& narrow, const Tensor& dX, float* factor) override {
        for (std::int64_t r = 0; r < dX.rows; ++r)
            std::memcpy(f32(narrow) + r * narrow.stride, f32(dX) + r * dX.stride,
                        static_cast<std::size_t>(dX.cols) * sizeof(float));
        *factor = 1;
    }

    void swiGlu(const Tensor& out, const Tensor& gate, const Tensor& up) override {
        forRows(gate.rows, gate.cols, [&](std::int64_t first, std::int64_t rows) {
            for (std::int64_t r = first; r < first + rows; ++r) {
                float* to = f32(out) + r * out.stride;
                const float* from = f32(gate) + r * gate.stride;
                if (to != from) std::memcpy(to, from, static_cast<std::size_t>(gate.cols) * sizeof(float));
                kernels::swiGlu(to, f32(up) + r * up.stride, gate.cols);
            }
        });
    }

    void swiGluBackward(const Tensor& gate, const Tensor& up, const Tensor& dOut) override {
        forRows(gate.rows, gate.cols, [&](std::int64_t first, std::int64_t rows) {
            for (std::int64_t r = first; r < first + rows; ++r)
                kernels::swiGluBackward(f32(gate) + r * gate.stride, f32(up) + r * up.stride,
                                        f32(dOut) + r * dOut.stride, gate.cols);
        });
    }

    void crossEntropy(const Tensor& dLogits, const Tensor& logits, std::span<const int> targets, float scale,
                      std::span<double> losses) override {
        const auto vocab = static_cast<std::size_t>(logits.cols);
        forRows(logits.rows, logits.cols, [&](std::int64_t first, std::int64_t rows) {
            for (std::int64_t r = first; r < first + rows; ++r) {
                const float* row = f32(logits) + r * logits.stride;
                float* gradient = f32(dLogits) + r * dLogits.stride;
                const auto target = static_cast<std::size_t>(targets[static_cast<std::size_t>(r)]);
                const double most = *std::max_element(row, row + vocab);
                double total = 0, others = 0;
                for (std::size_t i = 0; i < vocab; ++i) {
                    const double e = std::exp(static_cast<double>(row[i]) - most);
                    total += e;
                    if (i != target) others += e;
                }
                losses[static_cast<std::size_t>(r)] = std::log(total) - (static_cast<double>(row[target]) - most);
                const double factor = static_cast<double>(scale) / total;
                for (std::size_t i = 0; i < vocab; ++i)
                    // p − 1 as the sum of the others: a sure answer would cancel to nothing in p − 1.
                    gradient[i] = static_cast<float>(
                        i == target ? -others * factor : std::exp(static_cast<double>(row[i]) - most) * factor);
            }
        });
    }

    void add(const Tensor& to, const Tensor& from) override {
        forRows(to.rows, to.cols, [&](std::int64_t first, std::int64_t rows) {
            kernels::addInPlace(f32(to) + first * to.stride, f32(from) + first * from.stride, rows * to.cols);
        });
    }

    void attention(const AttentionShape& shape, const Tensor& q, const Tensor& k, const Tensor& v, const Tensor& out,
                   const Tensor& lse, std::span<const BatchItem> items) override {
        m_attention.forward(shape, q, k, v, out, lse, items);
    }
    void appendKv(const AttentionShape& shape, const Tensor& k, const Tensor& v,
                  std::span<const BatchItem> items) override {
        m_attention.append(shape, k, v, items);
    }
    void attentionBackward(const AttentionBackwardArgs& args) override { m_attention.backward(args); }
    void attentionMap(const AttentionMapArgs& args) override { m_attention.map(args); }

private:
    /// Splits rows over the pool where the work is worth a hand-over.
    template <class Body>
    void forRows(std::int64_t rows, std::int64_t cols, Body&& body) {
        const std::int64_t worth = 32768;
        if (rows * cols < worth || rows < 2) return body(0, rows);
        const std::int64_t parts = std::min<std::int64_t>(rows, m_pool.threads());
        m_pool.run(parts, [&](std::int64_t part, int) {
            const std::int64_t first = rows * part / parts;
            body(first, rows * (part + 1) / parts - first);
        });
    }

    /// One piece of a product: `rows` rows from `row`, `cols` output columns from `col`.
    static void multiplyPart(const Tensor& out, const Tensor& x, const Tensor& w, bool transposed, float beta,
                             std::int64_t row, std::int64_t rows, std::int64_t col, std::int64_t cols) {
        const float* weight = f32(w) + (transposed ? col * w.stride : col);
        float* to = f32(out) + row * out.stride + col;
        const float* from = f32(x) + row * x.stride;
        if (rows == 1)
            cblas_sgemv(CblasRowMajor, transposed ? CblasNoTrans : CblasTrans,
                        blasint(transposed ? cols : x.cols), blasint(transposed ? x.cols : cols), 1.0f,
                        weight, blasint(w.stride), from, 1, beta, to, 1);
        else
            cblas_sgemm(CblasRowMajor, CblasNoTrans, transposed ? CblasTrans : CblasNoTrans, blasint(rows),
                        blasint(cols), blasint(x.cols), 1.0f, from, blasint(x.stride), weight,
                        blasint(w.stride), beta, to, blasint(out.stride));
    }

    /// out (+)= x · Wᵀ or x · W. Few rows: the output's columns are cut on a fixed grid; many: the rows are
    /// shared out, in pieces that are large enough for OpenBLAS to use the same kernel as for the whole, and that begin
    /// where its kernels begin a block of rows (12 on Haswell).
    /// Either way the result does not depend on the number of threads.
    void multiply(const Tensor& out, const Tensor& x, const Tensor& w, bool transposed, bool accumulate) {
        constexpr std::int64_t manyRows = 96, gridCols = 128, blockRows = 12;
        constexpr std::int64_t smallProduct =
            2'000'000; // multiply-adds; OpenBLAS has small kernels up to 1,000,000
        const float beta = accumulate ? 1.0f : 0.0f;
        if (out.rows < manyRows) {
            const std::int64_t parts = (out.cols + gridCols - 1) / gridCols;
            m_pool.run(parts, [&](std::int64_t i, int) {
                const std::int64_t first = i * gridCols;
                multiplyPart(out, x, w, transposed, beta, 0, out.rows, first,
                             std::min(gridCols, out.cols - first));
            });
            return;
        }
        const std::int64_t worth = std::max<std::int64_t>(1, out.rows * out.cols * x.cols / smallProduct);
        const std::int64_t blocks = out.rows / blockRows;
        const std::int64_t parts = std::min({std::int64_t(m_pool.threads()), worth, blocks});
        m_pool.run(parts, [&](std::int64_t i, int) {
            const std::int64_t first = blocks * i / parts * blockRows;
            const std::int64_t end = i + 1 < parts ? blocks * (i + 1) / parts * blockRows : out.rows;
            multiplyPart(out, x, w, transposed, beta, first, end - first, 0, out.cols);
        });
    }

    /// Few rows times weights in blocks, read as they are.
    void multiplyBlocks(const Tensor& out, const Tensor& x, const Tensor& w, bool accumulate) {
        m_quantised.assign(f32(x), x.rows, x.cols, x.stride);
        constexpr std::int64_t part = 64; // weight rows
        m_pool.run((w.rows + part - 1) / part, [&](std::int64_t i, int) {
            const std::int64_t first = i * part;
            const Tensor rows = w.rowRange(first, std::min(part, w.rows - first));
            kernels::blockProduct(*w.blocks, bytes(rows), rows.rows, m_quantised, f32(out) + first, out.stride, accumulate);
        });
    }

    /// Weights in blocks as floats, some rows at a time: panel, its first row.
    template <class Body>
    void forPanels(const Tensor& w, Body&& body) {
        constexpr std::int64_t panelValues = std::int64_t(1) << 20, part = 16;
        const std::int64_t most = std::max<std::int64_t>(64, panelValues / w.cols / 64 * 64);
        m_panel.resize(static_cast<std::size_t>(std::min(most, w.rows) * w.cols));
        for (std::int64_t first = 0; first < w.rows; first += most) {
            const std::int64_t rows = std::min(most, w.rows - first);
            m_pool.run((rows + part - 1) / part, [&](std::int64_t i, int) {
                const Tensor some = w.rowRange(first + i * part, std::min(part, rows - i * part));
                kernels::dequantiseBlocks(*w.blocks, bytes(some), some.rows * w.cols, m_panel.data() + i * part * w.cols);
            });
            body(Tensor{m_panel.data(), DType::F32, rows, w.cols, w.cols}, first);
        }
    }

    static Tensor columns(const Tensor& t, std::int64_t first, std::int64_t count) {
        Tensor part = t;
        part.data = f32(t) + first;
        part.cols = count;
        return part;
    }

    ThreadPool m_pool;
    kernels::QuantisedRows m_quantised;
    std::vector<float> m_panel;
    CpuAttention m_attention{m_pool};
};

} // namespace

std::unique_ptr<Backend> makeCpuBackend(int threads) { return std::make_unique<CpuBackend>(threads); }

} // namespace moa
