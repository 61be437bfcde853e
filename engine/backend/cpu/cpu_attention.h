// Attention of the CPU backend: cuts a batch into (head, 64-row) tiles for the pool, presents ring caches to the
// kernels as runs of consecutive positions.
#pragma once

#include "engine/backend/backend.h"
#include "engine/backend/cpu/thread_pool.h"
#include "moa_kernels/attention.h"

#include <vector>

namespace moa {

class CpuAttention {
public:
    explicit CpuAttention(ThreadPool& pool);

    void forward(const AttentionShape& shape, const Tensor& q, const Tensor& k, const Tensor& v, const Tensor& out,
                 const Tensor& lse, std::span<const BatchItem> items);
    void append(const AttentionShape& shape, const Tensor& k, const Tensor& v, std::span<const BatchItem> items);
    void backward(const AttentionBackwardArgs& args);
    void map(const AttentionMapArgs& args);

private:
    struct HeadKeys; ///< the key runs of one (item, KV head)

    /// New keys and values of all items, head-major: [G][rows][D] each, so that a tile's rows are contiguous.
    void packNewKeys(const AttentionShape& shape, const Tensor& k, const Tensor& v);
    float* workspace(int worker, std::size_t floats);

    ThreadPool& m_pool;
    std::vector<float> m_packedK, m_packedV;
    std::vector<std::vector<float>> m_workspaces; ///< per worker, 64-byte aligned on use
};

} // namespace moa
