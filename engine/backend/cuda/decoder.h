// The decode step of a Llama model for a fixed batch on one card, recorded as one graph: embedding, layers,
// logits, choice of the next token, advance. No host synchronisation inside a step; sequences of different
// lengths and any mix of windows. One sequence alone runs on matrix-vector kernels, more on cuBLAS. A
// sequence starts with a prefill of its whole prompt. Goal: the speed that the card allows. Non-goal: loading
// files.
#pragma once

#include "engine/backend/cuda/device_memory.h"
#include "engine/backend/cuda/matmul.h"
#include "engine/backend/cuda/stream.h"
#include "engine/backend/tensor.h"
#include "moa_kernels/cuda/elementwise.h"

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace moa::cuda {

/// Where the weights of a model lie on the card, all of one 16-bit type.
struct DecoderWeights {
    struct Layer {
        const void* attentionNorm = nullptr; ///< [hidden]
        const void* qkv = nullptr;           ///< [(H + 2G) · D][hidden]: queries, keys, values
        const void* output = nullptr;        ///< [hidden][H · D]
        const void* mlpNorm = nullptr;       ///< [hidden]
        const void* gateUp = nullptr;        ///< [2 · intermediate][hidden]: gate, up
        const void* down = nullptr;          ///< [hidden][intermediate]
    };
    std::vector<Layer> layers;
    const void* embedding = nullptr; ///< [vocab][hidden]
    const void* norm = nullptr;      ///< [hidden]
    const void* head = nullptr;      ///< [vocab][hidden]
};

/// The caches of a batch.
struct DecoderLayout {
    int sequences = 0;
    std::int64_t positions = 0;        ///< positions the rotary table must cover
    std::int64_t sink = 0;             ///< tokens
    std::vector<std::int64_t> windows; ///< [sequences][L][G] windows, tokens; ring lengths of own caches
    /// Caches [sequences][L][G] and rotary tables [positions][D/2] of somebody else; without them the decoder
    /// makes its own.
    std::vector<KvHeadCache> caches;
    const float* cosine = nullptr;
    const float* sine = nullptr;
    /// Try cuBLAS's algorithms for this batch. The fastest differ from run to run, and with them the last bits.
    bool tune = false;
};

/// Bytes of keys and values of the own caches of `layout`: Σ (sink + window) · 2 · D · 2.
std::uint64_t cacheBytes(const ModelConfig& config, const DecoderLayout& layout);

class Decoder {
public:
    /// `matmul`: shared with others, or null for its own.
    Decoder(const ModelConfig& config, const DecoderWeights& weights, const DecoderLayout& layout,
            std::shared_ptr<Matmul> matmul = nullptr);

    /// Where each sequence stands: position of its next token (−1: idle) and that token.
    void setState(std::span<const std::int32_t> positions, std::span<const std::int32_t> tokens);
    /// Starts sequence `sequence` anew with a prompt: fills its caches and chooses the token after it
    /// (greedy); the next step continues from there. Rows of the prompt go through a layer together, through
    /// its MLP in pieces. Throws UsageError for an empty prompt or one beyond the rotary table, MemoryError.
    void prefill(int sequence, std::span<const std::int32_t> prompt);
    /// Runs one step: reads tokens at positions, writes caches and the next tokens (greedy), advances.
    void step();
    std::vector<std::int32_t> tokens();
    void readLogits(std::span<float> host); ///< [sequences][vocab] of the last step

    std::uint64_t kvBytes() const { return m_kv.bytes(); }
    DeviceMemory& kv() { return m_kv; }
    cudaStream_t stream() const { return m_stream; }
    void synchronise() { m_stream.synchronise(); }

private:
    void allocate(const DecoderLayout& layout);
    void layCaches(const DecoderLayout& layout);
    void fillRotaryTable(std::int64_t positions);
    void tuneProducts();
    void record();
    void recordBatchLayer(int layer);
    void recordSingleLayer(int layer);
    kernels::cuda::RopeAppendParams ropeOf(int layer) const;
    void attend(int layer);
    void prefillLayer(int layer, int sequence, int rows);
    void reservePrompt(int rows);
    Product product(const void* x, int inCols, const void* weight, void* out, int outCols,
                    bool accumulate) const;
    int qkvCols() const { return (m_config.heads + 2 * m_config.kvHeads) * m_config.headDim; }
    int outCols() const { return m_config.heads * m_config.headDim; }

    ModelConfig m_config;
    DecoderWeights m_weights;
    int m_sequences;
    int m_workers = 0;
    std::int64_t m_rotaryRows = 0, m_sink = 0;
    std::vector<std::int32_t> m_windows; ///< [sequences][L][G]
    Stream m_stream;
    std::shared_ptr<Matmul> m_matmul;
    DeviceMemory m_kv, m_caches, m_tileStarts, m_firstEntry, m_attentionWorkspace, m_cosine, m_sine;
    DeviceMemory m_positions, m_tokens, m_x, m_normed, m_qkv, m_attended, m_gateUp, m_hidden, m_logits;
    const float* m_cosineTable = nullptr;
    const float* m_sineTable = nullptr;
    Graph m_graph;

    /// Buffers of the longest prompt so far.
    struct Prompt {
        int rows = 0;
        DeviceMemory ids, positions, windows, items, x, normed, qkv, attended, gateUp, hidden, workspace;
    };
    Prompt m_prompt;
};

} // namespace moa::cuda
