// config.json: what is read, what defaults apply, and what is refused by name.
#include "engine/core/error.h"
#include "engine/loader/hf_config.h"
#include "tests/loader/temporary_model.h"

#include <gtest/gtest.h>

namespace moa {
namespace {

const Json kBase =
    Json::parse(R"({"architectures": ["LlamaForCausalLM"], "hidden_size": 64, "intermediate_size": 96,
    "num_hidden_layers": 3, "num_attention_heads": 8, "num_key_value_heads": 2, "vocab_size": 1000,
    "max_position_embeddings": 4096, "rms_norm_eps": 1e-5, "rope_theta": 500000.0})");

class HfConfig : public testing::Test {
protected:
    /// kBase with these keys set (null removes).
    ModelConfig read(const Json& changes) {
        Json json = kBase;
        json.merge_patch(changes);
        m_folder.write("config.json", json.dump());
        return readModelConfig(m_folder.path() / "config.json");
    }
    /// The error line of kBase with these keys set.
    std::string refused(const Json& changes) {
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
    const ModelConfig config = read(Json::object());
    EXPECT_EQ(config.layers, 3);
    EXPECT_EQ(config.heads, 8);
    EXPECT_EQ(config.kvHeads, 2);
    EXPECT_EQ(config.groupSize(), 4);
    EXPECT_EQ(config.headDim, 8);
    EXPECT_EQ(config.context, 4096);
    EXPECT_EQ(config.ropeTheta, 500000.0);
    EXPECT_EQ(config.rmsNormEps, 1e-5f);
    EXPECT_FALSE(config.tiedEmbeddings);
    EXPECT_EQ(config.ropeScaling, RopeScaling::None);
    EXPECT_EQ(config.bosId, -1);
    EXPECT_TRUE(config.eosIds.empty());
    EXPECT_EQ(read({{"num_key_value_heads", nullptr}}).kvHeads, 8);
    EXPECT_EQ(read({{"head_dim", 32}}).headDim, 32);
    EXPECT_EQ(read({{"rms_norm_eps", nullptr}}).rmsNormEps, 1e-6f);
    EXPECT_EQ(read({{"torch_dtype", "bfloat16"}}).dtype, DType::BF16);
    EXPECT_EQ(read({{"dtype", "float16"}}).dtype, DType::F16);
    EXPECT_EQ(read({{"architectures", nullptr}, {"model_type", "llama"}}).architecture, "LlamaForCausalLM");
}

TEST_F(HfConfig, readsRopeScaling) {
    EXPECT_EQ(read({{"rope_scaling", {{"type", "linear"}, {"factor", 4.0}}}}).ropeFactor, 4.0);
    const ModelConfig llama3 = read({{"rope_scaling",
                                      {{"rope_type", "llama3"},
                                       {"factor", 8.0},
                                       {"low_freq_factor", 1.0},
                                       {"high_freq_factor", 4.0},
                                       {"original_max_position_embeddings", 8192}}}});
    EXPECT_EQ(llama3.ropeScaling, RopeScaling::Llama3);
    EXPECT_EQ(llama3.ropeFactor, 8.0);
    EXPECT_EQ(llama3.ropeOriginalContext, 8192);
    const ModelConfig newer =
        read({{"rope_theta", nullptr}, {"rope_parameters", {{"rope_type", "default"}, {"rope_theta", 1e6}}}});
    EXPECT_EQ(newer.ropeTheta, 1e6);
    EXPECT_EQ(newer.ropeScaling, RopeScaling::None);
}

TEST_F(HfConfig, readsEndTokens) {
    EXPECT_EQ(read({{"eos_token_id", 2}}).eosIds, std::vector<int>{2});
    EXPECT_EQ(read({{"eos_token_id", {2, 7, 2}}}).eosIds, (std::vector<int>{2, 7}));
    EXPECT_TRUE(read({{"eos_token_id", -1}}).eosIds.empty());
    ModelConfig config = read({{"eos_token_id", 2}});
    m_folder.write("generation_config.json", R"({"bos_token_id": 1, "eos_token_id": [2, 9]})");
    addGenerationConfig(m_folder.path() / "generation_config.json", config);
    EXPECT_EQ(config.eosIds, (std::vector<int>{2, 9}));
    EXPECT_EQ(config.bosId, 1);
    addGenerationConfig(m_folder.path() / "missing.json", config);
    EXPECT_EQ(config.eosIds.size(), 2u);
}

TEST_F(HfConfig, acceptsMistralWithoutWindow) {
    const Json mistral = {{"architectures", {"MistralForCausalLM"}}, {"sliding_window", nullptr}};
    EXPECT_EQ(read(mistral).architecture, "MistralForCausalLM");
    EXPECT_NE(
        refused({{"architectures", {"MistralForCausalLM"}}, {"sliding_window", 1024}}).find("sliding_window"),
        std::string::npos);
}

struct Refusal {
    Json changes;
    std::string named;
};

TEST_F(HfConfig, refusesByName) {
    const std::vector<Refusal> refusals{
        {{{"architectures", {"GPT2LMHeadModel"}}}, "GPT2LMHeadModel; supported: LlamaForCausalLM"},
        {{{"architectures", Json::array()}}, "architectures"},
        {{{"architectures", 3}}, "architectures"},
        {{{"architectures", nullptr}}, "model_type"},
        {{{"architectures", nullptr}, {"model_type", "qwen2"}}, "qwen2"},
        {{{"attention_bias", true}}, "attention_bias"},
        {{{"mlp_bias", true}}, "mlp_bias"},
        {{{"hidden_act", "gelu"}}, "gelu"},
        {{{"quantization_config", {{"quant_method", "gptq"}}}}, "gptq"},
        {{{"quantization_config", Json::object()}}, "quantisation"},
        {{{"partial_rotary_factor", 0.5}}, "partial_rotary_factor"},
        {{{"rope_scaling", {{"rope_type", "yarn"}, {"factor", 2}}}}, "yarn"},
        {{{"rope_scaling", {{"rope_type", "linear"}}}}, "factor"},
        {{{"rope_scaling", {{"rope_type", "linear"}, {"factor", -1}}}}, "factor"},
        {{{"rope_scaling", {{"rope_type", "llama3"}, {"factor", 2}}}}, "low_freq_factor"},
        {{{"rope_scaling", 7}}, "rope_scaling"},
        {{{"rope_theta", 0}}, "rope_theta"},
        {{{"rope_theta", "big"}}, "rope_theta"},
        {{{"hidden_size", nullptr}}, "hidden_size"},
        {{{"hidden_size", 0}}, "hidden_size"},
        {{{"hidden_size", -64}}, "hidden_size"},
        {{{"hidden_size", 1.5}}, "hidden_size"},
        {{{"hidden_size", 1e300}}, "hidden_size"},
        {{{"hidden_size", 18446744073709551615u}}, "hidden_size"},
        {{{"hidden_size", 66}}, "num_attention_heads"},
        {{{"hidden_size", 72}}, "head dimension"},
        {{{"head_dim", 7}}, "head_dim"},
        {{{"num_hidden_layers", 100000}}, "num_hidden_layers"},
        {{{"num_key_value_heads", 3}}, "num_key_value_heads"},
        {{{"vocab_size", "1000"}}, "vocab_size"},
        {{{"max_position_embeddings", 1 << 30}}, "max_position_embeddings"},
        {{{"rms_norm_eps", -1e-5}}, "rms_norm_eps"},
        {{{"eos_token_id", "</s>"}}, "eos_token_id"},
        {{{"eos_token_id", {1, "x"}}}, "eos_token_id[1]"},
        {{{"bos_token_id", 1000}}, "bos_token_id"},
        {{{"tie_word_embeddings", "yes"}}, "tie_word_embeddings"},
    };
    for (const Refusal& refusal : refusals) {
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
