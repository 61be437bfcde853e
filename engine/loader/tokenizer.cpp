// See tokenizer.h.
#include "engine/loader/tokenizer.h"

#include "engine/loader/json_reader.h"
#include "engine/loader/tokenizer_state.h"
#include "engine/loader/utf8.h"

#include <unordered_map>

namespace moa {

namespace {

constexpr std::uint64_t kMaxFileBytes = 256u << 20;
constexpr std::size_t kMaxCachedWord = 256; ///< bytes; longer words hardly repeat

/// Words already merged in this text: most of a text is repeated words.
class WordCache {
public:
    explicit WordCache(const BpeModel& model) : m_model(model) {}

    void encode(const std::string& word, std::vector<int>& out) {
        if (word.size() > kMaxCachedWord) return m_model.encodeWord(word, out);
        auto [it, isNew] = m_words.try_emplace(word);
        if (isNew) m_model.encodeWord(word, it->second);
        out.insert(out.end(), it->second.begin(), it->second.end());
    }

private:
    const BpeModel& m_model;
    std::unordered_map<std::string, std::vector<int>> m_words;
};

/// Added tokens cut out of the raw text, then, between them, out of the normalized text.
Pieces extractAddedTokens(const Tokenizer::State& state, std::string text, bool parseSpecial) {
    Pieces raw, pieces;
    state.inRawText.split({std::move(text), -1, true}, parseSpecial, raw);
    for (Piece& piece : raw) {
        if (piece.isToken()) {
            pieces.push_back(std::move(piece));
            continue;
        }
        piece.text = state.normalizer.apply(std::move(piece.text));
        state.inNormalizedText.split(piece, parseSpecial, pieces);
    }
    return pieces;
}

} // namespace

Tokenizer Tokenizer::fromFile(const std::filesystem::path& tokenizerJson) {
    return fromJson(readTextFile(tokenizerJson, kMaxFileBytes), tokenizerJson.string());
}

Tokenizer Tokenizer::fromJson(std::string_view json, const std::string& name) {
    const Json root = parseJson(json, name);
    return Tokenizer(std::make_shared<State>(readTokenizer(JsonView(root, name))));
}

std::vector<int> Tokenizer::encode(std::string_view text, bool parseSpecial, bool addBegin) const {
    const Pieces pieces =
        m_state->preTokenizer.apply(extractAddedTokens(*m_state, toValidUtf8(text), parseSpecial));
    const PostProcessor& around = m_state->postProcessor;
    std::vector<int> ids;
    if (addBegin) ids = around.before;
    WordCache cache(m_state->model);
    for (const Piece& piece : pieces) {
        if (piece.isToken())
            ids.push_back(piece.id);
        else if (m_state->sentencePiece)
            m_state->sentencePiece->encode(piece.text, ids);
        else
            cache.encode(piece.text, ids);
    }
    if (addBegin) ids.insert(ids.end(), around.after.begin(), around.after.end());
    return ids;
}

std::string Tokenizer::decode(std::span<const int> ids, bool skipSpecial) const {
    std::vector<std::string> tokens;
    tokens.reserve(ids.size());
    for (int id : ids) {
        if (skipSpecial && isSpecial(id)) continue;
        if (auto text = token(id)) tokens.push_back(std::move(*text));
    }
    return m_state->decoder.apply(std::move(tokens));
}

std::string Tokenizer::piece(int id) const {
    if (const auto it = m_state->added.find(id); it != m_state->added.end()) return it->second.content;
    const auto text = token(id);
    return text ? m_state->decoder.pieceOf(*text) : std::string();
}

std::optional<std::string> Tokenizer::token(int id) const {
    if (const auto it = m_state->added.find(id); it != m_state->added.end()) return it->second.content;
    const auto it = m_state->model.tokens.find(id);
    if (it == m_state->model.tokens.end()) return std::nullopt;
    return it->second;
}

std::optional<int> Tokenizer::tokenId(std::string_view token) const {
    if (const auto it = m_state->addedIds.find(token); it != m_state->addedIds.end()) return it->second;
    const auto it = m_state->model.ids.find(token);
    if (it == m_state->model.ids.end()) return std::nullopt;
    return it->second;
}

bool Tokenizer::isSpecial(int id) const {
    const auto it = m_state->added.find(id);
    return it != m_state->added.end() && it->second.special;
}

int Tokenizer::vocabSize() const {
    return m_state->vocabSize;
}

} // namespace moa
