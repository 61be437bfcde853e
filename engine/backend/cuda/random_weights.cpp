#include "engine/backend/cuda/random_weights.h"

#include "engine/backend/cuda/card.h"
#include "moa_kernels/cuda/elementwise.h"

namespace moa::cuda {

namespace k = kernels::cuda;

RandomWeights::RandomWeights(const ModelConfig& c, std::uint64_t seed, float deviation) {
    const auto hidden = static_cast<std::int64_t>(c.hidden);
    const std::int64_t qkv = (c.heads + 2 * c.kvHeads) * c.headDim * hidden,
                       output = c.heads * c.headDim * hidden, mlp = hidden * c.intermediate,
                       table = hidden * c.vocab;
    const std::int64_t count = c.layers * (qkv + output + 3 * mlp + 2 * hidden) + 2 * table + hidden;
    m_memory = DeviceMemory(static_cast<std::size_t>(count) * 2, "weights");
    const k::Element element = elementOf(c.dtype);
    check(k::launchRandomFill({m_memory.as(), count, deviation, seed, element}, nullptr), "making weights");
    check(cudaDeviceSynchronize(), "making weights");
    auto* next = m_memory.as<char>();
    const auto take = [&](std::int64_t elements) {
        const void* at = next;
        next += elements * 2;
        return at;
    };
    const std::uint16_t one = element == k::Element::F16 ? 0x3c00 : 0x3f80;
    const std::vector<std::uint16_t> ones(static_cast<std::size_t>(hidden), one);
    const auto takeNorm = [&] {
        check(cudaMemcpy(next, ones.data(), ones.size() * 2, cudaMemcpyHostToDevice), "making weights");
        return take(hidden);
    };
    for (int l = 0; l < c.layers; ++l) {
        auto& w = m_weights.layers.emplace_back();
        w.qkv = take(qkv), w.output = take(output), w.gateUp = take(2 * mlp), w.down = take(mlp);
        w.attentionNorm = takeNorm(), w.mlpNorm = takeNorm();
    }
    m_weights.embedding = take(table), m_weights.head = take(table), m_weights.norm = takeNorm();
}

} // namespace moa::cuda
