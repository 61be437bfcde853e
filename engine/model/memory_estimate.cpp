#include "engine/model/memory_estimate.h"

#include "engine/core/error.h"
#include "engine/backend/backend.h"
#include "engine/loader/model_files.h"

#include <algorithm>

namespace moa {

namespace {

/// Rows of logits that a forward pass holds at once (engine/model/forward.cpp).
constexpr std::int64_t kLogitRows = 64;

void checkRequest(const ModelConfig& config, const MemoryRequest& request) {
    if (request.tokens < 1 || request.batch < 1)
        throw UsageError("memory is estimated for at least 1 token of 1 sequence, not for " +
                         std::to_string(request.batch) + " × " + std::to_string(request.tokens));
    const SparsePlan* plan = request.plan;
    if (plan &&
        (plan->layers != config.layers || plan->heads != config.heads || plan->kvHeads != config.kvHeads))
        throw UsageError("the plan is for " + std::to_string(plan->layers) + " layers × " +
                         std::to_string(plan->heads) + " heads, the model has " +
                         std::to_string(config.layers) + " × " + std::to_string(config.heads));
}

/// Values of a row of a layer's attention: residual stream and its norm (hidden each), queries and attention
/// output (H·D each), keys and values (G·D each), and on the processor, which works in F32, the packed copy
/// that attention makes of both.
std::int64_t attentionRow(const ModelConfig& c, DType dtype) {
    const std::int64_t copies = dtype == DType::F32 ? 4 : 2;
    return 2ll * c.hidden + 2ll * c.heads * c.headDim + copies * c.kvHeads * c.headDim;
}

/// Bytes of the buffers of a forward pass: per row those of attention, gate and up (intermediate each), for at
/// most chunkRows() rows; logits of kLogitRows rows; the two rotary tables, D/2 values a position.
std::int64_t activationBytes(const ModelConfig& c, const MemoryRequest& request) {
    const std::int64_t chunk = chunkRows(request.dtype), tokens = request.tokens;
    const std::int64_t rows = tokens >= chunk ? chunk : std::min(chunk, tokens * request.batch);
    const std::int64_t perRow = attentionRow(c, request.dtype) + 2ll * c.intermediate;
    return rows * perRow * bytesPerValue(request.dtype) +
           (kLogitRows * c.vocab + tokens * c.headDim) * static_cast<std::int64_t>(sizeof(float));
}

} // namespace

std::int64_t parameterCount(const ModelConfig& config) {
    std::int64_t sum = 0;
    for (const RequiredWeight& weight : requiredWeights(config)) {
        std::int64_t count = 1;
        for (const std::int64_t n : weight.shape) count *= n;
        sum += count;
    }
    return sum;
}

std::uint64_t weightBytes(const Model& files, DType deviceType, bool keepsBlocks) {
    std::uint64_t sum = 0;
    for (const RequiredWeight& need : requiredWeights(files.config)) {
        const TensorView& weight = files.weight(need.name);
        const bool kept = keepsBlocks && blockType(weight.type);
        sum += kept ? weight.bytes : weight.elements() * static_cast<std::uint64_t>(bytesPerValue(deviceType));
    }
    return sum;
}

MemoryEstimate estimateMemory(const ModelConfig& config, const MemoryRequest& request) {
    checkRequest(config, request);
    const std::int64_t n = request.tokens, value = bytesPerValue(request.dtype);
    MemoryEstimate estimate;
    estimate.weights = request.weights > 0 ? request.weights : static_cast<std::uint64_t>(parameterCount(config) * value);
    estimate.activations = static_cast<std::uint64_t>(activationBytes(config, request));
    const std::int64_t slot = 2ll * config.headDim * value * request.batch; // a key and a value
    const std::int64_t dense = config.kvHeads * denseCache(n, kDefaultSink) * slot;
    for (int l = 0; l < config.layers; ++l) {
        std::int64_t sparse = request.plan ? 0 : dense;
        for (int g = 0; request.plan && g < config.kvHeads; ++g)
            sparse += request.plan->cache(LayerIndex(l), KvHeadIndex(g), n) * slot;
        estimate.layerKvDense.push_back(static_cast<std::uint64_t>(dense));
        estimate.layerKvPlan.push_back(static_cast<std::uint64_t>(sparse));
        estimate.kvDense += estimate.layerKvDense.back();
        estimate.kvPlan += estimate.layerKvPlan.back();
    }
    return estimate;
}

std::int64_t longestFit(const ModelConfig& config, const MemoryRequest& request, std::uint64_t freeBytes,
                        std::int64_t mostTokens) {
    const auto fits = [&](std::int64_t tokens) {
        MemoryRequest at = request;
        at.tokens = tokens;
        return estimateMemory(config, at).sparse() <= freeBytes;
    };
    std::int64_t fitting = 0, tooLong = mostTokens + 1;
    while (tooLong - fitting > 1) {
        const std::int64_t middle = fitting + (tooLong - fitting) / 2;
        (fits(middle) ? fitting : tooLong) = middle;
    }
    return fitting;
}

std::uint64_t observationBytes(const ModelConfig& c, std::int64_t tokens, DType dtype) {
    // All rows of attention, log-sum-exp, rotary tables; gate and up of one chunk.
    const std::int64_t chunk = std::min(tokens, chunkRows(dtype));
    return static_cast<std::uint64_t>(
        (tokens * attentionRow(c, dtype) + 2 * chunk * c.intermediate) * bytesPerValue(dtype) +
        tokens * (c.heads + c.headDim) * static_cast<std::int64_t>(sizeof(float)));
}

} // namespace moa
