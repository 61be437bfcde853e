// Matching of a few typed letters against names: "wide l14" finds "Widen every head in layer 14". Each word
// of the query must be in the text, in any order; letters may be apart, starts of words and unbroken runs
// count more.
#pragma once

#include <QString>
#include <QStringView>

#include <cstdint>
#include <vector>

namespace moa {

/// A name made ready for many queries: lower case, with the starts of its words marked.
class FuzzyText {
public:
    /// `extra` is searched too, at a lower weight; its letters are not reported as matched.
    explicit FuzzyText(const QString& text = {}, const QString& extra = {});

private:
    friend class FuzzyQuery;
    struct Part {
        std::vector<char16_t> letters;
        std::vector<std::uint8_t> starts; ///< 1: a word starts here
        std::uint64_t present = 0;        ///< one bit a letter, to reject most names at once
    };
    static Part prepare(QStringView text);

    Part m_text, m_extra;
};

struct FuzzyMatch {
    int score = 0;              ///< higher is better; 0 for an empty query
    std::vector<int> positions; ///< matched letters of the text, ascending
};

class FuzzyQuery {
public:
    explicit FuzzyQuery(const QString& query = {});

    bool isEmpty() const { return m_words.empty(); }
    /// Whether every word matches; the score alone, without positions, when `match` is not wanted in full.
    bool match(const FuzzyText& text, FuzzyMatch& match, bool wantPositions = true) const;

private:
    struct Word {
        std::vector<char16_t> letters;
        std::uint64_t present;
    };
    /// Best score of the word in the part; a negative value: it is not in there.
    static int scoreOf(const Word& word, const FuzzyText::Part& part, std::vector<int>* positions);

    std::vector<Word> m_words;
};

} // namespace moa
