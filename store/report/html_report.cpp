#include "store/report/html_report.h"

#include "store/history/json_text.h"
#include "store/query/lineage.h"
#include "store/query/run_compare.h"
#include "store/report/svg_chart.h"
#include "store/sqlite/transaction.h"

#include <algorithm>
#include <cmath>

namespace moa {
namespace {

constexpr const char* kStyle = R"css(
:root{color-scheme:light dark;--bg:#f6f7f8;--panel:#fff;--ink:#1b1f24;--soft:#5b6570;--line:#d8dde3;--bad:#b3261e;--good:#1b6e3c}
@media (prefers-color-scheme:dark){:root{--bg:#14171a;--panel:#1d2125;--ink:#e6e9ec;--soft:#9aa4ae;--line:#353c44;--bad:#ff8a80;--good:#7bd69a}}
body{margin:0;background:var(--bg);color:var(--ink);font:14px/1.45 system-ui,sans-serif}
main{max-width:1080px;margin:0 auto;padding:24px}
h1{font-size:22px;margin:0 0 4px}h2{font-size:15px;margin:0 0 10px}
.soft{color:var(--soft)}
section{background:var(--panel);border:1px solid var(--line);border-radius:8px;padding:16px;margin:16px 0;overflow-x:auto}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;padding:5px 10px;border-bottom:1px solid var(--line);vertical-align:top;overflow-wrap:anywhere}
th{font-weight:600}td.n{font-variant-numeric:tabular-nums}
tr.same{color:var(--soft)}td.worse{color:var(--bad);font-weight:600}td.better{color:var(--good);font-weight:600}td.differs{font-weight:600}
pre{white-space:pre-wrap;overflow-wrap:anywhere;margin:0}
.tag{display:inline-block;border:1px solid var(--line);border-radius:10px;padding:0 8px;margin-right:4px}
svg{width:100%;max-width:760px;height:auto;display:block}
svg text{font:11px system-ui,sans-serif;fill:var(--soft)}svg text.name,svg text.value{fill:var(--ink)}
.grid{stroke:var(--line)}.error{stroke:var(--ink);stroke-width:2}.line{fill:none;stroke-width:1.5}
.c0{--c:#0f6e6e}.c1{--c:#b4500b}.c2{--c:#3b5fc0}.c3{--c:#8a3fa0}.c4{--c:#a8892b}.c5{--c:#5b6570}
@media (prefers-color-scheme:dark){.c0{--c:#5cc8c0}.c1{--c:#f0a060}.c2{--c:#8fb0ff}.c3{--c:#d59be8}.c4{--c:#e0c870}.c5{--c:#aab4be}}
.line{stroke:var(--c)}.bar{fill:var(--c)}.key::before{content:"";display:inline-block;width:14px;height:3px;margin:0 5px 3px 0;background:var(--c)}
)css";

std::string section(const std::string& title, const std::string& body) {
    return body.empty() ? "" : "<section><h2>" + htmlEscaped(title) + "</h2>" + body + "</section>\n";
}

std::string pair(const std::string& name, const std::string& value) {
    return value.empty() ? ""
                         : "<tr><th>" + htmlEscaped(name) + "</th><td>" + htmlEscaped(value) + "</td></tr>";
}

std::string table(const std::string& rows) {
    return rows.empty() ? "" : "<table>" + rows + "</table>";
}

std::string gib(std::int64_t bytes) {
    constexpr double kGib = 1024.0 * 1024 * 1024;
    return shortNumber(static_cast<double>(bytes) / kGib) + " GiB";
}

std::string passport(const RunDetail& d) {
    const RunSummary& s = d.summary;
    std::string rows = pair("Command", s.command) + pair("Status", toString(s.status)) +
                       pair("Error", d.error) + pair("Started", isoTime(s.started)) +
                       pair("Finished", s.finished ? isoTime(*s.finished) : "");
    if (d.model)
        rows += pair("Model",
                     d.model->name + (d.model->quantisation.empty() ? "" : ", " + d.model->quantisation)) +
                pair("Model hash", d.model->sha256);
    if (d.plan)
        rows += pair("Plan", d.plan->name + " (" + d.plan->origin + ")") + pair("Plan hash", d.plan->sha256);
    if (d.profile)
        rows += pair("Profile", d.profile->path) + pair("Profile hash", d.profile->sha256) +
                pair("Calibration", d.profile->calibration);
    if (d.prompt) rows += pair("Prompt", std::to_string(d.prompt->tokens) + " tokens, " + d.prompt->sha256);
    if (s.seed) rows += pair("Seed", std::to_string(*s.seed));
    if (s.rerunOf) rows += pair("Repeats", "run " + std::to_string(s.rerunOf->value));
    rows += pair("Device", s.device);
    if (d.accelerator)
        rows += pair("Card", d.accelerator->name + ", " + gib(d.accelerator->memoryBytes)) +
                pair("Driver", d.accelerator->driver);
    rows += pair("Processor", d.machine.cpu + ", " + std::to_string(d.machine.cores) + " cores, " +
                                  gib(d.machine.memoryBytes)) +
            pair("System", d.machine.os + ", " + d.machine.kernel) + pair("Program", d.programVersion);
    return table(rows);
}

std::string measureTable(const RunDetail& d) {
    if (d.measurements.empty()) return "";
    std::string rows =
        "<tr><th>Measure</th><th>Value</th><th>Error</th><th>Unit</th><th>Samples</th><th>Taken at</th></tr>";
    for (const Measurement& m : d.measurements)
        rows += "<tr><td>" + htmlEscaped(m.name) + "</td><td class=\"n\">" +
                (std::isnan(m.value) ? "–" : historyjson::number(m.value)) + "</td><td class=\"n\">" +
                (m.error ? historyjson::number(*m.error) : "–") + "</td><td>" + htmlEscaped(m.unit) +
                "</td><td class=\"n\">" + std::to_string(m.samples) + "</td><td>" + htmlEscaped(m.context) +
                "</td></tr>";
    return table(rows);
}

std::string searchTable(const RunDetail& d) {
    if (d.searches.empty()) return "";
    std::string rows = "<tr><th>Plan</th><th>Estimate</th><th>Solver</th><th>Loss</th><th>Bound</th><th>Gap</"
                       "th><th>Status</th><th>Limits</th></tr>";
    const auto number = [](const std::optional<double>& v) { return v ? shortNumber(*v) : std::string("–"); };
    for (const SearchRecord& s : d.searches)
        rows += "<tr><td>" + htmlEscaped(s.plan ? s.plan->name : "–") + "</td><td>" +
                htmlEscaped(s.estimate) + "</td><td>" + htmlEscaped(s.solver) + "</td><td class=\"n\">" +
                number(s.loss) + "</td><td class=\"n\">" + number(s.bound) + "</td><td class=\"n\">" +
                number(s.gap) + "</td><td>" + htmlEscaped(s.status) + "</td><td>" + htmlEscaped(s.limits) +
                "</td></tr>";
    return table(rows);
}

/// A chart for each name, a line for each run that has it.
std::string seriesCharts(const std::vector<RunDetail>& runs) {
    std::string out;
    std::vector<std::string> drawn;
    for (const RunDetail& d : runs)
        for (const Series& s : d.series) {
            if (std::ranges::find(drawn, s.name) != drawn.end()) continue;
            drawn.push_back(s.name);
            std::vector<ChartLine> lines;
            for (std::size_t i = 0; i < runs.size(); ++i)
                for (const Series& same : runs[i].series)
                    if (same.name == s.name)
                        lines.push_back({"run " + std::to_string(runs[i].summary.id.value), same.start,
                                         same.values, static_cast<int>(i)});
            out += section(s.name + " per token", lineChart(lines, s.unit));
        }
    return out;
}

std::string lineageList(History& history, const RunDetail& d) {
    if (!d.summary.plan) return "";
    const Lineage lineage = lineageOf(history, *d.summary.plan);
    std::vector<const LineageNode*> nodes;
    for (const LineageNode& node : lineage.nodes) nodes.push_back(&node);
    std::ranges::stable_sort(nodes, {}, &LineageNode::depth);
    std::string rows = "<tr><th>Step</th><th>What</th><th>Name</th><th>How</th></tr>";
    for (const LineageNode* node : nodes) {
        const char* kind = node->kind == LineageNode::Kind::Plan  ? "plan"
                           : node->kind == LineageNode::Kind::Run ? "run"
                                                                  : "profile";
        const std::string name = node->kind == LineageNode::Kind::Run
                                     ? std::to_string(node->id) + ", " + node->label
                                     : node->label;
        rows += "<tr><td class=\"n\">" + std::to_string(node->depth) + "</td><td>" + kind + "</td><td>" +
                htmlEscaped(name) + (node->isFocus ? " (this plan)" : "") + "</td><td>" +
                htmlEscaped(node->detail) + "</td></tr>";
    }
    return table(rows);
}

std::string marks(const RunDetail& d) {
    std::string out;
    for (const std::string& tag : d.tags) out += "<span class=\"tag\">" + htmlEscaped(tag) + "</span>";
    if (!d.note.empty()) out += "<pre>" + htmlEscaped(d.note) + "</pre>";
    return out;
}

std::string oneRun(History& history, const RunDetail& d) {
    std::vector<ChartBar> bars;
    for (const Measurement& m : d.measurements)
        if (m.unit.empty() && std::abs(m.value) <= 1)
            bars.push_back({m.name + " " + m.context, m.value, m.error, 0}); // shares
    return section("Tags and note", marks(d)) + section("Measures", measureTable(d) + barChart(bars)) +
           section("Searches", searchTable(d)) + seriesCharts({d}) + section("Passport", passport(d)) +
           section("Lineage", lineageList(history, d));
}

std::string comparisonTable(const RunComparison& c) {
    std::string rows = "<tr><th>Field</th>";
    for (std::size_t i = 0; i < c.runs.size(); ++i)
        rows += "<th>run " + std::to_string(c.runs[i].id.value) + (i == c.baseline ? " (baseline)" : "") +
                "</th>";
    rows += "</tr>";
    for (const ComparisonRow& row : c.rows) {
        rows += std::string("<tr") + (row.differs ? "" : " class=\"same\"") + "><th>" +
                htmlEscaped(row.name) + (row.unit.empty() ? "" : ", " + htmlEscaped(row.unit)) + "</th>";
        for (const ComparisonCell& cell : row.cells) {
            const char* tick = cell.tick == Tick::Worse     ? "worse"
                               : cell.tick == Tick::Better  ? "better"
                               : cell.tick == Tick::Differs ? "differs"
                                                            : "n";
            const char* word = cell.tick == Tick::Worse    ? " worse"
                               : cell.tick == Tick::Better ? " better"
                                                           : "";
            rows += std::string("<td class=\"") + tick + "\">" +
                    (cell.text.empty() ? "–" : htmlEscaped(cell.text)) +
                    (cell.error ? " ± " + shortNumber(*cell.error) : "") + word + "</td>";
        }
        rows += "</tr>";
    }
    return table(rows);
}

std::string measureBars(const RunComparison& c) {
    std::string out;
    for (const ComparisonRow& row : c.rows) {
        if (row.group != "Measures" || !row.differs) continue;
        std::vector<ChartBar> bars;
        for (std::size_t i = 0; i < row.cells.size(); ++i)
            if (row.cells[i].value)
                bars.push_back({"run " + std::to_string(c.runs[i].id.value), *row.cells[i].value,
                                row.cells[i].error, static_cast<int>(i)});
        if (bars.size() < 2) continue; // nothing to hold it against
        out += section(row.name + (row.unit.empty() ? "" : ", " + row.unit), barChart(bars));
    }
    return out;
}

std::string several(History& history, std::span<const RunId> runs, std::size_t baseline,
                    const std::vector<RunDetail>& details) {
    const RunComparison c = compareRuns(history, runs, baseline);
    std::string notes;
    for (const RunDetail& d : details)
        if (const std::string text = marks(d); !text.empty())
            notes += "<p class=\"soft\">run " + std::to_string(d.summary.id.value) + "</p>" + text;
    return section(std::to_string(c.different) + " of " + std::to_string(c.rows.size()) + " fields differ",
                   comparisonTable(c)) +
           measureBars(c) + seriesCharts(details) + section("Tags and notes", notes);
}

} // namespace

std::string htmlEscaped(std::string_view text) {
    std::string out;
    for (const char c : historyjson::validUtf8(text)) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '&')
            out += "&amp;";
        else if (c == '<')
            out += "&lt;";
        else if (c == '>')
            out += "&gt;";
        else if (c == '"')
            out += "&quot;";
        else if (c == '\'')
            out += "&#39;";
        else if (byte >= 0x20 ? byte != 0x7f : c == '\n' || c == '\t')
            out += c;
    }
    return out;
}

std::string htmlReport(History& history, std::span<const RunId> runs, std::size_t baseline) {
    if (runs.empty() || runs.size() > kMostCompared)
        throw UsageError("history: a report is of 1 to " + std::to_string(kMostCompared) + " runs");
    std::vector<RunDetail> details;
    std::string title = runs.size() == 1 ? "Run" : "Runs";
    for (std::size_t i = 0; i < runs.size(); ++i) {
        details.push_back(history.show(runs[i]));
        title += (i == 0 ? " " : ", ") + std::to_string(runs[i].value);
    }
    if (runs.size() == 1) title += ", " + details[0].summary.command;
    const std::string body =
        runs.size() == 1 ? oneRun(history, details[0]) : several(history, runs, baseline, details);
    return "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
           "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
           "'unsafe-inline'\">"
           "<meta name=\"viewport\" content=\"width=device-width\"><title>" +
           htmlEscaped(title) + "</title><style>" + kStyle + "</style></head><body><main><h1>" +
           htmlEscaped(title) + "</h1><p class=\"soft\">MoA Workbench, report of " +
           isoTime(currentTime()).substr(0, 16) + " UTC</p>\n" + body + "</main></body></html>\n";
}

} // namespace moa
