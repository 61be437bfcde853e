// The rule grid: the published counts, its constraints, and what counts as the same rule.
#include "engine/search/search_space.h"

#include "engine/core/error.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace moa {
namespace {

TEST(SearchSpace, PublishedLengthsGive99PairsAnd48Rules) {
    const std::vector<int> lengths = {2048, 4096, 8192};
    const RuleGrid grid = makeGrid(lengths);
    ASSERT_EQ(grid.alphas.size(), 11u);
    ASSERT_EQ(grid.betas.size(), 9u);
    for (std::size_t i = 0; i < grid.alphas.size(); ++i)
        EXPECT_DOUBLE_EQ(grid.alphas[i], -2048.0 + 1024.0 * static_cast<double>(i));
    EXPECT_EQ(grid.betas.front(), 0);
    EXPECT_EQ(grid.betas.back(), 1);
    EXPECT_EQ(makeRules(grid, lengths, 64).size(), 48u);
}

TEST(SearchSpace, EveryRuleFitsAndEveryFittingPairIsRepresented) {
    for (const std::vector<int>& lengths :
         {std::vector<int>{1024, 2048, 4096}, {512}, {2048, 4096}, {960, 2000, 5000}}) {
        const auto [shortest, longest] = std::minmax_element(lengths.begin(), lengths.end());
        const RuleGrid grid = makeGrid(lengths);
        const std::vector<Rule> rules = makeRules(grid, lengths, 64);
        std::set<std::vector<std::int64_t>> caches;
        const auto key = [&](const Rule& rule) {
            std::vector<std::int64_t> k;
            for (int n : lengthsOfInterest(lengths)) k.push_back(cacheOf(rule, n, 64));
            return k;
        };
        for (const Rule& rule : rules) {
            EXPECT_LE(rule.alpha + rule.beta * *longest, *longest + 1e-6);
            EXPECT_LE(rule.alpha + rule.beta * 2 * *longest, 2 * *longest + 1e-6);
            EXPECT_GT(rule.alpha + rule.beta * *shortest, 0);
            EXPECT_TRUE(caches.insert(key(rule)).second)
                << "duplicate rule " << rule.alpha << ", " << rule.beta;
        }
        for (double alpha : grid.alphas)
            for (double beta : grid.betas)
                if (ruleFits({alpha, beta}, *shortest, *longest)) {
                    EXPECT_TRUE(caches.contains(key({alpha, beta})));
                }
    }
}

TEST(SearchSpace, DuplicatesKeepTheCanonicalRule) {
    // (0, 1) and (512, 1) are both dense at 512 and 1024; (10, 0) and (100, 0) both get the least cache.
    const std::vector<Rule> kept =
        dropDuplicateRules({{512, 1}, {0, 1}, {100, 0}, {10, 0}, {256, 0}}, {512, 1024}, 64);
    const std::vector<Rule> expected = {{0, 1}, {10, 0}, {256, 0}};
    EXPECT_EQ(kept, expected);
}

TEST(SearchSpace, UserGridsAndBadInput) {
    const std::vector<Rule> rules = makeRules({{256, 128, 128}, {0}}, {512, 1024}, 64);
    const std::vector<Rule> expected = {{128, 0}, {256, 0}};
    EXPECT_EQ(rules, expected);
    EXPECT_THROW(makeRules({{-4096}, {0}}, {512}, 64), UsageError);
    EXPECT_THROW(makeGrid({}), UsageError);
    EXPECT_THROW(makeGrid({0}), UsageError);
}

} // namespace
} // namespace moa
