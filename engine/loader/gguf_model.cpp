// See gguf_model.h.
#include "engine/loader/gguf_model.h"

#include "engine/core/error.h"
#include "engine/loader/gguf.h"
#include "engine/loader/gguf_tokenizer.h"
#include "engine/loader/rope_scaling.h"
#include "engine/loader/utf8.h"

#include <algorithm>

namespace moa {

namespace {

constexpr std::int64_t kMaxSize = 1 << 24;

/// Keys of one architecture ("llama.block_count").
class Shape {
public:
    Shape(const GgufFile& file, std::string architecture) : m_file(file), m_architecture(std::move(architecture)) {}

    std::string key(const char* name) const { return m_architecture + "." + name; }
    int sizeOr(const char* name, std::int64_t fallback) const {
        return static_cast<int>(m_file.integer(key(name), 1, kMaxSize).value_or(fallback));
    }
    int size(const char* name) const {
        const auto value = m_file.integer(key(name), 1, kMaxSize);
        if (!value) m_file.fail(key(name), "expected this size of the model");
        return static_cast<int>(*value);
    }
    double positiveOr(const char* name, double fallback) const {
        const double value = m_file.number(key(name)).value_or(fallback);
        if (!(value > 0) || value > 1e12) m_file.fail(key(name), "expected a positive number");
        return value;
    }

private:
    const GgufFile& m_file;
    std::string m_architecture;
};

/// Features that would change the arithmetic.
void refuseUnsupported(const GgufFile& file, const Shape& shape, const ModelConfig& config) {
    if (file.integer(shape.key("expert_count"), 0, INT32_MAX).value_or(0) > 0)
        file.fail(shape.key("expert_count"), "expected no experts: mixtures of experts are not supported");
    if (shape.sizeOr("rope.dimension_count", config.headDim) != config.headDim)
        file.fail(shape.key("rope.dimension_count"), "expected " + std::to_string(config.headDim) +
                                                         ": partial rotary embeddings are not supported");
    if (shape.sizeOr("attention.value_length", config.headDim) != config.headDim)
        file.fail(shape.key("attention.value_length"), "expected values of the keys' size");
}

void readRope(const GgufFile& file, const Shape& shape, ModelConfig& config) {
    config.ropeTheta = shape.positiveOr("rope.freq_base", 10000.0);
    const std::string kind = file.text(shape.key("rope.scaling.type")).value_or("none");
    if (kind != "none" && kind != "linear" && kind != "yarn" && kind != "longrope")
        file.fail(shape.key("rope.scaling.type"),
                  "expected \"none\", \"linear\", \"yarn\" or \"longrope\", found " + oneLine("\"" + kind + "\""));
    if (kind == "none") return;
    config.ropeScaling = kind;
    const double factor = shape.positiveOr("rope.scaling.factor", 1.0);
    if (kind == "linear") {
        config.ropeDivisors = linearDivisors(config.headDim, factor);
    } else if (kind == "yarn") {
        YarnScaling yarn{factor, static_cast<double>(shape.sizeOr("rope.scaling.original_context_length", config.context))};
        config.ropeDivisors = yarnDivisors({config.ropeTheta, config.headDim}, yarn);
        config.ropeAmplitude = yarnAmplitude(factor) * shape.positiveOr("rope.scaling.attn_factor", 1.0);
    }
}

void addEnd(ModelConfig& config, std::optional<std::int64_t> id) {
    if (!id || *id < 0 || *id >= config.vocab) return;
    const int token = static_cast<int>(*id);
    if (std::find(config.eosIds.begin(), config.eosIds.end(), token) == config.eosIds.end()) config.eosIds.push_back(token);
}

ModelConfig readConfig(const GgufFile& file, std::size_t tensorCount) {
    const std::string architecture = file.text("general.architecture").value_or("");
    static const std::map<std::string, const char*> supported{{"llama", "LlamaForCausalLM"}, {"phi3", "Phi3ForCausalLM"}};
    const auto known = supported.find(architecture);
    if (known == supported.end())
        file.fail("general.architecture", "expected \"llama\" or \"phi3\", found " + oneLine("\"" + architecture + "\""));
    const Shape shape(file, architecture);
    ModelConfig config;
    config.architecture = known->second;
    config.layers = shape.size("block_count");
    if (static_cast<std::size_t>(config.layers) > tensorCount) // before anything of that size is made
        file.fail(shape.key("block_count"), "expected at most the " + std::to_string(tensorCount) + " tensors of the file");
    config.hidden = shape.size("embedding_length");
    config.intermediate = shape.size("feed_forward_length");
    config.context = shape.size("context_length");
    config.heads = shape.size("attention.head_count");
    config.kvHeads = shape.sizeOr("attention.head_count_kv", config.heads);
    config.headDim = shape.sizeOr("attention.key_length", config.hidden / config.heads);
    if (config.heads % config.kvHeads != 0)
        file.fail(shape.key("attention.head_count_kv"), "expected a divisor of the " + std::to_string(config.heads) + " heads");
    if (config.headDim < 2 || config.headDim % 2 != 0) file.fail(shape.key("attention.key_length"), "expected an even size");
    config.rmsNormEps = static_cast<float>(shape.positiveOr("attention.layer_norm_rms_epsilon", 1e-5));
    refuseUnsupported(file, shape, config);
    if (const auto window = file.integer(shape.key("attention.sliding_window"), 1, INT32_MAX))
        config.context = std::min<int>(config.context, static_cast<int>(*window));
    readRope(file, shape, config);
    return config;
}

/// The file's name of a weight that Hugging Face calls `name`.
std::string ggufName(std::string_view name) {
    if (name == "model.embed_tokens.weight") return "token_embd.weight";
    if (name == "model.norm.weight") return "output_norm.weight";
    if (name == "lm_head.weight") return "output.weight";
    constexpr std::string_view prefix = "model.layers.";
    const std::size_t dot = name.find('.', prefix.size());
    static const std::map<std::string_view, std::string_view> parts{
        {"input_layernorm.weight", "attn_norm.weight"},  {"self_attn.q_proj.weight", "attn_q.weight"},
        {"self_attn.k_proj.weight", "attn_k.weight"},    {"self_attn.v_proj.weight", "attn_v.weight"},
        {"self_attn.o_proj.weight", "attn_output.weight"}, {"post_attention_layernorm.weight", "ffn_norm.weight"},
        {"mlp.gate_proj.weight", "ffn_gate.weight"},     {"mlp.up_proj.weight", "ffn_up.weight"},
        {"mlp.down_proj.weight", "ffn_down.weight"},     {"self_attn.qkv_proj.weight", "attn_qkv.weight"},
        {"mlp.gate_up_proj.weight", "ffn_up.weight"}};
    return "blk." + std::string(name.substr(prefix.size(), dot - prefix.size())) + "." +
           std::string(parts.at(name.substr(dot + 1)));
}

/// The tensors of all parts, by the file's name, with what the table does not say.
struct Tensors {
    std::map<std::string, TensorView, std::less<>> byName;
    std::vector<GgufFile> files;

    explicit Tensors(std::vector<GgufFile> parts) : files(std::move(parts)) {
        for (const GgufFile& file : files)
            for (const TensorView& tensor : file.tensors())
                if (!byName.emplace(tensor.name, tensor).second)
                    throw FileError(file.path().string(), oneLine("tensor " + tensor.name), "expected every tensor once");
    }
    TensorView* find(std::string_view name) {
        const auto it = byName.find(name);
        return it == byName.end() ? nullptr : &it->second;
    }
};

/// llama's converters turned the rows of q and k to rotary pairs.
void markRotaryPairs(Tensors& tensors, const ModelConfig& config) {
    if (config.architecture != "LlamaForCausalLM") return;
    for (int l = 0; l < config.layers; ++l)
        for (const auto& [part, heads] : {std::pair{"q", config.heads}, std::pair{"k", config.kvHeads}})
            if (TensorView* tensor = tensors.find("blk." + std::to_string(l) + ".attn_" + part + ".weight"))
                tensor->interleavedHeads = heads;
}

/// What each rotary frequency is divided by, where a tensor says it; empty: it is not there.
std::vector<double> divisorsOf(Tensors& tensors, const char* name, const ModelConfig& config) {
    const TensorView* divisors = tensors.find(name);
    if (!divisors) return {};
    const std::string file = tensors.files.front().path().string();
    if (divisors->type != TensorType::F32 || divisors->elements() != static_cast<std::size_t>(config.headDim / 2))
        throw FileError(file, name, "expected " + std::to_string(config.headDim / 2) + " F32 values");
    const std::vector<float> values = toFloat(*divisors);
    for (const float divisor : values)
        if (!(divisor > 0)) throw FileError(file, name, "expected positive numbers");
    return {values.begin(), values.end()};
}

/// Llama 3.1 and later, and LongRoPE, keep their scaling in tensors.
void readRopeTensors(Tensors& tensors, const Shape& shape, ModelConfig& config) {
    if (auto divisors = divisorsOf(tensors, "rope_freqs.weight", config); !divisors.empty()) {
        config.ropeDivisors = std::move(divisors);
        config.ropeScaling = "llama3";
    }
    if (config.ropeScaling != "longrope") return;
    const std::string file = tensors.files.front().path().string();
    config.ropeDivisors = divisorsOf(tensors, "rope_factors_short.weight", config);
    config.ropeLongDivisors = divisorsOf(tensors, "rope_factors_long.weight", config);
    if (config.ropeDivisors.empty() || config.ropeLongDivisors.empty())
        throw FileError(file, "rope_factors_short.weight", "expected the tensors of LongRoPE, short and long");
    config.ropeOriginalContext = shape.sizeOr("rope.scaling.original_context_length", config.context);
    config.ropeAmplitude = shape.positiveOr(
        "rope.scaling.attn_factor", longRopeAmplitude(double(config.context) / config.ropeOriginalContext,
                                                      config.ropeOriginalContext));
}

Weights collectWeights(const std::shared_ptr<Tensors>& tensors, const ModelConfig& config) {
    Weights weights;
    weights.files.push_back(tensors);
    for (const GgufFile& file : tensors->files) weights.bytes.push_back(file.bytes());
    // Phi-3 keeps gate and up in what others call up.
    const char* notThere = config.architecture == "Phi3ForCausalLM" ? "mlp.up_proj.weight" : "mlp.gate_up_proj.weight";
    const auto place = [&](const std::string& name) -> const TensorView* {
        return name.ends_with(notThere) ? nullptr : tensors->find(ggufName(name));
    };
    for (const RequiredWeight& need : requiredWeights(config))
        weights.use(need, config, place, tensors->files.front().path().string());
    for (const auto& [name, tensor] : tensors->byName)
        if (name.starts_with("blk.") && name.ends_with(".bias"))
            throw FileError(tensors->files.front().path().string(), oneLine(name), "expected no biases in this architecture");
    return weights;
}

std::string tokenText(const Tokenizer& tokenizer, std::optional<std::int64_t> id) {
    return id ? tokenizer.token(static_cast<int>(*id)).value_or("") : "";
}

} // namespace

std::shared_ptr<const Model> loadGgufModel(const std::filesystem::path& path) {
    auto tensors = std::make_shared<Tensors>(openGguf(path));
    const GgufFile& file = tensors->files.front();
    ModelConfig config = readConfig(file, tensors->byName.size());
    const TensorView* embedding = tensors->find("token_embd.weight");
    if (!embedding || embedding->shape.size() != 2) file.fail("token_embd.weight", "expected the embedding, a matrix");
    if (embedding->shape[0] > kMaxSize) file.fail("token_embd.weight", "expected fewer than 2^24 rows");
    config.vocab = static_cast<int>(embedding->shape[0]);
    config.tiedEmbeddings = tensors->find("output.weight") == nullptr;
    readRopeTensors(*tensors, Shape(file, *file.text("general.architecture")), config);
    markRotaryPairs(*tensors, config);

    Tokenizer tokenizer = readGgufTokenizer(file);
    checkTokenizer(path, tokenizer, config);
    const auto begin = file.integer("tokenizer.ggml.bos_token_id", 0, INT32_MAX);
    const auto end = file.integer("tokenizer.ggml.eos_token_id", 0, INT32_MAX);
    config.bosId = begin && *begin < config.vocab ? static_cast<int>(*begin) : -1;
    ChatTemplate chat;
    if (const auto text = file.text("tokenizer.chat_template"))
        chat = ChatTemplate(*text, tokenText(tokenizer, begin), tokenText(tokenizer, end));
    addEnd(config, end);
    addEnd(config, file.integer("tokenizer.ggml.eot_token_id", 0, INT32_MAX));
    if (const auto turn = tokenizer.tokenId(chat.endOfTurn())) addEnd(config, *turn);

    Weights weights = collectWeights(tensors, config);
    config.dtype = weightType(tensors->find("blk.0.attn_q.weight")->type).value_or(DType::F16);
    auto model = std::make_shared<Model>(std::move(config), std::move(tokenizer), std::move(weights));
    model->path = path;
    model->name = path.stem().string();
    model->chat = std::move(chat);
    return model;
}

} // namespace moa
