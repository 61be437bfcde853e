// The memory estimate against the buffers that the embedded model and its sequences really allocate.
#include "engine/model/memory_estimate.h"

#include "engine/core/error.h"
#include "engine/model/sequence.h"
#include "tests/model/counting_backend.h"
#include "tests/model/model_fixture.h"

namespace moa::test {
namespace {

constexpr std::uint64_t kUnlimited = std::uint64_t(1) << 50;

const ModelConfig& tinyConfig() {
    static const std::shared_ptr<const Model> files = loadModel(kSource + "/resources/models/moa-tiny");
    return files->config;
}

/// Llama-3-8B, whose sizes are known.
ModelConfig largeConfig() {
    ModelConfig c;
    c.layers = 32;
    c.heads = 32;
    c.kvHeads = 8;
    c.headDim = 128;
    c.hidden = 4096;
    c.intermediate = 14336;
    c.vocab = 128256;
    c.context = 131072;
    return c;
}

void expectWithin(double share, std::uint64_t estimated, std::uint64_t measured, const char* what) {
    std::cout << what << ": estimated " << estimated << ", measured " << measured << "\n";
    EXPECT_NEAR(static_cast<double>(estimated), static_cast<double>(measured),
                share * static_cast<double>(measured))
        << what;
}

/// The CPU attention's own packed copy of the new rows' keys and values, which no buffer of the interface is.
std::uint64_t packedBytes(const ModelConfig& c, std::int64_t rows) {
    return static_cast<std::uint64_t>(2 * rows * c.kvHeads * c.headDim) * sizeof(float);
}

/// Loads the model, fills `batch` sequences of `tokens` and compares every part.
void expectEstimate(std::int64_t tokens, int batch, const SparsePlan* plan) {
    SCOPED_TRACE(std::to_string(batch) + " x " + std::to_string(tokens) +
                 (plan ? " under a plan" : " dense"));
    const std::shared_ptr<const Model> files = loadModel(kSource + "/resources/models/moa-tiny");
    CountingBackend backend;
    LanguageModel model(files, backend);
    EXPECT_EQ(backend.live(), model.weightBytes());
    std::vector<Sequence> sequences;
    std::uint64_t kv = 0;
    for (int b = 0; b < batch; ++b) {
        sequences.emplace_back(model, plan ? MaskSource::plan(*plan) : MaskSource::dense(), tokens);
        kv += sequences.back().kvBytes();
    }
    const std::vector<int> ids(static_cast<std::size_t>(tokens), 9);
    std::vector<ForwardItem> items;
    for (Sequence& sequence : sequences) items.push_back({&sequence, ids, chunkRows(DType::F32)});
    model.forward(items, [](std::size_t, std::int64_t, std::span<const float>) {});

    const MemoryEstimate estimate = estimateMemory(files->config, {DType::F32, tokens, batch, plan});
    EXPECT_EQ(estimate.weights, model.weightBytes());
    EXPECT_EQ(estimate.kvPlan, kv);
    const std::uint64_t taken =
        backend.peak() + packedBytes(files->config, std::min(tokens * batch, chunkRows(DType::F32)));
    expectWithin(0.01, estimate.sparse(), taken, "all");
    expectWithin(0.03, estimate.activations, taken - kv - model.weightBytes(), "activations");
}

TEST(MemoryEstimate, IsWhatALoadTakes) {
    const ModelConfig& c = tinyConfig();
    const SparsePlan plan = uniformPlan(c.layers, c.heads, c.kvHeads, {100, 0.25});
    for (const SparsePlan* mask : {static_cast<const SparsePlan*>(nullptr), &plan}) {
        expectEstimate(128, 3, mask);
        expectEstimate(960, 1, mask);
        expectEstimate(2048, 2, mask);
    }
}

TEST(MemoryEstimate, IsWhatAnObservedPassTakes) {
    const std::vector<int> ids(1500, 9);
    CountingBackend backend;
    LanguageModel model(loadModel(kSource + "/resources/models/moa-tiny"), backend);
    const LayerObserver all = [](const LayerAttention&) { return true; };
    model.observeLayers(ids, nullptr, all);
    const std::uint64_t taken = backend.peak() - model.weightBytes() + packedBytes(model.config(), 1500);
    expectWithin(0.03, observationBytes(model.config(), 1500, DType::F32), taken, "observed pass");
}

TEST(MemoryEstimate, KnowsModelsByTheirShape) {
    const ModelConfig c = largeConfig();
    EXPECT_EQ(parameterCount(c), 8030261248);
    const MemoryEstimate dense = estimateMemory(c, {DType::BF16, 131072, 1, nullptr});
    EXPECT_EQ(dense.weights, 16060522496u);
    EXPECT_EQ(dense.kvDense, std::uint64_t(16) << 30); // 128 KiB a token
    EXPECT_EQ(dense.kvPlan, dense.kvDense);
    EXPECT_EQ(dense.dense(), dense.sparse());
    EXPECT_EQ(dense.layerKvDense.size(), 32u);
    EXPECT_EQ(dense.layerKvDense[7], std::uint64_t(512) << 20);
}

TEST(MemoryEstimate, ChargesEveryLayerItsOwnRules) {
    const ModelConfig& c = tinyConfig();
    SparsePlan plan = uniformPlan(c.layers, c.heads, c.kvHeads, {0, 0.25});
    plan.rule(LayerIndex(2), HeadIndex(1)) = {0, 1}; // its KV head keeps everything
    const MemoryEstimate e = estimateMemory(c, {DType::F32, 4096, 3, &plan});
    EXPECT_EQ(e.kvPlan, 3 * static_cast<std::uint64_t>(plan.kvBytes(4096, c.headDim, 4)));
    EXPECT_EQ(estimateMemory(c, {DType::F32, 4050, 3, &plan}).kvPlan,
              3 * static_cast<std::uint64_t>(plan.kvBytes(4050, c.headDim, 4)));
    EXPECT_EQ(e.layerKvPlan[1] * 4, e.layerKvDense[1]);
    EXPECT_EQ(e.layerKvPlan[2] * 16, e.layerKvDense[2] * 7);
}

TEST(MemoryEstimate, LongestFitIsTheLastThatFits) {
    const ModelConfig c = largeConfig();
    const SparsePlan plan = uniformPlan(c.layers, c.heads, c.kvHeads, {0, 0.25});
    const std::uint64_t free = std::uint64_t(24) << 30;
    std::int64_t longest[2];
    for (const bool sparse : {false, true}) {
        const MemoryRequest request{DType::BF16, 0, 1, sparse ? &plan : nullptr};
        const std::int64_t fit = longestFit(c, request, free, 1 << 20);
        longest[sparse] = fit;
        const auto total = [&](std::int64_t n) {
            return estimateMemory(c, {DType::BF16, n, 1, request.plan}).sparse();
        };
        EXPECT_LE(total(fit), free);
        EXPECT_GT(total(fit + 1), free);
    }
    EXPECT_GT(longest[1], 3 * longest[0]);
    EXPECT_EQ(longestFit(c, {DType::BF16, 0, 1, nullptr}, kUnlimited, 4096), 4096);
    EXPECT_EQ(longestFit(c, {DType::BF16, 0, 1, nullptr}, 1 << 30, 4096), 0) << "not even the weights";
}

TEST(MemoryEstimate, RequestsThatMakeNoSenseAreRefused) {
    const ModelConfig& c = tinyConfig();
    const SparsePlan other = uniformPlan(c.layers + 1, c.heads, c.kvHeads, {0, 1});
    EXPECT_THROW(estimateMemory(c, {DType::F32, 0, 1, nullptr}), UsageError);
    EXPECT_THROW(estimateMemory(c, {DType::F32, 64, 0, nullptr}), UsageError);
    EXPECT_THROW(estimateMemory(c, {DType::F32, 64, 1, &other}), UsageError);
}

} // namespace
} // namespace moa::test
