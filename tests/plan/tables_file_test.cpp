// Bare search instances: round trips, and files that contradict themselves.
#include "engine/plan/tables_file.h"

#include "tests/plan/plan_samples.h"

#include <random>

namespace moa {
namespace {

using Json = nlohmann::json;

Json sampleTables() {
    return Json::parse(R"({
        "layers": 1, "kv_heads": 2, "rules": [[0, 0.5], [128, 0], [0, 1]],
        "lengths": [2048, 1024], "extra_density_lengths": [4096],
        "loss": {"1024": [[0.1, 0.2, 0], [0.3, -0.4, 0]], "2048": [[1, 2, 0], [3, 4, 0]]},
        "density": {"1024": [0.5, 0.125, 1], "2048": [0.5, 0.0625, 1], "4096": [0.5, 0.03125, 1]}})");
}

TEST(TablesFile, ReadsInRisingOrderOfLength) {
    const SearchTables t = parseSearchTables(sampleTables().dump(), "t.json");
    EXPECT_EQ(t.layers, 1);
    EXPECT_EQ(t.kvHeads, 2);
    EXPECT_EQ(t.rules[1], (Rule{128, 0}));
    EXPECT_EQ(t.lengths, (std::vector<int>{1024, 2048}));
    EXPECT_EQ(t.extraDensityLengths, (std::vector<int>{4096}));
    EXPECT_EQ(t.loss[0][1], (std::vector<double>{0.3, -0.4, 0}));
    EXPECT_EQ(t.loss[1][0], (std::vector<double>{1, 2, 0}));
    EXPECT_EQ(t.density[2][1], 0.03125);
}

TEST(TablesFile, RoundTripsToTheBit) {
    const TempFolder folder;
    std::mt19937_64 random(3);
    std::uniform_real_distribution<double> any(0, 1);
    SearchTables t;
    t.layers = 3;
    t.kvHeads = 4;
    for (int r = 0; r < 7; ++r) t.rules.push_back({any(random) * 1000, any(random)});
    t.lengths = {64, 999};
    t.extraDensityLengths = {128};
    t.loss.assign(2, std::vector(12, std::vector<double>(7)));
    t.density.assign(3, std::vector<double>(7));
    for (auto& groups : t.loss)
        for (auto& row : groups)
            for (double& x : row) x = any(random);
    for (auto& row : t.density)
        for (double& x : row) x = any(random);
    writeSearchTables(folder.file("t.json"), t);
    const SearchTables back = readSearchTables(folder.file("t.json"));
    EXPECT_EQ(back.rules, t.rules);
    EXPECT_EQ(back.loss, t.loss);
    EXPECT_EQ(back.density, t.density);
    EXPECT_EQ(back.lengths, t.lengths);
    t.loss[1][3].pop_back();
    EXPECT_THROW(writeSearchTables(folder.file("u.json"), t), UsageError);
}

TEST(TablesFile, ExtraLengthsMayBeAbsent) {
    Json document = sampleTables();
    document.erase("extra_density_lengths");
    document["density"].erase("4096");
    EXPECT_TRUE(parseSearchTables(document.dump(), "t.json").extraDensityLengths.empty());
}

TEST(TablesFile, ContradictionsAreRefusedWithTheirPlace) {
    const auto refused = [](auto&& damage, const std::string& says) {
        Json document = sampleTables();
        damage(document);
        const std::string message = fileErrorOf([&] { parseSearchTables(document.dump(), "t.json"); });
        EXPECT_NE(message.find("t.json: " + says), std::string::npos) << message;
    };
    for (const char* key : {"layers", "kv_heads", "rules", "lengths", "loss", "density"}) {
        refused([&](Json& d) { d.erase(key); }, std::string("$.") + key);
        for (const Json& wrong :
             {Json(nullptr), Json("x"), Json(-1), Json(1.5), Json::array({Json::object()})})
            refused([&](Json& d) { d[key] = wrong; }, std::string("$.") + key);
    }
    refused([](Json& d) { d["layers"] = 2; }, "$.loss.1024: expected 4 rows");
    refused([](Json& d) { d["layers"] = 1 << 20; }, "$.layers");
    refused([](Json& d) { d["rules"] = Json::array(); }, "$.rules");
    refused([](Json& d) { d["rules"][1] = {1, 2, 3}; }, "$.rules[1]");
    refused([](Json& d) { d["rules"][1][0] = "1"; }, "$.rules[1][0]");
    refused([](Json& d) { d["rules"].push_back({0, 0}); }, "$.loss.1024[0]: expected 4 numbers");
    refused([](Json& d) { d["lengths"] = Json::array(); }, "$.lengths");
    refused([](Json& d) { d["lengths"] = {1024, 1024}; }, "$.lengths[1]");
    refused([](Json& d) { d["lengths"] = {1024, 0}; }, "$.lengths[1]");
    refused([](Json& d) { d["extra_density_lengths"] = {2048}; }, "$.extra_density_lengths[0]");
    refused([](Json& d) { d["extra_density_lengths"] = {8192}; }, "$.density");
    refused([](Json& d) { d["loss"].erase("2048"); }, "$.loss.2048");
    refused([](Json& d) { d["loss"]["512"] = d["loss"]["1024"]; }, "$.loss.512");
    refused([](Json& d) { d["loss"]["01024"] = d["loss"]["1024"]; }, "$.loss.01024");
    refused([](Json& d) { d["loss"]["2048"][1][2] = nullptr; }, "$.loss.2048[1][2]");
    refused([](Json& d) { d["loss"]["2048"][1] = 7; }, "$.loss.2048[1]");
    refused([](Json& d) { d["density"]["4096"][0] = -0.01; }, "$.density.4096[0]");
    refused([](Json& d) { d["density"]["4096"].erase(0); }, "$.density.4096");
}

TEST(TablesFile, TruncatedAnywhereIsRefused) {
    const std::string text = sampleTables().dump();
    for (std::size_t bytes = 0; bytes < text.size(); ++bytes)
        fileErrorOf([&] { parseSearchTables(std::string_view(text).substr(0, bytes), "cut.json"); });
}

TEST(TablesFile, NanAndInfinityAreNoNumbers) {
    for (const char* bad : {"NaN", "Infinity", "-Infinity", "1e999", "nan"}) {
        std::string text = sampleTables().dump();
        text.replace(text.find("0.0625"), 6, bad);
        fileErrorOf([&] { parseSearchTables(text, "t.json"); });
    }
}

TEST(TablesFile, DeepNestingIsRefused) {
    fileErrorOf([] { parseSearchTables("{\"rules\": " + std::string(100'000, '['), "deep.json"); });
}

} // namespace
} // namespace moa
