#include "store/query/run_search.h"

#include "store/query/measures.h"
#include "store/query/run_facets.h"
#include "store/query/run_match.h"
#include "store/query/run_rows.h"
#include "store/sqlite/statement.h"
#include "store/sqlite/transaction.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace moa {
namespace {

/// A walk from name to name: the index holds many rows of each.
constexpr const char* kMeasureNames =
    "WITH RECURSIVE names (name) AS (SELECT min(name) FROM measurements UNION ALL "
    "SELECT (SELECT min(m.name) FROM measurements m WHERE m.name > names.name) FROM names WHERE names.name "
    "IS NOT NULL) "
    "SELECT name FROM names WHERE name IS NOT NULL";

/// Runs in the order of `keys` [run]; those without one (NaN) come last, equal ones newest first.
void sortBy(std::vector<std::size_t>& runs, const std::vector<double>& keys, bool descending) {
    const double none =
        descending ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::infinity();
    const auto keyOf = [&](std::size_t run) { return std::isnan(keys[run]) ? none : keys[run]; };
    std::ranges::sort(runs, [&](std::size_t a, std::size_t b) {
        const double x = keyOf(a), y = keyOf(b);
        return x != y ? (descending ? x > y : x < y) : a > b;
    });
}

std::vector<double> ranksOf(const std::vector<std::string>& names) {
    std::vector<std::size_t> order(names.size());
    std::iota(order.begin(), order.end(), std::size_t(0));
    std::ranges::sort(order, {}, [&](std::size_t i) -> const std::string& { return names[i]; });
    std::vector<double> ranks(names.size());
    for (std::size_t i = 0; i < order.size(); ++i) ranks[order[i]] = static_cast<double>(i);
    return ranks;
}

std::vector<double> nameKeys(const NameColumn& column) {
    const std::vector<double> ranks = ranksOf(column.names);
    std::vector<double> keys;
    keys.reserve(column.of.size());
    for (const std::int32_t name : column.of) keys.push_back(ranks[static_cast<std::size_t>(name)]);
    return keys;
}

std::vector<double> refKeys(const RefColumn& column, const std::vector<RefName>& rows) {
    std::vector<std::string> names;
    for (const RefName& row : rows) names.push_back(row.name);
    const std::vector<double> ranks = ranksOf(names);
    std::map<std::int64_t, double> rankOf;
    for (std::size_t i = 0; i < rows.size(); ++i) rankOf[rows[i].id] = ranks[i];
    std::vector<double> keys;
    keys.reserve(column.of.size());
    for (const std::int64_t id : column.of) {
        const auto found = rankOf.find(id);
        keys.push_back(found == rankOf.end() ? std::nan("") : found->second);
    }
    return keys;
}

/// Facets count by the text of whole names; a part of a name ("plan:bal") is no value of a facet.
bool namesValues(const QueryTerm& term) {
    return !term.negated &&
           (term.exact || term.field == QueryField::Command || term.field == QueryField::Status ||
            term.field == QueryField::Tag || term.field == QueryField::On);
}

} // namespace

struct RunSearch::State {
    explicit State(History& h) : history(h) {}

    History& history;
    RunColumns columns;
    std::vector<std::string> measures;
    std::int64_t version = -1, changes = -1;
    std::vector<std::pair<QueryTerm, TermMatch>> matched; ///< of the last query: typing on keeps most of it

    const Connection& connection() const { return history.connection(); }

    bool refresh() {
        Transaction snapshot(history.connection(), Transaction::Kind::Read);
        Statement now(connection(), "PRAGMA data_version");
        now.step();
        const std::int64_t seen = now.integer(0), own = connection().totalChanges();
        if (seen == version && own == changes) return false;
        if (version < 0)
            columns = readRunColumns(connection());
        else
            refreshRunColumns(connection(), columns);
        measures.clear();
        for (Statement row(connection(), kMeasureNames); row.step();) measures.push_back(row.text(0));
        matched.clear();
        version = seen;
        changes = own;
        return true;
    }

    const std::vector<std::pair<QueryTerm, TermMatch>>& match(const Query& query) {
        std::vector<std::pair<QueryTerm, TermMatch>> list;
        for (const QueryTerm& term : query.terms) {
            const auto known = std::ranges::find(matched, term, &std::pair<QueryTerm, TermMatch>::first);
            if (known != matched.end())
                list.push_back(*known);
            else
                list.emplace_back(term, matchTerm(connection(), columns, term, measures));
        }
        matched = std::move(list);
        return matched;
    }

    /// Largest (smallest) number that `sql` gives a run.
    std::vector<double> keysOf(Statement rows, bool largest) const {
        std::vector<double> keys(columns.size(), std::nan(""));
        while (rows.step()) {
            const std::ptrdiff_t run = columns.find(rows.integer(0));
            if (run < 0 || rows.isNull(1)) continue;
            double& key = keys[static_cast<std::size_t>(run)];
            const double value = rows.real(1);
            if (std::isnan(key) || (largest ? value > key : value < key)) key = value;
        }
        return keys;
    }

    std::vector<double> measureKeys(const std::string& measure) const {
        const char* sql = "SELECT run_id, value FROM measurements WHERE name = ?";
        if (!measure.empty()) return keysOf(Statement(connection(), sql, measure), true);
        std::vector<std::string> names = measures;
        std::ranges::stable_sort(names, {}, [](const std::string& name) { return measureRank(name); });
        std::vector<double> keys(columns.size(), std::nan(""));
        for (const std::string& name : names) {
            const std::vector<double> more = keysOf(Statement(connection(), sql, name), true);
            for (std::size_t i = 0; i < keys.size(); ++i)
                if (std::isnan(keys[i])) keys[i] = more[i];
        }
        return keys;
    }

    std::vector<double> keys(const RunOrder& order) const {
        switch (order.key) {
        case RunKey::Run:
            return {columns.id.begin(), columns.id.end()};
        case RunKey::Started:
            return {columns.started.begin(), columns.started.end()};
        case RunKey::Command:
            return nameKeys(columns.command);
        case RunKey::Status:
            return nameKeys(columns.status);
        case RunKey::Device:
            return nameKeys(columns.device);
        case RunKey::Model:
            return refKeys(columns.model, columns.models);
        case RunKey::Plan:
            return refKeys(columns.plan, columns.plans);
        case RunKey::Seconds:
            return {columns.seconds.begin(), columns.seconds.end()};
        case RunKey::Length:
            return keysOf(
                Statement(connection(), "SELECT run_id, length FROM measurements WHERE length IS NOT NULL"),
                true);
        case RunKey::Density:
            return keysOf(
                Statement(connection(), "SELECT run_id, density FROM measurements WHERE density IS NOT NULL"),
                false);
        case RunKey::Measure:
            break;
        }
        return measureKeys(order.measure);
    }
};

RunSearch::RunSearch(History& history) : m_state(std::make_unique<State>(history)) {}
RunSearch::~RunSearch() = default;
RunSearch::RunSearch(RunSearch&&) noexcept = default;

bool RunSearch::refresh() {
    return m_state->refresh();
}

RunList RunSearch::find(const Query& query, const RunOrder& order) {
    m_state->refresh();
    const RunColumns& columns = m_state->columns;
    RunList list;
    list.all = static_cast<std::int64_t>(columns.size());
    list.problem = query.problem;
    RunMask mask(columns.size(), 1);
    for (const auto& [term, match] : m_state->match(query)) {
        if (match.problem && !list.problem) list.problem = match.problem;
        for (std::size_t i = 0; i < mask.size(); ++i) mask[i] &= match.mask[i];
    }
    std::vector<std::size_t> runs;
    for (std::size_t i = 0; i < mask.size(); ++i)
        if (mask[i] != 0) runs.push_back(i);
    const bool byAge =
        order.key == RunKey::Run || (order.key == RunKey::Started && std::ranges::is_sorted(columns.started));
    if (!byAge)
        sortBy(runs, m_state->keys(order), order.descending);
    else if (order.descending)
        std::ranges::reverse(runs);
    list.runs.reserve(runs.size());
    for (const std::size_t run : runs) list.runs.emplace_back(columns.id[run]);
    return list;
}

std::vector<Facet> RunSearch::facets(const Query& query, std::size_t most) {
    m_state->refresh();
    const auto& matched = m_state->match(query);
    std::vector<Facet> facets;
    for (int f = 0; f < kFacetFields; ++f) {
        const auto field = static_cast<FacetField>(f);
        RunMask mask(m_state->columns.size(), 1);
        std::vector<std::string> chosen;
        for (const auto& [term, match] : matched) {
            if (term.field == queryFieldOf(field) && namesValues(term)) {
                chosen.insert(chosen.end(), term.values.begin(), term.values.end());
                continue;
            }
            for (std::size_t i = 0; i < mask.size(); ++i) mask[i] &= match.mask[i];
        }
        facets.push_back(countFacet(m_state->columns, field, mask, chosen, most));
    }
    return facets;
}

std::vector<RunRow> RunSearch::rows(std::span<const RunId> runs) {
    if (m_state->version < 0) m_state->refresh(); // later, find() has seen what is asked for
    Transaction snapshot(m_state->history.connection(), Transaction::Kind::Read);
    return readRunRows(m_state->connection(), m_state->columns, runs);
}

const std::vector<std::string>& RunSearch::measures() {
    m_state->refresh();
    return m_state->measures;
}

std::vector<std::string> RunSearch::complete(std::string_view text, std::size_t most) {
    m_state->refresh();
    const std::size_t space = text.find_last_of(" \t");
    std::string_view word = text.substr(space == std::string_view::npos ? 0 : space + 1);
    const std::string sign = word.starts_with('-') ? "-" : "";
    word.remove_prefix(sign.size());
    const std::size_t colon = word.find(':');
    std::vector<std::string> found;
    const auto startsWith = [](std::string_view name, std::string_view start) {
        return name.size() >= start.size() && equalIgnoringCase(name.substr(0, start.size()), start);
    };
    if (colon == std::string_view::npos) {
        for (const QueryFieldName& field : queryFieldNames())
            if (startsWith(field.name, word))
                found.push_back(sign + std::string(field.name) + (field.isNumber ? ">" : ":"));
        for (const std::string& measure : m_state->measures)
            if (startsWith(measure, word)) found.push_back(sign + measure + ">");
    } else {
        const std::string_view name = word.substr(0, colon), start = word.substr(colon + 1);
        for (const QueryFieldName& field : queryFieldNames()) {
            if (!equalIgnoringCase(field.name, name)) continue;
            for (const std::string& value : facetNames(m_state->columns, field.field)) {
                const bool plain = value.find_first_of(" \t\",") == std::string::npos;
                if (startsWith(value, start))
                    found.push_back(sign +
                                    (plain ? std::string(name) + ":" + value : exactTerm(name, value)));
            }
        }
    }
    std::ranges::sort(found);
    found.erase(std::ranges::unique(found).begin(), found.end());
    if (found.size() > most) found.resize(most);
    return found;
}

} // namespace moa
