// See hf_config.h.
#include "engine/loader/hf_config.h"

#include "engine/loader/hf_numbers.h"
#include "engine/loader/hf_rope.h"
#include "engine/loader/json_reader.h"

#include <algorithm>

namespace moa {

namespace {

constexpr std::uint64_t kMaxConfigBytes = 16u << 20;

int sizeAt(const JsonView& root, const std::string& key, int high) {
    return static_cast<int>(root.at(key).integer(1, high));
}

int sizeOr(const JsonView& root, const std::string& key, int high, int fallback) {
    const auto value = root.find(key);
    return value ? static_cast<int>(value->integer(1, high)) : fallback;
}

void readArchitecture(const JsonView& root, ModelConfig& config) {
    const auto list = root.find("architectures");
    std::string found;
    if (list) {
        if (list->size() != 1) list->fail("expected one architecture");
        found = (*list)[0].text();
    } else {
        const std::string type = root.at("model_type").text();
        found = type == "llama" ? "LlamaForCausalLM" : type == "mistral" ? "MistralForCausalLM" : type == "phi3" ? "Phi3ForCausalLM" : type;
    }
    if (found != "LlamaForCausalLM" && found != "MistralForCausalLM" && found != "Phi3ForCausalLM")
        (list ? *list : root.at("model_type"))
            .fail("found architecture " + found + "; supported: LlamaForCausalLM, MistralForCausalLM, Phi3ForCausalLM");
    config.architecture = found;
}

/// Features that would change the arithmetic.
void refuseUnsupported(const JsonView& root) {
    for (const char* key : {"attention_bias", "mlp_bias"})
        if (const auto value = root.find(key); value && value->flag())
            value->fail("expected false: biases are not supported");
    for (const char* key : {"hidden_act", "hidden_activation"})
        if (const auto value = root.find(key); value && value->text() != "silu" && value->text() != "swish")
            value->fail("expected \"silu\", found \"" + value->text() + "\"");
    if (const auto value = root.find("quantization_config")) {
        const auto method = value->find("quant_method");
        value->fail("expected plain F32, F16 or BF16 weights, found quantisation" +
                    (method ? " \"" + method->text() + "\"" : std::string()));
    }
}

/// A model with a sliding window of its own attends to everything only in inputs up to that window: they are what it
/// takes here, where every head has a window of its own.
void limitToWindow(const JsonView& root, ModelConfig& config) {
    const auto used = root.find("use_sliding_window");
    if (used && !used->flag()) return;
    if (const auto window = root.find("sliding_window"))
        config.context = static_cast<int>(std::min<std::int64_t>(config.context, window->integer(1, INT64_MAX)));
}

/// "eos_token_id": an id or a list of ids.
void addEnds(const JsonView& root, ModelConfig& config) {
    const auto value = root.find("eos_token_id");
    if (!value) return;
    const auto add = [&config](const JsonView& id) {
        // Ids outside the vocabulary can never be sampled; some files have −1 for none.
        const auto token = static_cast<int>(id.integer(-1, INT32_MAX));
        const bool known =
            std::find(config.eosIds.begin(), config.eosIds.end(), token) != config.eosIds.end();
        if (token >= 0 && token < config.vocab && !known) config.eosIds.push_back(token);
    };
    if (!value->isArray()) return add(*value);
    for (std::size_t i = 0; i < value->size(); ++i) add((*value)[i]);
}

void addBegin(const JsonView& root, ModelConfig& config) {
    if (config.bosId >= 0) return;
    if (const auto value = root.find("bos_token_id"))
        config.bosId = static_cast<int>(value->integer(-1, config.vocab - 1));
}

DType namedType(const JsonView& root) {
    auto value = root.find("torch_dtype");
    if (!value) value = root.find("dtype");
    if (!value) return DType::F32;
    const std::string name = value->text();
    return name == "float16" ? DType::F16 : name == "bfloat16" ? DType::BF16 : DType::F32;
}

void readSizes(const JsonView& root, ModelConfig& config) {
    config.layers = sizeAt(root, "num_hidden_layers", 1024);
    config.heads = sizeAt(root, "num_attention_heads", 1024);
    config.kvHeads = sizeOr(root, "num_key_value_heads", 1024, config.heads);
    config.hidden = sizeAt(root, "hidden_size", 1 << 17);
    config.intermediate = sizeAt(root, "intermediate_size", 1 << 20);
    config.vocab = sizeAt(root, "vocab_size", 1 << 22);
    config.context = sizeOr(root, "max_position_embeddings", 1 << 24, 2048);
    if (config.heads % config.kvHeads != 0)
        root.at("num_key_value_heads")
            .fail("expected a divisor of " + std::to_string(config.heads) + " attention heads, found " +
                  std::to_string(config.kvHeads));
    if (!root.find("head_dim") && config.hidden % config.heads != 0)
        root.at("hidden_size").fail("expected a multiple of num_attention_heads, or head_dim");
    config.headDim = sizeOr(root, "head_dim", 1024, config.hidden / config.heads);
    if (config.headDim % 2 != 0 || config.headDim > 1024)
        root.at(root.find("head_dim") ? "head_dim" : "hidden_size")
            .fail("expected an even head dimension of at most 1024, found " + std::to_string(config.headDim));
}

} // namespace

ModelConfig readModelConfig(const std::filesystem::path& configFile) {
    const std::string file = configFile.string();
    const Json json = readJsonFile(configFile, kMaxConfigBytes);
    const JsonView root(json, file);
    ModelConfig config;
    readArchitecture(root, config);
    readSizes(root, config);
    refuseUnsupported(root);
    limitToWindow(root, config);
    config.rmsNormEps =
        root.find("rms_norm_eps") ? static_cast<float>(positiveAt(root, "rms_norm_eps")) : 1e-6f;
    readHfRope(root, config);
    if (const auto tied = root.find("tie_word_embeddings")) config.tiedEmbeddings = tied->flag();
    config.dtype = namedType(root);
    addBegin(root, config);
    addEnds(root, config);
    return config;
}

void addGenerationConfig(const std::filesystem::path& generationConfigFile, ModelConfig& config) {
    std::error_code ignored;
    if (!std::filesystem::exists(generationConfigFile, ignored)) return;
    const std::string file = generationConfigFile.string();
    const Json json = readJsonFile(generationConfigFile, kMaxConfigBytes);
    const JsonView root(json, file);
    addBegin(root, config);
    addEnds(root, config);
}

} // namespace moa
