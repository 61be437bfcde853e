// Ids and texts of tokenizers inside GGUF files: SentencePiece vocabularies against `sentencepiece`, byte-level ones
// against `tokenizers`. Golden file and script: tests/loader/data/golden_gguf_tokenizer.json, tests/reference/gguf_golden.py.
#include "engine/core/error.h"
#include "engine/loader/gguf_tokenizer.h"
#include "engine/loader/json_reader.h"
#include "engine/loader/sentencepiece_tokenizer.h"
#include "tests/loader/hex.h"
#include "tests/loader/temporary_model.h"

#include <gtest/gtest.h>

namespace moa {
namespace {

using test::fromHex;

const std::filesystem::path kData = std::filesystem::path(MOA_SOURCE_DIR) / "tests/loader/data";

Json goldenRows(const char* name) {
    return readJsonFile(kData / "golden_gguf_tokenizer.json", 64u << 20).at(name);
}

TEST(GgufTokenizer, SentencePieceVocabulariesEncodeAsTheLibrary) {
    const Tokenizer tokenizer = readGgufTokenizer(GgufFile(kData / "sentencepiece.gguf"));
    const Json rows = goldenRows("sentencepiece");
    ASSERT_GE(rows.size(), 200u);
    for (const Json& row : rows) {
        const std::string text = fromHex(row.at("hex"));
        SCOPED_TRACE(Json(text).dump(-1, ' ', true, Json::error_handler_t::replace));
        EXPECT_EQ(tokenizer.encode(text, false, false), row.at("ids").get<std::vector<int>>());
    }
    EXPECT_EQ(tokenizer.encode("a", true, true).front(), 1); // <s>, which files of this kind begin with
    EXPECT_EQ(tokenizer.decode(tokenizer.encode("Größe  日本 x\n", false, false)), "Größe  日本 x\n");
}

TEST(GgufTokenizer, ByteLevelVocabulariesEncodeAsTheLibrary) {
    const Tokenizer tokenizer = readGgufTokenizer(GgufFile(kData / "tiny.gguf"));
    for (const Json& row : goldenRows("tiny")) {
        const std::string text = fromHex(row.at("hex"));
        const auto ids = row.at("ids").get<std::vector<int>>();
        SCOPED_TRACE(Json(text).dump(-1, ' ', true, Json::error_handler_t::replace));
        EXPECT_EQ(tokenizer.encode(text, true, true), ids);
        EXPECT_EQ(tokenizer.encode(text, false, false), row.value("plain", ids));
        if (row.contains("text")) {
            EXPECT_EQ(tokenizer.decode(ids), row.at("text").get<std::string>());
        }
    }
}

TEST(SentencePieceFolders, EncodeAsTheLibraryWithTokensAdded) {
    for (const char* name : {"sentencepiece", "unigram"}) {
        const Tokenizer tokenizer = readSentencePieceTokenizer(kData / name);
        for (const Json& row : goldenRows(name)) {
            const std::string text = fromHex(row.at("hex"));
            EXPECT_EQ(tokenizer.encode(text, false, false), row.at("ids").get<std::vector<int>>()) << row.at("hex");
            EXPECT_EQ(tokenizer.decode(tokenizer.encode(text, false, false)), row.at("text").get<std::string>()) << row.at("hex");
        }
    }
    const TemporaryFolder folder;
    folder.write("tokenizer.model", readTextFile(kData / "sentencepiece/tokenizer.model", 1 << 20));
    folder.write("added_tokens.json", R"({"<|user|>": 900})");
    folder.write("tokenizer_config.json", R"({"add_eos_token": true, "added_tokens_decoder": {"901": {"content": "<|end|>",
        "special": true, "normalized": false}}})");
    const Tokenizer tokenizer = readSentencePieceTokenizer(folder.path());
    EXPECT_EQ(tokenizer.encode("<|user|><|end|>"), (std::vector<int>{1, 900, 901, 2}));
    EXPECT_EQ(tokenizer.vocabSize(), 902);
    EXPECT_TRUE(tokenizer.isSpecial(901));
    folder.write("added_tokens.json", R"({"<|user|>": "x"})");
    EXPECT_THROW(readSentencePieceTokenizer(folder.path()), FileError);
    folder.write("tokenizer.model", "no model");
    EXPECT_THROW(readSentencePieceTokenizer(folder.path()), FileError);
}

TEST(GgufTokenizer, NeedsAVocabulary) {
    EXPECT_THROW(readGgufTokenizer(GgufFile(kData / "quant_blocks.gguf")), FileError);
}

} // namespace
} // namespace moa
