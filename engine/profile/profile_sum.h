// Sums samples into the means a profile stores, and keeps single samples as files.
#pragma once

#include "engine/core/profile_data.h"
#include "engine/model/sample_costs.h"

#include <filesystem>
#include <map>
#include <optional>
#include <string>

namespace moa {

/// One finished sample: its sums, loss and the time it took.
struct FinishedSample {
    SampleCosts costs;
    double loss = 0, seconds = 0;
};

/// Adds samples of one length; means come out at the end. The order of samples decides the order of costSamples
/// and of the floating-point sums, so equal runs give equal files.
class ProfileSum {
public:
    ProfileSum(int layers, int heads, int kvHeads, int length, int sink);
    void add(const FinishedSample& sample);
    int samples() const { return m_samples; }
    double meanLoss() const { return m_samples ? m_loss / m_samples : 0; }
    /// Means over the samples added so far.
    ProfileLength finish() const;

private:
    int m_kvHeads, m_length, m_sink, m_samples = 0;
    double m_loss = 0;
    SampleCosts m_sums;
    std::vector<double> m_influence, m_attention;
    std::vector<float> m_costSamples;
};

/// Writes a sample with the settings it was made under; durable when it returns. Throws FileError.
void writeSample(const std::filesystem::path& path, const FinishedSample& sample, const std::string& settings);
/// Nothing when there is no such file. Throws FileError on a damaged one, UsageError when its settings differ.
std::optional<FinishedSample> readSample(const std::filesystem::path& path, const std::string& settings, int layers,
                                         int heads, int length);

} // namespace moa
