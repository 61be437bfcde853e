// The raw material of the retrieval tasks: words for keys and facts, prose for filler.
// Files: resources/texts/words.txt (one word a line) and sqlite-docs.txt (one paragraph a line, blank line
// between pages).
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace moa {

/// Filler prose as words, so that a passage can start and end anywhere.
struct FillerWord {
    std::string text;
    bool startsParagraph = false;
    bool startsSentence = false; ///< a fact may be put in front of it
};

struct TaskTexts {
    std::vector<std::string> words;      ///< distinct, lower case letters only
    std::vector<FillerWord> filler;      ///< the whole document
    std::vector<std::size_t> paragraphs; ///< indices into `filler` where paragraphs start
};

/// Reads `folder`/words.txt and `folder`/sqlite-docs.txt.
/// @throws FileError when one is missing or unreadable, holds fewer than 64 words or no prose, or a line of
/// words.txt is not one lower-case ASCII word.
TaskTexts loadTaskTexts(const std::string& folder);

} // namespace moa
