// See sentencepiece_tokenizer.h.
#include "engine/loader/sentencepiece_tokenizer.h"

#include "engine/loader/tokenizer_state.h"

#include <map>

namespace moa {

namespace {

constexpr std::uint64_t kMaxJsonBytes = 64u << 20;
constexpr int kMaxId = (1 << 24) - 1;

std::optional<Json> readIfThere(const std::filesystem::path& file) {
    std::error_code ignored;
    if (!std::filesystem::exists(file, ignored)) return std::nullopt;
    return readJsonFile(file, kMaxJsonBytes);
}

/// {"<text>": id}
void addFromTable(const std::filesystem::path& file, std::map<int, Json>& added) {
    const auto json = readIfThere(file);
    if (!json) return;
    const std::string name = file.string();
    if (!json->is_object()) JsonView(*json, name).fail("expected an object of token ids");
    for (const auto& [text, value] : json->items()) {
        const auto id = static_cast<int>(JsonView(value, name, text).integer(0, kMaxId));
        added[id] = {{"id", id}, {"content", text}, {"special", true}, {"normalized", false}};
    }
}

/// "added_tokens_decoder": {"id": {"content", "special", "lstrip", …}}
void addFromConfig(const JsonView& config, std::map<int, Json>& added) {
    const auto table = config.find("added_tokens_decoder");
    if (!table) return;
    if (!table->isObject()) table->fail("expected an object");
    for (const auto& [key, value] : table->raw().items()) {
        const JsonView entry(value, table->path(), table->where() + "." + key);
        if (!entry.isObject()) entry.fail("expected an object");
        if (key.empty() || key.size() > 8 || key.find_first_not_of("0123456789") != std::string::npos)
            entry.fail("expected a token id as its name");
        const int id = std::stoi(key);
        Json token = value;
        token["id"] = id;
        added[id] = std::move(token);
    }
}

bool flagOr(const std::optional<JsonView>& json, const char* key, bool fallback) {
    const auto value = json ? json->find(key) : std::nullopt;
    return value ? value->flag() : fallback;
}

} // namespace

Tokenizer readSentencePieceTokenizer(const std::filesystem::path& folder) {
    auto state = std::make_shared<Tokenizer::State>();
    auto model = std::make_shared<const SentencePieceModel>(folder / "tokenizer.model");
    std::map<int, Json> added;
    const auto pieces = model->pieces();
    for (int id = 0; id < static_cast<int>(pieces.size()); ++id) {
        const auto& piece = pieces[static_cast<std::size_t>(id)];
        state->model.tokens.emplace(id, piece.text);
        state->model.ids.emplace(piece.text, id);
        if (piece.isControl || piece.isUnknown)
            added[id] = {{"id", id}, {"content", piece.text}, {"special", true}, {"normalized", false}};
    }
    addFromTable(folder / "added_tokens.json", added);
    const std::string configName = (folder / "tokenizer_config.json").string();
    const auto configJson = readIfThere(folder / "tokenizer_config.json");
    std::optional<JsonView> config;
    if (configJson) addFromConfig(config.emplace(*configJson, configName), added);

    Json parts = {{"added_tokens", Json::array()}, {"decoder", sentencePieceDecoder(model->leadingSpace())}};
    for (auto& [id, token] : added) parts["added_tokens"].push_back(std::move(token));
    readPipeline(JsonView(parts, configName, "tokens"), *state);
    if (model->bosId() >= 0 && flagOr(config, "add_bos_token", true)) state->postProcessor.before = {model->bosId()};
    if (model->eosId() >= 0 && flagOr(config, "add_eos_token", false)) state->postProcessor.after = {model->eosId()};
    state->sentencePiece = std::move(model);
    return Tokenizer(std::move(state));
}

} // namespace moa
