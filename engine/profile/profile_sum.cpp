#include "engine/profile/profile_sum.h"

#include "engine/core/error.h"
#include "engine/loader/safetensors.h"

#include <cmath>

namespace moa {

namespace {

template <class From, class To>
void addAll(const std::vector<From>& from, std::vector<To>& to) {
    for (std::size_t i = 0; i < from.size(); ++i) to[i] += static_cast<To>(from[i]);
}

std::vector<float> mean(const std::vector<double>& sums, int samples) {
    std::vector<float> out(sums.size());
    for (std::size_t i = 0; i < sums.size(); ++i) out[i] = static_cast<float>(sums[i] / samples);
    return out;
}

} // namespace

ProfileSum::ProfileSum(int layers, int heads, int kvHeads, int length, int sink)
    : m_kvHeads(kvHeads), m_length(length), m_sink(sink), m_sums(layers, heads, length),
      m_influence(m_sums.influenceMap.size()), m_attention(m_sums.attentionMap.size()) {}

void ProfileSum::add(const FinishedSample& sample) {
    const SampleCosts& s = sample.costs;
    addAll(s.cost, m_sums.cost);
    addAll(s.costSigned, m_sums.costSigned);
    addAll(s.hist, m_sums.hist);
    addAll(s.influenceMap, m_influence);
    addAll(s.attentionMap, m_attention);
    // Per KV head: the signed sum over its query heads at the default sink.
    const int group = s.heads / m_kvHeads;
    const auto t = static_cast<std::size_t>(s.tiles + 1);
    for (int l = 0; l < s.layers; ++l)
        for (int g = 0; g < m_kvHeads; ++g)
            for (std::size_t b = 0; b < t; ++b) {
                double sum = 0;
                for (int q = 0; q < group; ++q) {
                    const auto head = static_cast<std::size_t>(l * s.heads + g * group + q);
                    sum += s.costSigned[(head * kSinkChoices + static_cast<std::size_t>(m_sink / kBlock)) * t + b];
                }
                m_costSamples.push_back(static_cast<float>(sum));
            }
    m_loss += sample.loss;
    ++m_samples;
}

ProfileLength ProfileSum::finish() const {
    ProfileLength at;
    at.length = m_length;
    at.samples = m_samples;
    at.windows = m_sums.tiles;
    at.mapCells = m_sums.mapCells;
    at.cost = mean(m_sums.cost, m_samples);
    at.costSigned = mean(m_sums.costSigned, m_samples);
    at.hist = mean(m_sums.hist, m_samples);
    at.influence = mean(m_influence, m_samples);
    at.attention = mean(m_attention, m_samples);
    at.costSamples = m_costSamples;
    return at;
}

void writeSample(const std::filesystem::path& path, const FinishedSample& sample, const std::string& settings) {
    const SampleCosts& s = sample.costs;
    const std::int64_t heads = std::int64_t(s.layers) * s.heads, t = s.tiles, m = s.mapCells;
    const double numbers[2] = {sample.loss, sample.seconds};
    writeSafetensors(path,
                     {{"cost", TensorType::F64, {heads, kSinkChoices, t + 1}, s.cost.data()},
                      {"cost_signed", TensorType::F64, {heads, kSinkChoices, t + 1}, s.costSigned.data()},
                      {"hist", TensorType::F64, {heads, kSinkChoices, t}, s.hist.data()},
                      {"influence", TensorType::F32, {heads, m, m}, s.influenceMap.data()},
                      {"attention", TensorType::F32, {heads, m, m}, s.attentionMap.data()},
                      {"loss_seconds", TensorType::F64, {2}, numbers}},
                     {{"settings", settings}});
}

std::optional<FinishedSample> readSample(const std::filesystem::path& path, const std::string& settings, int layers,
                                         int heads, int length) {
    if (!std::filesystem::exists(path)) return std::nullopt;
    const SafetensorsFile file(path);
    const auto it = file.metadata().find("settings");
    if (it == file.metadata().end() || it->second != settings)
        throw UsageError(path.string() + " was made with other settings (" +
                         (it == file.metadata().end() ? "unknown" : it->second) + "); give the same ones, or remove the folder");
    FinishedSample sample{SampleCosts(layers, heads, length), 0, 0};
    const auto take = [&](const std::string& name, auto& values) {
        using Value = typename std::remove_reference_t<decltype(values)>::value_type;
        const auto stored = file.at(name).as<Value>();
        const TensorType type = sizeof(Value) == 8 ? TensorType::F64 : TensorType::F32;
        if (file.at(name).type != type || stored.size() != values.size())
            throw FileError(path.string(), name, "expected " + std::to_string(values.size()) + " values");
        values.assign(stored.begin(), stored.end());
        for (const Value v : values)
            if (!std::isfinite(v)) throw FileError(path.string(), name, "expected finite numbers");
    };
    take("cost", sample.costs.cost);
    take("cost_signed", sample.costs.costSigned);
    take("hist", sample.costs.hist);
    take("influence", sample.costs.influenceMap);
    take("attention", sample.costs.attentionMap);
    std::vector<double> numbers(2);
    take("loss_seconds", numbers);
    sample.loss = numbers[0];
    sample.seconds = numbers[1];
    return sample;
}

} // namespace moa
