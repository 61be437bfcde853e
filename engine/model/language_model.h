// A Llama-architecture model on a device: weights, forward passes over cached sequences, and the
// activation-only backward pass that profiling needs.
// One thread at a time: the owner of the device. Sequences must not outlive their model.
#pragma once

#include "engine/backend/backend.h"
#include "engine/core/plan.h"
#include "engine/core/progress.h"
#include "engine/loader/model_files.h"
#include "engine/model/layer_attention.h"
#include "engine/model/sample_costs.h"

#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <vector>

namespace moa {

class Sequence;
class StepRecorder;

/// One sequence's new tokens in a forward pass.
struct ForwardItem {
    Sequence* sequence = nullptr;
    std::span<const int> tokens;
    /// Logits are wanted for this many of the last tokens.
    std::int64_t logitRows = 0;
    /// false: the sequence stays as it was (a continuation is only looked at).
    bool commit = true;
    /// Position of the first token, where not after everything held: a look back, not committed. Sequence::reach()
    /// says how far.
    std::optional<std::int64_t> at{};
    /// KV heads [L][G] that read the cache of `other`, which holds the same tokens, under its windows; not committed.
    const Sequence* other = nullptr;
    const std::vector<bool>* fromOther = nullptr;
};

/// Receives the logits of one row: item index, position of the row's token, [vocab] values valid for the call.
using LogitsFn = std::function<void(std::size_t item, std::int64_t position, std::span<const float> logits)>;

/// One sample for the backward pass: loss = mean cross-entropy (nats) of the tokens from `lossBegin` on.
struct BackwardSample {
    std::span<const int> ids;
    std::int64_t lossBegin = 1; ///< ≥ 1; tokens [lossBegin, ids.size()) are predicted from what precedes them
    const WindowMap* windows = nullptr; ///< null: dense; a mask that hides something excludes `costs`
    SampleCosts* costs = nullptr;       ///< null: not collected
    std::vector<float>* embeddingGradient = nullptr; ///< [n][hidden], for checks; null: not wanted
    LayerObserver observer{}; ///< shown every layer with its gradient, the last layer first; may be empty
    /// Not empty: the loss is on these tokens instead, ascending, each ≥ 1.
    std::span<const std::int64_t> targets{};
};

struct BackwardResult {
    Completion completion = Completion::Done;
    double loss = 0; ///< nats per token
    std::uint64_t deviceBytes = 0; ///< in use on the device when the pass was at its fullest, the weights included
};

class LanguageModel {
public:
    /// Converts the weights to the device's type. `progress` counts layers. Throws MemoryError, FileError.
    LanguageModel(std::shared_ptr<const Model> files, Backend& backend, std::stop_token stop = {},
                  const ProgressFn& progress = {});
    ~LanguageModel();

    const Model& files() const { return *m_files; }
    const std::shared_ptr<const Model>& sharedFiles() const { return m_files; }
    const ModelConfig& config() const { return m_files->config; }
    Backend& backend() { return m_backend; }
    std::uint64_t weightBytes() const { return m_weightBytes; } ///< on the device
    AttentionShape shape() const { return {config().heads, config().kvHeads, config().headDim}; }

    /// Runs all items' tokens through the model, in chunks of at most chunkRows() rows, and appends them to their
    /// sequences. Checks `stop` between layers; after a cancel the sequences hold whole chunks only. Throws Error
    /// for token ids outside the vocabulary and for positions past the context.
    Completion forward(std::span<ForwardItem> items, const LogitsFn& logits, std::stop_token stop = {});

    /// Forward and backward of one sample; activations are checkpointed per layer, memory is O(n).
    /// Throws MemoryError, and Error where gradients exceed what a device holds in 16 bits.
    BackwardResult backward(const BackwardSample& sample, std::stop_token stop = {});

    /// Forward of one whole text under `windows` (null: dense); `observer` sees every layer, the first one first.
    /// Memory is O(n): one layer is held at a time. Errors as backward().
    Completion observeLayers(std::span<const int> ids, const WindowMap* windows, const LayerObserver& observer,
                             std::stop_token stop = {});

    /// Rows a forward pass works on at once.
    std::int64_t chunkRows() const { return moa::chunkRows(m_backend.dtype()); }

private:
    friend class BackwardPass;

    struct Layer : LlamaLayer {
        std::vector<Buffer> memory;
        Tensor q, k, v, gate, up; ///< parts of qkv and gateUp
    };
    struct Activations; ///< buffers of one forward chunk

    /// Names are the file's; parts are put one below the other. Counts the bytes.
    Tensor loadWeight(std::initializer_list<std::string> names, std::int64_t cols, std::vector<Buffer>& memory);
    /// Weights that read the same rows: one below the other in `whole`, or each for itself where the device keeps their
    /// blocks, which may differ.
    void loadSideBySide(std::initializer_list<std::string> names, std::initializer_list<Tensor*> parts, std::int64_t cols,
                        Tensor& whole, std::vector<Buffer>& memory);
    bool staysInBlocks(const TensorView& weight) const;
    void upload(const TensorView& weight, const Tensor& to);
    Completion forwardChunk(std::span<ForwardItem> items, const LogitsFn& logits, const std::stop_token& stop);
    bool runRecorded(std::span<ForwardItem> items, const LogitsFn& logits);
    void emitLogits(const Tensor& x, std::span<const ForwardItem> items, std::span<const std::int64_t> firstHeld,
                    const LogitsFn& logits);
    void ensureRope(std::int64_t positions);
    Tensor view(const Buffer& buffer, std::int64_t rows, std::int64_t cols) const;
    Tensor ropeTable(const Buffer& buffer) const;
    void checkWeightsFit() const;
    void checkTokens(std::span<const int> tokens) const;
    void checkSample(std::span<const int> ids, const WindowMap* windows) const;

    std::shared_ptr<const Model> m_files;
    Backend& m_backend;
    std::uint64_t m_weightBytes = 0;
    std::vector<Buffer> m_memory; ///< of what follows
    Tensor m_embedding, m_finalNorm, m_head;
    std::vector<Layer> m_layers;
    std::unique_ptr<StepRecorder> m_recorder;
    Buffer m_cosine, m_sine;
    std::int64_t m_ropePositions = 0;
    std::shared_ptr<Activations> m_activations;
};

} // namespace moa
