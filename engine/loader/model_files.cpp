// See model_files.h.
#include "engine/loader/model_files.h"

#include "engine/core/error.h"
#include "engine/core/resources.h"
#include "engine/loader/gguf_model.h"
#include "engine/loader/hf_config.h"
#include "engine/loader/json_reader.h"
#include "engine/loader/safetensors.h"
#include "engine/loader/sentencepiece_tokenizer.h"
#include "engine/loader/sha256.h"
#include "engine/loader/utf8.h"

#include <algorithm>
#include <optional>
#include <set>

namespace moa {

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t kMaxIndexBytes = 64u << 20;

/// Like std::filesystem::exists, but an unreadable or overlong path is simply not there.
bool isThere(const fs::path& path) {
    std::error_code ignored;
    return fs::exists(path, ignored);
}

bool isFolder(const fs::path& path) {
    std::error_code ignored;
    return fs::is_directory(path, ignored);
}

/// The weight files of a model, and which file each weight must be in (empty: there is one file only).
struct WeightFiles {
    std::vector<fs::path> files;            ///< sorted by name
    std::map<std::string, fs::path> fileOf; ///< by weight name, from the index
};

/// model.safetensors.index.json: {"weight_map": {weight: file}}.
WeightFiles readIndex(const fs::path& indexFile) {
    const std::string file = indexFile.string();
    const Json json = readJsonFile(indexFile, kMaxIndexBytes);
    const JsonView map = JsonView(json, file).at("weight_map");
    if (!map.isObject() || map.raw().empty()) map.fail("expected an object of file names");
    WeightFiles result;
    std::set<fs::path> names;
    for (const auto& [weight, value] : map.raw().items()) {
        const JsonView view(value, file, "weight_map." + weight);
        const std::string text = view.text();
        const bool printable =
            std::none_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20; });
        const fs::path name = text;
        if (!printable || name.empty() || name.has_parent_path() || name != name.filename() || name == "..")
            view.fail("expected a file name without folders, found \"" + name.string() + "\"");
        result.fileOf[weight] = indexFile.parent_path() / name;
        names.insert(indexFile.parent_path() / name);
    }
    result.files.assign(names.begin(), names.end());
    return result;
}

WeightFiles findWeightFiles(const fs::path& path) {
    if (!isFolder(path)) return {{path}, {}};
    if (isThere(path / "model.safetensors")) return {{path / "model.safetensors"}, {}};
    const fs::path index = path / "model.safetensors.index.json";
    if (isThere(index)) return readIndex(index);
    throw FileError(path.string(), "",
                    "expected model.safetensors or model.safetensors.index.json in this folder");
}

/// Other tensors that show the weights are not plain matrices.
const char* signOfQuantisation(std::string_view name) {
    for (const char* suffix :
         {".qweight", ".qzeros", ".weight_scale", ".weight_scale_inv", ".absmax", ".weight_packed"})
        if (name.ends_with(suffix)) return suffix;
    return nullptr;
}

/// Throws where the architecture's arithmetic would not use a tensor that is there.
void refuseExtraWeights(const SafetensorsFile& file) {
    for (const TensorView& tensor : file.tensors()) {
        if (const char* suffix = signOfQuantisation(tensor.name))
            throw FileError(file.path().string(), oneLine(tensor.name),
                            std::string("expected plain F32, F16 or BF16 weights, found quantised ones (") + suffix + ")");
        if (tensor.name.starts_with("model.layers.") && tensor.name.ends_with(".bias"))
            throw FileError(file.path().string(), oneLine(tensor.name), "expected no biases in this architecture");
    }
}

std::string nameOf(const fs::path& path) {
    const fs::path absolute = fs::absolute(path).lexically_normal();
    const fs::path last = absolute.has_filename() ? absolute.filename() : absolute.parent_path().filename();
    if (isFolder(path)) return last.string();
    return last == "model.safetensors" ? absolute.parent_path().filename().string() : last.stem().string();
}

} // namespace

std::vector<RequiredWeight> requiredWeights(const ModelConfig& config) {
    const std::int64_t hidden = config.hidden, inner = config.intermediate;
    const std::int64_t q = std::int64_t(config.heads) * config.headDim;
    const std::int64_t kv = std::int64_t(config.kvHeads) * config.headDim;
    std::vector<RequiredWeight> needed{{"model.embed_tokens.weight", {config.vocab, hidden}}};
    for (int layer = 0; layer < config.layers; ++layer) {
        const std::string prefix = "model.layers." + std::to_string(layer) + ".";
        needed.push_back({prefix + "input_layernorm.weight", {hidden}});
        needed.push_back({prefix + "self_attn.q_proj.weight", {q, hidden}});
        needed.push_back({prefix + "self_attn.k_proj.weight", {kv, hidden}});
        needed.push_back({prefix + "self_attn.v_proj.weight", {kv, hidden}});
        needed.push_back({prefix + "self_attn.o_proj.weight", {hidden, q}});
        needed.push_back({prefix + "post_attention_layernorm.weight", {hidden}});
        needed.push_back({prefix + "mlp.gate_proj.weight", {inner, hidden}});
        needed.push_back({prefix + "mlp.up_proj.weight", {inner, hidden}});
        needed.push_back({prefix + "mlp.down_proj.weight", {hidden, inner}});
    }
    needed.push_back({"model.norm.weight", {hidden}});
    if (!config.tiedEmbeddings) needed.push_back({"lm_head.weight", {config.vocab, hidden}});
    return needed;
}

namespace {

void checkWeight(const RequiredWeight& need, const TensorView* found, const std::string& file) {
    if (found == nullptr)
        throw FileError(file, need.name, "expected a tensor of shape " + shapeText(need.shape) + ", found none");
    if (found->shape != need.shape)
        throw FileError(file, need.name,
                        "expected shape " + shapeText(need.shape) + ", found " + shapeText(found->shape));
    if (!isWeightType(found->type))
        throw FileError(file, need.name,
                        "expected F32, F16, BF16 or a quantised type, found " + std::string(tensorTypeName(found->type)));
}

/// The tensor that holds a weight among others, and the row it begins at.
struct FusedPlace {
    RequiredWeight whole;
    std::int64_t firstRow = 0;
};

std::optional<FusedPlace> fusedPlace(const RequiredWeight& need, const ModelConfig& c) {
    const std::int64_t q = std::int64_t(c.heads) * c.headDim, kv = std::int64_t(c.kvHeads) * c.headDim;
    const auto place = [&](std::string_view part, const char* fused, std::int64_t rows, std::int64_t first) {
        const std::string base = need.name.substr(0, need.name.size() - part.size());
        return FusedPlace{{base + fused, {rows, c.hidden}}, first};
    };
    struct Row {
        std::string_view part;
        const char* fused;
        std::int64_t rows, first;
    };
    for (const Row& row : {Row{"self_attn.q_proj.weight", "self_attn.qkv_proj.weight", q + 2 * kv, 0},
                           Row{"self_attn.k_proj.weight", "self_attn.qkv_proj.weight", q + 2 * kv, q},
                           Row{"self_attn.v_proj.weight", "self_attn.qkv_proj.weight", q + 2 * kv, q + kv},
                           Row{"mlp.gate_proj.weight", "mlp.gate_up_proj.weight", 2ll * c.intermediate, 0},
                           Row{"mlp.up_proj.weight", "mlp.gate_up_proj.weight", 2ll * c.intermediate, c.intermediate}})
        if (need.name.ends_with(row.part)) return place(row.part, row.fused, row.rows, row.first);
    return std::nullopt;
}

} // namespace

void Weights::use(const RequiredWeight& need, const ModelConfig& config, const FindTensor& find, const std::string& file) {
    const auto fused = fusedPlace(need, config);
    const TensorView* whole = fused ? find(fused->whole.name) : nullptr;
    const TensorView* found = nullptr;
    if (whole) {
        checkWeight(fused->whole, whole, file);
        found = &parts.emplace_back(rowsOf(*whole, fused->firstRow, need.shape.front()));
    } else {
        found = find(need.name);
        checkWeight(need, found, file);
    }
    byName.emplace(need.name, found);
    usedBytes += found->bytes;
}

void checkTokenizer(const fs::path& file, const Tokenizer& tokenizer, const ModelConfig& config) {
    if (tokenizer.vocabSize() > config.vocab)
        throw FileError(file.string(), "",
                        "expected ids below the model's vocabulary size " + std::to_string(config.vocab) +
                            ", found id " + std::to_string(tokenizer.vocabSize() - 1));
}

const TensorView* Model::findWeight(std::string_view weightName) const {
    const auto it = m_weights.byName.find(weightName);
    return it == m_weights.byName.end() ? nullptr : it->second;
}

const TensorView& Model::weight(std::string_view weightName) const {
    if (const TensorView* tensor = findWeight(weightName)) return *tensor;
    throw FileError(path.string(), std::string(weightName), "expected a tensor of this name");
}

TensorType Model::mainType() const {
    std::map<TensorType, std::size_t> bytes;
    for (const auto& [key, tensor] : m_weights.byName) bytes[tensor->type] += tensor->bytes;
    const auto most = [](const auto& a, const auto& b) { return a.second < b.second; };
    return std::max_element(bytes.begin(), bytes.end(), most)->first;
}

const std::string& Model::sha256() const {
    std::call_once(m_hashOnce, [this] {
        Sha256 hash;
        for (const auto& bytes : m_weights.bytes) hash.update(bytes);
        m_hash = hash.finish();
    });
    return m_hash;
}

namespace {

/// The .gguf files of a folder, by name.
std::vector<fs::path> ggufFiles(const fs::path& folder) {
    std::vector<fs::path> found;
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(folder, ignored))
        if (entry.path().extension() == ".gguf") found.push_back(entry.path());
    std::sort(found.begin(), found.end());
    return found;
}

/// The .gguf file that `path` is, or the one (or first of a split one) in a folder without a config.json.
std::optional<fs::path> ggufFile(const fs::path& path) {
    if (!isFolder(path)) return path.extension() == ".gguf" ? std::optional(path) : std::nullopt;
    if (isThere(path / "config.json")) return std::nullopt;
    const std::vector<fs::path> found = ggufFiles(path);
    if (found.empty()) return std::nullopt;
    const bool split = found.front().stem().string().find("-00001-of-") != std::string::npos;
    if (found.size() > 1 && !split)
        throw FileError(path.string(), "", "expected one .gguf file in this folder, found " +
                                               std::to_string(found.size()) + ": name the file");
    return found.front();
}

/// The weights of a Hugging Face folder or .safetensors file.
Weights readWeights(const fs::path& path, const fs::path& folder, const ModelConfig& config) {
    const WeightFiles weightFiles = findWeightFiles(path);
    Weights weights;
    std::map<fs::path, std::shared_ptr<const SafetensorsFile>> opened;
    for (const fs::path& file : weightFiles.files) {
        const auto one = std::make_shared<const SafetensorsFile>(file);
        refuseExtraWeights(*one);
        opened[file] = one;
        weights.files.push_back(one);
        weights.bytes.push_back(one->bytes());
    }
    const auto find = [&](const std::string& name) -> const TensorView* {
        if (weightFiles.fileOf.empty()) return opened.at(weightFiles.files.front())->find(name);
        const auto inIndex = weightFiles.fileOf.find(name);
        return inIndex == weightFiles.fileOf.end() ? nullptr : opened.at(inIndex->second)->find(name);
    };
    const std::string file =
        (weightFiles.fileOf.empty() ? weightFiles.files.front() : folder / "model.safetensors.index.json").string();
    for (const RequiredWeight& need : requiredWeights(config)) weights.use(need, config, find, file);
    return weights;
}

} // namespace

std::shared_ptr<const Model> loadModel(const fs::path& path) {
    if (!isThere(path)) throw FileError(path.string(), "", "no such file or folder");
    if (const auto gguf = ggufFile(path)) return loadGgufModel(*gguf);
    const fs::path folder = isFolder(path) ? path : path.parent_path();
    if (!isFolder(path) && path.extension() != ".safetensors")
        throw FileError(path.string(), "", "expected a Hugging Face folder, a .safetensors or a .gguf file");

    ModelConfig config = readModelConfig(folder / "config.json");
    addGenerationConfig(folder / "generation_config.json", config);
    const bool isSentencePiece = !isThere(folder / "tokenizer.json") && isThere(folder / "tokenizer.model");
    Tokenizer tokenizer =
        isSentencePiece ? readSentencePieceTokenizer(folder) : Tokenizer::fromFile(folder / "tokenizer.json");
    checkTokenizer(folder / (isSentencePiece ? "tokenizer.model" : "tokenizer.json"), tokenizer, config);
    ChatTemplate chat = readChatTemplate(folder);
    Weights weights = readWeights(path, folder, config);
    config.dtype = weightType(weights.byName.at("model.layers.0.self_attn.q_proj.weight")->type).value();
    auto model = std::make_shared<Model>(std::move(config), std::move(tokenizer), std::move(weights));
    model->path = path;
    model->name = nameOf(path);
    model->chat = std::move(chat);
    return model;
}

bool holdsModel(const fs::path& folder) {
    return isThere(folder / "config.json") || !ggufFiles(folder).empty();
}

fs::path resolveModel(const std::string& nameOrPath, const fs::path& resourcesDir) {
    if (nameOrPath.empty()) throw UsageError("expected a model: a folder, a .safetensors or .gguf file, or a name");
    if (isThere(nameOrPath)) return nameOrPath;
    const bool plainName = fs::path(nameOrPath).filename() == nameOrPath && nameOrPath != "..";
    std::string names;
    for (const fs::path& base : {resourcesDir, userDataFolder()}) {
        const fs::path models = base / "models";
        if (plainName && isFolder(models / nameOrPath)) return models / nameOrPath;
        std::error_code ignored;
        for (const auto& entry : fs::directory_iterator(models, ignored))
            if (holdsModel(entry.path())) names += (names.empty() ? "" : ", ") + entry.path().filename().string();
    }
    throw FileError(nameOrPath, "",
                    "no such file or folder" +
                        (names.empty() ? "" : ", and no model of this name (there are: " + names + ")"));
}

} // namespace moa
