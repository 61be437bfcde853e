// The parts of a Tokenizer, and the reader that fills them from tokenizer.json.
#pragma once

#include "engine/loader/added_tokens.h"
#include "engine/loader/bpe_model.h"
#include "engine/loader/decoders.h"
#include "engine/loader/normalizers.h"
#include "engine/loader/post_processor.h"
#include "engine/loader/pre_tokenizers.h"
#include "engine/loader/sentencepiece_model.h"
#include "engine/loader/tokenizer.h"

#include <map>
#include <memory>
#include <string>

namespace moa {

struct Tokenizer::State {
    BpeModel model;
    /// Cuts text in place of `model`, which then only names the tokens; null: `model` does it.
    std::shared_ptr<const SentencePieceModel> sentencePiece;
    std::map<int, AddedToken> added;                  ///< by id
    std::map<std::string, int, std::less<>> addedIds; ///< by content
    AddedTokenMatcher inRawText;                      ///< tokens looked for before normalizing
    AddedTokenMatcher inNormalizedText;               ///< and after
    Normalizer normalizer;
    PreTokenizer preTokenizer;
    PostProcessor postProcessor;
    Decoder decoder;
    int vocabSize = 0;
};

/// Reads a whole tokenizer.json. Throws FileError naming the place.
Tokenizer::State readTokenizer(const JsonView& root);
/// Its parts around the model, which is there already: normalizer, added tokens, pre-tokenizer, decoder, post-processor.
void readPipeline(const JsonView& root, Tokenizer::State& state);
/// "decoder" of SentencePiece vocabularies: visible spaces and byte tokens back to text, the leading space taken away.
Json sentencePieceDecoder(bool leadingSpace);

} // namespace moa
