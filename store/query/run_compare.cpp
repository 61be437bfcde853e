#include "store/query/run_compare.h"

#include "store/history/json_text.h"
#include "store/query/measures.h"
#include "store/sqlite/statement.h"
#include "store/sqlite/transaction.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

namespace moa {
namespace {

std::string shortHash(const std::string& sha256) {
    constexpr std::size_t kShown = 12;
    return sha256.substr(0, kShown);
}

/// Scalars of a JSON object by their path ("sampling.top_k"); arrays are values, long ones by their length.
std::vector<std::pair<std::string, std::string>> flattened(const Connection& c, const std::string& json) {
    Statement row(c,
                  "SELECT replace(substr(fullkey, 3), '\"', ''), type, CAST(value AS TEXT), iif(type = 'array', "
                  "json_array_length(value), 0) "
                  "FROM json_tree(?) WHERE type <> 'object' AND instr(path, '[') = 0 AND fullkey <> '$' "
                  "AND fullkey <> '$.prompt.ids'",
                  json);
    std::vector<std::pair<std::string, std::string>> list;
    constexpr std::size_t kMostText = 160;
    while (row.step()) {
        std::string text = row.text(2);
        const bool isArray = row.text(1) == "array";
        if (row.isNull(2)) text = row.text(1); // true, false and null are 1, 0 and NULL to SQLite
        if (row.text(1) == "true" || row.text(1) == "false") text = row.text(1);
        if (text.size() > kMostText)
            text = isArray ? std::to_string(row.integer(3)) + " values"
                           : historyjson::validUtf8(text.substr(0, kMostText)) + "…";
        list.emplace_back(row.text(0), text);
    }
    return list;
}

/// The command line without what was typed into it: comparisons are shared.
std::string shownArguments(const Connection& c, const std::string& arguments) {
    std::string text;
    bool isTyped = false;
    for (Statement row(c, "SELECT CAST(value AS TEXT) FROM json_each(?)", arguments); row.step();) {
        const std::string word = row.text(0);
        text += text.empty() ? "" : " ";
        text += isTyped || word.starts_with("--text=") ? "…" : word;
        isTyped = !isTyped && word == "--text";
    }
    return text;
}

/// Heads whose rule is another one; nothing where the shapes differ or a plan is none of ours.
std::string rulesThatDiffer(const Connection& c, const std::string& a, const std::string& b) {
    Statement row(
        c,
        "WITH a AS (SELECT fullkey AS k, atom FROM json_tree(?1) WHERE (fullkey GLOB '$.alphas[[]*' OR "
        "fullkey GLOB '$.betas[[]*') AND type IN ('integer', 'real')), "
        "b AS (SELECT fullkey AS k, atom FROM json_tree(?2) WHERE (fullkey GLOB '$.alphas[[]*' OR "
        "fullkey GLOB '$.betas[[]*') AND type IN ('integer', 'real')) "
        "SELECT (SELECT count(*) FROM a), (SELECT count(*) FROM b), count(*), "
        "count(DISTINCT iif(a.atom <> b.atom, substr(a.k, instr(a.k, '[')), NULL)) FROM a JOIN b ON b.k = "
        "a.k",
        a, b);
    if (!row.step() || row.integer(2) == 0 || row.integer(0) != row.integer(2) ||
        row.integer(1) != row.integer(2))
        return "";
    const std::int64_t heads = row.integer(3);
    return heads == 0 ? "none" : std::to_string(heads) + (heads == 1 ? " head" : " heads");
}

/// What a measure was taken at, as text, without what plans differ in by nature.
std::string conditionsOf(const Connection& c, const std::string& context) {
    Statement row(
        c,
        "SELECT key, CAST(value AS TEXT) FROM json_each(?) WHERE key NOT IN ('density', 'plan') ORDER BY key",
        context);
    std::string text;
    while (row.step()) text += ", " + row.text(0) + " " + row.text(1);
    return text;
}

class Comparer {
public:
    Comparer(History& history, std::span<const RunId> runs, std::size_t baseline)
        : m_c(history.connection()) {
        for (const RunId run : runs) m_details.push_back(history.show(run));
        m_comparison.baseline = baseline;
        for (const RunDetail& d : m_details) m_comparison.runs.push_back(d.summary);
    }

    RunComparison run() {
        addRun();
        addModelAndPlan();
        addMachine();
        addJson("Settings", &RunDetail::settings);
        addMeasures();
        for (const ComparisonRow& row : m_comparison.rows) m_comparison.different += row.differs;
        return std::move(m_comparison);
    }

private:
    /// A row of texts; left out where no run has one.
    template <class TextOf>
    void add(const char* group, const std::string& name, TextOf&& textOf, bool always = false) {
        ComparisonRow row{group, name, "", {}, false};
        bool any = always;
        for (const RunDetail& d : m_details) {
            row.cells.push_back({textOf(d), std::nullopt, std::nullopt, Tick::Same});
            any = any || !row.cells.back().text.empty();
        }
        if (!any) return;
        for (ComparisonCell& cell : row.cells)
            if (cell.text != row.cells[m_comparison.baseline].text) {
                cell.tick = Tick::Differs;
                row.differs = true;
            }
        m_comparison.rows.push_back(std::move(row));
    }

    void addRun() {
        add("Run", "Command", [](const RunDetail& d) { return d.summary.command; });
        add("Run", "Status", [](const RunDetail& d) { return toString(d.summary.status); });
        add("Run", "Error", [](const RunDetail& d) { return d.error; });
        add("Run", "Arguments", [this](const RunDetail& d) { return shownArguments(m_c, d.arguments); });
        add("Run", "Seed",
            [](const RunDetail& d) { return d.summary.seed ? std::to_string(*d.summary.seed) : ""; });
        add("Run", "Prompt", [](const RunDetail& d) {
            return d.prompt
                       ? shortHash(d.prompt->sha256) + ", " + std::to_string(d.prompt->tokens) + " tokens"
                       : "";
        });
    }

    void addModelAndPlan() {
        add("Model", "Model", [](const RunDetail& d) { return d.summary.modelName; });
        add("Model", "Model hash",
            [](const RunDetail& d) { return d.model ? shortHash(d.model->sha256) : ""; });
        add("Model", "Quantisation", [](const RunDetail& d) { return d.model ? d.model->quantisation : ""; });
        add("Model", "Profile", [](const RunDetail& d) { return d.profile ? d.profile->path : ""; });
        add("Model", "Profile hash",
            [](const RunDetail& d) { return d.profile ? shortHash(d.profile->sha256) : ""; });
        add("Model", "Calibration",
            [](const RunDetail& d) { return d.profile ? d.profile->calibration : ""; });
        add("Plan", "Plan", [](const RunDetail& d) { return d.summary.planName; });
        add("Plan", "Plan number", [](const RunDetail& d) {
            return d.summary.plan ? "#" + std::to_string(d.summary.plan->value) : "";
        });
        add("Plan", "Plan hash", [](const RunDetail& d) { return d.plan ? shortHash(d.plan->sha256) : ""; });
        add("Plan", "Plan from", [](const RunDetail& d) { return d.plan ? d.plan->origin : ""; });
        const RunDetail& base = m_details[m_comparison.baseline];
        if (!base.plan) return;
        add("Plan", "Rules that differ from run " + std::to_string(base.summary.id.value),
            [&](const RunDetail& d) {
                return d.plan ? rulesThatDiffer(m_c, base.plan->json, d.plan->json) : "";
            });
    }

    void addMachine() {
        add("Machine", "Device", [](const RunDetail& d) { return d.summary.device; });
        add("Machine", "Backend", [](const RunDetail& d) { return d.summary.backend; });
        add("Machine", "Processor", [](const RunDetail& d) { return d.machine.cpu; });
        add("Machine", "Cores", [](const RunDetail& d) { return std::to_string(d.machine.cores); });
        add("Machine", "Memory",
            [](const RunDetail& d) { return std::to_string(d.machine.memoryBytes) + " bytes"; });
        add("Machine", "System", [](const RunDetail& d) { return d.machine.os + ", " + d.machine.kernel; });
        add("Machine", "Card", [](const RunDetail& d) { return d.accelerator ? d.accelerator->name : ""; });
        add("Machine", "Driver",
            [](const RunDetail& d) { return d.accelerator ? d.accelerator->driver : ""; });
        add("Machine", "Runtime",
            [](const RunDetail& d) { return d.accelerator ? d.accelerator->runtime : ""; });
        add("Machine", "Program", [](const RunDetail& d) { return d.programVersion; });
        addJson("Machine", &RunDetail::versions);
    }

    void addJson(const char* group, std::string RunDetail::*member) {
        std::vector<std::string> order;
        std::vector<std::map<std::string, std::string>> values;
        for (const RunDetail& d : m_details) {
            auto& own = values.emplace_back();
            for (auto& [key, value] : flattened(m_c, d.*member)) {
                if (std::ranges::find(order, key) == order.end()) order.push_back(key);
                own[key] = std::move(value);
            }
        }
        for (const std::string& key : order)
            add(group, key, [&](const RunDetail& d) {
                const auto& own = values[static_cast<std::size_t>(&d - m_details.data())];
                const auto found = own.find(key);
                return found == own.end() ? std::string() : found->second;
            });
    }

    /// Measures of equal name and conditions stand in one row, in the order in which they appear.
    void addMeasures() {
        std::vector<std::array<std::string, 3>> order; // name, conditions, occurrence
        std::vector<std::map<std::array<std::string, 3>, const Measurement*>> found;
        for (const RunDetail& d : m_details) {
            auto& own = found.emplace_back();
            std::map<std::string, int> seen;
            for (const Measurement& m : d.measurements) {
                const std::string conditions = conditionsOf(m_c, m.context);
                const std::array<std::string, 3> key = {m.name, conditions,
                                                        std::to_string(++seen[m.name + conditions])};
                if (std::ranges::find(order, key) == order.end()) order.push_back(key);
                own[key] = &m;
            }
        }
        for (const auto& key : order) {
            ComparisonRow row{
                "Measures", key[0] + key[1] + (key[2] == "1" ? "" : ", no. " + key[2]), "", {}, false};
            std::vector<const Measurement*> cells;
            for (const auto& own : found) {
                const auto at = own.find(key);
                cells.push_back(at == own.end() ? nullptr : at->second);
                if (cells.back() != nullptr) row.unit = cells.back()->unit;
            }
            for (const Measurement* m : cells)
                row.cells.push_back(measureCell(m, cells[m_comparison.baseline]));
            row.differs =
                std::ranges::any_of(row.cells, [](const auto& cell) { return cell.tick != Tick::Same; });
            m_comparison.rows.push_back(std::move(row));
        }
    }

    static ComparisonCell measureCell(const Measurement* m, const Measurement* base) {
        ComparisonCell cell;
        const bool has = m != nullptr && !std::isnan(m->value),
                   baseHas = base != nullptr && !std::isnan(base->value);
        if (has) {
            cell.text = historyjson::number(m->value);
            cell.value = m->value;
            cell.error = m->error;
        }
        if (has != baseHas) cell.tick = Tick::Differs;
        if (!has || !baseHas || m->value == base->value) return cell;
        cell.tick = Tick::Differs;
        const double change = m->value - base->value;
        const double error = std::hypot(m->error.value_or(0), base->error.value_or(0));
        const Direction direction = directionOf(m->name);
        if (direction == Direction::None || std::abs(change) <= error) return cell;
        cell.tick = (change > 0) == (direction == Direction::HigherIsBetter) ? Tick::Better : Tick::Worse;
        return cell;
    }

    const Connection& m_c;
    std::vector<RunDetail> m_details;
    RunComparison m_comparison;
};

/// Nothing in a cell ends it or is read as markup.
std::string markdownCell(const std::string& text) {
    std::string out;
    for (const char c : historyjson::validUtf8(text)) {
        if (c == '\n' || c == '\r')
            out += ' ';
        else if (std::string_view("|\\`*_<>[]").find(c) != std::string_view::npos)
            (out += '\\') += c;
        else
            out += c;
    }
    return out.empty() ? "–" : out;
}

} // namespace

RunComparison compareRuns(History& history, std::span<const RunId> runs, std::size_t baseline) {
    if (runs.size() < 2 || runs.size() > kMostCompared)
        throw UsageError("history: 2 to " + std::to_string(kMostCompared) + " runs can be compared, not " +
                         std::to_string(runs.size()));
    if (baseline >= runs.size()) throw UsageError("history: the baseline is one of the runs compared");
    Transaction snapshot(history.connection(), Transaction::Kind::Read);
    return Comparer(history, runs, baseline).run();
}

std::string markdownOf(const RunComparison& comparison, bool differencesOnly) {
    std::string text = "| |", line = "|---|";
    for (std::size_t i = 0; i < comparison.runs.size(); ++i) {
        const RunSummary& run = comparison.runs[i];
        text += " run " + std::to_string(run.id.value) + (i == comparison.baseline ? " (baseline)" : "") +
                ", " + isoTime(run.started).substr(0, 16) + " |";
        line += "---|";
    }
    text += "\n" + line + "\n";
    for (const ComparisonRow& row : comparison.rows) {
        if (differencesOnly && !row.differs) continue;
        text += "| " + markdownCell(row.name) +
                (row.unit.empty() ? "" : " (" + markdownCell(row.unit) + ")") + " |";
        for (const ComparisonCell& cell : row.cells) {
            const std::string value = markdownCell(cell.text);
            text += cell.tick == Tick::Worse     ? " **" + value + "** worse |"
                    : cell.tick == Tick::Better  ? " **" + value + "** better |"
                    : cell.tick == Tick::Differs ? " **" + value + "** |"
                                                 : " " + value + " |";
        }
        text += "\n";
    }
    return text;
}

} // namespace moa
