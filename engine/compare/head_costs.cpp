#include "engine/compare/head_costs.h"

#include <algorithm>
#include <cmath>

namespace moa {

std::vector<double> headCosts(const SampleCosts& costs, int groupSize, const WindowMap& windows, std::int64_t tokens) {
    std::vector<double> result;
    const auto perSink = static_cast<std::size_t>(costs.tiles + 1);
    const auto sink = static_cast<std::size_t>(std::min<std::int64_t>(windows.sink / kBlock, kSinkChoices - 1));
    for (int l = 0; l < windows.layers; ++l)
        for (int g = 0; g < windows.kvHeads; ++g) {
            const std::int64_t w = windows.window(LayerIndex(l), KvHeadIndex(g));
            double sum = 0;
            for (int q = 0; q < groupSize && w + windows.sink < tokens; ++q) {
                const auto head = static_cast<std::size_t>(l * costs.heads + g * groupSize + q);
                sum += costs.costSigned[(head * kSinkChoices + sink) * perSink + static_cast<std::size_t>(w / kBlock)];
            }
            result.push_back(std::abs(sum));
        }
    return result;
}

} // namespace moa
