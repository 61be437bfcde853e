// The query language of the history: `kl>0.05 plan:balanced after:2026-01-01 -command:demo "free text"`.
//
//   word, "several words"      in a note, tag, prompt, plan's or model's name; a bare word also as a
//   beginning field:value                field:a,b is one of them; field:"a b" is exactly that, field:a
//   contains it number>x, >=, <, <=, =     x may be 5%, 4k (4,096) or 2M; fields below, or any measure by its
//   name: kl, retrieval -term                      everything else
//
// Terms are ANDed. What a user types never becomes part of an SQL text: terms are values, bound to fixed
// statements. Goals: an error names its place and a remedy. Non-goals: parentheses, OR over different fields.
#pragma once

#include "store/history/records.h"

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace moa {

enum class QueryField {
    Text, ///< free text
    Run,  ///< "run", "id": its number, or from-to as 10-20
    Command,
    Status,
    Model,
    Plan,
    Profile,
    Device,
    Machine,
    Gpu,
    Driver,
    Version,
    Tag,
    Note,
    Prompt,
    Error,
    Has,   ///< note, tag, prompt, plan, series, error, rerun
    Rerun, ///< of this run
    Seed,
    On,     ///< "on", "month": a day, month or year
    After,  ///< from its first moment on
    Before, ///< earlier than its first moment
    Length, ///< tokens of any measurement: "length", "n"
    Density,
    Seconds, ///< how long the run took: "seconds", "time"
    Measure, ///< any other name before a comparison
};

enum class QueryOp { Is, Less, LessOrEqual, Greater, GreaterOrEqual };

/// Times are [from, to).
struct TimeSpan {
    TimePoint from, to;
    bool operator==(const TimeSpan&) const = default;
};

struct QueryTerm {
    QueryField field = QueryField::Text;
    std::string name; ///< as typed, in lower case: "kl", "month"; empty for free text
    bool negated = false;
    QueryOp op = QueryOp::Is;
    std::vector<std::string> values; ///< one of them; never empty
    bool exact = false;              ///< quoted: the whole name, or the words in this order
    double number = 0;               ///< of a comparison
    TimeSpan time{};                 ///< On, After, Before
    std::size_t begin = 0, end = 0;  ///< bytes of the query's text
    bool operator==(const QueryTerm&) const = default;
};

/// What is wrong, where, and what would be right.
struct QueryProblem {
    std::size_t begin = 0, end = 0; ///< bytes of the query's text
    std::string message, remedy;
};

struct Query {
    std::vector<QueryTerm> terms;
    std::optional<QueryProblem> problem; ///< terms before it are there
};

/// What "today" means.
struct QueryClock {
    TimePoint now = currentTime();
    std::chrono::minutes utcOffset{0}; ///< local time − UTC
};

/// The machine's clock and time zone.
QueryClock localClock();

/// Reads `text`; bytes that are no UTF-8 are text like any other. Never throws.
Query parseQuery(std::string_view text, const QueryClock& clock = {});

/// 2026, 2026-01, 2026-01-31, 2026-01-31T14:30, today, yesterday, 12h, 7d, 3w (ago, up to now).
std::optional<TimeSpan> parseTime(std::string_view text, const QueryClock& clock);

/// Names that stand before ':' or a comparison, for completion and help.
struct QueryFieldName {
    std::string_view name;
    QueryField field;
    bool isNumber;            ///< takes comparisons
    std::string_view example; ///< "after:2026-01-01"
    std::string_view meaning; ///< "started on that day or later"
};
std::span<const QueryFieldName> queryFieldNames();

/// `field:value` that finds exactly this value, quoted where it must be.
std::string exactTerm(std::string_view field, std::string_view value);

} // namespace moa
