#include "engine/model/sampler.h"

#include "engine/core/error.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace moa {

int argmax(std::span<const float> values) {
    return static_cast<int>(std::max_element(values.begin(), values.end()) - values.begin());
}

double logSumExp(std::span<const float> values) {
    const double most = *std::max_element(values.begin(), values.end());
    double sum = 0;
    for (const float v : values) sum += std::exp(static_cast<double>(v) - most);
    return most + std::log(sum);
}

Sampler::Sampler(const SamplingOptions& options) : m_options(options), m_state(options.seed) {
    if (options.topK < 0) throw UsageError("--top-k must be 0 or more");
    if (!(options.topP > 0 && options.topP <= 1)) throw UsageError("--top-p must be above 0 and at most 1");
    if (!(options.minP >= 0 && options.minP < 1)) throw UsageError("--min-p must be 0 or more and below 1");
    if (!std::isfinite(options.temperature)) throw UsageError("--temperature must be a number");
}

double Sampler::uniform() {
    // splitmix64: the same sequence everywhere, unlike the standard distributions.
    m_state += 0x9e3779b97f4a7c15ull;
    std::uint64_t z = m_state;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return static_cast<double>((z ^ (z >> 31)) >> 11) * 0x1p-53;
}

int Sampler::next(std::span<const float> logits) {
    if (m_options.temperature <= 0) return argmax(logits);
    m_order.resize(logits.size());
    std::iota(m_order.begin(), m_order.end(), 0);
    std::sort(m_order.begin(), m_order.end(), [&](int a, int b) {
        const float x = logits[static_cast<std::size_t>(a)], y = logits[static_cast<std::size_t>(b)];
        return x != y ? x > y : a < b;
    });
    std::size_t keep = logits.size();
    if (m_options.topK > 0) keep = std::min(keep, static_cast<std::size_t>(m_options.topK));
    m_weights.resize(keep);
    const double most = logits[static_cast<std::size_t>(m_order[0])];
    double total = 0;
    for (std::size_t i = 0; i < keep; ++i) {
        const double logit = logits[static_cast<std::size_t>(m_order[i])];
        m_weights[i] = std::exp((logit - most) / m_options.temperature);
        if (m_weights[i] < m_options.minP) {
            keep = i;
            break;
        }
        total += m_weights[i];
    }
    double kept = 0;
    std::size_t used = 0;
    while (used < keep && kept < m_options.topP * total) kept += m_weights[used++];
    double left = uniform() * kept;
    for (std::size_t i = 0; i + 1 < used; ++i) {
        left -= m_weights[i];
        if (left < 0) return m_order[i];
    }
    return m_order[used - 1];
}

} // namespace moa
