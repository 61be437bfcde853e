#include "app/cli/commands/needle.h"

#include "app/cli/result_file.h"
#include "app/cli/score_json.h"
#include "app/cli/text_table.h"

#include "engine/core/format.h"
#include "engine/loader/json_reader.h"
#include "engine/loader/sha256.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace moa::cli {
namespace {

constexpr std::uint64_t kMostBytes = 256ull << 20;

/// What two grids must share to be one.
Json setupOf(const Model& files, const NeedleRequest& request) {
    std::string rules = "dense";
    if (request.plan) {
        rules = std::to_string(request.plan->sink);
        for (const Rule& rule : request.plan->rules) rules += ";" + Json(rule.alpha).dump() + "," + Json(rule.beta).dump();
    }
    Sha256 hash;
    hash.update(std::as_bytes(std::span(rules)));
    return {{"model", files.sha256()}, {"rules", hash.finish()}, {"depths", request.grid.depths}, {"seed", request.grid.seed}};
}

std::string depthName(int row, int depths) {
    return std::to_string(100 * row / depths) + "–" + std::to_string(100 * (row + 1) / depths) + "%";
}

Json cellJson(const std::string& task, const NeedleCell& cell, const NeedleRequest& request) {
    Json samples = Json::array();
    double denseNll = 0, planNll = 0;
    for (const NeedleSample& s : cell.samples) {
        samples.push_back({int(s.dense), int(s.sparse), s.denseNll, s.sparseNll});
        denseNll += s.denseNll / static_cast<double>(cell.samples.size());
        planNll += s.sparseNll / static_cast<double>(cell.samples.size());
    }
    const auto side = [](const Score& score, double nll) {
        Json json = scoreJson(score);
        json["answer_nll"] = nll;
        return json;
    };
    const double depths = request.grid.depths;
    const auto lost = cell.firstLost();
    return {{"task", task},
            {"length", cell.length},
            {"depth", cell.depth},
            {"depth_from", cell.depth / depths},
            {"depth_to", (cell.depth + 1) / depths},
            {"dense", side(cell.denseScore(), denseNll)},
            {"plan", request.plan ? side(cell.sparseScore(), planNll) : Json()},
            {"difference", request.plan ? Json(cell.sparseScore().accuracy() - cell.denseScore().accuracy()) : Json()},
            {"first_lost", lost && request.plan ? Json(*lost) : Json()},
            {"samples", samples}};
}

/// The cells of one task in a file that an earlier run wrote. Throws FileError, and UsageError where it measured
/// something else.
std::vector<NeedleCell> readCells(const std::string& path, const std::string& task, const Json& setup) {
    std::vector<NeedleCell> cells;
    if (path.empty()) return cells;
    const Json document = readJsonFile(path, kMostBytes);
    const JsonView root(document, path);
    if (root.at("setup").raw() != setup)
        throw UsageError("--resume " + path + ": that grid has another model, plan, seed or number of depths");
    const JsonView rows = root.at("rows");
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const JsonView row = rows[i];
        if (row.at("task").text() != task) continue;
        NeedleCell cell{static_cast<int>(row.at("length").integer(1, 1 << 30)),
                        static_cast<int>(row.at("depth").integer(0, NeedleOptions::kMostDepths - 1)), {}};
        const JsonView samples = row.at("samples");
        for (std::size_t s = 0; s < samples.size(); ++s) {
            const JsonView sample = samples[s];
            if (sample.size() != 4) sample.fail("expected [dense, plan, dense nats, plan nats]");
            cell.samples.push_back({sample[0].integer(0, 1) == 1, sample[1].integer(0, 1) == 1, sample[2].number(), sample[3].number()});
        }
        cells.push_back(std::move(cell));
    }
    return cells;
}

std::string describe(const Json& result) {
    TextTable table({"task", "length", "depth", "asked", "dense", "plan", "difference"});
    const auto depths = static_cast<int>(result["setup"]["depths"].get<double>());
    for (const Json& row : result["rows"])
        table.add({row["task"].get<std::string>(), row["length"].dump(), depthName(row["depth"].get<int>(), depths),
                   row["dense"]["asked"].dump(), formatFixed(row["dense"]["accuracy"].get<double>(), 2),
                   row["plan"].is_null() ? "–" : formatFixed(row["plan"]["accuracy"].get<double>(), 2),
                   row["plan"].is_null() ? "–" : formatFixed(row["difference"].get<double>(), 2)});
    return table.text();
}

/// Per task: dense, plan, difference.
std::vector<Panel> panelsOf(const Json& result, const NeedleRequest& request) {
    std::vector<Panel> panels;
    GridPanel frame;
    frame.xLabel = "tokens (% right in the cells)";
    frame.yLabel = "depth";
    for (const int length : request.grid.lengths) frame.columns.push_back(shortLength(length));
    for (int d = 0; d < request.grid.depths; ++d) frame.rows.push_back(depthName(d, request.grid.depths));
    const std::size_t columns = frame.columns.size();
    for (const std::string& task : request.tasks)
        for (const char* side : {"dense", "plan", "difference"}) {
            const std::string name = side;
            if (!request.plan && name != "dense") continue;
            GridPanel panel = frame;
            panel.title = task + ", " + (name == "difference" ? "plan − dense" : name);
            if (name == "difference") panel.colours = GridColours::Change;
            panel.values.assign(frame.rows.size() * columns, std::numeric_limits<double>::quiet_NaN());
            for (const Json& row : result["rows"]) {
                if (row["task"] != task || row["dense"]["asked"] == 0) continue;
                const auto column = static_cast<std::size_t>(
                    std::ranges::find(request.grid.lengths, row["length"].get<int>()) - request.grid.lengths.begin());
                panel.values[row["depth"].get<std::size_t>() * columns + column] =
                    name == "difference" ? row["difference"].get<double>() : row[name]["accuracy"].get<double>();
            }
            panels.push_back(std::move(panel));
        }
    return panels;
}

} // namespace

ExitCode runNeedleGrid(std::shared_ptr<const Model> files, const PlanChoice& choice, const NeedleRequest& request,
                       CliContext& cli) {
    checkResultEnding(request.out);
    const Json setup = setupOf(*files, request);
    std::vector<std::vector<NeedleCell>> done;
    for (const std::string& task : request.tasks) done.push_back(readCells(request.resume, task, setup));
    const auto model = cli.loadModel(files);
    cli.beginRun({.command = "retrieval",
                  .model = files.get(),
                  .plan = choice.get(),
                  .planPath = choice.path,
                  .settings = {{"grid", true},
                               {"tasks", request.tasks},
                               {"lengths", request.grid.lengths},
                               {"depths", request.grid.depths},
                               {"samples", request.grid.samples}},
                  .seed = request.grid.seed});
    Json result = {{"setup", setup}, {"samples", request.grid.samples}, {"rows", Json::array()}};
    const MaskSource mask = request.plan ? MaskSource::plan(*request.plan) : MaskSource::dense();
    Conclusion end;
    for (std::size_t i = 0; i < request.tasks.size() && end.status == RunStatus::Done; ++i) {
        NeedleOptions options = request.grid;
        options.task = request.tasks[i];
        const NeedleGrid grid = measureNeedleGrid(*model, mask, options, done[i], {}, cli.stopToken(), cli.progress());
        Score dense, sparse;
        for (const NeedleCell& cell : grid.cells) {
            result["rows"].push_back(cellJson(options.task, cell, request));
            for (const NeedleSample& sample : cell.samples) dense.add(sample.dense), sparse.add(sample.sparse);
        }
        const auto measured = [&](const char* side, const Score& score) {
            end.measurements.push_back({"needle", "", score.accuracy(), score.asked, {},
                                        Json{{"task", options.task}, {"side", side}}.dump()});
        };
        measured("dense", dense);
        if (request.plan) measured("plan", sparse);
        if (grid.completion == Completion::Cancelled) end.status = RunStatus::Cancelled;
    }
    writeResult(request.out, result, [&] { return panelsOf(result, request); });
    if (end.status == RunStatus::Cancelled) {
        end.message = "cancelled; the samples that were finished are in the result";
        if (request.out.ends_with(".json")) end.message += "; go on with --resume " + request.out;
    }
    end.text = describe(result);
    end.result = std::move(result);
    return cli.conclude(std::move(end));
}

} // namespace moa::cli
