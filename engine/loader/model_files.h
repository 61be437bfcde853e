// A model folder or file → one immutable Model: config, weights, tokenizer, chat template.
#pragma once

#include "engine/core/model_config.h"
#include "engine/loader/chat_template.h"
#include "engine/loader/tensor_view.h"
#include "engine/loader/tokenizer.h"

#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace moa {

/// A weight that an architecture needs.
struct RequiredWeight {
    std::string name;
    std::vector<std::int64_t> shape;
};

/// The tensors that an architecture uses, and the files they are in.
struct Weights {
    std::vector<std::shared_ptr<const void>> files;  ///< what keeps the tensors' bytes
    std::vector<std::span<const std::byte>> bytes;   ///< of whole files, in the order of their names
    std::map<std::string, const TensorView*, std::less<>> byName; ///< by Hugging Face name
    std::deque<TensorView> parts;                    ///< rows of tensors that hold several weights
    std::uint64_t usedBytes = 0;                     ///< of the tensors in `byName`

    /// Finds a tensor by its Hugging Face name; null: it is not there.
    using FindTensor = std::function<const TensorView*(const std::string& name)>;
    /// Takes the weight from the tensor of its name or, in files that put several side by side (Phi-3: queries, keys
    /// and values; gate and up), from its rows there. Throws FileError about `file` unless it is there with the shape
    /// needed and a type that weights may have.
    void use(const RequiredWeight& need, const ModelConfig& config, const FindTensor& find, const std::string& file);
};

/// Everything of a model that its files say. Shared as `shared_ptr<const Model>`; weights stay mapped while
/// it lives. Weights are looked up by their Hugging Face names ("model.layers.0.self_attn.q_proj.weight").
class Model {
public:
    ModelConfig config;
    std::string name;           ///< folder or file name
    std::filesystem::path path; ///< as resolved: the folder, or the single file
    Tokenizer tokenizer;
    ChatTemplate chat;
    std::uint64_t weightBytes() const { return m_weights.usedBytes; }
    /// The element type of most of the weights' bytes.
    TensorType mainType() const;

    /// Nothing (nullptr) when there is none of that name.
    const TensorView* findWeight(std::string_view weightName) const;
    /// Throws FileError when there is none of that name. All of requiredWeights() are there.
    const TensorView& weight(std::string_view weightName) const;
    /// SHA-256 of the weight files' bytes, shards in the order of their names; worked out at the first call
    /// (about a second per GB), then kept. Safe from any thread.
    const std::string& sha256() const;

    Model(ModelConfig modelConfig, Tokenizer modelTokenizer, Weights weights)
        : config(std::move(modelConfig)), tokenizer(std::move(modelTokenizer)), m_weights(std::move(weights)) {}

private:
    Weights m_weights;
    mutable std::once_flag m_hashOnce;
    mutable std::string m_hash;
};

/// Every weight a model of this config needs, in the order of its layers.
std::vector<RequiredWeight> requiredWeights(const ModelConfig& config);

/// Throws FileError for a tokenizer with ids that the model has no embedding for.
void checkTokenizer(const std::filesystem::path& file, const Tokenizer& tokenizer, const ModelConfig& config);

/// Loads a HF folder (config.json, tokenizer.json or tokenizer.model, model.safetensors or model.safetensors.index.json with its
/// shards), a .safetensors file with the other files beside it, or a .gguf file or the folder of one. Every needed tensor is checked for
/// presence, shape and element type. Throws FileError (file, place, what was expected).
std::shared_ptr<const Model> loadModel(const std::filesystem::path& path);

/// Whether a folder looks like one that loadModel() reads.
bool holdsModel(const std::filesystem::path& folder);

/// A path as it is if it exists, else the folder `models/<name>` of the bundled resources or of the user's data
/// (packaging/fetch-model.sh puts models there). Throws FileError listing the names there are.
std::filesystem::path resolveModel(const std::string& nameOrPath, const std::filesystem::path& resourcesDir);

} // namespace moa
