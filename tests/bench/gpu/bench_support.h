// What the GPU benches share: the shapes, plans as uneven as real ones, medians, JSON lines.
#pragma once

#include "engine/backend/cuda/stream.h"
#include "engine/core/model_config.h"

#include <algorithm>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

namespace moa::bench {

inline ModelConfig llama7b() {
    ModelConfig c;
    c.layers = 32, c.heads = c.kvHeads = 32, c.headDim = 128;
    c.hidden = 4096, c.intermediate = 11008, c.vocab = 32000;
    c.context = 131072;
    c.dtype = DType::F16;
    return c;
}

struct Spread {
    double median = 0, least = 0, most = 0;
};

/// Milliseconds of one call of `work`, of `repeats` timings of `calls` calls each, after a warm-up.
inline Spread timed(cudaStream_t stream, int repeats, int calls, const std::function<void()>& work) {
    for (int i = 0; i < 3; ++i) work();
    cuda::Event begin, end;
    std::vector<double> times;
    for (int r = 0; r < repeats; ++r) {
        begin.record(stream);
        for (int i = 0; i < calls; ++i) work();
        end.record(stream);
        times.push_back(end.millisecondsSince(begin) / calls);
    }
    std::sort(times.begin(), times.end());
    return {times[times.size() / 2], times.front(), times.back()};
}

/// Window of every KV head (sink 64 on top) for a mean span of `density` · n: a third of the heads (an eighth
/// where the density asks for it) at full length, the others equal and short, as in the peers' script.
inline std::vector<std::int64_t> twoSpans(int kvHeads, std::int64_t n, double density) {
    if (density >= 1) return std::vector<std::int64_t>(static_cast<std::size_t>(kvHeads), n - 64);
    int full = kvHeads / 3;
    if (density * kvHeads <= full) full = kvHeads / 8;
    const double rest = (density * kvHeads - full) / (kvHeads - full) * static_cast<double>(n);
    const std::int64_t span = std::max<std::int64_t>(128, static_cast<std::int64_t>(rest / 64 + 0.5) * 64);
    std::vector<std::int64_t> windows(static_cast<std::size_t>(kvHeads), span - 64);
    std::fill_n(windows.begin(), full, n - 64);
    return windows;
}

/// Five different spans with the same mean, mixed over the heads.
inline std::vector<std::int64_t> fiveSpans(int kvHeads, std::int64_t n, double density) {
    const double shares[] = {1.9, 0.3, 1.4, 0.9, 0.5}; // mean 1
    std::vector<std::int64_t> windows;
    for (int g = 0; g < kvHeads; ++g) {
        const double span = std::min(1.0, shares[g % 5] * density) * static_cast<double>(n);
        windows.push_back(std::max<std::int64_t>(128, static_cast<std::int64_t>(span / 64 + 0.5) * 64) - 64);
    }
    return windows;
}

} // namespace moa::bench
