#include "store/query/query_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace moa {
namespace {

constexpr std::array<QueryFieldName, 31> kFields = {{
    {"command", QueryField::Command, false, "command:compare", "what was run"},
    {"kind", QueryField::Command, false, "kind:compare,validate", "the same as command"},
    {"status", QueryField::Status, false, "status:failed", "done, failed, cancelled, infeasible, running …"},
    {"model", QueryField::Model, false, "model:llama", "name or hash of the model"},
    {"plan", QueryField::Plan, false, "plan:balanced", "name or hash of the plan"},
    {"profile", QueryField::Profile, false, "profile:tiny", "path or hash of the profile"},
    {"device", QueryField::Device, false, "device:cuda", "where it ran"},
    {"machine", QueryField::Machine, false, "machine:epyc", "processor or system"},
    {"gpu", QueryField::Gpu, false, "gpu:h100", "name of the card"},
    {"driver", QueryField::Driver, false, "driver:580", "version of the card's driver"},
    {"version", QueryField::Version, false, "version:0.1", "of this program"},
    {"tag", QueryField::Tag, false, "tag:baseline", "a tag"},
    {"note", QueryField::Note, false, "note:drift", "words of the note"},
    {"prompt", QueryField::Prompt, false, "prompt:harbor", "words of the prompt, or its hash"},
    {"error", QueryField::Error, false, "error:memory", "why it failed"},
    {"has", QueryField::Has, false, "has:note", "note, tag, prompt, plan, series, error or rerun"},
    {"rerun", QueryField::Rerun, false, "rerun:12", "repeats this run"},
    {"seed", QueryField::Seed, false, "seed:7", "its seed"},
    {"run", QueryField::Run, false, "run:10-20", "number of the run"},
    {"id", QueryField::Run, false, "id:12", "the same as run"},
    {"after", QueryField::After, false, "after:2026-01-01", "started then or later"},
    {"since", QueryField::After, false, "since:7d", "the same as after"},
    {"before", QueryField::Before, false, "before:2026-02", "started earlier"},
    {"on", QueryField::On, false, "on:yesterday", "started on that day, month or year"},
    {"month", QueryField::On, false, "month:2026-01", "the same as on"},
    {"day", QueryField::On, false, "day:2026-01-31", "the same as on"},
    {"length", QueryField::Length, true, "length>=4096", "tokens of a measurement"},
    {"n", QueryField::Length, true, "n>32k", "the same as length"},
    {"density", QueryField::Density, true, "density<0.5", "of the plan, where it was measured"},
    {"seconds", QueryField::Seconds, true, "seconds>60", "how long it took"},
    {"time", QueryField::Seconds, true, "time>60", "the same as seconds"},
}};

constexpr std::array<std::string_view, 7> kHas = {"note",   "tag",   "prompt", "plan",
                                                  "series", "error", "rerun"};

const QueryFieldName* fieldNamed(std::string_view name) {
    const auto* found = std::ranges::find(kFields, name, &QueryFieldName::name);
    return found == kFields.end() ? nullptr : found;
}

bool isNameByte(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x80 || (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
           (byte >= 'A' && byte <= 'Z') || byte == '_' || byte == '.' || byte == '-' || byte == '/';
}

bool isSpace(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return out;
}

/// 0.05, 1e-3, 5%, 4k, 2M.
std::optional<double> parseNumber(std::string_view text) {
    double value = 0;
    if (text.starts_with('+')) text.remove_prefix(1);
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || !std::isfinite(value)) return std::nullopt;
    const std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
    if (unit.empty()) return value;
    if (unit == "%") return value / 100;
    if (unit == "k" || unit == "K") return value * 1024;
    if (unit == "M") return value * 1024 * 1024;
    return std::nullopt;
}

bool isWhole(std::string_view text) {
    return !text.empty() && text.size() <= 20 &&
           std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

bool isRunRange(std::string_view text) {
    const std::size_t dash = text.find('-');
    return dash == std::string_view::npos ? isWhole(text)
                                          : isWhole(text.substr(0, dash)) && isWhole(text.substr(dash + 1));
}

/// Reads terms off the front of the text; the first problem ends it.
class Parser {
public:
    Parser(std::string_view text, const QueryClock& clock) : m_text(text), m_clock(clock) {}

    Query run() {
        while (skipSpace(), m_at < m_text.size() && !m_query.problem) readTerm();
        return std::move(m_query);
    }

private:
    char peek(std::size_t ahead = 0) const {
        return m_at + ahead < m_text.size() ? m_text[m_at + ahead] : '\0';
    }
    void skipSpace() {
        while (m_at < m_text.size() && isSpace(m_text[m_at])) ++m_at;
    }
    void fail(std::size_t begin, std::string message, std::string remedy) {
        m_query.problem =
            QueryProblem{begin, std::max(m_at, begin + 1), std::move(message), std::move(remedy)};
    }

    void readTerm() {
        QueryTerm term;
        term.begin = m_at;
        if (peek() == '-' && m_at + 1 < m_text.size() && !isSpace(peek(1))) {
            term.negated = true;
            ++m_at;
        }
        if (peek() == '"') {
            if (!readQuoted(term)) return;
        } else if (!readNamed(term)) {
            return;
        }
        term.end = m_at;
        m_query.terms.push_back(std::move(term));
    }

    /// "…" with "" for a quote.
    bool readQuoted(QueryTerm& term) {
        const std::size_t begin = m_at++;
        std::string value;
        for (;; ++m_at) {
            if (m_at >= m_text.size()) {
                fail(begin, "this quote is never closed", "add a \" at its end");
                return false;
            }
            if (m_text[m_at] != '"')
                value += m_text[m_at];
            else if (peek(1) == '"')
                value += m_text[m_at++];
            else
                break;
        }
        ++m_at;
        if (value.empty()) {
            fail(begin, "there is nothing between these quotes", "write a word there, or remove them");
            return false;
        }
        term.exact = true;
        term.values.push_back(std::move(value));
        return true;
    }

    bool readNamed(QueryTerm& term) {
        const std::size_t begin = m_at;
        while (m_at < m_text.size() && isNameByte(m_text[m_at])) ++m_at;
        const std::string_view name = m_text.substr(begin, m_at - begin);
        const char c = peek();
        if (!name.empty() && (c == ':' || c == '<' || c == '>' || c == '='))
            return readFieldTerm(term, name, begin);
        while (m_at < m_text.size() && !isSpace(m_text[m_at])) ++m_at; // a word may hold anything else
        const std::string_view word = m_text.substr(begin, m_at - begin);
        const bool isRun = word.starts_with('#') && isRunRange(word.substr(1)); // as tables write it: #412
        if (isRun) term.field = QueryField::Run;
        term.values.emplace_back(word.substr(isRun ? 1 : 0));
        return true;
    }

    bool readFieldTerm(QueryTerm& term, std::string_view name, std::size_t begin) {
        term.name = lower(name);
        const QueryFieldName* field = fieldNamed(term.name);
        term.op = readOperator();
        const bool wasColon = m_text[m_at - 1] == ':';
        if (field == nullptr && wasColon && !parseNumber(nextWord())) { // "kl:0.05" is a measure
            fail(begin, "there is no field " + term.name, nearest(term.name));
            return false;
        }
        if (field != nullptr && !field->isNumber && term.op != QueryOp::Is) {
            fail(begin, term.name + " is not a number", "write " + std::string(field->example));
            return false;
        }
        term.field = field != nullptr ? field->field : QueryField::Measure;
        return readValues(term, begin, field != nullptr ? field->example : "kl>0.05") && check(term, begin);
    }

    std::string_view nextWord() const {
        std::size_t end = m_at;
        while (end < m_text.size() && !isSpace(m_text[end])) ++end;
        return m_text.substr(m_at, end - m_at);
    }

    QueryOp readOperator() {
        const char first = m_text[m_at++];
        const bool orEqual = peek() == '=';
        if (first == '<') return m_at += orEqual, orEqual ? QueryOp::LessOrEqual : QueryOp::Less;
        if (first == '>') return m_at += orEqual, orEqual ? QueryOp::GreaterOrEqual : QueryOp::Greater;
        return QueryOp::Is;
    }

    bool readValues(QueryTerm& term, std::size_t begin, std::string_view example) {
        for (;;) {
            if (peek() == '"') {
                if (!readQuoted(term)) return false;
            } else {
                const std::size_t at = m_at;
                while (m_at < m_text.size() && !isSpace(m_text[m_at]) && m_text[m_at] != ',') ++m_at;
                if (at == m_at) {
                    fail(begin, term.name + " has no value", "write " + std::string(example));
                    return false;
                }
                term.values.emplace_back(m_text.substr(at, m_at - at));
            }
            if (peek() != ',') return true;
            ++m_at;
        }
    }

    /// Values of fields that are no free text.
    bool check(QueryTerm& term, std::size_t begin) {
        const std::string& value = term.values.front();
        const auto refuse = [&](const std::string& message, const std::string& remedy) {
            fail(begin, message, remedy);
            return false;
        };
        switch (term.field) {
        case QueryField::After:
        case QueryField::Before:
        case QueryField::On:
            if (const auto time = parseTime(value, m_clock); time && term.values.size() == 1) {
                term.time = *time;
                return true;
            }
            return refuse(value + " is no date", "write 2026-01-31, 2026-01, 2026, today, yesterday or 7d");
        case QueryField::Length:
        case QueryField::Density:
        case QueryField::Seconds:
        case QueryField::Measure:
            if (const auto number = parseNumber(value); number && term.values.size() == 1) {
                term.number = *number;
                return true;
            }
            return refuse(value + " is no number", "write " + term.name + ">0.05, also 5% or 4k");
        case QueryField::Run:
        case QueryField::Rerun:
            for (const std::string& each : term.values)
                if (!isRunRange(each))
                    return refuse(each + " is no run",
                                  "write " + term.name + ":12 or " + term.name + ":10-20");
            return true;
        case QueryField::Seed:
            for (const std::string& each : term.values)
                if (!isWhole(each)) return refuse(each + " is no seed", "write seed:7");
            return true;
        case QueryField::Has:
            for (std::string& each : term.values) {
                each = lower(each);
                if (std::ranges::find(kHas, each) == kHas.end())
                    return refuse("has:" + each + " is not known",
                                  "write note, tag, prompt, plan, series, error or rerun");
            }
            return true;
        default:
            return true;
        }
    }

    /// The field that shares the longest beginning.
    static std::string nearest(const std::string& name) {
        const QueryFieldName* best = nullptr;
        std::ptrdiff_t length = 0;
        for (const QueryFieldName& field : kFields) {
            const auto same = std::ranges::mismatch(field.name, name).in1 - field.name.begin();
            if (same > length) length = same, best = &field;
        }
        return best != nullptr
                   ? "did you mean " + std::string(best->example) + "? \"" + name + ":…\" in quotes is text"
                   : "fields are command, model, plan, tag, after …; put it in quotes to find the text";
    }

    std::string_view m_text;
    const QueryClock& m_clock;
    std::size_t m_at = 0;
    Query m_query;
};

} // namespace

Query parseQuery(std::string_view text, const QueryClock& clock) {
    constexpr std::size_t kMostBytes = 1 << 16;
    if (text.size() > kMostBytes) {
        Query query;
        query.problem =
            QueryProblem{kMostBytes, text.size(), "the query is longer than 64 KiB", "search for less"};
        return query;
    }
    return Parser(text, clock).run();
}

std::span<const QueryFieldName> queryFieldNames() {
    return kFields;
}

std::string exactTerm(std::string_view field, std::string_view value) {
    std::string out(field);
    out += ":\"";
    for (const char c : value) out += c == '"' ? "\"\"" : std::string(1, c);
    return out + "\"";
}

} // namespace moa
