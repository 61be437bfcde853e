#include "app/cli/commands/sweep.h"

#include "app/cli/result_file.h"
#include "app/cli/score_json.h"
#include "app/cli/text_table.h"

#include "engine/compare/density_sweep.h"
#include "engine/core/format.h"
#include "engine/profile/profile_file.h"

#include <algorithm>
#include <limits>
#include <set>

namespace moa::cli {
namespace {

std::vector<int> lengthsOf(const SweepRequest& request, const ProfileData& profile) {
    if (!request.retrieval.lengths.empty()) return request.retrieval.lengths;
    std::vector<int> lengths;
    for (const auto& [n, at] : profile.lengths) lengths.push_back(n);
    if (request.spans.empty() && !lengths.empty()) lengths = {lengths.back()};
    return lengths;
}

/// A span beyond a length is that length's dense model: left out.
std::vector<SweepPoint> pointsOf(const SweepRequest& request, const std::vector<int>& lengths) {
    std::vector<SweepPoint> points;
    for (const int length : lengths) {
        for (const double density : request.densities) points.push_back({length, density});
        for (const int span : request.spans)
            if (span <= length) points.push_back({length, static_cast<double>(span) / length});
    }
    return points;
}

Json sideJson(const SweepSide& side) {
    Json json = scoreJson(side.score);
    json["density"] = side.density;
    json["tok_s"] = side.tokensPerSecond > 0 ? Json(side.tokensPerSecond) : Json();
    return json;
}

Json rowJson(const SweepRow& row) {
    return {{"length", row.point.length},
            {"density", row.point.density},
            {"span", static_cast<int>(row.point.density * row.point.length + 0.5)},
            {"dense", sideJson(row.dense)},
            {"plan", row.plan ? sideJson(*row.plan) : Json()},
            {"uniform", sideJson(row.uniform)}};
}

std::string describe(const Json& result) {
    TextTable table({"length", "cache", "span", "asked", "dense", "plan", "uniform", "tok/s dense", "plan", "uniform"});
    const auto speed = [](const Json& side) {
        return side.is_null() || side["tok_s"].is_null() ? std::string("–") : formatFixed(side["tok_s"].get<double>(), 0);
    };
    for (const Json& row : result["rows"])
        table.add({row["length"].dump(), formatFixed(100 * row["density"].get<double>(), 1) + "%", row["span"].dump(),
                   row["dense"]["asked"].dump(), shownScore(row["dense"]),
                   row["plan"].is_null() ? "no such plan" : shownScore(row["plan"]), shownScore(row["uniform"]),
                   speed(row["dense"]), speed(row["plan"]), speed(row["uniform"])});
    return table.text();
}

/// One line of a chart from the rows of one length; rows without that side are left out.
ChartSeries seriesOf(const Json& rows, int length, const char* side, Rgb colour, bool speed) {
    ChartSeries series{side, colour};
    series.dashed = std::string(side) != "plan";
    for (const Json& row : rows) {
        const Json& at = row[side];
        if (row["length"] != length || at.is_null() || (speed && at["tok_s"].is_null())) continue;
        series.x.push_back(row["density"].get<double>());
        series.y.push_back(speed ? at["tok_s"].get<double>() : at["accuracy"].get<double>());
        if (speed) continue;
        series.low.push_back(at["interval95"][0].get<double>());
        series.high.push_back(at["interval95"][1].get<double>());
    }
    return series;
}

std::vector<Panel> densityPanels(const Json& result, const std::vector<int>& lengths) {
    std::vector<Panel> panels;
    for (const int length : lengths)
        for (const bool speed : {false, true}) {
            LinePanel panel;
            panel.title = (speed ? "Tokens per second, " : "Right answers, ") + shortLength(length) + " tokens";
            panel.xLabel = "share of the dense cache";
            panel.percent = !speed;
            panel.yMost = speed ? 0 : 1;
            panel.series = {seriesOf(result["rows"], length, "dense", kDenseColour, speed),
                            seriesOf(result["rows"], length, "uniform", kUniformColour, speed),
                            seriesOf(result["rows"], length, "plan", kPlanColour, speed)};
            panels.push_back(std::move(panel));
        }
    return panels;
}

std::vector<Panel> gridPanels(const Json& result, const SweepRequest& request, const std::vector<int>& lengths) {
    std::vector<Panel> panels;
    for (const char* side : {"plan", "uniform"}) {
        GridPanel panel;
        panel.title = side;
        panel.xLabel = "tokens (% right in the cells)";
        panel.yLabel = "mean span";
        for (const int length : lengths) panel.columns.push_back(shortLength(length));
        for (const int span : request.spans) panel.rows.push_back(shortLength(span));
        panel.values.assign(panel.rows.size() * panel.columns.size(), std::numeric_limits<double>::quiet_NaN());
        for (const Json& row : result["rows"]) {
            const auto column = std::ranges::find(lengths, row["length"].get<int>()) - lengths.begin();
            const auto line = std::ranges::find(request.spans, row["span"].get<int>()) - request.spans.begin();
            if (line < std::ssize(request.spans) && !row[side].is_null())
                panel.values[static_cast<std::size_t>(line) * panel.columns.size() + static_cast<std::size_t>(column)] =
                    row[side]["accuracy"].get<double>();
        }
        panels.push_back(std::move(panel));
    }
    return panels;
}

} // namespace

ExitCode runSweep(const SweepRequest& request, CliContext& cli) {
    checkResultEnding(request.out);
    const ProfileData profile = readProfile(request.profile, false);
    const std::vector<int> lengths = lengthsOf(request, profile);
    const auto model = cli.loadModel(request.model);
    cli.beginRun({.command = "retrieval",
                  .model = &model->files(),
                  .settings = {{"tasks", request.retrieval.tasks},
                               {"lengths", lengths},
                               {"densities", request.densities},
                               {"spans", request.spans},
                               {"prompts", request.retrieval.prompts},
                               {"questions_per_prompt", request.retrieval.questionsPerPrompt},
                               {"estimate", request.estimate},
                               {"profile", request.profile}},
                  .seed = cli.options.seed});
    SweepOptions options;
    options.points = pointsOf(request, lengths);
    options.retrieval = request.retrieval;
    options.estimate = parseEstimate(request.estimate);
    options.speed = request.spans.empty();
    const SweepOutcome outcome = measureSweep(*model, profile, options, {}, cli.stopToken(), cli.progress());
    Json result = {{"rows", Json::array()}};
    Conclusion end;
    for (const SweepRow& row : outcome.rows) {
        result["rows"].push_back(rowJson(row));
        if (row.plan)
            end.measurements.push_back({"retrieval", "", row.plan->score.accuracy(), row.plan->score.asked, {},
                                        Json{{"length", row.point.length}, {"density", row.point.density}}.dump()});
    }
    writeResult(request.out, result, [&] {
        return request.spans.empty() ? densityPanels(result, lengths) : gridPanels(result, request, lengths);
    });
    if (outcome.completion == Completion::Cancelled) {
        end.status = RunStatus::Cancelled;
        end.message = "cancelled; the result holds the " + std::to_string(outcome.rows.size()) + " finished points";
    }
    end.text = describe(result);
    end.result = std::move(result);
    return cli.conclude(std::move(end));
}

} // namespace moa::cli
