// config.json: what is read, what defaults apply, and what is refused by name.
#include "engine/core/error.h"
#include "engine/loader/hf_config.h"
#include "tests/loader/temporary_model.h"

#include <gtest/gtest.h>

#include <cmath>

namespace moa {
namespace {

const Json kBase =
    Json::parse(R"({"architectures": ["LlamaForCausalLM"], "hidden_size": 64, "intermediate_size": 96,
    "num_hidden_layers": 3, "num_attention_heads": 8, "num_key_value_heads": 2, "vocab_size": 1000,
    "max_position_embeddings": 4096, "rms_norm_eps": 1e-5, "rope_theta": 500000.0})");

class HfConfig : public testing::Test {
protected:
    /// kBase with these keys set (null removes): a JSON merge patch.
    ModelConfig read(const std::string& changes = "{}") {
        Json json = kBase;
        json.merge_patch(Json::parse(changes));
        m_folder.write("config.json", json.dump());
        return readModelConfig(m_folder.path() / "config.json");
    }
    /// The error line of kBase with these keys set.
    std::string refused(const std::string& changes) {
        try {
            read(changes);
        } catch (const FileError& error) {
            EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
            return error.what();
        }
        return "accepted";
    }
    TemporaryFolder m_folder;
};

TEST_F(HfConfig, readsSizesAndDefaults) {
    const ModelConfig config = read();
    EXPECT_EQ(config.layers, 3);
    EXPECT_EQ(config.heads, 8);
    EXPECT_EQ(config.kvHeads, 2);
    EXPECT_EQ(config.groupSize(), 4);
    EXPECT_EQ(config.headDim, 8);
    EXPECT_EQ(config.context, 4096);
    EXPECT_EQ(config.ropeTheta, 500000.0);
    EXPECT_EQ(config.rmsNormEps, 1e-5f);
    EXPECT_FALSE(config.tiedEmbeddings);
    EXPECT_EQ(config.ropeScaling, "");
    EXPECT_TRUE(config.ropeDivisors.empty());
    EXPECT_EQ(config.bosId, -1);
    EXPECT_TRUE(config.eosIds.empty());
    EXPECT_EQ(read(R"({"num_key_value_heads": null})").kvHeads, 8);
    EXPECT_EQ(read(R"({"head_dim": 32})").headDim, 32);
    EXPECT_EQ(read(R"({"rms_norm_eps": null})").rmsNormEps, 1e-6f);
    EXPECT_EQ(read(R"({"torch_dtype": "bfloat16"})").dtype, DType::BF16);
    EXPECT_EQ(read(R"({"dtype": "float16"})").dtype, DType::F16);
    EXPECT_EQ(read(R"({"architectures": null, "model_type": "llama"})").architecture, "LlamaForCausalLM");
}

TEST_F(HfConfig, readsRopeScaling) {
    const ModelConfig linear = read(R"({"rope_scaling": {"type": "linear", "factor": 4.0}})");
    EXPECT_EQ(linear.ropeScaling, "linear");
    EXPECT_EQ(linear.ropeDivisors, std::vector<double>(4, 4.0));
    const ModelConfig llama3 =
        read(R"({"rope_scaling": {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0,
        "high_freq_factor": 4.0, "original_max_position_embeddings": 8192}})");
    EXPECT_EQ(llama3.ropeScaling, "llama3");
    EXPECT_EQ(llama3.ropeDivisors.front(), 1.0); // fast pairs stay, slow ones are stretched
    EXPECT_EQ(llama3.ropeDivisors.back(), 8.0);
    const ModelConfig dynamic = read(R"({"rope_scaling": {"type": "dynamic", "factor": 2.0}})");
    EXPECT_TRUE(dynamic.ropeDivisors.empty());
    const ModelConfig longRope = read(R"({"original_max_position_embeddings": 1024, "rope_scaling": {"type": "su",
        "short_factor": [1, 1, 2, 2], "long_factor": [1, 2, 3, 4]}})");
    EXPECT_EQ(longRope.ropeScaling, "longrope");
    EXPECT_EQ(longRope.ropeLongDivisors, (std::vector<double>{1, 2, 3, 4}));
    EXPECT_EQ(longRope.ropeOriginalContext, 1024);
    EXPECT_NEAR(longRope.ropeAmplitude, std::sqrt(1 + std::log(4.0) / std::log(1024.0)), 1e-12);
    const ModelConfig newer =
        read(R"({"rope_theta": null, "rope_parameters": {"rope_type": "default", "rope_theta": 1e6}})");
    EXPECT_EQ(newer.ropeTheta, 1e6);
    EXPECT_EQ(newer.ropeScaling, "");
}

TEST_F(HfConfig, readsEndTokens) {
    EXPECT_EQ(read(R"({"eos_token_id": [2, 7, 2]})").eosIds, (std::vector<int>{2, 7}));
    EXPECT_TRUE(read(R"({"eos_token_id": -1})").eosIds.empty());
    ModelConfig config = read(R"({"eos_token_id": 2})");
    EXPECT_EQ(config.eosIds, std::vector<int>{2});
    m_folder.write("generation_config.json", R"({"bos_token_id": 1, "eos_token_id": [2, 9]})");
    addGenerationConfig(m_folder.path() / "generation_config.json", config);
    EXPECT_EQ(config.eosIds, (std::vector<int>{2, 9}));
    EXPECT_EQ(config.bosId, 1);
    addGenerationConfig(m_folder.path() / "missing.json", config);
    EXPECT_EQ(config.eosIds.size(), 2u);
}

TEST_F(HfConfig, limitsMistralToItsOwnWindow) {
    const std::string mistral = R"({"architectures": ["MistralForCausalLM"], "sliding_window": )";
    EXPECT_EQ(read(mistral + "null}").architecture, "MistralForCausalLM");
    EXPECT_EQ(read(mistral + "4096}").architecture, "MistralForCausalLM"); // as long as the context: none
    EXPECT_EQ(read(mistral + "4096}").context, 4096);
    EXPECT_EQ(read(mistral + "1024}").context, 1024);
    EXPECT_EQ(read(R"({"sliding_window": 1024, "use_sliding_window": false})").context, 4096);
    EXPECT_NE(refused(mistral + "0}").find("sliding_window"), std::string::npos);
}

struct Refusal {
    const char* changes;
    const char* named;
};

// Text, because tables of Json values compile slowly.
// clang-format off
constexpr Refusal kRefusals[] = {
    {R"({"architectures": ["GPT2LMHeadModel"]})", "GPT2LMHeadModel; supported: LlamaForCausalLM"},
    {R"({"architectures": []})", "architectures"},
    {R"({"architectures": 3})", "architectures"},
    {R"({"architectures": null})", "model_type"},
    {R"({"architectures": null, "model_type": "qwen2"})", "qwen2"},
    {R"({"attention_bias": true})", "attention_bias"},
    {R"({"mlp_bias": true})", "mlp_bias"},
    {R"({"hidden_act": "gelu"})", "gelu"},
    {R"({"quantization_config": {"quant_method": "gptq"}})", "gptq"},
    {R"({"quantization_config": {}})", "quantisation"},
    {R"({"partial_rotary_factor": 0.5})", "partial_rotary_factor"},
    {R"({"rope_scaling": {"factor": 2, "rope_type": "ntk"}})", "ntk"},
    {R"({"rope_scaling": {"rope_type": "yarn"}})", "factor"},
    {R"({"rope_scaling": {"rope_type": "longrope", "short_factor": [1], "long_factor": [1]}})", "short_factor"},
    {R"({"rope_scaling": {"rope_type": "linear"}})", "factor"},
    {R"({"rope_scaling": {"factor": -1, "rope_type": "linear"}})", "factor"},
    {R"({"rope_scaling": {"factor": 2, "rope_type": "llama3"}})", "low_freq_factor"},
    {R"({"rope_scaling": 7})", "rope_scaling"},
    {R"({"rope_theta": 0})", "rope_theta"},
    {R"({"rope_theta": "big"})", "rope_theta"},
    {R"({"hidden_size": null})", "hidden_size"},
    {R"({"hidden_size": 0})", "hidden_size"},
    {R"({"hidden_size": -64})", "hidden_size"},
    {R"({"hidden_size": 1.5})", "hidden_size"},
    {R"({"hidden_size": 1e+300})", "hidden_size"},
    {R"({"hidden_size": 18446744073709551615})", "hidden_size"},
    {R"({"hidden_size": 66})", "num_attention_heads"},
    {R"({"hidden_size": 72})", "head dimension"},
    {R"({"head_dim": 7})", "head_dim"},
    {R"({"num_hidden_layers": 100000})", "num_hidden_layers"},
    {R"({"num_key_value_heads": 3})", "num_key_value_heads"},
    {R"({"vocab_size": "1000"})", "vocab_size"},
    {R"({"max_position_embeddings": 1073741824})", "max_position_embeddings"},
    {R"({"rms_norm_eps": -1e-05})", "rms_norm_eps"},
    {R"({"eos_token_id": "</s>"})", "eos_token_id"},
    {R"({"eos_token_id": [1, "x"]})", "eos_token_id[1]"},
    {R"({"bos_token_id": 1000})", "bos_token_id"},
    {R"({"tie_word_embeddings": "yes"})", "tie_word_embeddings"},
};
// clang-format on

TEST_F(HfConfig, refusesByName) {
    for (const Refusal& refusal : kRefusals) {
        const std::string error = refused(refusal.changes);
        EXPECT_NE(error.find("config.json"), std::string::npos) << refusal.changes << ": " << error;
        EXPECT_NE(error.find(refusal.named), std::string::npos) << refusal.changes << ": " << error;
    }
}

TEST_F(HfConfig, refusesWhatIsNoJsonObject) {
    for (const std::string& text :
         {std::string(), std::string("[]"), std::string("3"), std::string("{"), std::string("\xff\xfe"),
          std::string("{}"), std::string(100000, '['), std::string(R"({"a": NaN})"),
          std::string(R"({"hidden_size": 1e999})"), std::string(R"({"hidden_size": 64} x)"),
          std::string("{\"a\": \"\xff\"}")}) {
        m_folder.write("config.json", text);
        EXPECT_THROW(readModelConfig(m_folder.path() / "config.json"), FileError) << text.substr(0, 40);
    }
    EXPECT_THROW(readModelConfig(m_folder.path()), FileError);
    EXPECT_THROW(readModelConfig("/dev/zero"), FileError);
}

} // namespace
} // namespace moa
