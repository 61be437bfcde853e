// See temporary_model.h.
#include "tests/loader/temporary_model.h"

#include "engine/loader/hf_config.h"

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <numeric>
#include <sstream>
#include <stdexcept>

namespace moa {

namespace {

/// Values that all tensors share: the i-th is sin(i).
const std::vector<float>& values() {
    static const std::vector<float> numbers = [] {
        std::vector<float> v(1 << 16);
        for (std::size_t i = 0; i < v.size(); ++i) v[i] = std::sin(static_cast<float>(i));
        return v;
    }();
    return numbers;
}

const Json kConfig = {{"architectures", {"LlamaForCausalLM"}},
                      {"hidden_size", 16},
                      {"intermediate_size", 24},
                      {"num_hidden_layers", 2},
                      {"num_attention_heads", 4},
                      {"num_key_value_heads", 2},
                      {"vocab_size", 700},
                      {"tie_word_embeddings", true}};

} // namespace

TemporaryFolder::TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "moa-test-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
    m_path = pattern;
}

TemporaryFolder::~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(m_path, ignored);
}

void TemporaryFolder::write(const std::string& name, const std::string& bytes) const {
    std::ofstream(m_path / name, std::ios::binary) << bytes;
}

std::string TemporaryFolder::read(const std::string& name) const {
    std::ifstream file(m_path / name, std::ios::binary);
    std::stringstream bytes;
    bytes << file.rdbuf();
    return bytes.str();
}

TemporaryModel::TemporaryModel() {
    write("config.json", kConfig.dump());
    std::filesystem::copy(std::filesystem::path(MOA_SOURCE_DIR) / "tests/loader/data/llama3.json",
                          path() / "tokenizer.json");
    writeWeights(weights(), "model.safetensors");
}

std::vector<TensorToWrite> TemporaryModel::weights() const {
    std::vector<TensorToWrite> tensors;
    for (const RequiredWeight& need : requiredWeights(readModelConfig(path() / "config.json")))
        tensors.push_back({need.name, TensorType::F32, need.shape, values().data() + tensors.size()});
    return tensors;
}

void TemporaryModel::writeWeights(const std::vector<TensorToWrite>& tensors, const std::string& file) const {
    writeSafetensors(path() / file, tensors, {{"format", "pt"}});
}

void TemporaryModel::drop(const std::string& weight) const {
    auto tensors = weights();
    std::erase_if(tensors, [&weight](const TensorToWrite& t) { return t.name == weight; });
    writeWeights(tensors, "model.safetensors");
}

void TemporaryModel::add(const std::string& weight, std::vector<std::int64_t> shape) const {
    auto tensors = weights();
    tensors.push_back({weight, TensorType::F32, std::move(shape), values().data()});
    writeWeights(tensors, "model.safetensors");
}

void TemporaryModel::reshape(const std::string& weight, std::vector<std::int64_t> shape) const {
    auto tensors = weights();
    for (TensorToWrite& tensor : tensors)
        if (tensor.name == weight) tensor.shape = shape;
    writeWeights(tensors, "model.safetensors");
}

void TemporaryModel::retype(const std::string& weight, TensorType type) const {
    auto tensors = weights();
    for (TensorToWrite& tensor : tensors)
        if (tensor.name == weight) tensor.type = type;
    writeWeights(tensors, "model.safetensors");
}

void TemporaryModel::setConfig(const std::string& key, const Json& value) const {
    Json config = kConfig;
    config[key] = value;
    write("config.json", config.dump());
}

void TemporaryModel::writeIndex(const Json& weightMap) const {
    remove("model.safetensors");
    write("model.safetensors.index.json",
          Json{{"metadata", {{"total_size", 0}}}, {"weight_map", weightMap}}.dump());
}

void TemporaryModel::split(int shards) const {
    const auto tensors = weights();
    Json map = Json::object();
    const std::size_t count = static_cast<std::size_t>(shards);
    for (std::size_t shard = 0; shard < count; ++shard) {
        const std::string file = "model-0000" + std::to_string(shard + 1) + ".safetensors";
        const auto begin = tensors.begin() + static_cast<std::ptrdiff_t>(tensors.size() * shard / count);
        const auto end = tensors.begin() + static_cast<std::ptrdiff_t>(tensors.size() * (shard + 1) / count);
        const std::vector<TensorToWrite> part(begin, end);
        for (const TensorToWrite& tensor : part) map[tensor.name] = file;
        writeWeights(part, file);
    }
    writeIndex(map);
}

} // namespace moa
