// config.json and generation_config.json of a Hugging Face folder → ModelConfig.
// Read: the Llama, Mistral and Phi-3 architectures. Everything that would make the arithmetic differ is refused by name,
// never ignored.
#pragma once

#include "engine/core/model_config.h"

#include <filesystem>

namespace moa {

/// Reads config.json. ModelConfig::dtype is what the file says and is set from the weights by loadModel.
/// Throws FileError naming the key and what was expected: unsupported architecture, activation, RoPE scaling,
/// biases, quantisation, sliding window, sizes out of range or inconsistent.
ModelConfig readModelConfig(const std::filesystem::path& configFile);

/// Adds the end tokens (and the begin token, if config.json named none) of generation_config.json.
/// A missing file changes nothing.
void addGenerationConfig(const std::filesystem::path& generationConfigFile, ModelConfig& config);

} // namespace moa
