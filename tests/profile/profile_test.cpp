// Profile files and runs: round trips, damaged files, resuming, cancelling.
#include "engine/core/error.h"
#include "engine/profile/profile_file.h"
#include "engine/profile/profile_run.h"
#include "engine/profile/profile_sum.h"
#include "tests/model/model_fixture.h"

#include <fstream>

namespace moa::test {
namespace {

/// A folder of its own, gone afterwards.
struct Folder {
    std::filesystem::path path;
    Folder() {
        std::string name = (std::filesystem::temp_directory_path() / "moa-profile-XXXXXX").string();
        path = mkdtemp(name.data());
    }
    ~Folder() { std::filesystem::remove_all(path); }
};

std::string contents(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

CalibrationSet smallSet(const std::vector<std::string>& data = {"lines", "facts"}) {
    return CalibrationSet(tinyModel(), kSource + "/resources/texts", data, 3);
}

ProfileOptions smallOptions(const Folder& folder) {
    ProfileOptions options;
    options.file = folder.path / "small.profile";
    options.lengths = {256, 320};
    options.samples = 2;
    return options;
}

TEST(Profile, FileRoundTrip) {
    Folder folder;
    CalibrationSet set = smallSet();
    const ProfileOutcome outcome = runProfile(tinyModel(), set, smallOptions(folder), {}, {});
    ASSERT_EQ(outcome.completion, Completion::Done);
    const ProfileData read = readProfile(folder.path / "small.profile");
    ASSERT_EQ(read.lengths.size(), 2u);
    EXPECT_EQ(read.modelSha256, tinyModel().files().sha256());
    const ProfileLength& a = outcome.profile.lengths.at(256);
    const ProfileLength& b = read.lengths.at(256);
    EXPECT_EQ(a.windows, 4);
    EXPECT_EQ(a.cost, b.cost);
    EXPECT_EQ(a.costSigned, b.costSigned);
    EXPECT_EQ(a.hist, b.hist);
    EXPECT_EQ(a.costSamples, b.costSamples);
    ASSERT_EQ(a.influence.size(), b.influence.size());
    for (std::size_t i = 0; i < a.influence.size(); ++i) EXPECT_NEAR(a.influence[i], b.influence[i], 1e-3f * a.influence[i] + 1e-6f);
    EXPECT_FALSE(std::filesystem::exists(folder.path / "small.profile.samples"));
    // Rows of attention sum to one: every head's map holds as many units as the samples have tokens on average.
    double sum = 0;
    for (std::size_t i = 0; i < a.attention.size() / 48; ++i) sum += static_cast<double>(a.attention[i]);
    EXPECT_GT(sum, 200);
    EXPECT_LE(sum, 256.1);
}

TEST(Profile, TheDefaultCostIsTheSignedSumOverQueryHeads) {
    Folder folder;
    CalibrationSet set = smallSet();
    const ProfileLength at = runProfile(tinyModel(), set, smallOptions(folder), {}, {}).profile.lengths.at(256);
    const std::size_t t = 5;
    for (std::size_t l = 0; l < 6; ++l)
        for (std::size_t g = 0; g < 4; ++g)
            for (std::size_t b = 1; b < t; ++b) {
                double samples = 0, heads = 0;
                for (std::size_t s = 0; s < 2; ++s) samples += static_cast<double>(at.costSamples[((s * 6 + l) * 4 + g) * t + b]) / 2;
                for (std::size_t q = 0; q < 2; ++q) heads += static_cast<double>(at.costSigned[((l * 8 + g * 2 + q) * kSinkChoices + 1) * t + b]);
                EXPECT_NEAR(samples, heads, 1e-6 + 1e-4 * std::abs(heads));
            }
    // The window that shows everything costs nothing.
    for (std::size_t head = 0; head < 48; ++head) EXPECT_EQ(at.cost[(head * kSinkChoices + 1) * t + 4], 0.0f);
}

TEST(Profile, AStoppedRunGoesOnAndEndsTheSame) {
    Folder whole, parts;
    CalibrationSet set = smallSet();
    runProfile(tinyModel(), set, smallOptions(whole), {}, {});
    std::stop_source stop;
    CalibrationSet again = smallSet();
    const ProfileOutcome cut = runProfile(tinyModel(), again, smallOptions(parts), stop.get_token(), [&](const Progress& p) {
        if (p.done == 3) stop.request_stop();
    });
    EXPECT_EQ(cut.completion, Completion::Cancelled);
    EXPECT_TRUE(std::filesystem::exists(cut.kept));
    EXPECT_EQ(cut.profile.lengths.at(256).samples, 2);
    EXPECT_EQ(readProfile(parts.path / "small.profile").lengths.at(320).samples, 1); // usable as it is
    EXPECT_THROW(runProfile(tinyModel(), again, smallOptions(parts), {}, {}), UsageError); // resume was not said
    ProfileOptions options = smallOptions(parts);
    options.resume = true;
    CalibrationSet other(tinyModel(), kSource + "/resources/texts", {"lines", "facts"}, 4);
    EXPECT_THROW(runProfile(tinyModel(), other, options, {}, {}), UsageError); // other settings
    const ProfileOutcome rest = runProfile(tinyModel(), again, options, {}, {});
    EXPECT_EQ(rest.completion, Completion::Done);
    EXPECT_EQ(rest.resumed, 3);
    EXPECT_EQ(contents(whole.path / "small.profile"), contents(parts.path / "small.profile"));
}

TEST(Profile, DamagedFilesAreRefusedAtEveryLength) {
    Folder folder;
    CalibrationSet set = smallSet();
    ProfileOptions options = smallOptions(folder);
    options.samples = 1;
    runProfile(tinyModel(), set, options, {}, {});
    const std::string good = contents(options.file);
    const auto bad = folder.path / "bad.profile";
    for (std::size_t size = 0; size < good.size(); size += 1 + good.size() / 97) {
        std::ofstream(bad, std::ios::binary) << good.substr(0, size);
        EXPECT_THROW(readProfile(bad), FileError) << size;
    }
    for (const auto& [from, to] : {std::pair<std::string, std::string>{"\"layers\":\"6\"", "\"layers\":\"9\""},
                                   {"\"kv_heads\":\"4\"", "\"kv_heads\":\"3\""},
                                   {"\"samples\":\"1,1\"", "\"samples\":\"1,7\""},
                                   {"\"lengths\":\"256,", "\"lengths\":\"999,"},
                                   {"\"format\":\"1\"", "\"format\":\"8\""}}) {
        std::string lying = good;
        const std::size_t at = lying.find(from);
        ASSERT_NE(at, std::string::npos) << from;
        lying.replace(at, from.size(), to);
        std::ofstream(bad, std::ios::binary) << lying;
        EXPECT_THROW(readProfile(bad), FileError) << from;
    }
    EXPECT_THROW(readProfile(folder.path / "missing"), FileError);
}

TEST(Profile, OptionsThatMakeNoSenseAreRefused) {
    Folder folder;
    CalibrationSet set = smallSet();
    for (const int length : {64, 16385}) {
        ProfileOptions options = smallOptions(folder);
        options.lengths = {length};
        EXPECT_THROW(runProfile(tinyModel(), set, options, {}, {}), UsageError);
    }
    EXPECT_THROW(smallSet({}), UsageError);
    EXPECT_THROW(smallSet({"nosuchtask"}), FileError);
    EXPECT_THROW(profileText(tinyModel(), {1, 2, 3}, 3, smallOptions(folder), {}, {}), UsageError);
}

TEST(Profile, OneGivenText) {
    Folder folder;
    const Golden golden("influence.safetensors");
    const auto ids = golden.ints("odd/ids");
    const ProfileOutcome outcome = profileText(tinyModel(), ids, golden.ints("odd/response")[0], smallOptions(folder), {}, {});
    const ProfileLength at = readProfile(folder.path / "small.profile").lengths.at(static_cast<int>(ids.size()));
    const auto expected = golden.floats("odd/cost");
    ASSERT_EQ(at.cost.size(), expected.size());
    double most = 0, worst = 0;
    for (std::size_t i = 0; i < expected.size(); ++i) {
        most = std::max(most, std::abs(double(expected[i])));
        worst = std::max(worst, std::abs(double(at.cost[i]) - double(expected[i])));
    }
    EXPECT_LT(worst, 1e-3 * most);
    EXPECT_NEAR(outcome.meanLoss.begin()->second, double(golden.floats("odd/loss")[0]), 1e-6);
}

} // namespace
} // namespace moa::test
