#include "engine/search/search_instance.h"

#include "engine/core/error.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <string>

namespace moa {

namespace {

/// Densities that are no multiples of one cache block are kept to nine decimals.
constexpr std::int64_t kFixedPoint = 1'000'000'000;

void requireCount(const std::string& where, std::size_t expected, std::size_t found) {
    if (expected == found) return;
    throw UsageError(where + ": " + std::to_string(expected) + " values expected, " + std::to_string(found) +
                     " found");
}

void checkHead(const SearchInstance& instance) {
    if (instance.layers < 1 || instance.kvHeads < 1 || instance.layers > 10'000 || instance.kvHeads > 10'000)
        throw UsageError("layers, kv_heads: at least 1 expected");
    if (instance.rules.empty()) throw UsageError("rules: at least one [alpha, beta] expected");
    if (instance.rules.size() > 4096) throw UsageError("rules: at most 4096 expected");
    for (const Rule& rule : instance.rules)
        if (!std::isfinite(rule.alpha) || !std::isfinite(rule.beta))
            throw UsageError("rules: finite numbers expected");
    if (instance.freeRules > instance.ruleCount()) throw UsageError("freeRules: more than there are rules");
    if (instance.lengths.empty()) throw UsageError("lengths: at least one expected");
    const std::vector<int> all = instance.densityLengths();
    for (int n : all)
        if (n < 1) throw UsageError("lengths: positive numbers expected");
    if (std::set<int>(all.begin(), all.end()).size() != all.size())
        throw UsageError("lengths, extra_density_lengths: every length once expected");
}

void checkTables(const SearchInstance& instance) {
    requireCount("loss", instance.lengths.size(), instance.loss.size());
    for (std::size_t n = 0; n < instance.loss.size(); ++n) {
        const std::string where = "loss[\"" + std::to_string(instance.lengths[n]) + "\"]";
        requireCount(where, instance.groups(), instance.loss[n].size());
        for (std::size_t g = 0; g < instance.loss[n].size(); ++g) {
            const std::string row = where + "[" + std::to_string(g) + "]";
            requireCount(row, instance.rules.size(), instance.loss[n][g].size());
            for (double v : instance.loss[n][g])
                if (!std::isfinite(v) || std::abs(v) > 1e12)
                    throw UsageError(row + ": finite numbers expected");
        }
    }
    const std::vector<int> all = instance.densityLengths();
    requireCount("density", all.size(), instance.density.size());
    for (std::size_t n = 0; n < all.size(); ++n) {
        const std::string where = "density[\"" + std::to_string(all[n]) + "\"]";
        requireCount(where, instance.rules.size(), instance.density[n].size());
        for (double v : instance.density[n])
            if (!std::isfinite(v) || v < 0 || v > 1 + 1e-9)
                throw UsageError(where + ": numbers in [0, 1] expected");
    }
}

/// The number of units a dense cache has, so that every density is a whole number of them.
std::int64_t denseUnits(const std::vector<double>& density, int length, int sink) {
    for (std::int64_t units : {denseCache(length, sink) / kBlock, roundUpToBlock(length) / kBlock}) {
        const auto whole = [&](double v) {
            const double scaled = v * static_cast<double>(units);
            return std::abs(scaled - std::round(scaled)) <= 1e-9 * static_cast<double>(units);
        };
        if (std::all_of(density.begin(), density.end(), whole)) return units;
    }
    return kFixedPoint;
}

} // namespace

std::vector<int> SearchInstance::densityLengths() const {
    std::vector<int> all = lengths;
    all.insert(all.end(), extraDensityLengths.begin(), extraDensityLengths.end());
    return all;
}

int SearchInstance::lengthIndex(int length) const {
    const auto place = std::find(lengths.begin(), lengths.end(), length);
    return place == lengths.end() ? -1 : static_cast<int>(place - lengths.begin());
}

void completeInstance(SearchInstance& instance) {
    checkHead(instance);
    checkTables(instance);
    if (instance.freeRules < 0) instance.freeRules = instance.ruleCount();
    const std::vector<int> all = instance.densityLengths();
    if (instance.cacheBlocks.empty()) {
        instance.denseBlocks.clear();
        for (std::size_t n = 0; n < all.size(); ++n) {
            const std::int64_t units = denseUnits(instance.density[n], all[n], instance.sink);
            instance.denseBlocks.push_back(units);
            std::vector<std::int64_t>& row = instance.cacheBlocks.emplace_back();
            for (double v : instance.density[n]) row.push_back(std::llround(v * static_cast<double>(units)));
        }
    }
    requireCount("cacheBlocks", all.size(), instance.cacheBlocks.size());
    requireCount("denseBlocks", all.size(), instance.denseBlocks.size());
    for (const auto& row : instance.cacheBlocks)
        requireCount("cacheBlocks", instance.rules.size(), row.size());
}

} // namespace moa
