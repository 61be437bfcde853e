#include "engine/search/search_space.h"

#include "engine/core/error.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>

namespace moa {

namespace {

void requireLengths(const std::vector<int>& lengths) {
    if (lengths.empty()) throw UsageError("a search space needs at least one length");
    for (int n : lengths)
        if (n <= 0)
            throw UsageError("a length of the search space must be positive, got " + std::to_string(n));
}

/// Canonical before other: least |α|, then least β.
bool moreCanonical(const Rule& a, const Rule& b) {
    if (std::abs(a.alpha) != std::abs(b.alpha)) return std::abs(a.alpha) < std::abs(b.alpha);
    if (a.beta != b.beta) return a.beta < b.beta;
    return a.alpha > b.alpha;
}

} // namespace

RuleGrid makeGrid(const std::vector<int>& lengths) {
    requireLengths(lengths);
    const double shortest = *std::min_element(lengths.begin(), lengths.end());
    const double longest = *std::max_element(lengths.begin(), lengths.end());
    const int steps = static_cast<int>(std::floor((longest + shortest) / (longest / 8))) + 1;
    RuleGrid grid;
    for (int i = 0; i < steps; ++i) grid.alphas.push_back(-shortest + i * (longest + shortest) / (steps - 1));
    for (int i = 0; i <= 8; ++i) grid.betas.push_back(i / 8.0);
    return grid;
}

bool ruleFits(const Rule& rule, int shortest, int longest) {
    // Grid values are sums of fractions; the slack keeps a pair that meets a limit exactly.
    const double slack = 1e-9 * longest;
    return rule.alpha + rule.beta * longest <= longest + slack &&
           rule.alpha + rule.beta * 2.0 * longest <= 2.0 * longest + slack &&
           rule.alpha + rule.beta * shortest > slack;
}

std::vector<int> lengthsOfInterest(const std::vector<int>& lengths) {
    requireLengths(lengths);
    std::vector<int> all = lengths;
    all.push_back(2 * *std::max_element(lengths.begin(), lengths.end()));
    std::sort(all.begin(), all.end());
    all.erase(std::unique(all.begin(), all.end()), all.end());
    return all;
}

std::vector<Rule> dropDuplicateRules(const std::vector<Rule>& rules,
                                     const std::vector<int>& lengthsToTellApart, int sink) {
    std::map<std::vector<std::int64_t>, std::size_t> canonical;
    for (std::size_t i = 0; i < rules.size(); ++i) {
        std::vector<std::int64_t> caches;
        for (int n : lengthsToTellApart) caches.push_back(cacheOf(rules[i], n, sink));
        const auto [place, isNew] = canonical.try_emplace(caches, i);
        if (!isNew && moreCanonical(rules[i], rules[place->second])) place->second = i;
    }
    std::vector<std::size_t> kept;
    for (const auto& [caches, i] : canonical) kept.push_back(i);
    std::sort(kept.begin(), kept.end());
    std::vector<Rule> result;
    for (std::size_t i : kept) result.push_back(rules[i]);
    return result;
}

std::vector<Rule> makeRules(const RuleGrid& grid, const std::vector<int>& lengths, int sink) {
    requireLengths(lengths);
    const auto [shortest, longest] = std::minmax_element(lengths.begin(), lengths.end());
    std::vector<Rule> rules;
    for (double alpha : grid.alphas)
        for (double beta : grid.betas)
            if (ruleFits({alpha, beta}, *shortest, *longest)) rules.push_back({alpha, beta});
    if (rules.empty())
        throw UsageError(
            "no rule of the grid fits: α + βN must stay above 0 at the shortest length and within N at "
            "the longest and at twice that");
    std::sort(rules.begin(), rules.end());
    rules.erase(std::unique(rules.begin(), rules.end()), rules.end());
    return dropDuplicateRules(rules, lengthsOfInterest(lengths), sink);
}

} // namespace moa
