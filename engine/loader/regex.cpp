// See regex.h.
#include "engine/loader/regex.h"

#include "engine/core/error.h"
#include "engine/loader/utf8.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <new>

namespace moa {

namespace {

constexpr std::size_t kMaxPatternBytes = 64 * 1024;
constexpr std::uint32_t kMatchLimit = 10'000'000;
constexpr std::uint32_t kHeapLimitKiB = 64 * 1024;
constexpr std::size_t kJitStackBytes = 1024 * 1024;

template <class T, void (*Free)(T*)>
struct Freed {
    void operator()(T* object) const { Free(object); }
};

template <class T, void (*Free)(T*)>
using Owned = std::unique_ptr<T, Freed<T, Free>>;

template <class T>
T* orBadAlloc(T* object) {
    if (object == nullptr) throw std::bad_alloc();
    return object;
}

/// What a match needs besides the pattern; one per thread, so that matching allocates nothing.
struct Scratch {
    Owned<pcre2_match_data, pcre2_match_data_free> data;
    Owned<pcre2_match_context, pcre2_match_context_free> context;
    Owned<pcre2_jit_stack, pcre2_jit_stack_free> stack;

    Scratch()
        : data(orBadAlloc(pcre2_match_data_create(1, nullptr))),
          context(orBadAlloc(pcre2_match_context_create(nullptr))),
          stack(pcre2_jit_stack_create(32 * 1024, kJitStackBytes, nullptr)) {
        pcre2_set_match_limit(context.get(), kMatchLimit);
        pcre2_set_heap_limit(context.get(), kHeapLimitKiB);
        pcre2_jit_stack_assign(context.get(), nullptr, stack.get());
    }
};

std::string errorText(int code) {
    PCRE2_UCHAR buffer[256];
    pcre2_get_error_message(code, buffer, sizeof buffer);
    return reinterpret_cast<const char*>(buffer);
}

PCRE2_SPTR units(std::string_view text) {
    return reinterpret_cast<PCRE2_SPTR>(text.data() == nullptr ? "" : text.data());
}

} // namespace

struct Regex::Code {
    Owned<pcre2_code, pcre2_code_free> compiled;
};

Regex::Regex(std::string_view pattern, RegexSource source) : m_source(std::move(source)) {
    if (pattern.size() > kMaxPatternBytes)
        throw FileError(m_source.path, m_source.where, "expected a pattern of at most 64 KiB");
    const std::string translated = translateRegex(pattern, m_source);
    const Owned<pcre2_compile_context, pcre2_compile_context_free> context(
        orBadAlloc(pcre2_compile_context_create(nullptr)));
    pcre2_set_newline(context.get(), PCRE2_NEWLINE_LF);
    int error = 0;
    PCRE2_SIZE offset = 0;
    pcre2_code* compiled = pcre2_compile(units(translated), translated.size(),
                                         PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE | PCRE2_NEVER_BACKSLASH_C,
                                         &error, &offset, context.get());
    if (compiled == nullptr)
        throw FileError(m_source.path, m_source.where,
                        "expected a regular expression, found: " + errorText(error) + " near character " +
                            std::to_string(offset) + " of " + oneLine(translated));
    m_code = std::make_shared<Code>(Code{Owned<pcre2_code, pcre2_code_free>(compiled)});
    pcre2_jit_compile(compiled, PCRE2_JIT_COMPLETE); // without it the interpreter runs: slower, same result
}

Regex Regex::literal(std::string_view text, RegexSource source) {
    std::string pattern;
    for (char c : text) {
        if (std::string_view("\\^$.|?*+()[]{}-#&~ /").find(c) != std::string_view::npos) pattern += '\\';
        pattern += c;
    }
    return Regex(pattern, std::move(source));
}

std::vector<Span> Regex::findAll(std::string_view text) const {
    thread_local Scratch scratch;
    std::vector<Span> matches;
    std::size_t from = 0;
    bool any = false;
    while (from <= text.size()) {
        const int count = pcre2_match(m_code->compiled.get(), units(text), text.size(), from,
                                      PCRE2_NO_UTF_CHECK, scratch.data.get(), scratch.context.get());
        if (count == PCRE2_ERROR_NOMATCH) break;
        if (count < 0)
            throw FileError(m_source.path, m_source.where,
                            "expected a pattern that matches within limits: " + errorText(count));
        const PCRE2_SIZE* bounds = pcre2_get_ovector_pointer(scratch.data.get());
        const Span match{bounds[0], bounds[1]};
        if (match.begin == match.end && any && matches.back().end == match.end) {
            from += from < text.size() ? utf8Length(text[from]) : 1;
            continue;
        }
        if (match.end < match.begin || match.end < from) // \K in a lookaround
            throw FileError(m_source.path, m_source.where, "expected a pattern that only moves forward");
        matches.push_back(match);
        any = true;
        from = match.end;
    }
    return matches;
}

} // namespace moa
