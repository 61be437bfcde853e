// Finds runs: filters, facets with counts, sorting, and the rows of a page. What a page of 100,000 runs needs
// in 50 ms.
//
//   RunSearch search(history);
//   const Query query = parseQuery(text, localClock());
//   const RunList list = search.find(query);                    // every matching run, in order
//   const auto rows = search.rows(std::span(list.runs).subspan(first, count));
//   const auto facets = search.facets(query);                   // each without its own terms
//
// A RunSearch belongs to the thread of its History. It sees what others wrote at the next find(), facets() or
// refresh(). Throws StoreError.
#pragma once

#include "store/history/history.h"
#include "store/query/query_text.h"

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace moa {

enum class RunKey { Run, Started, Command, Status, Model, Plan, Device, Seconds, Length, Density, Measure };

struct RunOrder {
    RunKey key = RunKey::Started;
    bool descending = true;
    std::string measure{}; ///< of RunKey::Measure; empty: each run's own headline
};

struct RunList {
    std::vector<RunId> runs;
    std::int64_t all = 0;                ///< runs in the history
    std::optional<QueryProblem> problem; ///< runs then match the terms before it
};

struct FacetValue {
    std::string value; ///< what a term names: "compare", "2026-01"
    std::int64_t count = 0;
    bool chosen = false; ///< a term of the query asks for it
};

struct Facet {
    std::string
        field; ///< "command", "model", "plan", "device", "machine", "status", "tag", "month", "version"
    std::vector<FacetValue>
        values;              ///< most frequent first; months newest first; chosen ones also with count 0
    std::int64_t others = 0; ///< values left out
};

/// A line of the table.
struct RunRow {
    RunSummary summary;
    std::optional<double> seconds;
    std::optional<std::int64_t> length; ///< the longest measured, tokens
    std::optional<double> density;      ///< the smallest measured
    std::optional<Measurement> headline;
    std::optional<double> decodeTokensPerSecond, kvBytes;
    std::vector<std::string> tags;
    std::string note;    ///< its first line
    std::string outcome; ///< one line: "diverged at 58", "2 plans, gap 0.21%", why it failed
};

class RunSearch {
public:
    explicit RunSearch(History& history);
    ~RunSearch();
    RunSearch(RunSearch&&) noexcept;

    /// Reads again what changed. True when anything did.
    bool refresh();

    RunList find(const Query& query, const RunOrder& order = {});
    /// At most `most` values each.
    std::vector<Facet> facets(const Query& query, std::size_t most = 12);
    /// Lines of these runs, in this order; runs that are gone are left out.
    std::vector<RunRow> rows(std::span<const RunId> runs);

    /// Names of measures in the history, sorted.
    const std::vector<std::string>& measures();
    /// What may stand at the end of `text`: field names, values of a field, measures. Whole terms, at most
    /// `most`.
    std::vector<std::string> complete(std::string_view text, std::size_t most = 8);

private:
    struct State;
    std::unique_ptr<State> m_state;
};

} // namespace moa
