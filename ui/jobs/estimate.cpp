// The engine's arithmetic at every length a chart shows.
#include "ui/jobs/estimate.h"

#include "engine/backend/device_choice.h"
#include "engine/model/memory_estimate.h"

#include <algorithm>
#include <cmath>

namespace moa {

RunEstimate estimateRun(const EstimateInput& input) {
    const ModelConfig& config = input.model.config;
    MemoryRequest request{DeviceChoice{input.onCard ? 0 : -1, {}}.valueType(config.dtype), input.length, input.batch,
                          input.plan ? &*input.plan : nullptr, input.onCard ? 0 : input.model.processorWeightBytes};
    const MemoryEstimate at = estimateMemory(config, request);
    RunEstimate result;
    result.dense = {at.weights, at.kvDense, at.activations};
    result.plan = {at.weights, at.kvPlan, at.activations};
    result.denseByLayer.assign(at.layerKvDense.begin(), at.layerKvDense.end());
    result.planByLayer.assign(at.layerKvPlan.begin(), at.layerKvPlan.end());
    const std::int64_t context = config.context;
    const auto longest = [&](const SparsePlan* plan) {
        MemoryRequest asked = request;
        asked.plan = plan;
        return input.usableBytes == 0 ? context : longestFit(config, asked, input.usableBytes, context);
    };
    result.longestDense = longest(nullptr);
    result.longestPlan = longest(request.plan);
    constexpr int kPoints = 48;
    const double first = double(std::clamp<std::int64_t>(context / 16, 1, 1024)), last = double(context);
    for (int i = 0; i < kPoints; ++i) {
        request.tokens = std::int64_t(first * std::pow(last / first, double(i) / (kPoints - 1)) + 0.5);
        const MemoryEstimate point = estimateMemory(config, request);
        result.denseCurve.emplace_back(request.tokens, point.dense());
        result.planCurve.emplace_back(request.tokens, point.sparse());
    }
    return result;
}

} // namespace moa
