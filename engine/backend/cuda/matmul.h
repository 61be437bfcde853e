// Matrix products through cuBLASLt, with the fastest algorithm found by trying.
#pragma once

#include "engine/backend/cuda/cuda_check.h"
#include "engine/backend/cuda/device_memory.h"

#include <cstdint>
#include <map>
#include <memory>
#include <tuple>
#include <vector>

namespace moa::cuda {

/// out [rows][outCols] (+)= x [rows][inCols] · Wᵀ, W [outCols][inCols], row-major with strides in elements.
/// With `transposed` W is [inCols][outCols], as a backward pass needs it.
struct Product {
    const void* x = nullptr;
    const void* weight = nullptr;
    void* out = nullptr;
    int rows = 0, inCols = 0, outCols = 0;
    std::int64_t xStride = 0, outStride = 0;
    bool accumulate = false;
    bool transposed = false;
    bool floatOut = false; ///< single precision
};

class Matmul {
public:
    /// `element`: CUDA_R_16F or CUDA_R_16BF.
    explicit Matmul(cudaDataType_t element);
    Matmul(const Matmul&) = delete;
    Matmul& operator=(const Matmul&) = delete;
    ~Matmul();

    void run(const Product& product, cudaStream_t stream);
    /// Tries the candidates on `products` (same shape; several, so that weights do not come from the L2
    /// cache) and keeps the fastest for that shape. What `out` holds is overwritten.
    void tune(const std::vector<Product>& products, cudaStream_t stream);

private:
    struct Shape;
    using Key = std::tuple<int, int, int, std::int64_t, std::int64_t, bool, bool, bool>;
    static Key keyOf(const Product& product);
    Shape& shapeOf(const Product& product);
    cublasStatus_t launch(const Shape& shape, const cublasLtMatmulAlgo_t& algorithm, const Product& product,
                          cudaStream_t stream);

    cudaDataType_t m_element;
    cublasLtHandle_t m_handle = nullptr;
    DeviceMemory m_workspace;
    std::map<Key, std::unique_ptr<Shape>> m_shapes;
};

} // namespace moa::cuda
