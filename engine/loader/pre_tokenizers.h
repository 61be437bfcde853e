// Pre-tokenizers of tokenizer.json: how a text is cut into words before merging.
// Supported: Sequence, ByteLevel, Split, Digits, Metaspace. Others are refused by name.
#pragma once

#include "engine/loader/json_reader.h"
#include "engine/loader/piece.h"
#include "engine/loader/regex.h"

#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace moa {

/// What becomes of the matches of a splitting pattern.
enum class SplitBehavior { Isolated, Removed, MergedWithPrevious, MergedWithNext, Contiguous };

/// Parts of a text to keep, in order, none empty.
/// @param invert  treat what lies between the matches as the matches
std::vector<Span> splitSpans(std::string_view text, const Regex& pattern, SplitBehavior behavior,
                             bool invert);

struct SplitStep {
    Regex pattern;
    SplitBehavior behavior = SplitBehavior::Isolated;
    bool invert = false;
};

/// Optional leading space, optional GPT-2 splitting, then bytes as characters.
struct ByteLevelStep {
    bool addPrefixSpace = false;
    std::optional<Regex> words;
};

/// Spaces become a visible character, which begins the words.
struct MetaspaceStep {
    enum class Prepend { Never, First, Always };
    std::string replacement;
    Prepend prepend = Prepend::Always;
    std::optional<Regex> words; ///< matches the replacement; unset: no splitting
};

/// "prepend_scheme" or the older "add_prefix_space" of a Metaspace.
MetaspaceStep::Prepend readPrependScheme(const JsonView& json);

class PreTokenizer {
public:
    PreTokenizer() = default;
    /// Reads "pre_tokenizer". Throws FileError for an unknown or damaged one.
    explicit PreTokenizer(const JsonView& json) { read(json); }
    /// Splits all pieces that are no tokens.
    Pieces apply(Pieces pieces) const;

private:
    void read(const JsonView& json);

    std::vector<std::variant<SplitStep, ByteLevelStep, MetaspaceStep>> m_steps;
};

} // namespace moa
