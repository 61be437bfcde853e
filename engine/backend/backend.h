// The one interface between models and devices: memory, and the operations of a Llama layer.
// Goals: the same model code on CPU and GPU; every pointer's shape documented; no model concepts (plans, prompts)
// below this line. Non-goals: autograd, graph capture of arbitrary code.
// Operations may be asynchronous on a device; download() waits for what it reads.
// Gradients: that of the residual stream is F32 everywhere. Where products read 16-bit values they get a copy of it
// times a power of two (narrowGradient()); a `factor`, one F32 in device memory, undoes that where results come back.
#pragma once

#include "engine/backend/buffer.h"
#include "engine/backend/recorded_step.h"
#include "engine/backend/tensor.h"
#include "engine/core/model_config.h"

#include <cstdint>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

namespace moa {

/// Rows that a pass works on at once where values have this type: a card, which works in 16 bits, needs more of them to
/// be busy.
constexpr std::int64_t chunkRows(DType deviceType) {
    return deviceType == DType::F32 ? 512 : 2048;
}

struct DeviceInfo {
    std::string kind;            ///< "cpu", "cuda"
    std::string name;            ///< processor or card
    std::uint64_t memoryBytes = 0, freeBytes = 0;
    int threads = 1;
};

/// One sequence's share of a batch of rows. Query rows are the last `queryRows` of its `newRows` new tokens.
struct BatchItem {
    std::int64_t queryRow = 0, queryRows = 0; ///< in the query and output tensors
    std::int64_t newRow = 0, newRows = 0;     ///< in the key and value tensors
    std::int64_t held = 0;                    ///< tokens held before; position of the first new token
    std::span<const KvHeadCache> cache;       ///< [G]; empty: nothing held
    std::span<const std::int64_t> windows;    ///< [G] w, tokens
    std::int64_t sink = 0;                    ///< s of the mask, tokens
};

/// Sums over one sample that a backward pass collects, per query head (docs/method.md, "What is stored"). They are in
/// place once settle() has returned.
struct HeadCostSums {
    int tiles = 0;    ///< T ≥ ceil(n/64)
    int mapCells = 0; ///< m
    std::span<double> cost, costSigned;        ///< [H][5][T+1]
    std::span<double> hist;                    ///< [H][5][T]
    std::span<float> influenceMap, attentionMap; ///< [H][m][m]
};

/// Inputs and outputs of the attention backward of one layer over one whole sample of n tokens.
struct AttentionBackwardArgs {
    AttentionShape shape;
    Tensor q, out, dOut; ///< [n][H·D]
    Tensor k, v;         ///< [n][G·D]
    Tensor lse;          ///< [H][n]
    std::span<const std::int64_t> windows; ///< [G]
    std::int64_t sink = 0;
    Tensor dQ;     ///< [n][H·D], written
    Tensor dK, dV; ///< [n][G·D], written
    const HeadCostSums* sums = nullptr; ///< nullable; requires windows that show everything
    std::stop_token stop{};             ///< requested: returns soon, and what is written is of no use
    const float* factor = nullptr;      ///< dOut is the gradient divided by it; null: 1
};

/// Attention of one layer over one whole sample of n tokens, summed into c × c cells, c = ceil(n/block).
struct AttentionMapArgs {
    AttentionShape shape;
    Tensor q;         ///< [n][H·D]
    Tensor k, v;      ///< [n][G·D]
    Tensor lse;       ///< [H][n]
    Tensor out, dOut; ///< [n][H·D]; dOut without data: ΣA, else Σ|E| (docs/method.md, "Published influence")
    std::span<const std::int64_t> windows; ///< [G]
    std::int64_t sink = 0;
    std::span<const int> heads; ///< the query heads wanted
    std::int64_t block = 64;    ///< ≥ 1, tokens
    std::span<float> cells;     ///< host memory, [heads][c][c], written; 0 above the diagonal
    std::stop_token stop{};     ///< requested: returns soon, and what is written is of no use
    const float* factor = nullptr; ///< dOut is the gradient divided by it; null: 1
};

class Backend {
public:
    virtual ~Backend() = default;

    virtual DeviceInfo device() const = 0;
    /// Bytes in use on the device: of this process where it is the processor, of everybody on a card.
    virtual std::uint64_t usedBytes() const = 0;
    /// Throws MemoryError naming `what`. Zero-initialised.
    virtual Buffer allocate(std::size_t bytes, const std::string& what) = 0;
    virtual void upload(void* device, const void* host, std::size_t bytes) = 0;
    virtual void download(void* host, const void* device, std::size_t bytes) = 0;
    /// Rows of `rows` one behind the other, without the gaps between them.
    virtual void downloadRows(void* host, const Tensor& rows) = 0;
    virtual void copy(void* to, const void* from, std::size_t bytes) = 0;
    /// Type that activations, weights and caches have on this device. Logits, log-sum-exp and rotary tables are F32.
    virtual DType dtype() const = 0;
    /// False: the …Backward operations throw Error.
    virtual bool hasGradients() const { return true; }
    /// Query rows after which a long pass looks for a stop: a fraction of a second of work.
    virtual std::int64_t rowsPerStop() const = 0;
    /// Writes `count` file values of `dtype` to device memory, in the device's type.
    virtual void uploadWeight(void* device, const void* values, DType dtype, std::int64_t count) = 0;

    /// Whether weights in blocks stay as they are: embed(), linear() and linearBackward() then take them.
    virtual bool keepsBlocks() const { return false; }

    /// out[r] = table[ids[r]].
    virtual void embed(const Tensor& out, std::span<const int> ids, const Tensor& table) = 0;
    virtual void rmsNorm(const Tensor& out, const Tensor& x, const Tensor& weight, float eps) = 0;
    /// dX += factor · ∂/∂x; dX is F32, factor may be null: 1.
    virtual void rmsNormBackward(const Tensor& dX, const Tensor& x, const Tensor& weight, float eps,
                                 const Tensor& dOut, const float* factor) = 0;
    /// narrow = dX / factor[0], in dtype(), with the power of two that brings the largest |dX| to [1, 2). `factor`: two
    /// values in device memory, written; NaN where some |dX| is no finite number.
    virtual void narrowGradient(const Tensor& narrow, const Tensor& dX, float* factor) = 0;
    /// out (+)= x · Wᵀ, W [out cols][x cols].
    virtual void linear(const Tensor& out, const Tensor& x, const Tensor& weight, bool accumulate) = 0;
    /// dX (+)= dOut · W.
    virtual void linearBackward(const Tensor& dX, const Tensor& dOut, const Tensor& weight, bool accumulate) = 0;
    /// Rotates heads in place; row r is at position positions[r]; cosine, sine [positions][headDim/2].
    virtual void rope(const Tensor& x, int heads, std::span<const std::int64_t> positions, const Tensor& cosine,
                      const Tensor& sine, bool inverse) = 0;
    /// out = silu(gate) ∘ up; out may be gate.
    virtual void swiGlu(const Tensor& out, const Tensor& gate, const Tensor& up) = 0;
    /// gate ← ∂gate, up ← ∂up.
    virtual void swiGluBackward(const Tensor& gate, const Tensor& up, const Tensor& dOut) = 0;
    /// losses[r] = cross-entropy of row r of the F32 `logits` with targets[r], nats; dLogits = scale · (softmax − one-hot),
    /// in dtype(), may be logits where that is F32.
    virtual void crossEntropy(const Tensor& dLogits, const Tensor& logits, std::span<const int> targets, float scale,
                              std::span<double> losses) = 0;
    virtual void add(const Tensor& to, const Tensor& from) = 0;

    /// Attention of the items' query rows over their cache and new rows; `lse` [H][rows] may have no data.
    virtual void attention(const AttentionShape& shape, const Tensor& q, const Tensor& k, const Tensor& v,
                           const Tensor& out, const Tensor& lse, std::span<const BatchItem> items) = 0;
    /// Writes the items' new keys and values into their caches (after attention has read what they replace).
    virtual void appendKv(const AttentionShape& shape, const Tensor& k, const Tensor& v,
                          std::span<const BatchItem> items) = 0;
    virtual void attentionBackward(const AttentionBackwardArgs& args) = 0;
    virtual void attentionMap(const AttentionMapArgs& args) = 0;
    /// Waits for sums that attentionBackward() was asked for and lets go of its workspace: the end of a pass.
    virtual void settle() {}

    /// A decode step for these caches; null where the device gains nothing by recording. What it points to must
    /// stay where it is while the step is run. Throws MemoryError.
    virtual std::unique_ptr<RecordedStep> recordStep(const ModelConfig& /*config*/, const LlamaWeights& /*weights*/,
                                                     std::span<const StepSequence> /*sequences*/) {
        return nullptr;
    }
};

} // namespace moa
