// A model folder or file → one immutable Model: config, weights, tokenizer, chat template.
#pragma once

#include "engine/core/model_config.h"
#include "engine/loader/chat_template.h"
#include "engine/loader/safetensors.h"
#include "engine/loader/tokenizer.h"

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace moa {

/// Everything of a model that its files say. Shared as `shared_ptr<const Model>`; weights stay mapped while
/// it lives. Weights are looked up by their Hugging Face names ("model.layers.0.self_attn.q_proj.weight").
class Model {
public:
    ModelConfig config;
    std::string name;           ///< folder or file name
    std::filesystem::path path; ///< as resolved: the folder, or the single file
    Tokenizer tokenizer;
    ChatTemplate chat;
    std::uint64_t weightBytes = 0; ///< of the tensors this architecture uses

    /// Nothing (nullptr) when there is none of that name.
    const TensorView* findWeight(std::string_view weightName) const;
    /// Throws FileError when there is none of that name. All of requiredWeights() are there.
    const TensorView& weight(std::string_view weightName) const;
    /// SHA-256 of the weight files' bytes, shards in the order of their names; worked out at the first call
    /// (about a second per GB), then kept. Safe from any thread.
    const std::string& sha256() const;

    Model(ModelConfig modelConfig, Tokenizer modelTokenizer)
        : config(std::move(modelConfig)), tokenizer(std::move(modelTokenizer)) {}

private:
    friend std::shared_ptr<const Model> loadModel(const std::filesystem::path& path);
    friend class RandomModel;

    std::vector<SafetensorsFile> m_files; ///< in the order of their names
    std::map<std::string, const TensorView*, std::less<>> m_weights;
    mutable std::once_flag m_hashOnce;
    mutable std::string m_hash;
};

/// A weight that an architecture needs.
struct RequiredWeight {
    std::string name;
    std::vector<std::int64_t> shape;
};

/// Every weight a model of this config needs, in the order of its layers.
std::vector<RequiredWeight> requiredWeights(const ModelConfig& config);

/// Loads a HF folder (config.json, tokenizer.json, model.safetensors or model.safetensors.index.json with its
/// shards) or a .safetensors file with the other files beside it. Every needed tensor is checked for
/// presence, shape and element type. Throws FileError (file, place, what was expected).
std::shared_ptr<const Model> loadModel(const std::filesystem::path& path);

/// A path as it is if it exists, else `resources/models/<name>`. Throws FileError listing the names there
/// are.
std::filesystem::path resolveModel(const std::string& nameOrPath, const std::filesystem::path& resourcesDir);

} // namespace moa
