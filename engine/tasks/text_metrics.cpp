#include "engine/tasks/text_metrics.h"

#include <algorithm>
#include <map>

namespace moa {

namespace {

constexpr std::string_view kPunctuation = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";
constexpr std::string_view kSpace = " \t\n\r\f\v";

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string lowered(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(), lower);
    return out;
}

/// Words between what `separates`.
template <class Predicate>
std::vector<std::string> split(std::string_view text, Predicate separates) {
    std::vector<std::string> words;
    std::string word;
    for (const char c : text) {
        if (!separates(c)) {
            word += c;
        } else if (!word.empty()) {
            words.push_back(std::move(word));
            word.clear();
        }
    }
    if (!word.empty()) words.push_back(std::move(word));
    return words;
}

/// SQuAD: lower case, no punctuation, no articles, single spaces; as words.
std::vector<std::string> squadWords(std::string_view text) {
    std::string kept;
    for (const char c : lowered(text))
        if (kPunctuation.find(c) == std::string_view::npos) kept += c;
    std::vector<std::string> words = split(kept, [](char c) { return kSpace.find(c) != std::string_view::npos; });
    std::erase_if(words, [](const std::string& w) { return w == "a" || w == "an" || w == "the"; });
    return words;
}

std::vector<std::string> rougeWords(std::string_view text) {
    return split(lowered(text), [](char c) { return !((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')); });
}

double harmonic(double common, double produced, double expected) {
    return common > 0 ? 2 * common / (produced + expected) : 0;
}

double wordF1(const std::vector<std::string>& produced, const std::vector<std::string>& expected) {
    if (produced.empty() || expected.empty()) return produced.empty() && expected.empty();
    std::map<std::string, int> left;
    for (const std::string& word : expected) ++left[word];
    int common = 0;
    for (const std::string& word : produced)
        if (const auto at = left.find(word); at != left.end() && at->second-- > 0) ++common;
    return harmonic(common, double(produced.size()), double(expected.size()));
}

double rougeL(const std::vector<std::string>& produced, const std::vector<std::string>& expected) {
    std::vector<int> longest(expected.size() + 1); // of the produced words so far and a prefix of the expected ones
    for (const std::string& word : produced) {
        int diagonal = 0;
        for (std::size_t j = 1; j <= expected.size(); ++j) {
            const int above = longest[j];
            longest[j] = word == expected[j - 1] ? diagonal + 1 : std::max(above, longest[j - 1]);
            diagonal = above;
        }
    }
    return harmonic(longest.back(), double(produced.size()), double(expected.size()));
}

double scoreOne(Metric metric, std::string_view produced, const std::string& answer) {
    switch (metric) {
    case Metric::Contains: return lowered(produced).find(lowered(answer)) != std::string::npos;
    case Metric::F1: return wordF1(squadWords(produced), squadWords(answer));
    case Metric::RougeL: return rougeL(rougeWords(produced), rougeWords(answer));
    case Metric::Answer:
    case Metric::Exact: break;
    }
    return squadWords(produced) == squadWords(answer);
}

} // namespace

std::optional<Metric> metricNamed(std::string_view name) {
    for (const Metric metric : {Metric::Contains, Metric::Exact, Metric::F1, Metric::RougeL})
        if (nameOf(metric) == name) return metric;
    return std::nullopt;
}

std::string nameOf(Metric metric) {
    switch (metric) {
    case Metric::Contains: return "contains";
    case Metric::Exact: return "exact";
    case Metric::F1: return "f1";
    case Metric::RougeL: return "rouge-l";
    case Metric::Answer: break;
    }
    return "answer";
}

double scoreText(Metric metric, std::string_view produced, std::span<const std::string> answers) {
    double best = 0;
    for (const std::string& answer : answers) best = std::max(best, scoreOne(metric, produced, answer));
    return best;
}

} // namespace moa
