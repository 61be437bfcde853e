// How an answer counts: right when the whole of it matches. And how sure a share of right answers is.
#pragma once

#include <span>
#include <string_view>

namespace moa {

/// True when `produced` is `expected`, white space around either aside. For free-running text.
bool answerMatches(std::string_view expected, std::string_view produced);

/// True when the greedy choice at every position of the answer is the answer's own token. For teacher
/// forcing: `predicted[i]` is the argmax of the logits that decide `expected[i]`. Empty never matches.
bool answerMatches(std::span<const int> expected, std::span<const int> predicted);

struct Interval {
    double low = 0, high = 1;
};

/// Right answers out of those asked, of one task, length and plan.
struct Score {
    int asked = 0;
    int right = 0;

    void add(bool isRight) { ++asked, right += isRight; }
    /// Share of right answers; 0 when nothing was asked.
    double accuracy() const { return asked ? double(right) / asked : 0; }
    /// 95% Wilson score interval of the accuracy; [0, 1] when nothing was asked.
    Interval interval95() const;
};

} // namespace moa
