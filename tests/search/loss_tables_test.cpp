// Every estimate against sums worked out by hand on a profile of one layer, two query heads and one or two KV
// heads.
#include "engine/search/loss_tables.h"

#include "engine/core/error.h"

#include <gtest/gtest.h>

#include <cmath>

namespace moa {
namespace {

/// One layer, 4 query heads in 2 KV heads, length 256 (T = 4), two samples.
ProfileData tinyProfile() {
    ProfileData profile;
    profile.layers = 1;
    profile.heads = 4;
    profile.kvHeads = 2;
    ProfileLength at;
    at.length = 256;
    at.samples = 2;
    at.windows = 4;
    const auto value = [](int head, int sink, int window) { return float(100 * head + 10 * sink + window); };
    for (int h = 0; h < 4; ++h)
        for (int k = 0; k < kSinkChoices; ++k) {
            for (int b = 0; b <= 4; ++b) {
                at.cost.push_back(value(h, k, b));
                at.costSigned.push_back(-value(h, k, b));
            }
            for (int t = 0; t < 4; ++t) at.hist.push_back(float(1 + h) * float(1 << t) + float(k));
        }
    // [sample][KV head][window]
    at.costSamples = {0, 3, 1, 0, 0, /**/ 0, 5, 2, 0, 0, /**/ 0, -1, 2, 0, 0, /**/ 0, -9, 4, 0, 0};
    profile.lengths[256] = at;
    return profile;
}

double loss(Estimate estimate, int kvHead, int windows, int sink = 64) {
    const ProfileData profile = tinyProfile();
    return ruleLoss(profile, profile.lengths.at(256), estimate, sink, LayerIndex(0), KvHeadIndex(kvHead),
                    windows);
}

TEST(LossTables, JointIsTheMeanOfAbsolutesOverSamples) {
    EXPECT_DOUBLE_EQ(loss(Estimate::Joint, 0, 1), 2.0); // (|3| + |−1|) / 2
    EXPECT_DOUBLE_EQ(loss(Estimate::Joint, 0, 2), 1.5);
    EXPECT_DOUBLE_EQ(loss(Estimate::Joint, 1, 1), 7.0);
}

TEST(LossTables, JointSeIsTheMeanPlusOneStandardErrorAtLeastZero) {
    EXPECT_DOUBLE_EQ(loss(Estimate::JointSe, 0, 1), 1.0 + 2.0); // mean 1, deviation √8, error √8/√2 = 2
    EXPECT_DOUBLE_EQ(loss(Estimate::JointSe, 1, 2), 3.0 + 1.0);
    EXPECT_DOUBLE_EQ(loss(Estimate::JointSe, 1, 1), -2.0 + 7.0);
    ProfileData profile = tinyProfile();
    profile.lengths[256].costSamples[11] = -3.5; // samples 3 and −3.5: −0.25 + 3.25
    EXPECT_DOUBLE_EQ(
        ruleLoss(profile, profile.lengths[256], Estimate::JointSe, 64, LayerIndex(0), KvHeadIndex(0), 1), 3);
    profile.lengths[256].costSamples[1] = -3;
    EXPECT_EQ(
        ruleLoss(profile, profile.lengths[256], Estimate::JointSe, 64, LayerIndex(0), KvHeadIndex(0), 1), 0);
}

TEST(LossTables, MeansSumOverTheQueryHeadsOfTheGroup) {
    EXPECT_DOUBLE_EQ(loss(Estimate::JointRows, 1, 2), (200 + 10 + 2) + (300 + 10 + 2));
    EXPECT_DOUBLE_EQ(loss(Estimate::JointSigned, 1, 2), -524);
    EXPECT_DOUBLE_EQ(loss(Estimate::JointRows, 0, 1, 128), (20 + 1) + (100 + 20 + 1));
}

TEST(LossTables, PublishedSumsTheHistogramFromTheWindowOn) {
    // Heads 0 and 1, sink 1 block: buckets (1, 2, 4, 8) + (2, 4, 8, 16) + 1 each.
    EXPECT_DOUBLE_EQ(loss(Estimate::Published, 0, 2), (4 + 8) + (8 + 16) + 4 * 1);
    EXPECT_DOUBLE_EQ(loss(Estimate::Published, 0, 1, 0), (2 + 4 + 8) * 3);
}

TEST(LossTables, ShowingEverythingCostsNothing) {
    for (Estimate e : {Estimate::Joint, Estimate::JointRows, Estimate::JointSigned, Estimate::Published}) {
        EXPECT_EQ(loss(e, 0, 3), 0); // 64 + 192 = 256
        EXPECT_EQ(loss(e, 0, 9), 0);
        EXPECT_NE(loss(e, 0, 2), 0);
    }
}

TEST(LossTables, InstanceHasOneLossPerGroupAndRule) {
    LossTableOptions options;
    options.estimate = Estimate::JointRows;
    options.grid = {{128, 192, 256}, {0}};
    options.pinnedRules = {{64, 0.25}};
    const SearchInstance instance = makeInstance(tinyProfile(), options);
    ASSERT_EQ(instance.ruleCount(), 4);
    EXPECT_EQ(instance.freeRules, 3);
    EXPECT_EQ(instance.extraDensityLengths, std::vector<int>{512});
    const std::vector<std::vector<std::int64_t>> blocks = {{2, 3, 4, 2}, {2, 3, 4, 3}};
    EXPECT_EQ(instance.cacheBlocks, blocks);
    const std::vector<double> first = {11 + 111, 12 + 112, 0, 11 + 111};
    EXPECT_EQ(instance.loss[0][0], first);
    EXPECT_DOUBLE_EQ(instance.density[1][3], 3.0 / 8);
}

TEST(LossTables, SaysWhatTheProfileDoesNotHold) {
    LossTableOptions options;
    options.sink = 128;
    try {
        makeInstance(tinyProfile(), options);
        FAIL();
    } catch (const UsageError& e) {
        EXPECT_NE(std::string(e.what()).find("joint-rows"), std::string::npos) << e.what();
    }
    options.estimate = Estimate::JointRows;
    EXPECT_NO_THROW(makeInstance(tinyProfile(), options));
    options.lengths = {512};
    EXPECT_THROW(makeInstance(tinyProfile(), options), UsageError);
    ProfileData damaged = tinyProfile();
    damaged.lengths[256].cost.pop_back();
    options.lengths = {};
    EXPECT_THROW(makeInstance(damaged, options), Error);
    EXPECT_THROW(parseEstimate("jiont"), UsageError);
    EXPECT_EQ(toString(parseEstimate("joint-se")), "joint-se");
}

} // namespace
} // namespace moa
