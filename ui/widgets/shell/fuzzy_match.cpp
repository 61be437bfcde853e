// A small dynamic programme per word and name: best placement of the word's letters in order.
#include "ui/widgets/shell/fuzzy_match.h"

#include <QStringList>

#include <algorithm>
#include <array>

namespace moa {
namespace {

constexpr int kLetter = 8, kWordStart = 20, kRun = 22, kFirst = 8, kGap = 1, kMostGap = 12,
              kLeastPerLetter = 12;
constexpr int kNone = -1'000'000;
constexpr std::size_t kMostLetters = 160; ///< of a name that are looked at; bounds the work and the stack

std::uint64_t bitOf(char16_t letter) {
    return std::uint64_t(1) << (letter % 64);
}

bool isLetter(char16_t c) {
    return QChar::isLetterOrNumber(c);
}

} // namespace

FuzzyText::FuzzyText(const QString& text, const QString& extra)
    : m_text(prepare(text)), m_extra(prepare(extra)) {}

FuzzyText::Part FuzzyText::prepare(QStringView text) {
    Part part;
    const std::size_t length = std::min<std::size_t>(std::size_t(text.size()), kMostLetters);
    part.letters.reserve(length);
    part.starts.reserve(length);
    for (std::size_t i = 0; i < length; ++i) {
        const QChar c = text[qsizetype(i)];
        const QChar before = i > 0 ? text[qsizetype(i - 1)] : QChar(u' ');
        const bool start =
            isLetter(c.unicode()) && (!isLetter(before.unicode()) || (c.isUpper() && before.isLower()) ||
                                      (c.isDigit() != before.isDigit()));
        part.letters.push_back(c.toLower().unicode());
        part.starts.push_back(start ? 1 : 0);
        part.present |= bitOf(part.letters.back());
    }
    return part;
}

FuzzyQuery::FuzzyQuery(const QString& query) {
    for (const QString& word : query.toLower().split(QLatin1Char(' '), Qt::SkipEmptyParts)) {
        Word made{{}, 0};
        for (const QChar c : word) {
            made.letters.push_back(c.unicode());
            made.present |= bitOf(c.unicode());
        }
        m_words.push_back(std::move(made));
    }
}

int FuzzyQuery::scoreOf(const Word& word, const FuzzyText::Part& part, std::vector<int>* positions) {
    const int n = int(part.letters.size()), m = int(word.letters.size());
    if (m > n || (word.present & ~part.present) != 0) return kNone;
    const char16_t *name = part.letters.data(), *wanted = word.letters.data();
    int found = 0;
    for (int j = 0; j < n && found < m; ++j) found += name[j] == wanted[found];
    if (found < m) return kNone;
    // best[j]: highest score with the present letter at place j of the name; previous[j]: with the letter
    // before it there. from[i · n + j]: where letter i − 1 was when letter i is at j.
    std::array<int, 2 * kMostLetters> room;
    int *previous = room.data(), *best = previous + kMostLetters;
    std::vector<int> from(positions ? std::size_t(n) * std::size_t(m) : 0, -1);
    for (int i = 0; i < m; ++i) {
        int running = kNone, runningAt = -1; // best of the places before j − 1, less what the gap costs
        for (int j = 0; j < n; ++j) {
            if (i > 0 && j >= 2) {
                if (previous[j - 2] > running) running = previous[j - 2], runningAt = j - 2;
                running -= kGap; // one more letter lies between
            }
            best[j] = kNone;
            if (name[j] != wanted[i]) continue;
            int came = kNone, cameFrom = -1;
            if (i == 0) {
                came = j == 0 ? kFirst : -kGap * (j < kMostGap ? j : kMostGap);
            } else if (j > 0) {
                if (previous[j - 1] > kNone / 2) came = previous[j - 1] + kRun, cameFrom = j - 1;
                if (running > kNone / 2 && running > came) came = running, cameFrom = runningAt;
            }
            if (came <= kNone / 2) continue;
            best[j] = came + kLetter + (part.starts[std::size_t(j)] ? kWordStart : 0);
            if (positions) from[std::size_t(i) * std::size_t(n) + std::size_t(j)] = cameFrom;
        }
        std::swap(previous, best);
    }
    const int* top = std::max_element(previous, previous + n);
    // Letters strewn over a whole sentence are no match that a person would see.
    if (*top <= kNone / 2 || (m >= 3 && *top < kLeastPerLetter * m)) return kNone;
    if (positions) {
        int at = int(top - previous);
        for (int i = m - 1; i >= 0 && at >= 0; --i) {
            positions->push_back(at);
            at = from[std::size_t(i) * std::size_t(n) + std::size_t(at)];
        }
    }
    return *top;
}

bool FuzzyQuery::match(const FuzzyText& text, FuzzyMatch& match, bool wantPositions) const {
    match.score = 0;
    match.positions.clear();
    for (const Word& word : m_words) {
        const int inText = scoreOf(word, text.m_text, wantPositions ? &match.positions : nullptr);
        if (inText > kNone) {
            match.score += 2 * inText;
            continue;
        }
        const int inExtra = scoreOf(word, text.m_extra, nullptr);
        if (inExtra <= kNone) return false;
        match.score += inExtra;
    }
    // Of equal matches the shorter name is the nearer one.
    if (!m_words.empty())
        match.score = match.score * 8 - int(std::min<std::size_t>(text.m_text.letters.size(), 80)) / 4;
    std::sort(match.positions.begin(), match.positions.end());
    match.positions.erase(std::unique(match.positions.begin(), match.positions.end()), match.positions.end());
    return true;
}

} // namespace moa
