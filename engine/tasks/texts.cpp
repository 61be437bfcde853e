// Reads the words and the prose of the retrieval tasks.
#include "engine/tasks/texts.h"

#include "engine/core/error.h"

#include <algorithm>
#include <fstream>
#include <unordered_set>

namespace moa {
namespace {

constexpr std::size_t kFewestWords = 64; // enough for keys that stay distinct in a short prompt

std::ifstream openText(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    if (!in || in.peek() == std::ifstream::traits_type::eof())
        throw FileError(path, "", "expected a readable, non-empty text file");
    return in;
}

bool isLowerWord(const std::string& word) {
    return !word.empty() &&
           std::all_of(word.begin(), word.end(), [](char c) { return c >= 'a' && c <= 'z'; });
}

std::vector<std::string> loadWords(const std::string& path) {
    std::ifstream in = openText(path);
    std::vector<std::string> words;
    std::unordered_set<std::string> seen;
    std::string line;
    for (std::size_t number = 1; std::getline(in, line); ++number) {
        if (!line.empty() && line.back() == '\r') line.pop_back();
        if (!isLowerWord(line))
            throw FileError(path, "line " + std::to_string(number), "expected one lower-case word of a to z");
        if (seen.insert(line).second) words.push_back(line);
    }
    if (words.size() < kFewestWords)
        throw FileError(path, "", "expected at least " + std::to_string(kFewestWords) + " distinct words");
    return words;
}

bool endsSentence(const std::string& word) {
    return word.back() == '.' || word.back() == '?' || word.back() == '!';
}

void appendParagraph(const std::string& line, TaskTexts& texts) {
    bool paragraphStart = true, sentenceStart = true;
    for (std::size_t at = 0; at < line.size();) {
        const std::size_t end = std::min(line.find(' ', at), line.size());
        if (end > at) {
            FillerWord word{line.substr(at, end - at), paragraphStart, sentenceStart};
            if (paragraphStart) texts.paragraphs.push_back(texts.filler.size());
            paragraphStart = false;
            sentenceStart = endsSentence(word.text);
            texts.filler.push_back(std::move(word));
        }
        at = end + 1;
    }
}

} // namespace

TaskTexts loadTaskTexts(const std::string& folder) {
    TaskTexts texts;
    texts.words = loadWords(folder + "/words.txt");
    const std::string prosePath = folder + "/sqlite-docs.txt";
    std::ifstream in = openText(prosePath);
    for (std::string line; std::getline(in, line);) {
        if (!line.empty() && line.back() == '\r') line.pop_back();
        appendParagraph(line, texts);
    }
    if (texts.filler.empty()) throw FileError(prosePath, "", "expected prose, one paragraph a line");
    return texts;
}

} // namespace moa
