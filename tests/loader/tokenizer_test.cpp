// The tokenizer beyond the golden texts: round trips, pieces, speed on long text, threads.
#include "engine/loader/tokenizer.h"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <thread>

namespace moa {
namespace {

const std::filesystem::path kRoot = MOA_SOURCE_DIR;

const Tokenizer& tiny() {
    static const Tokenizer tokenizer =
        Tokenizer::fromFile(kRoot / "resources/models/moa-tiny/tokenizer.json");
    return tokenizer;
}

std::string docs() {
    std::ifstream file(kRoot / "resources/texts/sqlite-docs.txt", std::ios::binary);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}

double secondsOf(const std::function<void()>& work) {
    const auto start = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

TEST(Tokenizer, roundTripsLongText) {
    const std::string text = docs();
    EXPECT_EQ(tiny().decode(tiny().encode(text)), text);
}

TEST(Tokenizer, piecesJoinToTheBytes) {
    const std::string text = "Größe 日本 👩‍👩‍👧‍👦 e\u0301 <|im_start|>x\n";
    std::string joined;
    for (int id : tiny().encode(text)) joined += tiny().piece(id);
    EXPECT_EQ(joined, text);
    EXPECT_EQ(tiny().piece(-1), "");
    EXPECT_EQ(tiny().piece(1 << 20), "");
}

TEST(Tokenizer, sentencePiecePiecesAreBytesToo) {
    const Tokenizer t = Tokenizer::fromFile(kRoot / "tests/loader/data/llama2_legacy.json");
    std::string joined;
    for (int id : t.encode("a b\n\u2603", true, false)) joined += t.piece(id);
    EXPECT_EQ(joined, " a b\n\u2603");
}

TEST(Tokenizer, knowsItsTokens) {
    EXPECT_EQ(tiny().vocabSize(), 2048);
    EXPECT_EQ(tiny().tokenId("<|im_end|>"), 2);
    EXPECT_EQ(tiny().token(2), "<|im_end|>");
    EXPECT_TRUE(tiny().isSpecial(2));
    EXPECT_FALSE(tiny().isSpecial(100));
    EXPECT_EQ(tiny().tokenId("no such token"), std::nullopt);
    EXPECT_EQ(tiny().token(2048), std::nullopt);
}

TEST(Tokenizer, idsWithoutTokenAreLeftOut) {
    std::vector<int> ids = tiny().encode("hello");
    ids.push_back(999999);
    ids.push_back(-5);
    EXPECT_EQ(tiny().decode(ids), "hello");
}

TEST(Tokenizer, longTextTakesLinearTime) {
    std::string text = docs();
    while (text.size() < (1u << 20)) text += text;
    const std::string word(1u << 20, 'a'); // one word, nothing to cache
    const std::string spaces(1u << 20, ' ');
    EXPECT_LT(secondsOf([&] { tiny().encode(text); }), 20.0);
    EXPECT_LT(secondsOf([&] { tiny().encode(word); }), 20.0);
    EXPECT_LT(secondsOf([&] { tiny().encode(spaces); }), 20.0);
}

TEST(Tokenizer, threadsShareOne) {
    const std::string text = docs().substr(0, 20000);
    const std::vector<int> expected = tiny().encode(text);
    std::vector<std::vector<int>> results(4);
    {
        std::vector<std::jthread> threads;
        for (auto& result : results) threads.emplace_back([&result, &text] { result = tiny().encode(text); });
    }
    for (const auto& result : results) EXPECT_EQ(result, expected);
}

} // namespace
} // namespace moa
