// See pre_tokenizers.h.
#include "engine/loader/pre_tokenizers.h"

#include "engine/loader/byte_level.h"
#include "engine/loader/normalizers.h"

#include <algorithm>

namespace moa {

namespace {

constexpr std::string_view kGpt2Words =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

struct Part {
    Span span;
    bool match = false;
};

/// Matches and what lies between them, covering the text.
std::vector<Part> partsOf(std::string_view text, const Regex& pattern, bool invert) {
    std::vector<Part> parts;
    std::size_t done = 0;
    for (const Span& match : pattern.findAll(text)) {
        if (done < match.begin) parts.push_back({{done, match.begin}, invert});
        parts.push_back({match, !invert});
        done = match.end;
    }
    if (done < text.size()) parts.push_back({{done, text.size()}, invert});
    return parts;
}

/// Joins each match to the part before it, unless that is a match that was itself joined or stands alone.
std::vector<Span> mergedWithPrevious(const std::vector<Part>& parts) {
    std::vector<Span> spans;
    bool afterMatch = false;
    for (const Part& part : parts) {
        if (part.match && !afterMatch && !spans.empty())
            spans.back().end = part.span.end;
        else
            spans.push_back(part.span);
        afterMatch = part.match;
    }
    return spans;
}

std::vector<Span> mergedWithNext(const std::vector<Part>& parts) {
    std::vector<Span> spans; // from the end to the beginning
    bool beforeMatch = false;
    for (auto part = parts.rbegin(); part != parts.rend(); ++part) {
        if (part->match && !beforeMatch && !spans.empty())
            spans.back().begin = part->span.begin;
        else
            spans.push_back(part->span);
        beforeMatch = part->match;
    }
    std::reverse(spans.begin(), spans.end());
    return spans;
}

std::vector<Span> contiguous(const std::vector<Part>& parts) {
    std::vector<Span> spans;
    bool previous = false;
    for (const Part& part : parts) {
        if (part.match == previous && !spans.empty())
            spans.back().end = part.span.end;
        else
            spans.push_back(part.span);
        previous = part.match;
    }
    return spans;
}

void addSpans(const Piece& piece, const std::vector<Span>& spans, Pieces& out) {
    for (const Span& span : spans)
        out.push_back(
            {piece.text.substr(span.begin, span.end - span.begin), -1, piece.atStart && span.begin == 0});
}

void applyStep(const SplitStep& step, Piece piece, Pieces& out) {
    addSpans(piece, splitSpans(piece.text, step.pattern, step.behavior, step.invert), out);
}

void applyStep(const ByteLevelStep& step, Piece piece, Pieces& out) {
    if (step.addPrefixSpace && !piece.text.starts_with(' ')) piece.text = ' ' + piece.text;
    const std::size_t first = out.size();
    if (step.words)
        addSpans(piece, splitSpans(piece.text, *step.words, SplitBehavior::Isolated, false), out);
    else
        out.push_back(std::move(piece));
    for (std::size_t i = first; i < out.size(); ++i) out[i].text = toByteLevel(out[i].text);
}

void applyStep(const MetaspaceStep& step, Piece piece, Pieces& out) {
    std::string text;
    for (char c : piece.text) {
        if (c == ' ')
            text += step.replacement;
        else
            text += c;
    }
    const bool wanted = step.prepend == MetaspaceStep::Prepend::Always ||
                        (step.prepend == MetaspaceStep::Prepend::First && piece.atStart);
    if (wanted && !text.starts_with(step.replacement)) text.insert(0, step.replacement);
    piece.text = std::move(text);
    if (step.words)
        addSpans(piece, splitSpans(piece.text, *step.words, SplitBehavior::MergedWithNext, false), out);
    else
        out.push_back(std::move(piece));
}

SplitBehavior readBehavior(const JsonView& json) {
    const std::string name = json.text();
    if (name == "Isolated") return SplitBehavior::Isolated;
    if (name == "Removed") return SplitBehavior::Removed;
    if (name == "MergedWithPrevious") return SplitBehavior::MergedWithPrevious;
    if (name == "MergedWithNext") return SplitBehavior::MergedWithNext;
    if (name == "Contiguous") return SplitBehavior::Contiguous;
    json.fail("expected a split behavior, found \"" + name + "\"");
}

ByteLevelStep readByteLevel(const JsonView& json) {
    ByteLevelStep step;
    step.addPrefixSpace = json.at("add_prefix_space").flag();
    const auto useRegex = json.find("use_regex");
    if (!useRegex || useRegex->flag()) step.words = Regex(kGpt2Words, {json.path(), json.where()});
    return step;
}

MetaspaceStep readMetaspace(const JsonView& json) {
    MetaspaceStep step;
    step.replacement = json.at("replacement").text();
    if (step.replacement.empty()) json.at("replacement").fail("expected a character");
    step.prepend = readPrependScheme(json);
    const auto split = json.find("split");
    if (!split || split->flag()) step.words = Regex::literal(step.replacement, {json.path(), json.where()});
    return step;
}

} // namespace

std::vector<Span> splitSpans(std::string_view text, const Regex& pattern, SplitBehavior behavior,
                             bool invert) {
    const std::vector<Part> parts = partsOf(text, pattern, invert);
    std::vector<Span> spans;
    switch (behavior) {
    case SplitBehavior::Isolated:
        for (const Part& part : parts) spans.push_back(part.span);
        break;
    case SplitBehavior::Removed:
        for (const Part& part : parts)
            if (!part.match) spans.push_back(part.span);
        break;
    case SplitBehavior::MergedWithPrevious:
        spans = mergedWithPrevious(parts);
        break;
    case SplitBehavior::MergedWithNext:
        spans = mergedWithNext(parts);
        break;
    case SplitBehavior::Contiguous:
        spans = contiguous(parts);
        break;
    }
    std::erase_if(spans, [](const Span& span) { return span.begin == span.end; });
    return spans;
}

MetaspaceStep::Prepend readPrependScheme(const JsonView& json) {
    using Prepend = MetaspaceStep::Prepend;
    const auto scheme = json.find("prepend_scheme");
    if (!scheme) {
        const auto prefix = json.find("add_prefix_space");
        return !prefix || prefix->flag() ? Prepend::Always : Prepend::Never;
    }
    const std::string name = scheme->text();
    if (name == "always") return Prepend::Always;
    if (name == "first") return Prepend::First;
    if (name == "never") return Prepend::Never;
    scheme->fail("expected \"always\", \"first\" or \"never\", found \"" + name + "\"");
}

void PreTokenizer::read(const JsonView& json) {
    const std::string type = json.at("type").text();
    if (type == "Sequence") {
        const JsonView list = json.at("pretokenizers");
        for (std::size_t i = 0; i < list.size(); ++i) read(list[i]);
    } else if (type == "ByteLevel") {
        m_steps.push_back(readByteLevel(json));
    } else if (type == "Split") {
        m_steps.push_back(SplitStep{readPattern(json.at("pattern")), readBehavior(json.at("behavior")),
                                    json.at("invert").flag()});
    } else if (type == "Digits") {
        const auto single = json.find("individual_digits");
        const bool each = single && single->flag();
        m_steps.push_back(SplitStep{Regex(R"(\p{N})", {json.path(), json.where()}),
                                    each ? SplitBehavior::Isolated : SplitBehavior::Contiguous, false});
    } else if (type == "Metaspace") {
        m_steps.push_back(readMetaspace(json));
    } else {
        json.fail("expected a pre-tokenizer that is supported (Sequence, ByteLevel, Split, Digits, "
                  "Metaspace), found " +
                  type);
    }
}

Pieces PreTokenizer::apply(Pieces pieces) const {
    for (const auto& step : m_steps) {
        Pieces out;
        out.reserve(pieces.size());
        for (Piece& piece : pieces) {
            if (piece.isToken())
                out.push_back(std::move(piece));
            else
                std::visit([&](const auto& s) { applyStep(s, std::move(piece), out); }, step);
        }
        pieces = std::move(out);
    }
    return pieces;
}

} // namespace moa
