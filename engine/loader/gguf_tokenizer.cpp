// See gguf_tokenizer.h.
#include "engine/loader/gguf_tokenizer.h"

#include "engine/loader/tokenizer_state.h"
#include "engine/loader/utf8.h"

#include <algorithm>
#include <map>

namespace moa {

namespace {

constexpr const char* kTokens = "tokenizer.ggml.tokens";
constexpr const char* kTypes = "tokenizer.ggml.token_type";
constexpr const char* kMerges = "tokenizer.ggml.merges";
constexpr const char* kScores = "tokenizer.ggml.scores";
constexpr const char* kPre = "tokenizer.ggml.pre";
constexpr std::int64_t kMaxId = (1 << 24) - 1;

/// What "token_type" says of a token.
enum TokenKind : std::int64_t { Normal = 1, Unknown = 2, Control = 3, UserDefined = 4, Unused = 5, Byte = 6 };

using Tokens = std::vector<std::string_view>;
using Kinds = std::vector<std::int64_t>;

const Tokens& readTokens(const GgufFile& file) {
    const Tokens* tokens = file.texts(kTokens);
    if (!tokens || tokens->empty()) file.fail(kTokens, "expected the vocabulary");
    if (tokens->size() > static_cast<std::size_t>(kMaxId)) file.fail(kTokens, "expected fewer than 2^24 tokens");
    return *tokens;
}

Kinds readKinds(const GgufFile& file, std::size_t count) {
    const Kinds* kinds = file.integers(kTypes);
    if (!kinds) return Kinds(count, Normal);
    if (kinds->size() != count)
        file.fail(kTypes, "expected " + std::to_string(count) + " entries, found " + std::to_string(kinds->size()));
    return *kinds;
}

void fillVocabulary(const GgufFile& file, const Tokens& tokens, BpeModel& model) {
    for (std::size_t i = 0; i < tokens.size(); ++i) {
        const int id = static_cast<int>(i);
        const std::string text(tokens[i]);
        model.tokens.emplace(id, text);
        if (const auto [it, isNew] = model.ids.emplace(text, id); !isNew)
            file.fail(kTokens, "expected every token once, found " + oneLine("\"" + text + "\"") + " as " +
                                   std::to_string(it->second) + " and " + std::to_string(id));
    }
}

/// "a b", best first.
void readMerges(const GgufFile& file, BpeModel& model) {
    const Tokens* merges = file.texts(kMerges);
    if (!merges) file.fail(kMerges, "expected the merges of this tokenizer");
    model.merges.reserve(merges->size());
    for (std::size_t i = 0; i < merges->size(); ++i) {
        const std::string_view merge = (*merges)[i];
        const std::size_t space = merge.find(' ', 1); // a token may be a space itself
        const auto idOf = [&](std::string_view token) {
            const auto it = model.ids.find(token);
            if (it == model.ids.end())
                file.fail(kMerges + ("[" + std::to_string(i) + "]"), "expected two tokens of the vocabulary, found " +
                                                                         oneLine("\"" + std::string(merge) + "\""));
            return it->second;
        };
        if (space == std::string_view::npos) idOf(merge.substr(0, 0));
        const std::string_view left = merge.substr(0, space), right = merge.substr(space + 1);
        model.merges[BpeModel::pairKey(idOf(left), idOf(right))] = {static_cast<int>(i),
                                                                    idOf(std::string(left) + std::string(right))};
    }
}

/// SentencePiece joins the neighbours whose piece has the highest score, leftmost of equals: merges ranked by score.
void mergesFromScores(const GgufFile& file, const Tokens& tokens, const Kinds& kinds, BpeModel& model) {
    const std::vector<double>* scores = file.numbers(kScores);
    if (!scores || scores->size() != tokens.size())
        file.fail(kScores, "expected a score of each of the " + std::to_string(tokens.size()) + " tokens");
    std::map<double, int, std::greater<>> ranks;
    for (const double score : *scores) {
        if (score != score) file.fail(kScores, "expected numbers");
        ranks.emplace(score, 0);
    }
    int rank = 0;
    for (auto& [score, number] : ranks) number = rank++;
    for (std::size_t i = 0; i < tokens.size(); ++i) {
        if (kinds[i] != Normal && kinds[i] != UserDefined) continue;
        const std::string_view piece = tokens[i];
        for (std::size_t cut = 1; cut < piece.size(); ++cut) {
            const auto left = model.ids.find(piece.substr(0, cut));
            if (left == model.ids.end()) continue;
            const auto right = model.ids.find(piece.substr(cut));
            if (right == model.ids.end()) continue;
            model.merges[BpeModel::pairKey(left->second, right->second)] = {ranks.at((*scores)[i]), static_cast<int>(i)};
        }
    }
}

/// How byte-level models cut a text into words, by the name of `tokenizer.ggml.pre`.
struct WordRule {
    const char* pattern;       ///< null: GPT-2's
    bool singleDigits = false; ///< digits stand alone first
    bool wholeWords = false;   ///< a word that is a token is taken whole
};

constexpr const char* kLlama3Words =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr const char* kQwen2Words =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr const char* kTekkenWords =
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

WordRule wordRule(const GgufFile& file) {
    static const std::map<std::string, WordRule, std::less<>> rules{
        {"default", {nullptr}},         {"gpt-2", {nullptr}},
        {"gpt2", {nullptr}},            {"phi-2", {nullptr}},
        {"smollm", {nullptr, true}},    {"starcoder", {nullptr, true}},
        {"refact", {nullptr, true}},    {"command-r", {nullptr, true}},
        {"codeshell", {nullptr, true}}, {"llama-bpe", {kLlama3Words, false, true}},
        {"llama3", {kLlama3Words, false, true}}, {"llama-v3", {kLlama3Words, false, true}},
        {"qwen2", {kQwen2Words}},       {"deepseek-r1-qwen", {kQwen2Words}},
        {"tekken", {kTekkenWords, false, true}}};
    const std::string name = file.text(kPre).value_or("default");
    const auto it = rules.find(name);
    if (it != rules.end()) return it->second;
    std::string known;
    for (const auto& [key, rule] : rules) known += (known.empty() ? "" : ", ") + key;
    file.fail(kPre, "expected a pre-tokenizer that is supported (" + known + "), found " + oneLine("\"" + name + "\""));
}

Json preTokenizer(const WordRule& rule) {
    Json steps = Json::array();
    if (rule.singleDigits) steps.push_back({{"type", "Digits"}, {"individual_digits", true}});
    if (rule.pattern)
        steps.push_back({{"type", "Split"},
                         {"pattern", {{"Regex", rule.pattern}}},
                         {"behavior", "Isolated"},
                         {"invert", false}});
    steps.push_back({{"type", "ByteLevel"},
                     {"add_prefix_space", false},
                     {"trim_offsets", true},
                     {"use_regex", rule.pattern == nullptr}});
    return {{"type", "Sequence"}, {"pretokenizers", std::move(steps)}};
}

Json byteLevelParts(const GgufFile& file, BpeModel& model) {
    readMerges(file, model);
    const WordRule rule = wordRule(file);
    model.options.ignoreMerges = rule.wholeWords;
    return {{"pre_tokenizer", preTokenizer(rule)}, {"decoder", {{"type", "ByteLevel"}}}};
}

Json sentencePieceParts(const GgufFile& file, const Tokens& tokens, const Kinds& kinds, BpeModel& model) {
    mergesFromScores(file, tokens, kinds, model);
    model.options.byteFallback = std::find(kinds.begin(), kinds.end(), Byte) != kinds.end();
    model.options.fuseUnknown = true;
    const auto unknown = file.integer("tokenizer.ggml.unknown_token_id", 0, static_cast<std::int64_t>(tokens.size()) - 1);
    model.options.unknownId = static_cast<int>(unknown.value_or(0));
    const bool leadingSpace = file.flag("tokenizer.ggml.add_space_prefix").value_or(true);
    Json steps = Json::array();
    if (leadingSpace) steps.push_back({{"type", "Prepend"}, {"prepend", "▁"}});
    steps.push_back({{"type", "Replace"}, {"pattern", {{"String", " "}}}, {"content", "▁"}});
    return {{"normalizer", {{"type", "Sequence"}, {"normalizers", std::move(steps)}}},
            {"decoder", sentencePieceDecoder(leadingSpace)}};
}

Json addedTokens(const Tokens& tokens, const Kinds& kinds) {
    Json list = Json::array();
    for (std::size_t i = 0; i < tokens.size(); ++i) {
        const bool special = kinds[i] == Control || kinds[i] == Unknown;
        if (!special && kinds[i] != UserDefined) continue;
        list.push_back({{"id", i}, {"content", tokens[i]}, {"special", special}, {"normalized", false}});
    }
    return list;
}

/// The tokens put around a text; `family` says what a file that is silent means.
Json postProcessor(const GgufFile& file, std::size_t count, bool beginByDefault) {
    Json single = Json::array(), special = Json::object();
    const auto put = [&](const char* flag, bool byDefault, const char* key, const char* name) {
        const auto id = file.integer(key, 0, static_cast<std::int64_t>(count) - 1);
        if (!file.flag(flag).value_or(byDefault && id)) return;
        if (!id) file.fail(key, "expected the id of the token that is added");
        single.push_back({{"SpecialToken", {{"id", name}, {"type_id", 0}}}});
        special[name] = {{"id", name}, {"ids", {*id}}};
    };
    put("tokenizer.ggml.add_bos_token", beginByDefault, "tokenizer.ggml.bos_token_id", "begin");
    single.push_back({{"Sequence", {{"id", "A"}, {"type_id", 0}}}});
    put("tokenizer.ggml.add_eos_token", false, "tokenizer.ggml.eos_token_id", "end");
    return {{"type", "TemplateProcessing"}, {"single", std::move(single)}, {"special_tokens", std::move(special)}};
}

} // namespace

Tokenizer readGgufTokenizer(const GgufFile& file) {
    const std::string kind = file.text("tokenizer.ggml.model").value_or("");
    if (kind != "gpt2" && kind != "llama")
        file.fail("tokenizer.ggml.model", "expected \"gpt2\" (byte-level BPE) or \"llama\" (SentencePiece), found " +
                                              oneLine("\"" + kind + "\""));
    const Tokens& tokens = readTokens(file);
    const Kinds kinds = readKinds(file, tokens.size());
    auto state = std::make_shared<Tokenizer::State>();
    fillVocabulary(file, tokens, state->model);
    const bool byteLevel = kind == "gpt2";
    Json parts = byteLevel ? byteLevelParts(file, state->model)
                           : sentencePieceParts(file, tokens, kinds, state->model);
    parts["added_tokens"] = addedTokens(tokens, kinds);
    const bool llama3 = byteLevel && state->model.options.ignoreMerges;
    parts["post_processor"] = postProcessor(file, tokens.size(), !byteLevel || llama3);
    const std::string name = file.path().string();
    readPipeline(JsonView(parts, name, "tokenizer.ggml"), *state);
    return Tokenizer(std::move(state));
}

} // namespace moa
