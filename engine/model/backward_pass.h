// One sample's activation-only backward pass: gradients of activations, none of weights. The forward half
// keeps one residual row per layer and token and, where there is room, more (engine/model/backward_memory.h);
// the rest is computed again, so that memory grows as O(layers · n). The MLP goes through in row chunks.
#pragma once

#include "engine/model/backward_memory.h"
#include "engine/model/language_model.h"

#include <span>
#include <stop_token>
#include <vector>

namespace moa {

/// Owns its buffers. Not a public header: LanguageModel's alone.
class BackwardPass {
public:
    enum class Purpose { Gradients, Observation };
    BackwardPass(LanguageModel& model, const BackwardSample& sample, Purpose purpose, std::stop_token stop);
    BackwardPass(const BackwardPass&) = delete;
    BackwardPass& operator=(const BackwardPass&) = delete;
    ~BackwardPass();

    BackwardResult run();
    /// The forward half alone, one layer in memory at a time.
    Completion observeLayers(const LayerObserver& observer);

private:
    /// Activations of one layer; queries, keys and values lie side by side, gate and up too.
    struct LayerRows {
        Tensor input;          ///< [n][hidden]
        Tensor attended;       ///< [n][H·D]
        Tensor lse;            ///< [H][n]
        Tensor qkv;            ///< [n][(H + 2G)·D]
        Tensor middle, gateUp; ///< [n][hidden], [n][2·intermediate]; no data where they are computed again
    };
    LayerRows rowsOf(int layer) const;
    bool isKept(int layer) const { return layer >= m_c.layers - m_kept.layers; }

    Tensor rows(const Buffer& buffer, std::int64_t cols, std::int64_t first, std::int64_t count) const;
    Tensor all(const Buffer& buffer, std::int64_t cols) const { return rows(buffer, cols, 0, m_n); }
    Tensor floats(std::int64_t first, std::int64_t count) const; ///< rows of the residual gradient
    /// `slot` of a buffer that holds several arrays [n][cols].
    Tensor slot(const Buffer& buffer, std::int64_t cols, int slot) const;
    Buffer make(std::int64_t rows, std::int64_t cols, const char* what) const;
    std::span<const std::int64_t> windows(int layer) const;
    Tensor columns(const Tensor& qkv, std::int64_t first, std::int64_t cols) const;
    Tensor queries(const Tensor& qkv) const { return columns(qkv, 0, m_qCols); }
    Tensor keys(const Tensor& qkv) const { return columns(qkv, m_qCols, m_kvCols); }
    Tensor values(const Tensor& qkv) const { return columns(qkv, m_qCols + m_kvCols, m_kvCols); }

    void makeGradients();
    void projectQkv(const LanguageModel::Layer& layer, const LayerRows& at);
    void attend(int layer, const LayerRows& at);
    void forwardLayer(int layer, const LayerRows& at);
    void mlpForward(const LanguageModel::Layer& layer, const LayerRows& at);
    void rotate(const Tensor& qkv, bool inverse);

    double lossAndGradient();
    double lossOfRun(std::int64_t first, std::int64_t part);
    /// The residual gradient of those rows as products read it; its factor where it is a scaled copy.
    Tensor narrowed(std::int64_t first, std::int64_t count);
    const float* factor() const { return m_factor ? m_factor.as<float>() : nullptr; }
    /// Whatever of the layer was not kept, again; the residual stream before the MLP in `middle`.
    Tensor restore(int layer, const LayerRows& at);
    void mlpBackward(const LanguageModel::Layer& layer, const LayerRows& at, const Tensor& middle);
    LayerAttention layerAttention(int layer, const LayerRows& at, const Tensor& dOut) const;
    void attentionBackward(int layer, const LayerRows& at, const Tensor& dOut);
    void checkFinite();

    LanguageModel& m_model;
    Backend& m_backend;
    const ModelConfig& m_c;
    const BackwardSample& m_sample;
    std::stop_token m_stop;
    WindowMap m_windows;
    std::int64_t m_n, m_qCols, m_kvCols, m_qkvCols;
    BackwardKept m_kept;
    std::vector<std::int64_t> m_positions, m_targets;
    Buffer m_x, m_norm, m_qkv, m_gateUp, m_act; ///< [n] rows; gate, up and their product: one chunk
    Buffer m_inputs, m_attended, m_lse;         ///< of all layers, or as many as are held at once
    Buffer m_keptQkv, m_keptMiddle, m_keptGateUp;
    Buffer m_dx, m_narrow, m_factor, m_dqkv, m_dOut, m_dAct, m_dNorm, m_logits, m_dLogits;
};

} // namespace moa
