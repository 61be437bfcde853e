#include "engine/backend/cuda/matmul.h"

#include "engine/backend/cuda/stream.h"
#include "engine/core/error.h"

#include <algorithm>

namespace moa::cuda {

namespace {

constexpr std::size_t kWorkspaceBytes = std::size_t(32) << 20;
constexpr int kCandidates = 16;

} // namespace

// cuBLAS is column-major: it computes outᵀ [outCols × rows] = W · xᵀ.
struct Matmul::Shape {
    cublasLtMatmulDesc_t operation = nullptr;
    cublasLtMatrixLayout_t weight = nullptr, x = nullptr, out = nullptr;
    std::vector<cublasLtMatmulHeuristicResult_t> candidates;
    std::size_t best = 0;

    ~Shape() {
        if (out) cublasLtMatrixLayoutDestroy(out);
        if (x) cublasLtMatrixLayoutDestroy(x);
        if (weight) cublasLtMatrixLayoutDestroy(weight);
        if (operation) cublasLtMatmulDescDestroy(operation);
    }
};

Matmul::Matmul(cudaDataType_t element)
    : m_element(element), m_workspace(kWorkspaceBytes, "workspace of cuBLAS") {
    check(cublasLtCreate(&m_handle), "starting cuBLASLt");
}

Matmul::~Matmul() {
    m_shapes.clear();
    cublasLtDestroy(m_handle);
}

Matmul::Key Matmul::keyOf(const Product& p) {
    return {p.rows, p.inCols, p.outCols, p.xStride, p.outStride, p.accumulate, p.transposed, p.floatOut};
}

Matmul::Shape& Matmul::shapeOf(const Product& p) {
    auto& slot = m_shapes[keyOf(p)];
    if (slot) return *slot;
    auto shape = std::make_unique<Shape>();
    check(cublasLtMatmulDescCreate(&shape->operation, CUBLAS_COMPUTE_32F, CUDA_R_32F),
          "describing a product");
    const cublasOperation_t transpose = p.transposed ? CUBLAS_OP_N : CUBLAS_OP_T;
    check(cublasLtMatmulDescSetAttribute(shape->operation, CUBLASLT_MATMUL_DESC_TRANSA, &transpose,
                                         sizeof transpose),
          "describing a product");
    const auto rows = static_cast<std::uint64_t>(p.rows), in = static_cast<std::uint64_t>(p.inCols),
               out = static_cast<std::uint64_t>(p.outCols);
    const auto weightStride = static_cast<std::int64_t>(p.transposed ? out : in);
    check(cublasLtMatrixLayoutCreate(&shape->weight, m_element, p.transposed ? out : in,
                                     p.transposed ? in : out, weightStride),
          "describing a weight");
    check(cublasLtMatrixLayoutCreate(&shape->x, m_element, in, rows, p.xStride), "describing an input");
    check(
        cublasLtMatrixLayoutCreate(&shape->out, p.floatOut ? CUDA_R_32F : m_element, out, rows, p.outStride),
        "describing an output");
    cublasLtMatmulPreference_t preference = nullptr;
    check(cublasLtMatmulPreferenceCreate(&preference), "choosing an algorithm");
    cublasLtMatmulPreferenceSetAttribute(preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES,
                                         &kWorkspaceBytes, sizeof kWorkspaceBytes);
    shape->candidates.resize(kCandidates);
    int found = 0;
    const auto status =
        cublasLtMatmulAlgoGetHeuristic(m_handle, shape->operation, shape->weight, shape->x, shape->out,
                                       shape->out, preference, kCandidates, shape->candidates.data(), &found);
    cublasLtMatmulPreferenceDestroy(preference);
    check(status, "choosing an algorithm");
    if (found == 0) throw Error("cuBLAS knows no algorithm for a product of this shape");
    shape->candidates.resize(static_cast<std::size_t>(found));
    slot = std::move(shape);
    return *slot;
}

cublasStatus_t Matmul::launch(const Shape& shape, const cublasLtMatmulAlgo_t& algorithm, const Product& p,
                              cudaStream_t stream) {
    const float one = 1, beta = p.accumulate ? 1.f : 0.f;
    return cublasLtMatmul(m_handle, shape.operation, &one, p.weight, shape.weight, p.x, shape.x, &beta, p.out,
                          shape.out, p.out, shape.out, &algorithm, m_workspace.as(), m_workspace.bytes(),
                          stream);
}

void Matmul::run(const Product& product, cudaStream_t stream) {
    const Shape& shape = shapeOf(product);
    check(launch(shape, shape.candidates[shape.best].algo, product, stream), "multiplying");
}

void Matmul::tune(const std::vector<Product>& products, cudaStream_t stream) {
    Shape& shape = shapeOf(products.front());
    Event begin, end;
    float least = 0;
    bool any = false;
    for (std::size_t c = 0; c < shape.candidates.size(); ++c) {
        const auto& algorithm = shape.candidates[c].algo;
        if (launch(shape, algorithm, products.front(), stream) != CUBLAS_STATUS_SUCCESS) continue;
        begin.record(stream);
        for (const Product& p : products) check(launch(shape, algorithm, p, stream), "multiplying");
        end.record(stream);
        const float ms = end.millisecondsSince(begin);
        if (any && ms >= least) continue;
        any = true, least = ms, shape.best = c;
    }
    if (!any) throw Error("cuBLAS ran none of its algorithms for a product of this shape");
}

} // namespace moa::cuda
