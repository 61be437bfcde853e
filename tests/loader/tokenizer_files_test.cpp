// Damaged and unsupported tokenizer.json files are refused by name; patterns mean what Oniguruma means.
#include "engine/core/error.h"
#include "engine/loader/regex.h"
#include "engine/loader/tokenizer.h"
#include "engine/loader/utf8.h"
#include "tests/loader/temporary_model.h"

#include <gtest/gtest.h>

namespace moa {
namespace {

/// A tokenizer of the letters a, b and ab with these keys set (null removes): a JSON merge patch.
std::string letters(const std::string& changes = "{}") {
    Json json =
        Json::parse(R"({"model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": ["a b"]}})");
    json.merge_patch(Json::parse(changes));
    return json.dump();
}

std::string refused(const std::string& text) {
    try {
        Tokenizer::fromJson(text, "t.json");
    } catch (const FileError& error) {
        EXPECT_TRUE(std::string(error.what()).starts_with("t.json: ")) << error.what();
        EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos) << error.what();
        return error.what();
    }
    return "accepted";
}

/// Changes of letters(), and what the error must name. Text, because tables of Json values compile slowly.
struct BadTokenizer {
    const char* changes;
    const char* named;
};

// clang-format off
constexpr BadTokenizer kBad[] = {
    {R"({"model": null})", "\"model\""},
    {R"({"model": 3})", "model: expected an object, found a number"},
    {R"({"model": {"type": "Unigram"}})", "Unigram"},
    {R"({"model": {"type": 1}})", "model.type"},
    {R"({"model": {"vocab": []}})", "model.vocab"},
    {R"({"model": {"vocab": {"a": "0"}}})", "model.vocab.\"a\""},
    {R"({"model": {"vocab": {"a": -1}}})", "model.vocab.\"a\""},
    {R"({"model": {"vocab": {"a": 1.5}}})", "model.vocab.\"a\""},
    {R"({"model": {"vocab": {"a": 99999999999}}})", "model.vocab.\"a\""},
    {R"({"model": {"vocab": {"a": 1}}})", "the id of"},
    {R"({"model": {"merges": 3}})", "model.merges"},
    {R"({"model": {"merges": ["ab"]}})", "model.merges[0]"},
    {R"({"model": {"merges": ["a b", "a b c"]}})", "model.merges[1]"},
    {R"({"model": {"merges": [["a"]]}})", "model.merges[0]"},
    {R"({"model": {"merges": [["a", 3]]}})", "model.merges[0]"},
    {R"({"model": {"merges": ["a c"]}})", "\"c\""},
    {R"({"model": {"merges": ["b a"]}})", "\"ba\""},
    {R"({"model": {"unk_token": "<unk>"}})", "model.unk_token"},
    {R"({"model": {"dropout": 0.1}})", "model.dropout"},
    {R"({"model": {"end_of_word_suffix": "</w>"}})", "model.end_of_word_suffix"},
    {R"({"model": {"byte_fallback": 1}})", "model.byte_fallback"},
    {R"({"added_tokens": 3})", "added_tokens"},
    {R"({"added_tokens": [3]})", "added_tokens[0]"},
    {R"({"added_tokens": [{"id": 3}]})", "\"content\""},
    {R"({"added_tokens": [{"content": "x"}]})", "\"id\""},
    {R"({"added_tokens": [{"content": "x", "id": -1}]})", "added_tokens[0].id"},
    {R"({"added_tokens": [{"content": "x", "id": 3, "special": "no"}]})", "added_tokens[0].special"},
    {R"({"added_tokens": [{"content": "x", "id": 3}, {"content": "y", "id": 3}]})", "added_tokens[1]"},
    {R"({"normalizer": "NFC"})", "normalizer"},
    {R"({"normalizer": {"type": "BertNormalizer"}})", "BertNormalizer"},
    {R"({"normalizer": {"content": "x", "type": "Replace"}})", "pattern"},
    {R"({"normalizer": {"normalizers": [{"type": "Nmt"}], "type": "Sequence"}})", "normalizer.normalizers[0]"},
    {R"({"pre_tokenizer": {"type": "Whitespace"}})", "Whitespace"},
    {R"({"pre_tokenizer": {"type": "ByteLevel"}})", "add_prefix_space"},
    {R"({"pre_tokenizer": {"type": "Sequence"}})", "pretokenizers"},
    {R"({"pre_tokenizer": {"behavior": "Isolated", "invert": false, "pattern": {"Regex": "("}, "type": "Split"}})", "pre_tokenizer.pattern"},
    {R"({"pre_tokenizer": {"behavior": "Isolated", "invert": false, "pattern": {}, "type": "Split"}})", "pre_tokenizer.pattern"},
    {R"({"pre_tokenizer": {"behavior": "Gone", "invert": false, "pattern": {"String": " "}, "type": "Split"}})", "Gone"},
    {R"({"pre_tokenizer": {"replacement": "", "type": "Metaspace"}})", "replacement"},
    {R"({"pre_tokenizer": {"prepend_scheme": "often", "replacement": "_", "type": "Metaspace"}})", "often"},
    {R"({"post_processor": {"type": "BertProcessing"}})", "BertProcessing"},
    {R"({"post_processor": {"single": [], "type": "TemplateProcessing"}})", "single"},
    {R"({"post_processor": {"single": [{"SpecialToken": {"id": "<s>"}}], "special_tokens": 3, "type": "TemplateProcessing"}})", "special_tokens"},
    {R"({"post_processor": {"single": [{"SpecialToken": {"id": "s"}}, {"Sequence": {"id": "A"}}], "special_tokens": {"s": {"ids": [77]}}, "type": "TemplateProcessing"}})", "found 77"},
    {R"({"decoder": {"type": "WordPiece"}})", "WordPiece"},
    {R"({"decoder": {"content": " ", "start": -1, "stop": 0, "type": "Strip"}})", "decoder.start"},
    {R"({"decoder": []})", "decoder"},
};
// clang-format on

TEST(TokenizerFiles, damageIsNamed) {
    EXPECT_EQ(refused(letters()), "accepted");
    for (const BadTokenizer& bad : kBad) {
        const std::string error = refused(letters(bad.changes));
        EXPECT_NE(error.find(bad.named), std::string::npos) << bad.changes << ": " << error;
    }
    for (const std::string& text :
         {std::string(), std::string("null"), std::string("[]"), std::string("{}"),
          std::string("{\"model\":"), std::string(1000, '{'), std::string(1000, '['),
          std::string("\xef\xbb\xbf"), std::string(3, '\0')})
        EXPECT_NE(refused(text), "accepted") << text.substr(0, 20);
    EXPECT_THROW(Tokenizer::fromFile("/nowhere/tokenizer.json"), FileError);
}

TEST(TokenizerFiles, everyTruncationIsRefused) {
    const std::string whole = letters(R"({"added_tokens": [{"content": "x", "id": 3}]})");
    for (std::size_t n = 0; n < whole.size(); ++n) ASSERT_NE(refused(whole.substr(0, n)), "accepted") << n;
}

TEST(TokenizerFiles, endlessPatternsEnd) {
    const Tokenizer tokenizer = Tokenizer::fromJson(letters(R"({"pre_tokenizer": {"type": "Split",
        "pattern": {"Regex": "(a+)+$"}, "behavior": "Isolated", "invert": false}})"),
                                                    "t.json");
    EXPECT_EQ(tokenizer.encode("aa"), (std::vector<int>{0, 0}));
    EXPECT_THROW(tokenizer.encode(std::string(100, 'a') + "b"), FileError);
}

TEST(TokenizerFiles, unknownCharactersFollowTheOptions) {
    const auto encode = [](const std::string& changes, std::string_view text) {
        return Tokenizer::fromJson(letters(changes), "t.json").encode(text);
    };
    const std::string vocab = R"({"model": {"vocab": {"?": 3, "<0xC3>": 4, "<0xA9>": 5}, "unk_token": "?")";
    EXPECT_EQ(encode("{}", "axb"), (std::vector<int>{2})); // left out, as the library does
    EXPECT_EQ(encode(vocab + "}}", "axxb"), (std::vector<int>{0, 3, 3, 1}));
    EXPECT_EQ(encode(vocab + R"(, "fuse_unk": true}})", "axxb"), (std::vector<int>{0, 3, 1}));
    EXPECT_EQ(encode(vocab + R"(, "byte_fallback": true}})", "aéx"), (std::vector<int>{0, 4, 5, 3}));
}

struct PatternCase {
    const char* pattern;
    std::string text;
    std::vector<Span> spans;
};

TEST(Regex, meansWhatOnigurumaMeans) {
    const std::vector<PatternCase> cases{
        {R"(\s)", "\u180e \u200b\u0085", {{3, 4}, {7, 9}}},
        {R"([\s]+)", "\x1c\u3000 ", {{1, 5}}},
        {R"([^\s]+)", " \u180e\u00a0", {{1, 4}}},
        {R"([\S]+)", " x\u180e ", {{1, 5}}},
        {R"(\S+)", " x\u3000y", {{1, 2}, {5, 6}}},
        {R"(\w+)", "a\u0301_1 \u203f!²", {{0, 5}, {6, 9}}},
        {R"(\W)", "a b", {{1, 2}}},
        {R"(\h+)", "xFf0g", {{1, 4}}},
        {R"(\bx\b)", "x xx \u0301x", {{0, 1}}},
        {R"(\Bx)", "x xx", {{3, 4}}},
        {R"(^a$)", "a\nb\na", {{0, 1}, {4, 5}}},
        {R"(.)", "a\nb", {{0, 1}, {2, 3}}},
        {R"((?m:.)+)", "a\nb", {{0, 3}}},
        {R"(x{,2})", "xxx", {{0, 2}, {2, 3}}},
        {R"(a{b})", "a{b}", {{0, 4}}},
        {R"([\p{Han}]+)", "日本ー", {{0, 6}}},
        {R"(\p{^Han}+)", "日a", {{3, 4}}},
        {R"((?i:'s))", "'S'ſ", {{0, 2}, {2, 5}}},
        {R"(\u0041)", "A", {{0, 1}}},
        {R"([[:alpha:]]+)", "aé1", {{0, 3}}},
        {R"(a*)", "baac", {{0, 0}, {1, 3}, {4, 4}}},
        {R"()", "é", {{0, 0}, {2, 2}}},
        {R"(\é)", "é", {{0, 2}}},
    };
    for (const PatternCase& c : cases)
        EXPECT_EQ(Regex(c.pattern, {"f", "w"}).findAll(c.text), c.spans) << c.pattern;
    EXPECT_EQ(Regex::literal("a.[x] \\d", {"f", "w"}).findAll("a.[x] \\d"), (std::vector<Span>{{0, 8}}));
}

TEST(Regex, refusesWhatWouldMeanSomethingElse) {
    for (const char* pattern :
         {"[a&&b]", "[a[b]]", "[]a]",  "[a",        "\\",     "(*UTF)a",  "(?R)", "(?|a)",   "(?P<n>a)",
          "a(?i)b", "(?C1)",  "\\K",   "\\Qa\\E",   "\\k<n>", "\\pL",     "\\uX", "a{1,2}+", "[\\W]",
          "(",      ")",      "a**b(", "\\p{Nope}", "(?<n",   "[[:alpha", "\\Ca"})
        EXPECT_THROW(Regex(pattern, {"f", "w"}), FileError) << pattern;
    EXPECT_THROW(Regex(std::string(100000, 'a'), {"f", "w"}), FileError);
}

TEST(Utf8, repairsAsDecodersDo) {
    const std::string r = "\uFFFD";
    const std::vector<std::pair<std::string, std::string>> cases{{"", ""},
                                                                 {"aé日😀", "aé日😀"},
                                                                 {"\xff", r},
                                                                 {"a\x80z", "a" + r + "z"},
                                                                 {"\xe2\x82", r},
                                                                 {"\xe2\x82z", r + "z"},
                                                                 {"\xed\xa0\x80", r + r + r},
                                                                 {"\xf0\x9f\x98\xf0", r + r},
                                                                 {"\xf4\x90\x80\x80", r + r + r + r},
                                                                 {"\xc0\xaf", r + r}};
    for (const auto& [bytes, expected] : cases) {
        EXPECT_EQ(toValidUtf8(bytes), expected);
        EXPECT_TRUE(isValidUtf8(toValidUtf8(bytes)));
        EXPECT_EQ(isValidUtf8(bytes), bytes == expected);
    }
}

} // namespace
} // namespace moa
