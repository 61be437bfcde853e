// A small seeded generator whose numbers are the same on every platform and standard library.
// Goal: reproducible tasks. Non-goals: cryptography, speed records. The distributions of <random> are not
// used because their output is implementation-defined.
#pragma once

#include <cstdint>

namespace moa {

/// SplitMix64 (Steele, Lea, Flood 2014): 64 bits of state, every seed is fine, streams by seed.
class SplitMix64 {
public:
    explicit SplitMix64(std::uint64_t seed) : m_state(seed) {}

    std::uint64_t next() {
        std::uint64_t z = (m_state += 0x9E3779B97F4A7C15ULL);
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
        return z ^ (z >> 31);
    }

    /// Uniform in [0, bound), bound ≥ 1; rejection keeps it unbiased.
    std::uint64_t below(std::uint64_t bound) {
        const std::uint64_t excess = (0 - bound) % bound; // 2^64 mod bound
        std::uint64_t value = next();
        while (value < excess) value = next();
        return value % bound;
    }

    /// Uniform in [0, 1), 53 bits.
    double uniform() { return double(next() >> 11) * 0x1.0p-53; }

private:
    std::uint64_t m_state;
};

/// Mixes values into one seed, so that (seed, task, length, sample) each give their own stream.
inline std::uint64_t mixSeed(std::uint64_t seed, std::uint64_t value) {
    return SplitMix64(seed ^ SplitMix64(value).next()).next();
}

} // namespace moa
