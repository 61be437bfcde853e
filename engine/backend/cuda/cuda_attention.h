// Attention of a batch on the card: which kernel serves which items, and the tables each needs.
#pragma once

#include "engine/backend/backend.h"
#include "engine/backend/cuda/staging.h"
#include "moa_kernels/cuda/cache.h"

namespace moa::cuda {

class CudaAttention {
public:
    CudaAttention(cudaStream_t stream, Staging& staging, kernels::cuda::Element element);

    void forward(const AttentionShape& shape, const Tensor& q, const Tensor& k, const Tensor& v,
                 const Tensor& out, const Tensor& lse, std::span<const BatchItem> items);
    void append(const AttentionShape& shape, const Tensor& k, const Tensor& v,
                std::span<const BatchItem> items);
    /// ΣA of the heads asked for; throws UsageError for cells that are no power of two.
    void map(const AttentionMapArgs& args);

private:
    struct Batch; // of one kind of kernel
    void decode(const AttentionShape& shape, const Tensor& q, const Tensor& k, const Tensor& v,
                const Tensor& out, std::span<const BatchItem> items);
    bool prefillWhole(const AttentionShape& shape, const Tensor& q, const Tensor& k, const Tensor& v,
                      const Tensor& out, const Tensor& lse, std::span<const BatchItem> items);
    void runs(const AttentionShape& shape, const Tensor& q, const Tensor& k, const Tensor& v,
              const Tensor& out, const Tensor& lse, std::span<const BatchItem> items);

    cudaStream_t m_stream;
    Staging& m_staging;
    kernels::cuda::Element m_element;
    int m_workers;
    DeviceMemory m_workspace, m_counter, m_plan;
};

} // namespace moa::cuda
