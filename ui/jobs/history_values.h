// What the history answers, as values of the interface: the store's own rows, found, counted and compared.
// Non-goal: how they are shown.
#pragma once

#include <QString>

#ifndef Q_MOC_RUN // moc 6.4 cannot read concepts
#include "store/history/history.h"
#include "store/query/lineage.h"
#include "store/query/run_compare.h"
#include "store/query/run_search.h"
#include "store/query/trend.h"
#endif

#include <memory>
#include <optional>
#include <vector>

namespace moa {

/// A query that cannot be read: where, in characters of its text, why, and what would be right.
struct QueryFault {
    qsizetype begin = 0, end = 0;
    QString message, remedy;
    bool operator==(const QueryFault&) const = default;
};

/// The answer to one query. Lists are shared: a table of 100,000 rows is never copied.
struct HistoryFound {
    quint64 request = 0;
    std::shared_ptr<const std::vector<RunId>> runs = std::make_shared<std::vector<RunId>>(); ///< in order
    qint64 all = 0; ///< runs in the history
    std::vector<Facet> facets = {};
    std::vector<std::string> measures = {};
    std::optional<QueryFault> fault = {};
};

/// Rows of the table from `first` on; fewer than asked for where runs are gone.
struct HistoryRows {
    quint64 request = 0; ///< of the find() whose order they are in
    int first = 0;
    std::vector<RunRow> rows;
};

/// Everything the page says of one run.
struct RunPassport {
    /// A run that repeats this one, or the one that this one repeats.
    struct Repeat {
        RunSummary run;
        RunDiff diff; ///< from this run to that one
    };
    RunDetail detail;
    std::vector<Repeat> repeats; ///< newest first
    qint64 moreRepeats = 0;      ///< that are not listed
    Lineage lineage;             ///< of its plan; empty: it has none
};

/// Where the history stands.
enum class HistoryState {
    Unread,   ///< not looked at yet
    Off,      ///< none is kept in this session
    Missing,  ///< no file yet: nothing was recorded
    Ready,
    ReadOnly, ///< of a newer program: read, never written
    Failed,   ///< it cannot be read; the trouble says why
};

} // namespace moa
