// The tokenizer of a Hugging Face folder that has tokenizer.model and no tokenizer.json: pieces from the model, tokens
// added to it from added_tokens.json and tokenizer_config.json.
#pragma once

#include "engine/loader/tokenizer.h"

#include <filesystem>

namespace moa {

/// Throws FileError naming the file and the place.
Tokenizer readSentencePieceTokenizer(const std::filesystem::path& folder);

} // namespace moa
