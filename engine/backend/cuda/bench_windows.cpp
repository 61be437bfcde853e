// Plans for benches, as uneven as those of real models.
#include "engine/backend/device_bench.h"

#include <algorithm>

namespace moa {

namespace {

constexpr std::int64_t kSink = 64, kShortest = 128;

/// A window for a span of about `tokens`, whole blocks.
std::int64_t windowOf(double tokens) {
    return std::max<std::int64_t>(kShortest, static_cast<std::int64_t>(tokens / 64 + 0.5) * 64) - kSink;
}

} // namespace

std::vector<std::int64_t> twoSpanWindows(int kvHeads, std::int64_t n, double density) {
    if (density >= 1) return std::vector<std::int64_t>(static_cast<std::size_t>(kvHeads), n - kSink);
    int full = kvHeads / 3;
    if (density * kvHeads <= full) full = kvHeads / 8;
    const double rest = (density * kvHeads - full) / (kvHeads - full) * static_cast<double>(n);
    std::vector<std::int64_t> windows(static_cast<std::size_t>(kvHeads), windowOf(rest));
    std::fill_n(windows.begin(), full, n - kSink);
    return windows;
}

std::vector<std::int64_t> fiveSpanWindows(int kvHeads, std::int64_t n, double density) {
    constexpr double kShares[] = {1.9, 0.3, 1.4, 0.9, 0.5}; // mean 1
    std::vector<std::int64_t> windows;
    for (int g = 0; g < kvHeads; ++g)
        windows.push_back(windowOf(std::min(1.0, kShares[g % 5] * density) * static_cast<double>(n)));
    return windows;
}

std::vector<std::int64_t> rotatedWindows(const std::vector<std::int64_t>& windows, int layers) {
    std::vector<std::int64_t> all;
    for (int l = 0; l < layers; ++l) {
        auto layer = windows;
        std::rotate(layer.begin(), layer.begin() + l * 5 % static_cast<int>(layer.size()), layer.end());
        all.insert(all.end(), layer.begin(), layer.end());
    }
    return all;
}

} // namespace moa
