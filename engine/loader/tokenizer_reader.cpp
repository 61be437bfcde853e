// readTokenizer of tokenizer_state.h: the layout of tokenizer.json.
#include "engine/loader/tokenizer_state.h"

#include <algorithm>

namespace moa {

namespace {

constexpr int kMaxId = (1 << 24) - 1;

std::string indexed(const char* name, std::size_t i) {
    return std::string(name) + "[" + std::to_string(i) + "]";
}

void readVocabulary(const JsonView& json, BpeModel& model) {
    if (!json.isObject()) json.fail("expected an object of token ids");
    for (const auto& [token, value] : json.raw().items()) {
        if (!value.is_number_unsigned() || value.get<std::uint64_t>() > kMaxId) {
            JsonView(value, json.path(), json.where() + ".\"" + token + "\"").integer(0, kMaxId);
        }
        const int id = value.get<int>();
        if (!model.tokens.emplace(id, token).second)
            JsonView(value, json.path(), json.where() + ".\"" + token + "\"")
                .fail("expected an id of its own, found " + std::to_string(id) + ", the id of \"" +
                      model.tokens.at(id) + "\"");
        model.ids.emplace(token, id);
    }
}

/// The two sides of one merge: "a b", or ["a", "b"].
std::pair<std::string, std::string> mergeSides(const Json& value, const std::string& path, std::size_t i) {
    if (value.is_string()) {
        const auto& text = value.get_ref<const std::string&>();
        const std::size_t space = text.find(' ');
        if (space != std::string::npos && text.find(' ', space + 1) == std::string::npos)
            return {text.substr(0, space), text.substr(space + 1)};
    } else if (value.is_array() && value.size() == 2 && value[0].is_string() && value[1].is_string()) {
        return {value[0].get<std::string>(), value[1].get<std::string>()};
    }
    JsonView(value, path, indexed("model.merges", i)).fail("expected two tokens, \"a b\" or [\"a\", \"b\"]");
}

void readMerges(const JsonView& json, BpeModel& model) {
    const std::size_t count = json.size();
    model.merges.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        const Json& value = json.raw()[i];
        const auto [left, right] = mergeSides(value, json.path(), i);
        const auto idOf = [&](const std::string& token) {
            const auto it = model.ids.find(token);
            if (it == model.ids.end())
                JsonView(value, json.path(), indexed("model.merges", i))
                    .fail("expected tokens of the vocabulary, found \"" + token + "\"");
            return it->second;
        };
        const int leftId = idOf(left), rightId = idOf(right), newId = idOf(left + right);
        // Of a pair named twice the last counts, as in the library.
        model.merges[BpeModel::pairKey(leftId, rightId)] = {static_cast<int>(i), newId};
    }
}

bool flagOr(const JsonView& json, const std::string& key, bool fallback) {
    const auto value = json.find(key);
    return value ? value->flag() : fallback;
}

void readModel(const JsonView& json, BpeModel& model) {
    if (const auto type = json.find("type"); type && type->text() != "BPE")
        type->fail("expected \"BPE\", found \"" + type->text() +
                   "\": this kind of tokenizer is not supported");
    for (const char* key : {"continuing_subword_prefix", "end_of_word_suffix"})
        if (const auto affix = json.find(key); affix && !affix->text().empty())
            affix->fail("expected none: not supported");
    if (const auto dropout = json.find("dropout"); dropout && dropout->number() != 0)
        dropout->fail("expected none: ids would be random");
    readVocabulary(json.at("vocab"), model);
    readMerges(json.at("merges"), model);
    model.options.fuseUnknown = flagOr(json, "fuse_unk", false);
    model.options.byteFallback = flagOr(json, "byte_fallback", false);
    model.options.ignoreMerges = flagOr(json, "ignore_merges", false);
    if (const auto unknown = json.find("unk_token")) {
        const auto it = model.ids.find(unknown->text());
        if (it == model.ids.end())
            unknown->fail("expected a token of the vocabulary, found \"" + unknown->text() + "\"");
        model.options.unknownId = it->second;
    }
}

AddedToken readAddedToken(const JsonView& json, const BpeModel& model) {
    AddedToken token;
    token.id = static_cast<int>(json.at("id").integer(0, kMaxId));
    token.content = json.at("content").text();
    token.special = flagOr(json, "special", false);
    token.singleWord = flagOr(json, "single_word", false);
    token.lstrip = flagOr(json, "lstrip", false);
    token.rstrip = flagOr(json, "rstrip", false);
    token.normalized = flagOr(json, "normalized", !token.special);
    // The library gives a token that the vocabulary has too the vocabulary's id, whatever this entry says.
    if (const auto it = model.ids.find(token.content); it != model.ids.end()) token.id = it->second;
    return token;
}

void readAddedTokens(const JsonView& list, Tokenizer::State& state) {
    for (std::size_t i = 0; i < list.size(); ++i) {
        const AddedToken token = readAddedToken(list[i], state.model);
        if (token.content.empty()) continue; // the library leaves these out
        const auto [it, isNew] = state.added.emplace(token.id, token);
        if (!isNew && it->second.content != token.content)
            list[i].fail("expected an id of its own, found " + std::to_string(token.id) + ", the id of \"" +
                         it->second.content + "\"");
        if (!isNew) continue;
        state.addedIds.emplace(token.content, token.id);
        if (token.normalized)
            state.inNormalizedText.add(token, state.normalizer.apply(token.content));
        else
            state.inRawText.add(token, token.content);
    }
}

int vocabSizeOf(const Tokenizer::State& state) {
    int largest = state.added.empty() ? -1 : state.added.rbegin()->first;
    for (const auto& [id, token] : state.model.tokens) largest = std::max(largest, id);
    return largest + 1;
}

} // namespace

Json sentencePieceDecoder(bool leadingSpace) {
    Json steps = Json::array();
    steps.push_back({{"type", "Replace"}, {"pattern", {{"String", "▁"}}}, {"content", " "}});
    steps.push_back({{"type", "ByteFallback"}});
    steps.push_back({{"type", "Fuse"}});
    if (leadingSpace) steps.push_back({{"type", "Strip"}, {"content", " "}, {"start", 1}, {"stop", 0}});
    return {{"type", "Sequence"}, {"decoders", std::move(steps)}};
}

void readPipeline(const JsonView& root, Tokenizer::State& state) {
    if (const auto json = root.find("normalizer")) state.normalizer = Normalizer(*json);
    if (const auto json = root.find("added_tokens")) readAddedTokens(*json, state);
    if (const auto json = root.find("pre_tokenizer")) state.preTokenizer = PreTokenizer(*json);
    if (const auto json = root.find("decoder")) state.decoder = Decoder(*json);
    state.vocabSize = vocabSizeOf(state);
    if (const auto json = root.find("post_processor")) {
        state.postProcessor = PostProcessor(*json);
        for (const auto* ids : {&state.postProcessor.before, &state.postProcessor.after})
            for (int id : *ids)
                if (id >= state.vocabSize)
                    json->fail("expected ids below " + std::to_string(state.vocabSize) + ", found " +
                               std::to_string(id));
    }
}

Tokenizer::State readTokenizer(const JsonView& root) {
    Tokenizer::State state;
    readModel(root.at("model"), state.model);
    readPipeline(root, state);
    return state;
}

} // namespace moa
