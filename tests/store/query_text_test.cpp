// The query language: what a text means, where it is wrong, and what would be right.
#include "store/query/query_text.h"

#include <gtest/gtest.h>

#include <random>

namespace moa {
namespace {

TimePoint at(const char* iso) {
    return *parseIsoTime(iso);
}

const QueryClock kClock{at("2026-03-15T10:30:00Z"), std::chrono::minutes(60)};

QueryTerm only(const std::string& text) {
    const Query query = parseQuery(text, kClock);
    EXPECT_FALSE(query.problem) << text << ": " << query.problem->message;
    EXPECT_EQ(query.terms.size(), 1u) << text;
    return query.terms.empty() ? QueryTerm{} : query.terms.front();
}

TEST(QueryText, TermsOfEveryKind) {
    const Query query = parseQuery(
        "kl>0.05 plan:balanced after:2026-01-01 -command:demo tag:x \"free \"\"text\"\"\" word", kClock);
    ASSERT_FALSE(query.problem);
    ASSERT_EQ(query.terms.size(), 7u);
    EXPECT_EQ(query.terms[0].field, QueryField::Measure);
    EXPECT_EQ(query.terms[0].name, "kl");
    EXPECT_EQ(query.terms[0].op, QueryOp::Greater);
    EXPECT_EQ(query.terms[0].number, 0.05);
    EXPECT_EQ(query.terms[1].values, std::vector<std::string>{"balanced"});
    EXPECT_FALSE(query.terms[1].exact);
    EXPECT_EQ(query.terms[2].time.from, at("2025-12-31T23:00:00Z"))
        << "midnight where the clock is an hour ahead";
    EXPECT_TRUE(query.terms[3].negated);
    EXPECT_EQ(query.terms[5].values.front(), "free \"text\"");
    EXPECT_TRUE(query.terms[5].exact);
    EXPECT_EQ(query.terms[6].field, QueryField::Text);
    EXPECT_TRUE(parseQuery("  \t ").terms.empty());
    EXPECT_EQ(only("command:compare,\"a b\",x").values, (std::vector<std::string>{"compare", "a b", "x"}));
    EXPECT_EQ(only("#412").field, QueryField::Run);
    EXPECT_EQ(only("KL<=5%").number, 0.05);
    EXPECT_EQ(only("n>=32k").number, 32768);
    EXPECT_EQ(only("kl:0.25").field, QueryField::Measure) << "a number makes it one";
    EXPECT_EQ(only("o'brien;--").values.front(), "o'brien;--");
}

TEST(QueryText, Times) {
    const auto span = [](const char* text) { return parseTime(text, kClock).value_or(TimeSpan{}); };
    EXPECT_EQ(span("2026-03").to, at("2026-03-31T23:00:00Z"));
    EXPECT_EQ(span("2026").from, at("2025-12-31T23:00:00Z"));
    EXPECT_EQ(span("2024-02-29").to, at("2024-02-29T23:00:00Z"));
    EXPECT_EQ(span("today").from, at("2026-03-14T23:00:00Z"));
    EXPECT_EQ(span("yesterday").to, span("today").from);
    EXPECT_EQ(span("7d").from, at("2026-03-08T10:30:00Z"));
    EXPECT_EQ(span("2026-03-01T08:15").from, at("2026-03-01T07:15:00Z"));
    for (const char* wrong : {"", "26", "2026-13", "2026-02-30", "2026-1-1", "tomorrow", "7", "-7d",
                              "9999999d", "2026-01-01x", "2026-01-01T24:00", "7dd"})
        EXPECT_FALSE(parseTime(wrong, kClock)) << wrong;
}

TEST(QueryText, ProblemsNameTheirPlaceAndARemedy) {
    const auto problem = [](const std::string& text) {
        const Query query = parseQuery(text, kClock);
        EXPECT_TRUE(query.problem) << text;
        const QueryProblem p = query.problem.value_or(QueryProblem{});
        EXPECT_LE(p.begin, p.end) << text;
        EXPECT_LE(p.end, text.size()) << text;
        EXPECT_FALSE(p.message.empty() || p.remedy.empty()) << text;
        return p;
    };
    EXPECT_EQ(problem("a b \"c").begin, 4u);
    EXPECT_EQ(problem("plan:x colour:red").begin, 7u);
    EXPECT_NE(problem("comand:x").remedy.find("command:compare"), std::string::npos);
    EXPECT_NE(problem("before:soon").remedy.find("2026-01-31"), std::string::npos);
    EXPECT_EQ(problem("before:soon").message, "soon is no date");
    for (const char* wrong : {"kl>", "kl>x", "plan>3", "tag:", "tag:a,", "\"\"", "run:x", "has:legs",
                              "seed:-1", "density<1e999", "tag:\"x", "http://x", "kl>nan", "kl>inf"})
        problem(wrong);
    EXPECT_EQ(parseQuery("tag:a kl>x tag:b", kClock).terms.size(), 1u) << "what came before stays";
    problem(std::string(100'000, 'x'));
}

TEST(QueryText, ExactTermsComeBack) {
    for (const std::string value :
         {"moa-tiny", "a b", "say \"hi\"", "a,b", "'; DROP TABLE runs; --", "日本"}) {
        const QueryTerm term = only(exactTerm("model", value));
        EXPECT_EQ(term.values.front(), value);
        EXPECT_TRUE(term.exact);
    }
}

TEST(QueryText, NoiseNeverThrowsAndStaysInsideTheText) {
    std::mt19937 random(7);
    using namespace std::string_literals;
    const std::string alphabet = "ab:<>=\"-,#%. \t\n'\\(){}*^\0\xff\xc3k7"s; // its NUL included
    for (int round = 0; round < 5000; ++round) {
        std::string text;
        for (std::size_t i = random() % 24; i > 0; --i) text += alphabet[random() % alphabet.size()];
        const Query query = parseQuery(text, kClock);
        for (const QueryTerm& term : query.terms) {
            EXPECT_FALSE(term.values.empty());
            EXPECT_LE(term.end, text.size());
        }
        if (query.problem) {
            EXPECT_LE(query.problem->end, text.size()) << text;
        }
    }
}

} // namespace
} // namespace moa
