// Loading the embedded model; every needed tensor is checked; names resolve.
#include "engine/core/error.h"
#include "engine/loader/model_files.h"
#include "tests/loader/temporary_model.h"

#include <gtest/gtest.h>

#include <thread>

namespace moa {
namespace {

const std::filesystem::path kRoot = MOA_SOURCE_DIR;
const std::filesystem::path kTiny = kRoot / "resources/models/moa-tiny";
// sha256sum of resources/models/moa-tiny/model.safetensors
constexpr const char* kTinyHash = "03576c7be61c03e0085bea69ce5ac110df8068c1ac17859a98ef4ba6d526d8ac";

TEST(ModelFiles, loadsTheEmbeddedModel) {
    const auto model = loadModel(kTiny);
    EXPECT_EQ(model->name, "moa-tiny");
    EXPECT_EQ(model->config.layers, 6);
    EXPECT_EQ(model->config.heads, 8);
    EXPECT_EQ(model->config.kvHeads, 4);
    EXPECT_EQ(model->config.headDim, 64);
    EXPECT_EQ(model->config.hidden, 256);
    EXPECT_EQ(model->config.intermediate, 640);
    EXPECT_EQ(model->config.vocab, 2048);
    EXPECT_EQ(model->config.context, 16384);
    EXPECT_EQ(model->config.ropeTheta, 1e6);
    EXPECT_EQ(model->config.dtype, DType::F16);
    EXPECT_TRUE(model->config.tiedEmbeddings);
    EXPECT_EQ(model->config.bosId, 0);
    EXPECT_EQ(model->config.eosIds, std::vector<int>{2});
    EXPECT_EQ(model->chat.family(), ChatFamily::ChatML);
    EXPECT_EQ(model->sha256(), kTinyHash);
    EXPECT_EQ(model->weightBytes(), 11672064u); // the file less its header of 5992 bytes
    const TensorView& q = model->weight("model.layers.3.self_attn.q_proj.weight");
    EXPECT_EQ(q.shape, (std::vector<std::int64_t>{512, 256}));
    EXPECT_EQ(model->findWeight("lm_head.weight"), nullptr);
    EXPECT_THROW(model->weight("lm_head.weight"), FileError);
}

TEST(ModelFiles, hashIsWorkedOutOnce) {
    const auto model = loadModel(kTiny);
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) threads.emplace_back([&model] { EXPECT_EQ(model->sha256(), kTinyHash); });
}

TEST(ModelFiles, resolvesNamesAndPaths) {
    EXPECT_EQ(resolveModel("moa-tiny", kRoot / "resources"), kTiny);
    EXPECT_EQ(resolveModel(kTiny.string(), "/nowhere"), kTiny);
    EXPECT_THROW(resolveModel("", kRoot / "resources"), UsageError);
    EXPECT_THROW(resolveModel("../models/moa-tiny", kRoot / "resources"), FileError);
    EXPECT_THROW(resolveModel(std::string(5000, 'x'), kRoot / "resources"), FileError);
    try {
        resolveModel("moa-huge", kRoot / "resources");
        FAIL();
    } catch (const FileError& error) {
        EXPECT_NE(std::string(error.what()).find("moa-tiny"), std::string::npos) << error.what();
    }
}

TEST(ModelFiles, loadsASingleFileBesideItsConfig) {
    const TemporaryModel folder;
    const auto model = loadModel(folder.path() / "model.safetensors");
    EXPECT_EQ(model->name, folder.path().filename().string());
    EXPECT_EQ(model->config.layers, 2);
    EXPECT_EQ(loadModel(folder.path())->sha256(), model->sha256());
}

TEST(ModelFiles, loadsShards) {
    const TemporaryModel folder;
    folder.split(3);
    const auto model = loadModel(folder.path());
    EXPECT_EQ(model->config.layers, 2);
    const TemporaryModel whole;
    const auto one = loadModel(whole.path());
    EXPECT_EQ(model->weightBytes(), one->weightBytes());
    for (const RequiredWeight& need : requiredWeights(one->config))
        EXPECT_EQ(toFloat(model->weight(need.name)), toFloat(one->weight(need.name))) << need.name;
    EXPECT_NE(model->sha256(), one->sha256());
}

/// One way a folder can be wrong, and what the error must name.
struct BadModel {
    const char* label;
    void (*damage)(const TemporaryModel&);
    std::vector<std::string> named;
};

const std::vector<BadModel> kBadModels{
    {"missing tensor",
     [](const TemporaryModel& m) { m.drop("model.layers.1.mlp.up_proj.weight"); },
     {"model.layers.1.mlp.up_proj.weight", "[24, 16]"}},
    {"wrong shape",
     [](const TemporaryModel& m) { m.reshape("model.norm.weight", {15}); },
     {"model.norm.weight", "[16]", "[15]"}},
    {"transposed",
     [](const TemporaryModel& m) {
         m.reshape("model.layers.0.mlp.down_proj.weight", {24, 16});
     },
     {"down_proj", "[16, 24]", "[24, 16]"}},
    {"integer weights",
     [](const TemporaryModel& m) { m.retype("model.norm.weight", TensorType::I32); },
     {"model.norm.weight", "I32"}},
    {"biases",
     [](const TemporaryModel& m) { m.add("model.layers.0.self_attn.q_proj.bias", {16}); },
     {"q_proj.bias"}},
    {"quantised",
     [](const TemporaryModel& m) {
         m.add("model.layers.0.self_attn.q_proj.qweight", {2, 2});
     },
     {"qweight", "quantised"}},
    {"untied without head",
     [](const TemporaryModel& m) { m.setConfig("tie_word_embeddings", false); },
     {"lm_head.weight"}},
    {"vocabulary too small",
     [](const TemporaryModel& m) { m.setConfig("vocab_size", 100); },
     {"tokenizer.json"}},
    {"no config", [](const TemporaryModel& m) { m.remove("config.json"); }, {"config.json"}},
    {"no tokenizer", [](const TemporaryModel& m) { m.remove("tokenizer.json"); }, {"tokenizer.json"}},
    {"no weights", [](const TemporaryModel& m) { m.remove("model.safetensors"); }, {"model.safetensors"}},
    {"index escapes",
     [](const TemporaryModel& m) {
         m.writeIndex({{"a", "../x.safetensors"}});
     },
     {"index.json", "../x.safetensors"}},
    {"index names a missing shard",
     [](const TemporaryModel& m) {
         m.writeIndex({{"a", "x.safetensors"}});
     },
     {"x.safetensors"}},
    {"index with a control character",
     [](const TemporaryModel& m) {
         m.writeIndex({{"a", "x\n.safetensors"}});
     },
     {"weight_map.a", "x\\x0a.safetensors"}},
    {"index empty", [](const TemporaryModel& m) { m.writeIndex(Json::object()); }, {"weight_map"}},
    {"index of numbers",
     [](const TemporaryModel& m) {
         m.writeIndex({{"a", 3}});
     },
     {"weight_map.a"}},
    {"index lacks a weight",
     [](const TemporaryModel& m) {
         m.split(2);
         Json map = readJsonFile(m.path() / "model.safetensors.index.json", 1 << 20)["weight_map"];
         map.erase("model.norm.weight");
         m.writeIndex(map);
     },
     {"index.json", "model.norm.weight"}},
    {"index names the wrong shard",
     [](const TemporaryModel& m) {
         m.split(2);
         Json map = readJsonFile(m.path() / "model.safetensors.index.json", 1 << 20)["weight_map"];
         std::swap(map["model.norm.weight"], map["model.embed_tokens.weight"]);
         m.writeIndex(map);
     },
     {"model.embed_tokens.weight"}},
};

TEST(ModelFiles, badFoldersAreNamed) {
    for (const BadModel& bad : kBadModels) {
        SCOPED_TRACE(bad.label);
        const TemporaryModel folder;
        bad.damage(folder);
        try {
            loadModel(folder.path());
            ADD_FAILURE() << "loaded";
        } catch (const FileError& error) {
            for (const std::string& part : bad.named)
                EXPECT_NE(std::string(error.what()).find(part), std::string::npos)
                    << part << " in " << error.what();
            EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
            EXPECT_EQ(error.exitCode(), ExitCode::BadFile);
        }
    }
}

TEST(ModelFiles, missingPathsAreNamed) {
    EXPECT_THROW(loadModel("/nowhere/model"), FileError);
    EXPECT_THROW(loadModel(kTiny / "README.md"), FileError);
    EXPECT_THROW(loadModel(std::string(5000, 'x')), FileError);
}

} // namespace
} // namespace moa
