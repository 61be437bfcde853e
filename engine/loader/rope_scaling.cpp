// See rope_scaling.h.
#include "engine/loader/rope_scaling.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace moa {

std::vector<double> linearDivisors(int headDim, double factor) {
    return std::vector<double>(static_cast<std::size_t>(headDim / 2), factor);
}

std::vector<double> llama3Divisors(const RopeBase& base, const Llama3Scaling& s) {
    std::vector<double> divisors;
    for (int i = 0; i < base.headDim / 2; ++i) {
        const double turns = s.originalContext * std::pow(base.theta, -2.0 * i / base.headDim) / (2 * std::numbers::pi);
        const double smooth =
            std::clamp((turns - s.lowFrequency) / (s.highFrequency - s.lowFrequency), 0.0, 1.0);
        divisors.push_back(1 / ((1 - smooth) / s.factor + smooth));
    }
    return divisors;
}

std::vector<double> yarnDivisors(const RopeBase& base, const YarnScaling& s) {
    const auto pairOfTurns = [&](double turns) {
        return base.headDim * std::log(s.originalContext / (turns * 2 * std::numbers::pi)) / (2 * std::log(base.theta));
    };
    double low = pairOfTurns(s.fastTurns), high = pairOfTurns(s.slowTurns);
    if (s.truncate) {
        low = std::floor(low);
        high = std::ceil(high);
    }
    low = std::max(low, 0.0);
    high = std::min(high, base.headDim - 1.0);
    if (low == high) high += 0.001;
    std::vector<double> divisors;
    for (int i = 0; i < base.headDim / 2; ++i) {
        const double scaled = std::clamp((i - low) / (high - low), 0.0, 1.0);
        divisors.push_back(1 / (scaled / s.factor + (1 - scaled)));
    }
    return divisors;
}

double yarnAmplitude(double factor, double m) {
    return factor <= 1 ? 1 : 0.1 * m * std::log(factor) + 1;
}

double longRopeAmplitude(double factor, double originalContext) {
    return factor <= 1 ? 1 : std::sqrt(1 + std::log(factor) / std::log(originalContext));
}

} // namespace moa
