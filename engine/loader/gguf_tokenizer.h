// The tokenizer that a .gguf file carries in its metadata, put together from the parts of tokenizer.json: byte-level BPE
// with the pre-tokenizers in use ("gpt2" models), and SentencePiece BPE with scores and byte fallback ("llama" models).
#pragma once

#include "engine/loader/gguf.h"
#include "engine/loader/tokenizer.h"

namespace moa {

/// Throws FileError naming the key: a kind of tokenizer or pre-tokenizer that is not supported, damaged tables.
Tokenizer readGgufTokenizer(const GgufFile& file);

} // namespace moa
