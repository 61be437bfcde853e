#include "store/query/run_match.h"

#include "store/sqlite/statement.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>
#include <limits>

namespace moa {
namespace {

char lowered(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// What documents are of: the low bits of their ids (002_finding.sql).
enum class DocumentKind { Prompt, Note, Tag, Plan, Model };
constexpr int kDocumentBits = 3;

/// An FTS5 string: nothing in it is an operator. A bare word is also the beginning of one.
std::string fullText(const std::string& text, bool exact) {
    std::string out = "\"";
    for (const char c : text) out += c == '"' ? "\"\"" : std::string(1, c == '\0' ? ' ' : c);
    return out + (exact ? "\"" : "\"*");
}

std::int64_t wholeOf(std::string_view text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() && end != text.data()) return std::numeric_limits<std::int64_t>::max();
    return static_cast<std::int64_t>(value);
}

class Matcher {
public:
    Matcher(const Connection& c, const RunColumns& columns, const QueryTerm& term)
        : m_c(c), m_runs(columns), m_term(term) {
        m_mask.assign(columns.size(), 0);
    }

    RunMask run() {
        if (matchNamed()) return std::move(m_mask);
        switch (m_term.field) {
        case QueryField::Text:
            matchText(std::nullopt);
            break;
        case QueryField::Note:
            matchText(DocumentKind::Note);
            break;
        case QueryField::Prompt:
            matchText(DocumentKind::Prompt);
            matchPromptHash();
            break;
        case QueryField::Run:
        case QueryField::Rerun:
            matchNumbers(m_term.field == QueryField::Run ? m_runs.id : m_runs.rerunOf.of);
            break;
        case QueryField::Tag:
            matchTags();
            break;
        case QueryField::Has:
            for (const std::string& what : m_term.values) matchHas(what);
            break;
        case QueryField::Error:
            for (const std::string& value : m_term.values)
                addRuns(Statement(
                    m_c, "SELECT id FROM runs WHERE error <> '' AND instr(lower(error), lower(?)) > 0",
                    value));
            break;
        case QueryField::Seed:
            for (const std::string& value : m_term.values)
                addRuns(Statement(m_c, "SELECT id FROM runs INDEXED BY runs_narrow WHERE seed = ?",
                                  wholeOf(value)));
            break;
        case QueryField::On:
        case QueryField::After:
        case QueryField::Before:
            matchTime();
            break;
        case QueryField::Seconds:
            each([this](std::size_t i) { return compares(m_runs.seconds[i]); });
            break;
        case QueryField::Length:
            matchMeasured("SELECT run_id FROM measurements WHERE length >= ?1 AND length <= ?2");
            break;
        case QueryField::Density:
            matchMeasured("SELECT run_id FROM measurements WHERE density >= ?1 AND density <= ?2");
            break;
        case QueryField::Measure:
            matchMeasured("SELECT run_id FROM measurements WHERE name = ?3 AND value >= ?1 AND value <= ?2");
            break;
        default:
            break;
        }
        return std::move(m_mask);
    }

private:
    /// Fields whose values are names in the columns; false for the others.
    bool matchNamed() {
        switch (m_term.field) {
        case QueryField::Command:
            matchName(m_runs.command, true);
            break;
        case QueryField::Status:
            matchName(m_runs.status, true);
            break;
        case QueryField::Device:
            matchName(m_runs.device, false);
            break;
        case QueryField::Version:
            matchName(m_runs.version, false);
            break;
        case QueryField::Model:
            matchRef(m_runs.model, m_runs.models, byNameOrHash());
            break;
        case QueryField::Plan:
            matchRef(m_runs.plan, m_runs.plans, byNameOrHash());
            break;
        case QueryField::Profile:
            matchRef(m_runs.profile, m_runs.profiles, byNameOrHash());
            break;
        case QueryField::Machine:
            matchRef(m_runs.machine, m_runs.machines, byEither());
            break;
        case QueryField::Gpu:
            matchRef(m_runs.accelerator, m_runs.accelerators,
                     [this](const RefName& r) { return isWanted(r.name); });
            break;
        case QueryField::Driver:
            matchRef(m_runs.accelerator, m_runs.accelerators,
                     [this](const RefName& r) { return isWanted(r.detail); });
            break;
        default:
            return false;
        }
        return true;
    }

    template <class Predicate>
    void each(Predicate&& matches) {
        for (std::size_t i = 0; i < m_mask.size(); ++i) m_mask[i] |= static_cast<std::uint8_t>(matches(i));
    }
    void addRun(std::int64_t id) {
        if (const std::ptrdiff_t run = m_runs.find(id); run >= 0) m_mask[static_cast<std::size_t>(run)] = 1;
    }
    void addRuns(Statement rows) {
        while (rows.step()) addRun(rows.integer(0));
    }

    /// The whole name where it was quoted, else a part of it.
    bool isWanted(std::string_view name) const {
        return std::ranges::any_of(m_term.values, [&](const std::string& value) {
            return m_term.exact ? equalIgnoringCase(name, value) : holdsIgnoringCase(name, value);
        });
    }
    std::function<bool(const RefName&)> byNameOrHash() const {
        constexpr std::size_t kLeastHash = 6;
        return [this](const RefName& row) {
            return isWanted(row.name) || std::ranges::any_of(m_term.values, [&](const std::string& value) {
                       return value.size() >= kLeastHash && row.detail.size() >= value.size() &&
                              equalIgnoringCase(std::string_view(row.detail).substr(0, value.size()), value);
                   });
        };
    }
    std::function<bool(const RefName&)> byEither() const {
        return [this](const RefName& row) { return isWanted(row.name) || isWanted(row.detail); };
    }

    /// Commands and statuses are few and short: a value is the whole name.
    void matchName(const NameColumn& column, bool whole) {
        std::vector<std::uint8_t> wanted;
        for (const std::string& name : column.names)
            wanted.push_back(
                whole ? std::ranges::any_of(m_term.values,
                                            [&](const auto& v) { return equalIgnoringCase(name, v); })
                      : isWanted(name));
        each([&](std::size_t i) { return wanted[static_cast<std::size_t>(column.of[i])] != 0; });
    }
    void matchRef(const RefColumn& column, const std::vector<RefName>& names,
                  const std::function<bool(const RefName&)>& matches) {
        std::vector<std::int64_t> ids;
        for (const RefName& row : names)
            if (matches(row)) ids.push_back(row.id);
        addRefs(column, IdSet(std::move(ids)));
    }
    void addRefs(const RefColumn& column, const IdSet& ids) {
        if (!ids.empty()) each([&](std::size_t i) { return ids.contains(column.of[i]); });
    }
    void matchNumbers(const std::vector<std::int64_t>& numbers) {
        for (const std::string& value : m_term.values) {
            const std::size_t dash = value.find('-');
            const std::int64_t from = wholeOf(std::string_view(value).substr(0, dash));
            const std::int64_t to =
                dash == std::string::npos ? from : wholeOf(std::string_view(value).substr(dash + 1));
            each([&](std::size_t i) { return numbers[i] >= from && numbers[i] <= to && numbers[i] != 0; });
        }
    }
    void matchTags() {
        std::vector<std::int64_t> ids;
        for (const RefName& tag : m_runs.tags)
            if (std::ranges::any_of(m_term.values,
                                    [&](const auto& v) { return equalIgnoringCase(tag.name, v); }))
                ids.push_back(tag.id);
        const IdSet wanted(std::move(ids));
        for (const auto& [run, tag] : m_runs.tagged)
            if (wanted.contains(tag)) m_mask[static_cast<std::size_t>(run)] = 1;
    }
    void matchHas(const std::string& what) {
        const auto refers = [&](const RefColumn& column) {
            each([&](std::size_t i) { return column.of[i] != 0; });
        };
        if (what == "tag")
            for (const auto& [run, tag] : m_runs.tagged) m_mask[static_cast<std::size_t>(run)] = 1;
        else if (what == "prompt")
            refers(m_runs.prompt);
        else if (what == "plan")
            refers(m_runs.plan);
        else if (what == "note")
            addRuns(Statement(m_c, "SELECT run_id FROM notes"));
        else if (what == "series")
            addRuns(Statement(m_c, "SELECT run_id FROM series INDEXED BY series_by_run"));
        else if (what == "error")
            addRuns(Statement(m_c, "SELECT id FROM runs WHERE error <> ''"));
        else
            refers(m_runs.rerunOf), addRepeated();
    }
    /// has:rerun also finds what was repeated.
    void addRepeated() {
        for (const std::int64_t run : m_runs.rerunOf.of)
            if (run != 0) addRun(run);
    }
    void matchTime() {
        const std::int64_t from = m_term.time.from.time_since_epoch().count(),
                           to = m_term.time.to.time_since_epoch().count();
        each([&](std::size_t i) {
            const std::int64_t at = m_runs.started[i];
            return m_term.field == QueryField::After    ? at >= from
                   : m_term.field == QueryField::Before ? at < from
                                                        : at >= from && at < to;
        });
    }

    bool compares(double value) const {
        switch (m_term.op) {
        case QueryOp::Less:
            return value < m_term.number;
        case QueryOp::LessOrEqual:
            return value <= m_term.number;
        case QueryOp::Greater:
            return value > m_term.number;
        case QueryOp::GreaterOrEqual:
            return value >= m_term.number;
        case QueryOp::Is:
            break;
        }
        return value == m_term.number;
    }
    /// `sql` takes an inclusive interval, so that an index answers it.
    void matchMeasured(const char* sql) {
        constexpr double kEnd = std::numeric_limits<double>::infinity();
        double from = -kEnd, to = kEnd;
        if (m_term.op == QueryOp::Greater) from = std::nextafter(m_term.number, kEnd);
        if (m_term.op == QueryOp::GreaterOrEqual) from = m_term.number;
        if (m_term.op == QueryOp::Less) to = std::nextafter(m_term.number, -kEnd);
        if (m_term.op == QueryOp::LessOrEqual) to = m_term.number;
        if (m_term.op == QueryOp::Is) from = to = m_term.number;
        Statement rows(m_c, sql);
        if (m_term.field == QueryField::Measure)
            rows.bind(from, to, m_term.name);
        else
            rows.bind(from, to);
        addRuns(std::move(rows));
    }

    void matchText(std::optional<DocumentKind> only) {
        std::vector<std::int64_t> owners[5];
        for (const std::string& value : m_term.values) {
            Statement rows(m_c, "SELECT rowid FROM document_index WHERE document_index MATCH ?",
                           fullText(value, m_term.exact));
            while (rows.step()) {
                const std::int64_t id = rows.integer(0);
                const std::int64_t kind = id & ((1 << kDocumentBits) - 1);
                if (kind < 5 && (!only || kind == static_cast<int>(*only)))
                    owners[kind].push_back(id >> kDocumentBits);
            }
        }
        const auto take = [&](DocumentKind kind) { return std::move(owners[static_cast<int>(kind)]); };
        for (const std::int64_t run : take(DocumentKind::Note)) addRun(run);
        if (const IdSet tags(take(DocumentKind::Tag)); !tags.empty())
            for (const auto& [run, tag] : m_runs.tagged)
                if (tags.contains(tag)) m_mask[static_cast<std::size_t>(run)] = 1;
        addRefs(m_runs.prompt, IdSet(take(DocumentKind::Prompt)));
        addRefs(m_runs.plan, IdSet(take(DocumentKind::Plan)));
        addRefs(m_runs.model, IdSet(take(DocumentKind::Model)));
    }
    void matchPromptHash() {
        std::vector<std::int64_t> ids;
        for (const std::string& value : m_term.values)
            for (Statement row(m_c, "SELECT id FROM prompts WHERE sha256 = lower(?)", value); row.step();)
                ids.push_back(row.integer(0));
        addRefs(m_runs.prompt, IdSet(std::move(ids)));
    }

    const Connection& m_c;
    const RunColumns& m_runs;
    const QueryTerm& m_term;
    RunMask m_mask;
};

} // namespace

bool equalIgnoringCase(std::string_view a, std::string_view b) {
    return std::ranges::equal(a, b, {}, lowered, lowered);
}

bool holdsIgnoringCase(std::string_view text, std::string_view part) {
    return !std::ranges::search(text, part, {}, lowered, lowered).empty() || part.empty();
}

TermMatch matchTerm(const Connection& connection, const RunColumns& columns, const QueryTerm& term,
                    const std::vector<std::string>& measures) {
    QueryTerm wanted = term;
    if (term.field == QueryField::Measure) {
        const auto known =
            std::ranges::find_if(measures, [&](const auto& m) { return equalIgnoringCase(m, term.name); });
        if (known == measures.end()) {
            std::string names;
            for (std::size_t i = 0; i < std::min<std::size_t>(measures.size(), 8); ++i)
                names += (i == 0 ? "" : ", ") + measures[i];
            return {RunMask(columns.size(), 0),
                    QueryProblem{term.begin, term.end, "no run has a measure " + term.name,
                                 names.empty() ? "nothing was measured yet" : "measures here: " + names}};
        }
        wanted.name = *known;
    }
    TermMatch match{Matcher(connection, columns, wanted).run(), std::nullopt};
    if (term.negated)
        for (std::uint8_t& bit : match.mask) bit ^= 1;
    return match;
}

} // namespace moa
