// Scalings of rotary embeddings, each as what the frequency of every pair of a head is divided by.
#pragma once

#include <cstdint>
#include <vector>

namespace moa {

/// θ and D of a model: pair i turns by θ^(−2i/D) a token where nothing scales it.
struct RopeBase {
    double theta = 10000;
    int headDim = 0;
};

/// All frequencies alike (position interpolation, arXiv 2306.15595). [D/2]
std::vector<double> linearDivisors(int headDim, double factor);

/// Llama 3.1: slow frequencies by `factor`, fast ones not at all, between them blended by wavelength.
struct Llama3Scaling {
    double factor = 1, lowFrequency = 1, highFrequency = 4;
    double originalContext = 8192; ///< tokens
};
std::vector<double> llama3Divisors(const RopeBase& base, const Llama3Scaling& scaling);

/// YaRN (arXiv 2309.00071): blended by the turns that a pair makes in the original context.
struct YarnScaling {
    double factor = 1, originalContext = 4096;
    double fastTurns = 32, slowTurns = 1; ///< β
    bool truncate = true;                 ///< the borders of the blend are whole pairs
};
std::vector<double> yarnDivisors(const RopeBase& base, const YarnScaling& scaling);
/// What YaRN multiplies queries and keys by: 0.1 m ln(factor) + 1, 1 for a factor of at most 1.
double yarnAmplitude(double factor, double m = 1);

/// LongRoPE (arXiv 2402.13753) gives the divisors themselves; what it multiplies queries and keys by.
double longRopeAmplitude(double factor, double originalContext);

} // namespace moa
