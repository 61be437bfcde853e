// Attention or published influence of one text, summed into block × block cells, for chosen layers and heads:
// the data of heatmaps and exports (docs/method.md, "Published influence").
// Goals: any block size down to single tokens; memory beyond the maps themselves is O(n), one layer at a
// time. Non-goals: files (engine/capture/export.h) and sums over samples (engine/profile).
#pragma once

#include "engine/core/ids.h"
#include "engine/core/progress.h"
#include "engine/model/language_model.h"

#include <cstdint>
#include <optional>
#include <span>
#include <stop_token>
#include <vector>

namespace moa {

enum class MapValue {
    Attention, ///< Σ A; every row sums to 1
    Influence, ///< Σ |E|
};

struct AttentionMapOptions {
    MapValue value = MapValue::Attention;
    std::vector<LayerIndex> layers{};   ///< empty: all
    std::vector<HeadIndex> heads{};     ///< query heads; empty: all
    std::optional<WindowMap> windows{}; ///< empty: dense
    std::int64_t block = kBlock;        ///< ≥ 1, tokens per cell side
    /// Influence: the loss is the mean cross-entropy of this many last tokens; 0: of all that have one before
    /// them.
    std::int64_t lossLast = 0;
    std::uint64_t memoryLimit = 0; ///< bytes that may be taken; 0: what the device has free
};

struct AttentionMaps {
    Completion completion = Completion::Done; ///< Cancelled: layers not reached are 0
    std::vector<LayerIndex> layers;
    std::vector<HeadIndex> heads;
    std::int64_t tokens = 0, block = 0;
    std::int64_t cells = 0;    ///< rows and cols: ceil(tokens / block), the last one partial
    double loss = 0;           ///< influence only, nats per token
    std::vector<float> values; ///< [layers][heads][cells][cells], query × key

    /// [cells][cells] of layers[l], heads[h].
    std::span<const float> map(std::size_t l, std::size_t h) const {
        const auto size = static_cast<std::size_t>(cells * cells);
        return std::span(values).subspan((l * heads.size() + h) * size, size);
    }
    double sum() const; ///< of all maps
};

/// Throws UsageError for layers, heads, a block or a loss outside the model or the text; MemoryError, before
/// anything is computed, with the smallest block that would fit; else as LanguageModel::backward().
AttentionMaps captureAttention(LanguageModel& model, std::span<const int> ids,
                               const AttentionMapOptions& options, std::stop_token stop = {},
                               const ProgressFn& progress = {});

} // namespace moa
