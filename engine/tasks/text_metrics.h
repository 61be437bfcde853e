// How much of a right answer a written text holds, by the definitions that long-context suites use.
// Sources: SQuAD v1.1 evaluation script (normalisation, exact, f1); RULER string match (contains); Lin 2004, ROUGE-L
// F-measure with β = 1, words of letters and digits, no stemming (rouge-l).
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace moa {

enum class Metric {
    Answer,   ///< every token of the answer is the greedy choice; needs no free-running text
    Contains, ///< an answer occurs in the text, letter case aside
    Exact,    ///< equal after lower case, without punctuation, articles and extra space
    F1,       ///< harmonic mean of precision and recall of the words left by that normalisation
    RougeL    ///< the same of the longest common subsequence of words
};

/// "contains", "exact", "f1", "rouge-l"; nothing for another name.
std::optional<Metric> metricNamed(std::string_view name);
/// Their names; "answer" for Metric::Answer.
std::string nameOf(Metric metric);

/// In [0, 1], the best over `answers`. Bytes beyond ASCII are kept as they are. Metric::Answer counts as Exact here.
double scoreText(Metric metric, std::string_view produced, std::span<const std::string> answers);

} // namespace moa
