// Attention backward of a layer on the card, the sums of rule costs that come with it, and influence in
// cells.
#pragma once

#include "engine/backend/backend.h"
#include "engine/backend/cuda/staging.h"
#include "moa_kernels/cuda/attention_backward.h"

#include <array>
#include <memory>

namespace moa::cuda {

class AttentionGradients {
public:
    AttentionGradients(cudaStream_t stream, Staging& staging, kernels::cuda::Element element);

    /// Sums reach `args.sums` when the next layer has been launched or settle() is called: the host adds one
    /// layer's while the card works on the next. Throws UsageError for costs under a mask that hides
    /// something.
    void backward(const AttentionBackwardArgs& args);
    /// Waits for what is under way, adds its sums and frees the workspace.
    void settle();
    /// Σ|E| of the heads asked for; throws UsageError for cells that are no power of two.
    void influence(const AttentionMapArgs& args);

private:
    /// One layer's sums on their way to the host.
    struct Arrival {
        std::unique_ptr<std::byte, void (*)(void*)> memory{nullptr, [](void*) {}}; ///< page-locked
        std::size_t bytes = 0;
        Event ready;
        bool pending = false;
        int heads = 0;
        HeadCostSums to;
    };
    kernels::cuda::AttentionBackwardParams layer(const AttentionShape& shape, const Tensor& q,
                                                 const Tensor& k, const Tensor& v, const Tensor& lse,
                                                 std::span<const std::int64_t> windows, std::int64_t sink);
    void sendSums(const HeadCostSums& sums, int heads);
    static void arrive(Arrival& arrival);

    cudaStream_t m_stream;
    Staging& m_staging;
    kernels::cuda::Element m_element;
    DeviceMemory m_delta, m_workspace, m_sums;
    std::array<Arrival, 2> m_arrivals;
    std::size_t m_next = 0;
};

} // namespace moa::cuda
