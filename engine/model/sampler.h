// Picks the next token from logits: greedy, or temperature with top-k, top-p and min-p. Equal seeds give equal
// tokens on every machine.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace moa {

struct SamplingOptions {
    double temperature = 0; ///< ≤ 0: greedy
    int topK = 0;           ///< keep the k most likely; 0: all
    double topP = 1;        ///< keep the smallest set with this much probability
    double minP = 0;        ///< drop tokens less likely than this share of the most likely one
    std::uint64_t seed = 0;
};

class Sampler {
public:
    explicit Sampler(const SamplingOptions& options);
    /// Token id. Ties go to the lower id. `logits` [vocab].
    int next(std::span<const float> logits);

private:
    double uniform(); ///< [0, 1)
    SamplingOptions m_options;
    std::uint64_t m_state;
    std::vector<int> m_order;
    std::vector<double> m_weights;
};

/// Index of the largest value, the lowest on a tie.
int argmax(std::span<const float> values);
/// log Σ exp(values), in double.
double logSumExp(std::span<const float> values);

} // namespace moa
