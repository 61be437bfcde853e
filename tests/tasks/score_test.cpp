// Whole-answer match and the Wilson interval.
#include "engine/tasks/score.h"

#include <gtest/gtest.h>

#include <vector>

namespace moa {
namespace {

TEST(AnswerMatches, WholeTextCountsSpaceAroundDoesNot) {
    EXPECT_TRUE(answerMatches("The pass key is 41827.", " The pass key is 41827.\n"));
    EXPECT_FALSE(answerMatches("The pass key is 41827.", "The pass key is 41827"));
    EXPECT_FALSE(answerMatches("The pass key is 41827.", "The pass key is 41827. Remember it."));
    EXPECT_FALSE(answerMatches("The pass key is 41827.", ""));
}

TEST(AnswerMatches, EveryTokenMustBeTheGreedyOne) {
    const std::vector<int> expected{5, 6, 7};
    EXPECT_TRUE(answerMatches(expected, std::vector<int>{5, 6, 7}));
    EXPECT_FALSE(answerMatches(expected, std::vector<int>{5, 6, 8}));
    EXPECT_FALSE(answerMatches(expected, std::vector<int>{5, 6}));
    EXPECT_FALSE(answerMatches(std::vector<int>{}, std::vector<int>{}));
}

TEST(Score, CountsAndInterval) {
    Score score;
    EXPECT_EQ(score.accuracy(), 0);
    EXPECT_EQ(score.interval95().low, 0);
    EXPECT_EQ(score.interval95().high, 1);
    for (int i = 0; i < 40; ++i) score.add(i % 4 != 0);
    EXPECT_EQ(score.asked, 40);
    EXPECT_EQ(score.right, 30);
    EXPECT_DOUBLE_EQ(score.accuracy(), 0.75);
    // statsmodels.stats.proportion.proportion_confint(30, 40, method="wilson")
    EXPECT_NEAR(score.interval95().low, 0.59807, 1e-4);
    EXPECT_NEAR(score.interval95().high, 0.85814, 1e-4);
}

TEST(Score, IntervalOfAllRightStaysBelowCertainty) {
    const Score all{40, 40}, none{40, 0};
    EXPECT_NEAR(all.interval95().low, 0.91238, 1e-4);
    EXPECT_DOUBLE_EQ(all.interval95().high, 1);
    EXPECT_DOUBLE_EQ(none.interval95().low, 0);
    EXPECT_NEAR(none.interval95().high, 0.08762, 1e-4);
}

} // namespace
} // namespace moa
