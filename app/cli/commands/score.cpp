// `moa score`: how well the model predicts a text, dense or under a plan, and the logits it would choose
// from.
#include "app/cli/commands/commands.h"
#include "app/cli/parse_list.h"
#include "app/cli/plan_choice.h"
#include "app/cli/prompt.h"
#include "app/cli/text_table.h"
#include "app/cli/windows_file.h"

#include "engine/core/format.h"
#include "engine/model/sampler.h"
#include "engine/model/sequence.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>
#include <set>

namespace moa::cli {
namespace {

struct ScoreOptions {
    std::string model, plan, windows, positions;
    int top = 5;
    PromptOptions prompt;
};

/// What a pass over the text collects.
struct Scores {
    std::vector<double> nll; ///< nats, of tokens 1 … N−1
    Json top = Json::array();
    double seconds = 0;

    double mean() const {
        return std::accumulate(nll.begin(), nll.end(), 0.0) / static_cast<double>(nll.size());
    }
    /// Standard error of the mean, the tokens taken as independent.
    double error() const {
        const double m = mean();
        double squares = 0;
        for (const double x : nll) squares += (x - m) * (x - m);
        const auto n = static_cast<double>(nll.size());
        return n > 1 ? std::sqrt(squares / (n - 1) / n) : 0;
    }
};

Json topOf(std::int64_t position, std::span<const float> logits, int count) {
    std::vector<int> order(logits.size());
    std::iota(order.begin(), order.end(), 0);
    const auto most =
        order.begin() + std::min<std::ptrdiff_t>(count, static_cast<std::ptrdiff_t>(order.size()));
    std::partial_sort(order.begin(), most, order.end(), [&](int a, int b) {
        const float x = logits[static_cast<std::size_t>(a)], y = logits[static_cast<std::size_t>(b)];
        return x > y || (x == y && a < b);
    });
    Json ids = Json::array(), values = Json::array();
    for (auto id = order.begin(); id != most; ++id) {
        ids.push_back(*id);
        values.push_back(logits[static_cast<std::size_t>(*id)]);
    }
    return {{"position", position}, {"ids", std::move(ids)}, {"logits", std::move(values)}};
}

Scores scoreText(LanguageModel& model, const std::vector<int>& ids, const MaskSource& mask,
                 const std::set<std::int64_t>& positions, int top, CliContext& cli) {
    const auto n = static_cast<std::int64_t>(ids.size());
    Sequence sequence(model, mask, n);
    Scores scores;
    const LogitsFn take = [&](std::size_t, std::int64_t position, std::span<const float> logits) {
        if (position + 1 < n) {
            const int next = ids[static_cast<std::size_t>(position + 1)];
            scores.nll.push_back(logSumExp(logits) -
                                 static_cast<double>(logits[static_cast<std::size_t>(next)]));
        }
        if (positions.contains(position)) scores.top.push_back(topOf(position, logits, top));
    };
    const ProgressFn progress = cli.progress();
    const auto start = std::chrono::steady_clock::now();
    for (std::int64_t done = 0; done < n;) {
        const std::int64_t count = std::min(model.chunkRows(), n - done);
        ForwardItem item{
            &sequence,
            std::span(ids).subspan(static_cast<std::size_t>(done), static_cast<std::size_t>(count)), count};
        if (model.forward(std::span(&item, 1), take, cli.stopToken()) == Completion::Cancelled)
            throw CancelledError();
        done += count;
        progress({"score tokens", done, n});
    }
    scores.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return scores;
}

std::string describe(const Json& result, const Tokenizer& tokenizer) {
    const Json& mean = result["nll_mean"];
    std::vector<std::pair<std::string, std::string>> lines = {
        {"tokens", std::to_string(result["tokens"].get<std::int64_t>())},
        {"mean loss", mean.is_null() ? "– (one token has nothing before it)"
                                     : formatFixed(mean.get<double>(), 4) + " nats a token, ± " +
                                           formatFixed(result["nll_error"].get<double>(), 4)},
        {"density", formatFixed(result["density"].get<double>(), 3)},
        {"time", formatFixed(result["seconds"].get<double>(), 2) + " s"}};
    TextTable table({"position", "id", "logit", "next token"});
    for (const Json& at : result["top"])
        for (std::size_t k = 0; k < at["ids"].size(); ++k) {
            const int id = at["ids"][k].get<int>();
            table.add({std::to_string(at["position"].get<std::int64_t>()), std::to_string(id),
                       formatFixed(at["logits"][k].get<double>(), 3),
                       Json(tokenizer.piece(id)).dump(-1, ' ', false, Json::error_handler_t::replace)});
        }
    return keyValueLines(lines) + "\n" + table.text();
}

std::set<std::int64_t> positionsOf(const ScoreOptions& options, std::int64_t n) {
    if (options.positions.empty()) return {n - 1};
    const std::vector<int> list = parseIntegers("--positions", options.positions, 0, n - 1);
    return {list.begin(), list.end()};
}

ExitCode runScore(const ScoreOptions& options, CliContext& cli) {
    const std::shared_ptr<const Model> files = cli.loadFiles(options.model);
    const PlanChoice plan = choosePlan(options.plan, *files, cli);
    std::optional<WindowMap> windows;
    if (!options.windows.empty()) windows = readWindows(options.windows, files->config);
    const Prompt prompt = readSomePrompt(options.prompt, *files, cli, "a score");
    const auto n = static_cast<std::int64_t>(prompt.ids.size());
    checkContext(*files, n);
    const std::set<std::int64_t> positions = positionsOf(options, n);

    Json settings = {{"prompt", prompt.describe()}, {"top", options.top}};
    if (windows) settings["windows"] = windowsJson(*windows);
    const std::unique_ptr<LanguageModel> model = cli.loadModel(files);
    cli.beginRun({.command = "score",
                  .model = files.get(),
                  .plan = plan.get(),
                  .planPath = plan.path,
                  .prompt = prompt.ref(),
                  .settings = settings});
    const MaskSource mask = windows ? MaskSource::fixed(*windows) : plan.maskAt(n);
    const Scores scores = scoreText(*model, prompt.ids, mask, positions, options.top, cli);

    const bool any = !scores.nll.empty();
    const double density = windows ? densityOf(*windows, n) : plan.density(n);
    const Json result = {{"tokens", n},
                         {"nll_mean", any ? Json(scores.mean()) : Json(nullptr)},
                         {"nll_error", any ? Json(scores.error()) : Json(nullptr)},
                         {"density", density},
                         {"seconds", scores.seconds},
                         {"top", scores.top}};
    const std::string context = Json{{"tokens", n}, {"density", density}}.dump();
    std::vector<Measurement> measurements = {{"seconds", "s", scores.seconds, 1, std::nullopt, context}};
    if (any)
        measurements.push_back({"nll_mean", "nats", scores.mean(),
                                static_cast<std::int64_t>(scores.nll.size()), scores.error(), context});
    Series perToken{"nll", "nats", 1, {scores.nll.begin(), scores.nll.end()}};
    return cli.conclude({.result = result,
                         .text = describe(result, files->tokenizer),
                         .measurements = measurements,
                         .series = {std::move(perToken)}});
}

} // namespace

void addScoreCommand(CLI::App& app, CliContext& cli) {
    auto options = std::make_shared<ScoreOptions>();
    CLI::App& command = cli.addCommand(
        app, "score", "How well the model predicts a text, dense or under a plan",
        "  moa score moa-tiny --text-file README.md\n"
        "  moa score moa-tiny --ids ids.json --plan plan.json --top 10 --positions 0,63 --json\n"
        "  moa score moa-tiny --text-file README.md --windows windows.json");
    command.add_option("MODEL", options->model, "folder, .safetensors file or name")->required();
    CLI::Option* plan = command.add_option("--plan", options->plan, "plan file (default: dense)");
    command
        .add_option("--windows", options->windows,
                    "JSON [layer][KV head] of windows in tokens, instead of a plan")
        ->excludes(plan);
    command.add_option("--top", options->top, "most likely next tokens to list")
        ->check(CLI::Range(0, 1 << 20));
    command.add_option("--positions", options->positions, "where to list them (default: the last position)");
    addPromptOptions(command, options->prompt);
    cli.onRun(command, [options, &cli] { return runScore(*options, cli); });
}

} // namespace moa::cli
