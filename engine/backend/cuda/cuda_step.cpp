#include "engine/backend/cuda/cuda_step.h"

#include "engine/backend/cuda/decoder.h"

namespace moa::cuda {

namespace {

DecoderWeights weightsOf(const LlamaWeights& from) {
    DecoderWeights to;
    for (const LlamaLayer& layer : from.layers)
        to.layers.push_back({layer.inputNorm.data, layer.qkv.data, layer.o.data, layer.postNorm.data,
                             layer.gateUp.data, layer.down.data});
    to.embedding = from.embedding.data, to.norm = from.finalNorm.data, to.head = from.head.data;
    return to;
}

DecoderLayout layoutOf(const LlamaWeights& weights, std::span<const StepSequence> sequences) {
    DecoderLayout layout;
    layout.sequences = static_cast<int>(sequences.size());
    layout.positions = weights.cosine.rows;
    layout.cosine = static_cast<const float*>(weights.cosine.data);
    layout.sine = static_cast<const float*>(weights.sine.data);
    for (const StepSequence& s : sequences) {
        layout.caches.insert(layout.caches.end(), s.cache.begin(), s.cache.end());
        layout.windows.insert(layout.windows.end(), s.windows.begin(), s.windows.end());
    }
    return layout;
}

class CudaStep final : public RecordedStep {
public:
    CudaStep(const ModelConfig& config, const LlamaWeights& weights, std::span<const StepSequence> sequences,
             std::shared_ptr<Matmul> matmul)
        : m_decoder(config, weightsOf(weights), layoutOf(weights, sequences), std::move(matmul)) {}

    void run(std::span<const int> tokens, std::span<const std::int64_t> positions,
             std::span<float> logits) override {
        m_decoder.setState(std::vector<std::int32_t>(positions.begin(), positions.end()), tokens);
        m_decoder.step();
        m_decoder.readLogits(logits);
    }

private:
    Decoder m_decoder;
};

} // namespace

std::unique_ptr<RecordedStep> recordCudaStep(const ModelConfig& config, DType element, const LlamaWeights& weights,
                                             std::span<const StepSequence> sequences,
                                             std::shared_ptr<Matmul> matmul) {
    ModelConfig onCard = config;
    onCard.dtype = element;
    return std::make_unique<CudaStep>(onCard, weights, sequences, std::move(matmul));
}

} // namespace moa::cuda
