// A model of a given shape from random weights made on the card: what `moa bench` runs, no file needed.
#pragma once

#include "engine/backend/cuda/decoder.h"

namespace moa::cuda {

class RandomWeights {
public:
    /// Matrices are normal with the given standard deviation, norms 1.
    explicit RandomWeights(const ModelConfig& config, std::uint64_t seed = 1, float deviation = 0.02f);
    const DecoderWeights& weights() const { return m_weights; }
    std::uint64_t bytes() const { return m_memory.bytes(); }

private:
    DeviceMemory m_memory;
    DecoderWeights m_weights;
};

} // namespace moa::cuda
