// A .gguf file (or the first of a split model) → Model: shape, tokenizer, chat template, weights under their Hugging
// Face names. Read: the architectures llama and phi3. Everything that would make the arithmetic differ is refused by name.
#pragma once

#include "engine/loader/model_files.h"

#include <filesystem>
#include <memory>

namespace moa {

/// Throws FileError (file, key or tensor, what was expected).
std::shared_ptr<const Model> loadGgufModel(const std::filesystem::path& path);

} // namespace moa
