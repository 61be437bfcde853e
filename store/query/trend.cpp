#include "store/query/trend.h"

#include "store/query/run_columns.h"
#include "store/sqlite/statement.h"
#include "store/sqlite/transaction.h"

#include <algorithm>

namespace moa {

Trend measureTrend(History& history, const std::string& measure, std::span<const RunId> only,
                   std::size_t most) {
    Transaction snapshot(history.connection(), Transaction::Kind::Read);
    std::vector<std::int64_t> ids;
    for (const RunId run : only) ids.push_back(run.value);
    const IdSet wanted(std::move(ids));
    Trend trend{measure, "", {}, 0};
    // Newest first by the run's number, so that the limit cuts the oldest.
    Statement row(
        history.connection(),
        "SELECT m.run_id, r.started_at, m.value, m.error, m.samples, m.length, m.density, m.context, "
        "coalesce(p.name, ''), m.unit FROM measurements m JOIN runs r ON r.id = m.run_id "
        "LEFT JOIN plans p ON p.id = r.plan_id WHERE m.name = ? AND m.value IS NOT NULL "
        "ORDER BY m.run_id DESC, m.id DESC",
        measure);
    while (row.step()) {
        if (!only.empty() && !wanted.contains(row.integer(0))) continue;
        if (trend.points.size() >= most) {
            ++trend.omitted;
            continue;
        }
        if (trend.unit.empty()) trend.unit = row.text(9);
        trend.points.push_back({RunId(row.integer(0)), TimePoint(std::chrono::milliseconds(row.integer(1))),
                                row.real(2), row.optionalReal(3), row.integer(4), row.optionalInteger(5),
                                row.optionalReal(6), row.text(7), row.text(8)});
    }
    std::ranges::reverse(trend.points);
    std::ranges::stable_sort(trend.points, {}, &TrendPoint::started);
    return trend;
}

} // namespace moa
