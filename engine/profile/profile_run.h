// Profiling: what every rule would cost every head, over calibration samples at several lengths. Each finished
// sample is durable at once; a stopped run goes on where it stood.
#pragma once

#include "engine/core/profile_data.h"
#include "engine/core/progress.h"
#include "engine/tasks/calibration.h"

#include <filesystem>
#include <map>
#include <stop_token>
#include <string>
#include <vector>

namespace moa {

struct ProfileOptions {
    std::filesystem::path file;          ///< the profile; finished samples wait in `<file>.samples/`
    std::vector<int> lengths{1024, 2048, 4096}; ///< tokens, each at least 128
    int samples = 16;                    ///< per length
    bool resume = false;                 ///< use finished samples of an earlier run with equal settings
    std::string toolVersion;
};

struct ProfileOutcome {
    Completion completion = Completion::Done;
    ProfileData profile;                        ///< of the samples there are; no lengths: nothing finished
    std::map<int, double> secondsPerSample;     ///< of samples made in this run
    std::map<int, double> meanLoss;             ///< nats per answer token
    double seconds = 0;
    int resumed = 0;                            ///< samples taken from the earlier run
    std::filesystem::path kept;                 ///< after a cancel: the folder of finished samples
};

/// Profiles calibration samples and writes `options.file`. After a cancel the file holds the lengths that have at
/// least one sample, and the folder of samples stays. Throws UsageError when unfinished samples are there and
/// `resume` is false, or when their settings differ; FileError; MemoryError.
ProfileOutcome runProfile(LanguageModel& model, CalibrationSet& set, const ProfileOptions& options,
                          std::stop_token stop, const ProgressFn& progress);

/// Profiles one given text; the loss is on its last `lossLast` tokens. One length: the text's own.
ProfileOutcome profileText(LanguageModel& model, const std::vector<int>& ids, int lossLast,
                           const ProfileOptions& options, std::stop_token stop, const ProgressFn& progress);

/// Spearman rank correlation, over (layer, KV head, window), of the default cost of one half of the samples with
/// that of the other half. NaN with fewer than two samples.
double splitHalfCorrelation(const ProfileData& profile, int length);

} // namespace moa
