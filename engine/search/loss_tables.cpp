#include "engine/search/loss_tables.h"

#include "engine/core/error.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace moa {

namespace {

constexpr std::array<std::pair<Estimate, const char*>, 5> kNames = {{{Estimate::Joint, "joint"},
                                                                     {Estimate::JointRows, "joint-rows"},
                                                                     {Estimate::JointSigned, "joint-signed"},
                                                                     {Estimate::JointSe, "joint-se"},
                                                                     {Estimate::Published, "published"}}};

bool needsSamples(Estimate estimate) {
    return estimate == Estimate::Joint || estimate == Estimate::JointSe;
}

/// joint and joint-se of one (layer, KV head, window) from the single samples.
double sampledLoss(const ProfileData& profile, const ProfileLength& at, Estimate estimate, std::size_t group,
                   std::size_t window) {
    const std::size_t stride = std::size_t(profile.layers) * profile.kvHeads * (at.windows + 1);
    const std::size_t offset = group * (at.windows + 1) + window;
    const auto count = static_cast<double>(at.samples);
    double sum = 0, sumAbs = 0;
    for (int s = 0; s < at.samples; ++s) {
        const double c = at.costSamples[s * stride + offset];
        sum += c;
        sumAbs += std::abs(c);
    }
    if (estimate == Estimate::Joint) return sumAbs / count;
    const double mean = sum / count;
    double squares = 0;
    for (int s = 0; s < at.samples; ++s) {
        const double d = at.costSamples[s * stride + offset] - mean;
        squares += d * d;
    }
    const double error = at.samples > 1 ? std::sqrt(squares / (count - 1) / count) : 0.0;
    return std::max(0.0, mean + error);
}

/// joint-rows, joint-signed and published: a sum over the query heads of the group.
double meanLoss(const ProfileData& profile, const ProfileLength& at, Estimate estimate, int sinkBlocks,
                int layer, int kvHead, int window) {
    const int heads = profile.heads / profile.kvHeads;
    double sum = 0;
    for (int q = 0; q < heads; ++q) {
        const std::size_t row =
            (std::size_t(layer) * profile.heads + kvHead * heads + q) * kSinkChoices + sinkBlocks;
        if (estimate == Estimate::Published) {
            for (int t = window; t < at.windows; ++t) sum += at.hist[row * at.windows + t];
        } else {
            const auto& table = estimate == Estimate::JointRows ? at.cost : at.costSigned;
            sum += table[row * (at.windows + 1) + window];
        }
    }
    return sum;
}

void requireSize(const ProfileLength& at, const char* name, std::size_t expected, std::size_t found) {
    if (expected != found)
        throw Error("profile: " + std::string(name) + "/" + std::to_string(at.length) + ": " +
                    std::to_string(expected) + " values expected, " + std::to_string(found) + " found");
}

void checkArrays(const ProfileData& profile, const ProfileLength& at, Estimate estimate) {
    const std::size_t heads = std::size_t(profile.layers) * profile.heads * kSinkChoices;
    const std::size_t windows = at.windows;
    if (at.length < 1 || at.windows != (at.length + kBlock - 1) / kBlock)
        throw Error("profile: length " + std::to_string(at.length) + ": windows do not match it");
    if (estimate == Estimate::JointRows) requireSize(at, "cost", heads * (windows + 1), at.cost.size());
    if (estimate == Estimate::JointSigned)
        requireSize(at, "cost_signed", heads * (windows + 1), at.costSigned.size());
    if (estimate == Estimate::Published) requireSize(at, "hist", heads * windows, at.hist.size());
    if (!needsSamples(estimate)) return;
    if (at.samples < 1 || at.costSamples.empty())
        throw UsageError("the profile holds no single samples for length " + std::to_string(at.length) +
                         ": use --estimate joint-rows");
    requireSize(at, "cost_samples",
                std::size_t(at.samples) * profile.layers * profile.kvHeads * (windows + 1),
                at.costSamples.size());
}

std::vector<int> chosenLengths(const ProfileData& profile, const std::vector<int>& wanted) {
    std::vector<int> lengths;
    if (wanted.empty())
        for (const auto& [n, at] : profile.lengths) lengths.push_back(n);
    for (int n : wanted) {
        if (!profile.lengths.contains(n)) throw UsageError("the profile has no length " + std::to_string(n));
        lengths.push_back(n);
    }
    if (lengths.empty()) throw UsageError("the profile holds no length");
    std::sort(lengths.begin(), lengths.end());
    lengths.erase(std::unique(lengths.begin(), lengths.end()), lengths.end());
    return lengths;
}

int chosenSink(const ProfileData& profile, const LossTableOptions& options) {
    const int sink = options.sink.value_or(profile.sink);
    if (sink < 0 || sink % kBlock != 0 || sink > kBlock * kMaxSinkBlocks)
        throw UsageError("a sink of 0, 64, 128, 192 or 256 tokens expected, got " + std::to_string(sink));
    if (needsSamples(options.estimate) && sink != profile.sink)
        throw UsageError("--estimate " + toString(options.estimate) + " is stored for the sink " +
                         std::to_string(profile.sink) + " only; for the sink " + std::to_string(sink) +
                         " use --estimate joint-rows");
    return sink;
}

void addRules(SearchInstance& instance, const LossTableOptions& options) {
    RuleGrid grid = makeGrid(instance.lengths);
    if (!options.grid.alphas.empty()) grid.alphas = options.grid.alphas;
    if (!options.grid.betas.empty()) grid.betas = options.grid.betas;
    instance.rules = makeRules(grid, instance.lengths, instance.sink);
    instance.freeRules = instance.ruleCount();
    for (const Rule& rule : options.pinnedRules)
        if (std::find(instance.rules.begin(), instance.rules.end(), rule) == instance.rules.end())
            instance.rules.push_back(rule);
}

void addDensities(SearchInstance& instance) {
    for (int n : instance.densityLengths()) {
        const std::int64_t dense = denseCache(n, instance.sink) / kBlock;
        instance.denseBlocks.push_back(dense);
        auto& blocks = instance.cacheBlocks.emplace_back();
        auto& density = instance.density.emplace_back();
        for (const Rule& rule : instance.rules) {
            blocks.push_back(cacheOf(rule, n, instance.sink) / kBlock);
            density.push_back(static_cast<double>(blocks.back()) / static_cast<double>(dense));
        }
    }
}

} // namespace

Estimate parseEstimate(const std::string& name) {
    for (const auto& [estimate, known] : kNames)
        if (name == known) return estimate;
    throw UsageError("unknown estimate \"" + name +
                     "\": joint, joint-rows, joint-signed, joint-se or published");
}

std::string toString(Estimate estimate) {
    for (const auto& [known, name] : kNames)
        if (known == estimate) return name;
    return "joint";
}

double ruleLoss(const ProfileData& profile, const ProfileLength& at, Estimate estimate, int sink,
                LayerIndex layer, KvHeadIndex kvHead, std::int64_t windows) {
    if (sink + windows * kBlock >= denseCache(at.length, sink)) return 0;
    const auto window = static_cast<int>(std::clamp<std::int64_t>(windows, 1, at.windows));
    if (needsSamples(estimate)) {
        const std::size_t group = std::size_t(layer.value) * profile.kvHeads + kvHead.value;
        return sampledLoss(profile, at, estimate, group, window);
    }
    return meanLoss(profile, at, estimate, sink / kBlock, layer.value, kvHead.value, window);
}

SearchInstance makeInstance(const ProfileData& profile, const LossTableOptions& options) {
    if (profile.layers < 1 || profile.kvHeads < 1 || profile.heads % profile.kvHeads != 0)
        throw Error("profile: layers, heads and kv_heads do not fit together");
    SearchInstance instance;
    instance.layers = profile.layers;
    instance.kvHeads = profile.kvHeads;
    instance.sink = chosenSink(profile, options);
    instance.lengths = chosenLengths(profile, options.lengths);
    instance.extraDensityLengths =
        options.extraDensityLengths.value_or(std::vector<int>{2 * instance.lengths.back()});
    std::erase_if(instance.extraDensityLengths, [&](int n) { return instance.lengthIndex(n) >= 0; });
    addRules(instance, options);
    addDensities(instance);
    for (std::size_t n = 0; n < instance.lengths.size(); ++n) {
        const ProfileLength& at = profile.lengths.at(instance.lengths[n]);
        checkArrays(profile, at, options.estimate);
        auto& table = instance.loss.emplace_back(instance.groups());
        for (int g = 0; g < instance.groups(); ++g)
            for (std::int64_t cache : instance.cacheBlocks[n])
                table[g].push_back(
                    ruleLoss(profile, at, options.estimate, instance.sink, LayerIndex(g / instance.kvHeads),
                             KvHeadIndex(g % instance.kvHeads), cache - instance.sink / kBlock));
    }
    completeInstance(instance);
    return instance;
}

} // namespace moa
