#include "engine/backend/cuda/cuda_backend.h"

#include "engine/backend/cuda/attention_gradients.h"
#include "engine/backend/cuda/card.h"
#include "engine/backend/cuda/cuda_attention.h"
#include "engine/backend/cuda/cuda_step.h"
#include "engine/backend/cuda/matmul.h"
#include "engine/core/error.h"
#include "moa_kernels/cuda/elementwise.h"
#include "moa_kernels/cuda/gemv.h"
#include "moa_kernels/cuda/gradients.h"

#include <algorithm>

namespace moa::cuda {

namespace k = kernels::cuda;

namespace {

k::ValueType valueType(DType dtype) {
    return dtype == DType::F32   ? k::ValueType::F32
           : dtype == DType::F16 ? k::ValueType::F16
                                 : k::ValueType::BF16;
}

DeviceInfo describe(int index) {
    cudaDeviceProp properties{};
    check(cudaGetDeviceProperties(&properties, index), "reading the device");
    return {"cuda", properties.name, properties.totalGlobalMem, 0, properties.multiProcessorCount};
}

class CudaBackend final : public Backend {
public:
    CudaBackend(int index, DType dtype)
        : m_index(select(index)), m_dtype(dtype),
          m_element(elementOf(dtype)), m_info(describe(index)), m_staging(m_stream),
          m_matmul(std::make_shared<Matmul>(dtype == DType::BF16 ? CUDA_R_16BF : CUDA_R_16F)),
          m_attention(m_stream, m_staging, m_element),
          m_gradients(m_stream, m_staging, m_element) {}
    ~CudaBackend() override { cudaStreamSynchronize(m_stream); }

    DeviceInfo device() const override {
        use();
        DeviceInfo info = m_info;
        info.freeBytes = memoryState().freeBytes;
        return info;
    }
    std::uint64_t usedBytes() const override {
        use();
        const MemoryState memory = memoryState();
        return memory.totalBytes - memory.freeBytes;
    }

    Buffer allocate(std::size_t bytes, const std::string& what) override {
        use();
        auto memory = std::make_shared<DeviceMemory>(bytes, what);
        // Memory is cleared on another stream than the one that uses it.
        check(cudaDeviceSynchronize(), "clearing memory");
        void* data = memory->as();
        // Freed once nothing on the stream can still touch it: cudaFree waits for the device.
        return {data, bytes, [memory](void*) mutable { memory.reset(); }};
    }
    void upload(void* device, const void* host, std::size_t bytes) override {
        use();
        check(cudaMemcpyAsync(device, host, bytes, cudaMemcpyHostToDevice, m_stream),
              "writing to the device");
    }
    void download(void* host, const void* device, std::size_t bytes) override {
        use();
        check(cudaMemcpyAsync(host, device, bytes, cudaMemcpyDeviceToHost, m_stream),
              "reading from the device");
        m_stream.synchronise();
    }
    void downloadRows(void* host, const Tensor& from) override {
        use();
        const auto value = static_cast<std::size_t>(bytesPerValue(from.dtype));
        const std::size_t width = static_cast<std::size_t>(from.cols) * value;
        check(cudaMemcpy2DAsync(host, width, from.data, static_cast<std::size_t>(from.stride) * value, width,
                                static_cast<std::size_t>(from.rows), cudaMemcpyDeviceToHost, m_stream),
              "reading from the device");
        m_stream.synchronise();
    }
    void copy(void* to, const void* from, std::size_t bytes) override {
        use();
        const auto* begin = static_cast<const char*>(from);
        auto* target = static_cast<char*>(to);
        if (target + bytes <= begin || begin + bytes <= target) {
            move(to, from, bytes);
            return;
        }
        // Ranges that overlap go through a copy.
        if (m_overlap.bytes() < bytes) m_overlap = DeviceMemory(bytes, "rows on the move");
        move(m_overlap.as(), from, bytes);
        move(to, m_overlap.as(), bytes);
    }
    DType dtype() const override { return m_dtype; }
    std::int64_t rowsPerStop() const override { return 16384; }

    void uploadWeight(void* device, const void* values, DType dtype, std::int64_t count) override {
        use();
        if (dtype == m_dtype) {
            upload(device, values, static_cast<std::size_t>(count) * 2);
            return;
        }
        constexpr std::int64_t kPart = std::int64_t(16) << 20; // values converted at once
        if (count > 0 && !m_conversion.bytes())
            m_conversion = DeviceMemory(kPart * 4, "conversion of weights");
        for (std::int64_t first = 0; first < count; first += kPart) {
            const std::int64_t part = std::min(kPart, count - first);
            upload(m_conversion.as(),
                   static_cast<const char*>(values) + first * bytesPerValue(dtype),
                   static_cast<std::size_t>(part * bytesPerValue(dtype)));
            check(k::launchConvert({m_conversion.as(), valueType(dtype), static_cast<char*>(device) + first * 2,
                                    valueType(m_dtype), part},
                                   m_stream),
                  "converting weights");
        }
    }

    void embed(const Tensor& out, std::span<const int> ids, const Tensor& table) override {
        use();
        if (ids.empty()) return;
        m_staging.reset();
        check(k::launchEmbed({m_staging.put(ids), table.data, out.data, out.stride,
                              static_cast<int>(ids.size()), cols(out), m_element},
                             m_stream),
              "embedding");
    }
    void rmsNorm(const Tensor& out, const Tensor& x, const Tensor& weight, float eps) override {
        use();
        if (x.rows == 0) return;
        check(k::launchRmsNorm(
                  {x.data, x.stride, weight.data, out.data, out.stride, rows(x), cols(x), eps, m_element},
                  m_stream),
              "RMSNorm");
    }
    void linear(const Tensor& out, const Tensor& x, const Tensor& weight, bool accumulate) override {
        use();
        if (out.rows == 0) return;
        const bool isFloat = out.dtype == DType::F32;
        if (out.rows == 1 && cols(x) % 8 == 0 && cols(x) <= 32768 && cols(out) % 2 == 0 &&
            weight.stride == x.cols && !(isFloat && accumulate)) {
            const auto epilogue = accumulate ? k::GemvEpilogue::Add
                                  : isFloat  ? k::GemvEpilogue::StoreFloat
                                             : k::GemvEpilogue::Store;
            check(k::launchGemv(
                      {x.data, nullptr, 0, weight.data, out.data, cols(x), cols(out), epilogue, m_element},
                      m_stream),
                  "matrix-vector product");
            return;
        }
        m_matmul->run(product(out, x, weight, accumulate, false), m_stream);
    }
    void linearBackward(const Tensor& dX, const Tensor& dOut, const Tensor& weight,
                        bool accumulate) override {
        use();
        if (dX.rows > 0) m_matmul->run(product(dX, dOut, weight, accumulate, true), m_stream);
    }
    void rope(const Tensor& x, int heads, std::span<const std::int64_t> positions, const Tensor& cosine,
              const Tensor& sine, bool inverse) override {
        use();
        if (positions.empty()) return;
        if (cosine.dtype != DType::F32 || sine.dtype != DType::F32)
            throw Error("rotary tables are single precision");
        m_staging.reset();
        const std::vector<std::int32_t> narrow(positions.begin(), positions.end());
        check(k::launchRope({x.data, x.stride, m_staging.put(narrow), static_cast<const float*>(cosine.data),
                             static_cast<const float*>(sine.data), static_cast<int>(narrow.size()), heads,
                             cols(x) / heads, inverse, m_element},
                            m_stream),
              "rotary embedding");
    }
    void swiGlu(const Tensor& out, const Tensor& gate, const Tensor& up) override {
        use();
        if (gate.rows == 0) return;
        check(k::launchSwiGlu({gate.data, up.data, out.data, gate.stride, up.stride, out.stride, rows(gate),
                               cols(gate), m_element},
                              m_stream),
              "SwiGLU");
    }
    void add(const Tensor& to, const Tensor& from) override {
        use();
        if (to.rows == 0) return;
        check(k::launchAdd({to.data, from.data, to.stride, from.stride, rows(to), cols(to), m_element},
                           m_stream),
              "adding");
    }
    void attention(const AttentionShape& shape, const Tensor& q, const Tensor& keys, const Tensor& values,
                   const Tensor& out, const Tensor& lse, std::span<const BatchItem> items) override {
        use();
        m_staging.reset();
        m_attention.forward(shape, q, keys, values, out, lse, items);
    }
    void appendKv(const AttentionShape& shape, const Tensor& keys, const Tensor& values,
                  std::span<const BatchItem> items) override {
        use();
        m_staging.reset();
        m_attention.append(shape, keys, values, items);
    }
    void attentionMap(const AttentionMapArgs& args) override {
        use();
        m_staging.reset();
        if (args.dOut.data) m_gradients.influence(args);
        else m_attention.map(args);
    }

    void rmsNormBackward(const Tensor& dX, const Tensor& x, const Tensor& weight, float eps, const Tensor& dOut,
                         const float* factor) override {
        use();
        if (x.rows == 0) return;
        needFloat(dX);
        check(k::launchRmsNormBackward({x.data, x.stride, weight.data, dOut.data, dOut.stride,
                                        static_cast<float*>(dX.data), dX.stride, factor, rows(x), cols(x), eps,
                                        m_element},
                                       m_stream),
              "RMSNorm backward");
    }
    void narrowGradient(const Tensor& narrow, const Tensor& dX, float* factor) override {
        use();
        if (dX.rows == 0) return;
        needFloat(dX);
        check(k::launchNarrow({static_cast<const float*>(dX.data), dX.stride, narrow.data, narrow.stride, factor,
                               rows(dX), cols(dX), m_element},
                              m_stream),
              "narrowing gradients");
    }
    void swiGluBackward(const Tensor& gate, const Tensor& up, const Tensor& dOut) override {
        use();
        if (gate.rows == 0) return;
        check(k::launchSwiGluBackward({gate.data, up.data, dOut.data, gate.stride, up.stride, dOut.stride,
                                       rows(gate), cols(gate), m_element},
                                      m_stream),
              "SwiGLU backward");
    }
    void crossEntropy(const Tensor& dLogits, const Tensor& logits, std::span<const int> targets, float scale,
                      std::span<double> losses) override {
        use();
        if (logits.rows == 0) return;
        const auto count = static_cast<std::size_t>(logits.rows);
        if (m_losses.bytes() < count * sizeof(float)) m_losses = DeviceMemory(count * sizeof(float), "losses");
        m_staging.reset();
        check(k::launchCrossEntropy({static_cast<const float*>(logits.data), m_staging.put(targets), dLogits.data,
                                     m_losses.as<float>(), rows(logits), cols(logits), scale, m_element},
                                    m_stream),
              "cross-entropy");
        std::vector<float> host(count);
        download(host.data(), m_losses.as(), count * sizeof(float));
        std::copy(host.begin(), host.end(), losses.begin());
    }
    void attentionBackward(const AttentionBackwardArgs& args) override {
        use();
        m_staging.reset();
        m_gradients.backward(args);
    }
    void settle() override {
        use();
        m_gradients.settle();
    }

    std::unique_ptr<RecordedStep> recordStep(const ModelConfig& config, const LlamaWeights& weights,
                                             std::span<const StepSequence> sequences) override {
        use();
        m_stream.synchronise(); // the step has a stream of its own
        return recordCudaStep(config, m_dtype, weights, sequences, m_matmul);
    }

private:
    static int select(int index) {
        check(cudaSetDevice(index), "choosing the device");
        return index;
    }
    /// The current device belongs to the thread, and any thread may call.
    void use() const { check(cudaSetDevice(m_index), "choosing the device"); }
    static int rows(const Tensor& t) { return static_cast<int>(t.rows); }
    static int cols(const Tensor& t) { return static_cast<int>(t.cols); }
    void move(void* to, const void* from, std::size_t bytes) {
        check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice, m_stream), "copying on the device");
    }
    static void needFloat(const Tensor& dX) {
        if (dX.dtype != DType::F32) throw Error("the gradient of the residual stream is single precision");
    }
    Product product(const Tensor& out, const Tensor& x, const Tensor& weight, bool accumulate,
                    bool transposed) const {
        Product p;
        p.x = x.data, p.weight = weight.data, p.out = out.data;
        p.rows = rows(out), p.inCols = cols(x), p.outCols = cols(out);
        p.xStride = x.stride, p.outStride = out.stride;
        p.accumulate = accumulate, p.transposed = transposed;
        p.floatOut = out.dtype == DType::F32;
        return p;
    }

    int m_index;
    DType m_dtype;
    k::Element m_element;
    DeviceInfo m_info; ///< but for what is free; asking the driver takes long, and every sequence asks
    Stream m_stream;
    Staging m_staging;
    std::shared_ptr<Matmul> m_matmul;
    CudaAttention m_attention;
    AttentionGradients m_gradients;
    DeviceMemory m_overlap, m_conversion, m_losses;
};

} // namespace

std::vector<DeviceInfo> listDevices() {
    int count = 0;
    if (cudaGetDeviceCount(&count) != cudaSuccess) {
        cudaGetLastError(); // no driver or no card: an empty list, not an error
        return {};
    }
    std::vector<DeviceInfo> devices;
    for (int i = 0; i < count; ++i) devices.push_back(describe(i));
    return devices;
}

std::unique_ptr<Backend> makeCudaBackend(int index, DType dtype) {
    return std::make_unique<CudaBackend>(index, dtype);
}

} // namespace moa::cuda
