#include "store/query/run_rows.h"

#include "store/history/run_status.h"
#include "store/query/measures.h"
#include "store/sqlite/statement.h"

#include <algorithm>
#include <limits>

namespace moa {
namespace {

std::string firstLine(const std::string& text) {
    constexpr std::size_t kMost = 200;
    std::string line = text.substr(0, std::min(text.find_first_of("\r\n"), kMost));
    // A character that the cut left in halves goes.
    if (line.size() == kMost)
        while (!line.empty() && (static_cast<unsigned char>(line.back()) & 0xC0) == 0x80) line.pop_back();
    if (!line.empty() && static_cast<unsigned char>(line.back()) >= 0xC0) line.pop_back();
    return line;
}

std::string nameOf(const std::vector<RefName>& rows, std::int64_t id) {
    // Ids count up from 1 and rows come in their order.
    const auto guess = static_cast<std::size_t>(id - 1);
    if (id > 0 && guess < rows.size() && rows[guess].id == id) return rows[guess].name;
    const auto found = std::ranges::find(rows, id, &RefName::id);
    return found == rows.end() ? "" : found->name;
}

class RowReader {
public:
    RowReader(const Connection& c, const RunColumns& columns)
        : m_columns(columns),
          m_run(c, "SELECT backend, seed, finished_at, error, json_type(result, '$.first_divergence'), "
                   "json_extract(result, '$.first_divergence'), coalesce((SELECT text FROM notes n WHERE "
                   "n.run_id = r.id), '') "
                   "FROM runs r WHERE id = ?"),
          m_measured(c,
                     "SELECT name, unit, value, samples, error, context, length, density FROM measurements "
                     "WHERE run_id = ? ORDER BY id"),
          m_tags(c, "SELECT t.name FROM run_tags r JOIN tags t ON t.id = r.tag_id WHERE r.run_id = ? ORDER "
                    "BY t.name"),
          m_searches(c, "SELECT count(plan_id), max(gap) FROM searches WHERE run_id = ?") {}

    std::optional<RunRow> read(RunId run) {
        const std::ptrdiff_t at = m_columns.find(run.value);
        m_run.reset();
        if (at < 0 || !m_run.bind(run.value).step()) return std::nullopt;
        RunRow row;
        readSummary(row, run, static_cast<std::size_t>(at));
        readMeasured(row, run);
        m_tags.reset();
        for (m_tags.bind(run.value); m_tags.step();) row.tags.push_back(m_tags.text(0));
        row.note = firstLine(m_run.text(6));
        row.outcome = outcomeOf(row, run);
        return row;
    }

private:
    void readSummary(RunRow& row, RunId run, std::size_t at) {
        const auto named = [&](const NameColumn& column) {
            return column.names[static_cast<std::size_t>(column.of[at])];
        };
        RunSummary& s = row.summary;
        s.id = run;
        s.command = named(m_columns.command);
        s.status = statusNamed(named(m_columns.status));
        s.started = TimePoint(std::chrono::milliseconds(m_columns.started[at]));
        s.device = named(m_columns.device);
        s.modelName = nameOf(m_columns.models, m_columns.model.of[at]);
        s.planName = nameOf(m_columns.plans, m_columns.plan.of[at]);
        if (m_columns.plan.of[at] != 0) s.plan = PlanId(m_columns.plan.of[at]);
        if (m_columns.rerunOf.of[at] != 0) s.rerunOf = RunId(m_columns.rerunOf.of[at]);
        s.backend = m_run.text(0);
        if (!m_run.isNull(1)) s.seed = static_cast<std::uint64_t>(m_run.integer(1));
        if (!m_run.isNull(2)) {
            s.finished = TimePoint(std::chrono::milliseconds(m_run.integer(2)));
            row.seconds = static_cast<double>((*s.finished - s.started).count()) / 1000;
        }
    }

    /// The headline is what people look at first, at the longest input it was measured at.
    void readMeasured(RunRow& row, RunId run) {
        int best = std::numeric_limits<int>::max();
        std::int64_t bestLength = -1;
        m_measured.reset();
        for (m_measured.bind(run.value); m_measured.step();) {
            ++row.summary.measurements;
            const auto length = m_measured.optionalInteger(6);
            const auto density = m_measured.optionalReal(7);
            if (length) row.length = std::max(row.length.value_or(0), *length);
            if (density) row.density = std::min(row.density.value_or(*density), *density);
            const std::string name = m_measured.text(0);
            const auto value = m_measured.optionalReal(2);
            if (!value) continue;
            if (name == "decode_tok_s") row.decodeTokensPerSecond = value;
            if (name == "kv_bytes") row.kvBytes = value;
            const int rank = measureRank(name);
            if (rank > best || (rank == best && length.value_or(0) <= bestLength)) continue;
            best = rank;
            bestLength = length.value_or(0);
            row.headline = Measurement{name,
                                       m_measured.text(1),
                                       *value,
                                       m_measured.integer(3),
                                       m_measured.optionalReal(4),
                                       m_measured.text(5)};
        }
    }

    std::string outcomeOf(const RunRow& row, RunId run) {
        const RunSummary& s = row.summary;
        if (const std::string error = firstLine(m_run.text(3)); !error.empty()) return error;
        if (s.status != RunStatus::Done && s.status != RunStatus::TimeLimit) return toString(s.status);
        if (s.command == "compare" && !m_run.isNull(4))
            return m_run.isNull(5) ? "no divergence" : "diverged at " + m_run.text(5);
        if (s.command == "search") {
            m_searches.reset();
            m_searches.bind(run.value).step();
            const std::int64_t plans = m_searches.integer(0);
            std::string text = std::to_string(plans) + (plans == 1 ? " plan" : " plans");
            if (!m_searches.isNull(1)) {
                char gap[32];
                std::snprintf(gap, sizeof gap, ", gap %.2f%%", 100 * m_searches.real(1));
                text += gap;
            }
            return text;
        }
        return toString(s.status);
    }

    const RunColumns& m_columns;
    Statement m_run, m_measured, m_tags, m_searches;
};

} // namespace

std::vector<RunRow> readRunRows(const Connection& connection, const RunColumns& columns,
                                std::span<const RunId> runs) {
    RowReader reader(connection, columns);
    std::vector<RunRow> rows;
    rows.reserve(runs.size());
    for (const RunId run : runs)
        if (auto row = reader.read(run)) rows.push_back(std::move(*row));
    return rows;
}

} // namespace moa
