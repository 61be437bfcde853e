// Ids and texts equal to the `tokenizers` library on hard text. Golden file and script:
// tests/loader/data/golden_tokenizer.json, tests/reference/tokenizer_golden.py.
#include "engine/loader/json_reader.h"
#include "engine/loader/tokenizer.h"
#include "tests/loader/hex.h"

#include <gtest/gtest.h>

#include <filesystem>

namespace moa {
namespace {

using test::fromHex;

const std::filesystem::path kRoot = MOA_SOURCE_DIR;

/// The text as the library saw it: decoded with replacement.
std::string repaired(const std::string& bytes) {
    // nlohmann's writer replaces broken sequences the same way; reading back gives the text.
    return Json::parse(Json(bytes).dump(-1, ' ', false, Json::error_handler_t::replace)).get<std::string>();
}

class GoldenTokenizer : public testing::TestWithParam<const char*> {};

TEST_P(GoldenTokenizer, equalsTheLibrary) {
    const Json golden = readJsonFile(kRoot / "tests/loader/data/golden_tokenizer.json", 64u << 20);
    const Json& entry = golden.at(GetParam());
    const Tokenizer tokenizer = Tokenizer::fromFile(kRoot / entry.at("file").get<std::string>());
    ASSERT_GE(entry.at("cases").size(), 150u);
    for (const Json& row : entry.at("cases")) {
        const std::string text = fromHex(row.at("hex"));
        const auto ids = row.at("ids").get<std::vector<int>>();
        const auto full = row.value("full", ids), plain = row.value("plain", ids);
        SCOPED_TRACE(Json(text).dump(-1, ' ', true, Json::error_handler_t::replace));
        EXPECT_EQ(tokenizer.encode(text, true, false), ids);
        EXPECT_EQ(tokenizer.encode(text, true, true), full);
        EXPECT_EQ(tokenizer.encode(text, false, false), plain);
        EXPECT_EQ(tokenizer.decode(ids), row.value("text", repaired(text)));
        EXPECT_EQ(tokenizer.decode(full, true), row.value("skip", repaired(text)));
    }
}

INSTANTIATE_TEST_SUITE_P(All, GoldenTokenizer,
                         testing::Values("moa-tiny", "byte_level_gpt2", "prefixed_digits", "llama3", "gpt4o",
                                         "split_behaviours", "llama2_legacy", "llama2_metaspace", "qwen2", "lower_nfkc", "decomposed"));

} // namespace
} // namespace moa
