// What one prompt's attention is made of: queries, keys and row log-sum-exp of every layer, kept in host
// memory as immutable snapshots from which any part of any head's attention can be computed later, on any
// thread (engine/capture/attention_tile.h, engine/capture/head_statistics.h). Nothing here is N × N.
// Values are kept as float: rounding the queries and keys of the embedded model moves single weights by up to
// 0.01 (16-bit half) or 0.1 (bfloat16), and its rows no longer sum to 1.
#pragma once

#include "engine/core/ids.h"
#include "engine/core/progress.h"
#include "engine/model/language_model.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <stop_token>
#include <vector>

namespace moa {

/// One layer of a captured prompt of n tokens. Never changes once it is shared.
struct CapturedLayer {
    std::uint64_t id = 0; ///< of these contents: another for every captured layer
    LayerIndex layer;
    AttentionShape shape;
    DType dtype = DType::F32; ///< the model worked in; values are exact in it
    std::int64_t n = 0;
    std::vector<float> q;   ///< [n][H·D], positions applied
    std::vector<float> k;   ///< [n][G·D], positions applied
    std::vector<float> v;   ///< [n][G·D]; empty unless asked for
    std::vector<float> lse; ///< [H][n], log Σ exp of the scores that the row sees

    /// The mask that the model ran under, which the log-sum-exp belongs to: [G] tokens; all kFullWindow when
    /// dense.
    std::vector<std::int64_t> windows;
    std::int64_t sink = 0;

    std::uint64_t bytes() const {
        return sizeof(float) * static_cast<std::uint64_t>(q.size() + k.size() + v.size() + lse.size());
    }
};

/// What a capture keeps per layer of `tokens` tokens, and of all layers: known before it begins.
std::uint64_t captureLayerBytes(const ModelConfig& config, std::int64_t tokens, bool values);
std::uint64_t captureBytes(const ModelConfig& config, std::int64_t tokens, bool values);

struct CaptureOptions {
    std::vector<LayerIndex> layers{}; ///< ascending; empty: all
    bool values = false;              ///< keep V too
    std::uint64_t memoryLimit = 0;    ///< host bytes that may be taken; 0: what the machine has free
};

/// Called with every captured layer, the first one first; the layer is kept only by those who keep the
/// pointer.
using LayerCaptured = std::function<void(LayerIndex, std::shared_ptr<const CapturedLayer>)>;

/// Runs the prompt through the model, dense or under `windows` (null: dense), and hands over every layer as
/// soon as it is there. Cancelled: the layers handed over so far are whole. `progress` counts layers. Throws
/// MemoryError, before anything is computed, naming what it needs, what there is and the length that would
/// fit; UsageError for layers that the model does not have; else as LanguageModel::observeLayers().
Completion captureLayers(LanguageModel& model, std::span<const int> ids, const WindowMap* windows,
                         const CaptureOptions& options, const LayerCaptured& onLayer,
                         std::stop_token stop = {}, const ProgressFn& progress = {});

} // namespace moa
