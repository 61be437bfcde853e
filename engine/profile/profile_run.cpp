#include "engine/profile/profile_run.h"

#include "engine/core/error.h"
#include "engine/core/rank_correlation.h"
#include "engine/profile/profile_file.h"
#include "engine/profile/profile_sum.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <numeric>

namespace moa {

namespace {

using Clock = std::chrono::steady_clock;
double secondsSince(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

std::filesystem::path sampleFolder(const ProfileOptions& options) { return options.file.string() + ".samples"; }

/// Nothing when cancelled.
std::optional<FinishedSample> profileSample(LanguageModel& model, BackwardSample sample, int length,
                                            Clock::time_point start, const std::stop_token& stop) {
    FinishedSample done{SampleCosts(model.config().layers, model.config().heads, length), 0, 0};
    sample.costs = &done.costs;
    const BackwardResult result = model.backward(sample, stop);
    if (result.completion == Completion::Cancelled) return std::nullopt;
    done.loss = result.loss;
    done.seconds = secondsSince(start);
    return done;
}

ProfileData emptyProfile(const LanguageModel& model, const std::string& calibration, const ProfileOptions& options) {
    ProfileData p;
    p.layers = model.config().layers;
    p.heads = model.config().heads;
    p.kvHeads = model.config().kvHeads;
    p.modelName = model.files().name;
    p.modelSha256 = model.files().sha256();
    p.calibration = calibration;
    p.toolVersion = options.toolVersion;
    return p;
}

void checkOptions(const LanguageModel& model, const ProfileOptions& options) {
    if (options.samples < 1) throw UsageError("--samples must be at least 1");
    if (options.lengths.empty()) throw UsageError("--lengths names no length");
    for (const int length : options.lengths) {
        if (length < static_cast<int>(kShortestTask))
            throw UsageError("--lengths: " + std::to_string(length) + " is too short; the shortest is " +
                             std::to_string(kShortestTask) + " tokens");
        if (length > model.config().context)
            throw UsageError("--lengths: " + std::to_string(length) + " is past the model's context of " +
                             std::to_string(model.config().context) + " tokens");
    }
    const auto folder = sampleFolder(options);
    if (!options.resume && std::filesystem::exists(folder) && !std::filesystem::is_empty(folder))
        throw UsageError(folder.string() + " holds samples of an unfinished run; --resume goes on with them, or remove the folder");
}

} // namespace

ProfileOutcome runProfile(LanguageModel& model, CalibrationSet& set, const ProfileOptions& options,
                          std::stop_token stop, const ProgressFn& progress) {
    checkOptions(model, options);
    const auto start = Clock::now();
    const auto folder = sampleFolder(options);
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error) throw FileError(folder.string(), "", "expected a folder that can be made: " + error.message());

    ProfileOutcome outcome;
    outcome.profile = emptyProfile(model, set.description(), options);
    std::vector<int> lengths = options.lengths;
    std::sort(lengths.begin(), lengths.end());
    lengths.erase(std::unique(lengths.begin(), lengths.end()), lengths.end());
    const std::string settings = "model=" + outcome.profile.modelSha256 + ";data=" + set.description() + ";layout=2";
    const auto total = static_cast<std::int64_t>(lengths.size()) * options.samples;
    std::int64_t finished = 0;
    for (const int length : lengths) {
        ProfileSum sum(model.config().layers, model.config().heads, model.config().kvHeads, length, kDefaultSink);
        double seconds = 0;
        int made = 0;
        for (int i = 0; i < options.samples && outcome.completion == Completion::Done; ++i) {
            if (progress) progress({"profile " + std::to_string(length), finished, total});
            const auto path = folder / (std::to_string(length) + "-" + std::to_string(i) + ".safetensors");
            if (auto earlier = readSample(path, settings, model.config().layers, model.config().heads, length)) {
                sum.add(*earlier);
                ++outcome.resumed;
                ++finished;
                continue;
            }
            const auto sampleStart = Clock::now();
            const auto sample = set.sample(length, i, stop);
            std::optional<FinishedSample> done;
            if (sample) {
                const Conversation talk = asConversation(*sample);
                done = profileSample(model, {.ids = talk.ids, .targets = talk.targets}, length, sampleStart, stop);
            }
            if (!done) {
                outcome.completion = Completion::Cancelled;
                break;
            }
            writeSample(path, *done, settings);
            sum.add(*done);
            seconds += done->seconds;
            ++made;
            ++finished;
        }
        if (made > 0) outcome.secondsPerSample[length] = seconds / made;
        if (sum.samples() > 0) {
            outcome.profile.lengths[length] = sum.finish();
            outcome.meanLoss[length] = sum.meanLoss();
        }
    }
    if (progress) progress({"profile", finished, total});
    if (!outcome.profile.lengths.empty()) writeProfile(options.file, outcome.profile);
    if (outcome.completion == Completion::Done) std::filesystem::remove_all(folder, error);
    else outcome.kept = folder;
    outcome.seconds = secondsSince(start);
    return outcome;
}

ProfileOutcome profileText(LanguageModel& model, const std::vector<int>& ids, int lossLast,
                           const ProfileOptions& options, std::stop_token stop, const ProgressFn& progress) {
    const auto n = static_cast<int>(ids.size());
    if (lossLast < 1 || lossLast >= n)
        throw UsageError("--loss-last must be from 1 to " + std::to_string(n - 1) + ", one less than the text's tokens");
    const auto start = Clock::now();
    ProfileOutcome outcome;
    outcome.profile = emptyProfile(model, "text;loss_last=" + std::to_string(lossLast), options);
    if (progress) progress({"profile", 0, 1});
    const auto done = profileSample(model, {.ids = ids, .lossBegin = n - lossLast}, n, start, stop);
    if (!done) {
        outcome.completion = Completion::Cancelled;
        return outcome;
    }
    ProfileSum sum(model.config().layers, model.config().heads, model.config().kvHeads, n, kDefaultSink);
    sum.add(*done);
    outcome.profile.lengths[n] = sum.finish();
    outcome.secondsPerSample[n] = done->seconds;
    outcome.meanLoss[n] = done->loss;
    writeProfile(options.file, outcome.profile);
    if (progress) progress({"profile", 1, 1});
    outcome.seconds = secondsSince(start);
    return outcome;
}

double splitHalfCorrelation(const ProfileData& profile, int length) {
    const ProfileLength& at = profile.lengths.at(length);
    if (at.samples < 2) return std::numeric_limits<double>::quiet_NaN();
    const std::size_t per = at.costSamples.size() / static_cast<std::size_t>(at.samples);
    std::vector<double> halves[2] = {std::vector<double>(per), std::vector<double>(per)};
    for (int s = 0; s < at.samples; ++s)
        for (std::size_t i = 0; i < per; ++i)
            halves[s % 2][i] += std::abs(static_cast<double>(at.costSamples[static_cast<std::size_t>(s) * per + i]));
    return spearman(halves[0], halves[1]);
}

} // namespace moa
