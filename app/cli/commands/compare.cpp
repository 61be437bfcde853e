// `moa compare`: dense and sparse side by side, free-running and in lockstep on the dense model's tokens; which heads
// are to blame for a token, and what it becomes with some of them widened.
#include "app/cli/commands/commands.h"
#include "app/cli/parse_list.h"
#include "app/cli/plan_choice.h"
#include "app/cli/prompt.h"
#include "app/cli/text_table.h"

#include "engine/compare/lockstep.h"
#include "engine/compare/lockstep_session.h"
#include "engine/compare/saving.h"
#include "engine/core/format.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>

namespace moa::cli {
namespace {

struct CompareFlags {
    std::string model, plan;
    int maxNew = 64, batch = 1;
    bool saving = false;
    std::string blame, counterfactual;
    bool asksBlame() const { return !blame.empty(); }
    PromptOptions prompt;
};

Json side(const LockstepRun& run, const Model& model) {
    return {{"text", model.tokenizer.decode(run.ids, false)},
            {"ids", run.ids},
            {"kv_bytes", run.kvBytes},
            {"prefill_s", run.prefillSeconds},
            {"decode_tok_s", run.decodeTokensPerSecond}};
}

std::string describe(const Json& result) {
    const auto& kl = result["kl"];
    double sum = 0, most = 0;
    for (const Json& value : kl) {
        sum += value.get<double>();
        most = std::max(most, value.get<double>());
    }
    TextTable table({"", "KV cache", "tok/s", "text"});
    for (const char* name : {"dense", "sparse"})
        table.add({name, formatBytes(result[name]["kv_bytes"].get<std::uint64_t>()),
                   formatFixed(result[name]["decode_tok_s"].get<double>(), 1),
                   Json(result[name]["text"]).dump()});
    const Json& divergence = result["first_divergence"];
    return table.text() +
           keyValueLines({{"first divergence", divergence.is_null() ? "none" : "token " + divergence.dump()},
                          {"KL, mean", formatFixed(kl.empty() ? 0 : sum / static_cast<double>(kl.size()), 6) +
                                           " nats per token"},
                          {"KL, largest", formatFixed(most, 6) + " nats"}});
}

/// "5:0,4:1".
std::vector<HeadId> parseHeads(const std::string& text, const ModelConfig& c) {
    std::vector<HeadId> heads;
    for (const std::string& part : splitList(text)) {
        const std::size_t colon = part.find(':');
        if (colon == std::string::npos) throw UsageError("--counterfactual " + part + ": expected LAYER:KVHEAD");
        const auto layer = parseIntegers("--counterfactual", part.substr(0, colon), 0, c.layers - 1);
        const auto head = parseIntegers("--counterfactual", part.substr(colon + 1), 0, c.kvHeads - 1);
        if (layer.size() != 1 || head.size() != 1)
            throw UsageError("--counterfactual " + part + ": expected LAYER:KVHEAD");
        heads.push_back({LayerIndex(layer.front()), KvHeadIndex(head.front())});
    }
    if (heads.empty()) throw UsageError("--counterfactual names no head");
    return heads;
}

/// The token asked about: by its number, or the first divergence, or the one that differs most.
std::size_t tokenOf(const CompareFlags& flags, const LockstepOutcome& outcome) {
    if (!flags.blame.empty() && flags.blame != "auto")
        return static_cast<std::size_t>(
            parseIntegers("--blame", flags.blame, 0, static_cast<int>(outcome.kl.size()) - 1).front());
    if (outcome.firstDivergence && *outcome.firstDivergence < static_cast<std::int64_t>(outcome.kl.size()))
        return static_cast<std::size_t>(*outcome.firstDivergence);
    return static_cast<std::size_t>(std::ranges::max_element(outcome.kl) - outcome.kl.begin());
}

/// Blame and counterfactual of one token, into `result`.
void explainToken(const CompareFlags& flags, LanguageModel& model, const MaskSource& mask, const std::vector<int>& prompt,
                  const LockstepOutcome& outcome, Json& result, CliContext& cli) {
    if ((!flags.asksBlame() && flags.counterfactual.empty()) || outcome.kl.empty()) return;
    const std::size_t token = tokenOf(flags, outcome);
    const bool together = outcome.memory.fitsTogether();
    if (!together && !flags.counterfactual.empty())
        throw UsageError("--counterfactual needs both caches at once, " +
                         formatBytes(outcome.memory.dense + outcome.memory.sparse) + ", and " +
                         formatBytes(outcome.memory.free) + " are free: shorten the prompt");
    LockstepSession session(model, mask, prompt, static_cast<int>(token) + 1,
                            {LockstepFeed::DenseTokens, !together, 0});
    if (session.prefill(cli.stopToken(), cli.progress()) == Completion::Cancelled) throw CancelledError();
    while (session.step(cli.stopToken())) {
    }
    cli.throwIfCancelled();
    const auto headsJson = [](std::span<const HeadId> heads) {
        Json list = Json::array();
        for (const HeadId& head : heads)
            list.push_back(std::to_string(head.layer.value) + ":" + std::to_string(head.kvHead.value));
        return list;
    };
    if (flags.asksBlame()) {
        constexpr double kMended = 0.9;
        constexpr std::size_t kMostHeads = 3, kCandidates = 12;
        const std::vector<BlameRow> blamed = session.blame(token, cli.stopToken());
        result["blame"] = Json::array();
        for (const BlameRow& row : blamed)
            result["blame"].push_back({{"layer", row.head.layer.value},
                                       {"kv_head", row.head.kvHead.value},
                                       {"hidden_mass", row.hiddenMass},
                                       {"influence", row.influence}});
        if (together) {
            const auto heads = session.mend(token, blamed, kMended, kMostHeads, kCandidates, cli.stopToken());
            result["mend"] = {{"heads", headsJson(heads)},
                              {"kl_after", session.widen(token, heads).klAfter.front()}};
        }
    }
    if (!flags.counterfactual.empty()) {
        const std::vector<HeadId> heads = parseHeads(flags.counterfactual, model.config());
        const auto start = std::chrono::steady_clock::now();
        const Counterfactual with = session.widen(token, heads);
        const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
        const auto exact = session.rerun(token, heads, cli.stopToken());
        cli.throwIfCancelled();
        result["counterfactual"] = {{"token", token},         {"heads", headsJson(heads)},
                                    {"kl_before", with.klBefore.front()}, {"kl_after", with.klAfter.front()},
                                    {"kl_rerun", *exact},     {"seconds", seconds}};
    }
    result["token"] = token;
    cli.throwIfCancelled();
}

std::string describeToken(const Json& result) {
    std::string text;
    if (result.contains("blame")) {
        TextTable table({"layer", "KV head", "attention hidden", "cost of the rule, nats"});
        constexpr std::size_t kShown = 8;
        for (std::size_t i = 0; i < std::min(kShown, result["blame"].size()); ++i) {
            const Json& row = result["blame"][i];
            table.add({row["layer"].dump(), row["kv_head"].dump(), formatFixed(row["hidden_mass"].get<double>(), 4),
                       formatFixed(row["influence"].get<double>(), 6)});
        }
        text += "\nBlame for token " + result["token"].dump() + "\n" + table.text();
        if (result.contains("mend"))
            text += keyValueLines({{"mended by", result["mend"]["heads"].dump()},
                                   {"KL then", formatFixed(result["mend"]["kl_after"].get<double>(), 6) + " nats"}});
    }
    if (result.contains("counterfactual")) {
        const Json& c = result["counterfactual"];
        const auto nats = [&](const char* key) { return formatFixed(c[key].get<double>(), 6) + " nats"; };
        text += "\nToken " + c["token"].dump() + " with " + c["heads"].dump() + " widened\n" +
                keyValueLines({{"KL before", nats("kl_before")},
                               {"KL after", nats("kl_after")},
                               {"KL of a re-run", nats("kl_rerun")}});
    }
    return text;
}

Json savingSide(const SavingSide& side) {
    return {{"kv_bytes", side.kvBytes},
            {"attention_s", side.attentionSeconds},
            {"step_s", side.stepSeconds},
            {"tok_s", side.tokensPerSecond}};
}

/// What the plan saves at the length of the prompt and its answer, into `result`.
void addSaving(const CompareFlags& flags, LanguageModel& model, const MaskSource& mask, std::int64_t tokens, Json& result,
               CliContext& cli) {
    if (!flags.saving) return;
    SavingOptions options;
    options.batch = flags.batch;
    const Saving saving = measureSaving(model, mask, tokens, options, cli.stopToken(), cli.progress());
    cli.throwIfCancelled();
    Json spans = Json::array();
    for (const SpanTime& time : saving.spans)
        spans.push_back({{"span", time.span}, {"seconds", time.seconds}, {"heads", time.heads}});
    result["saving"] = {{"tokens", saving.tokens},   {"batch", flags.batch},
                        {"density", saving.density}, {"dense", savingSide(saving.dense)},
                        {"sparse", savingSide(saving.sparse)}, {"spans", spans}};
}

std::string describeSaving(const Json& result) {
    if (!result.contains("saving")) return "";
    const Json& saving = result["saving"];
    const auto milliseconds = [](const Json& seconds) { return formatFixed(1e3 * seconds.get<double>(), 3); };
    TextTable table({"", "KV cache", "attention, ms", "step, ms", "tok/s"});
    for (const char* name : {"dense", "sparse"})
        table.add({name, formatBytes(saving[name]["kv_bytes"].get<std::uint64_t>()), milliseconds(saving[name]["attention_s"]),
                   milliseconds(saving[name]["step_s"]), formatFixed(saving[name]["tok_s"].get<double>(), 1)});
    const auto share = [&](const char* key) {
        return formatFixed(100 * saving["sparse"][key].get<double>() / saving["dense"][key].get<double>(), 1) + "%";
    };
    table.add({"share", share("kv_bytes"), share("attention_s"), share("step_s"), share("tok_s")});
    TextTable heads({"span", "KV heads", "one of them alone, ms"});
    for (const Json& time : saving["spans"])
        heads.add({time["span"].dump(), time["heads"] == 0 ? "dense" : time["heads"].dump(), milliseconds(time["seconds"])});
    return "\nMeasured at " + saving["tokens"].dump() + " tokens, batch " + saving["batch"].dump() + "; nominal density " +
           formatFixed(100 * saving["density"].get<double>(), 1) + "%\n" + table.text() + "\n" + heads.text();
}

/// Both caches are stated before anything is made.
void stateMemory(const LockstepMemory& memory, CliContext& cli) {
    cli.note("KV cache: dense " + formatBytes(memory.dense) + ", sparse " + formatBytes(memory.sparse) + "; " +
             formatBytes(memory.free) + " are free" +
             (memory.fitsTogether() ? "" : ": they do not fit together, one runs after the other"));
}

/// Mean and largest KL, what the sparse run took, and the numbers of every token.
void addMeasurements(Conclusion& end, const LockstepOutcome& outcome, const std::string& context) {
    const std::vector<double> kl(outcome.kl.begin(), outcome.kl.end());
    if (kl.empty()) return;
    const auto n = static_cast<double>(kl.size());
    const double mean = std::accumulate(kl.begin(), kl.end(), 0.0) / n;
    double squares = 0;
    for (const double x : kl) squares += (x - mean) * (x - mean);
    std::optional<double> error;
    if (kl.size() > 1) error = std::sqrt(squares / (n - 1) / n);
    const auto samples = static_cast<std::int64_t>(kl.size());
    end.measurements = {{"kl", "nats", mean, samples, error, context},
                        {"kl_max", "nats", *std::ranges::max_element(kl), samples, std::nullopt, context},
                        {"kv_bytes", "B", static_cast<double>(outcome.sparse.kvBytes), 1, std::nullopt, context}};
    if (outcome.sparse.decodeTokensPerSecond > 0)
        end.measurements.push_back(
            {"decode_tok_s", "tok/s", outcome.sparse.decodeTokensPerSecond, samples, std::nullopt, context});
    end.series = {{"kl", "nats", 0, {outcome.kl.begin(), outcome.kl.end()}},
                  {"rank", "", 0, {outcome.rank.begin(), outcome.rank.end()}}};
}

ExitCode runCompare(const CompareFlags& flags, CliContext& cli) {
    const auto files = cli.loadFiles(flags.model);
    const PlanChoice plan = choosePlan(flags.plan, *files, cli);
    const Prompt prompt = readSomePrompt(flags.prompt, *files, cli, "a comparison");
    checkContext(*files, static_cast<std::int64_t>(prompt.ids.size()), 1);
    const auto model = cli.loadModel(files);
    cli.beginRun({.command = "compare",
                  .model = files.get(),
                  .plan = plan.get(),
                  .planPath = plan.path,
                  .prompt = prompt.ref(),
                  .settings = {{"prompt", prompt.describe()}, {"max_new", flags.maxNew}}});
    const auto promptTokens = static_cast<std::int64_t>(prompt.ids.size());
    stateMemory(lockstepMemory(*model, plan.mask(), promptTokens, flags.maxNew), cli);
    const LockstepOutcome outcome =
        runLockstep(*model, plan.mask(), prompt.ids, flags.maxNew, cli.stopToken(), cli.progress());
    Json result = {
        {"dense", side(outcome.dense, *files)},
        {"sparse", side(outcome.sparse, *files)},
        {"prompt_tokens", prompt.ids.size()},
        {"first_divergence", outcome.firstDivergence ? Json(*outcome.firstDivergence) : Json()},
        {"kl", outcome.kl},
        {"rank", outcome.rank},
        {"memory",
         {{"dense", outcome.memory.dense},
          {"sparse", outcome.memory.sparse},
          {"free", outcome.memory.free},
          {"together", outcome.memory.fitsTogether()}}}};
    if (outcome.completion == Completion::Done) {
        explainToken(flags, *model, plan.mask(), prompt.ids, outcome, result, cli);
        const auto held = std::min<std::int64_t>(promptTokens + flags.maxNew, files->config.context);
        addSaving(flags, *model, plan.mask(), held, result, cli);
    }
    Conclusion end{.result = result, .text = describe(result) + describeToken(result) + describeSaving(result)};
    addMeasurements(end, outcome, Json{{"prompt_tokens", prompt.ids.size()},
                                       {"density", plan.density(static_cast<std::int64_t>(prompt.ids.size()))}}
                                      .dump());
    if (outcome.completion == Completion::Cancelled) {
        end.status = RunStatus::Cancelled;
        end.message = "cancelled; the result holds what was finished";
    }
    return cli.conclude(std::move(end));
}

} // namespace

void addCompareCommand(CLI::App& app, CliContext& cli) {
    auto flags = std::make_shared<CompareFlags>();
    CLI::App& command = cli.addCommand(app, "compare", "Dense and sparse side by side",
                                       "  moa compare moa-tiny plan.json --text-file prompt.txt --chat\n"
                                       "  moa compare moa-tiny plan.json --ids ids.json --max-new 32 --json\n"
                                       "  moa compare moa-tiny plan.json --text-file prompt.txt --blame\n"
                                       "  moa compare moa-tiny plan.json --text-file prompt.txt --saving --batch 8");
    command.add_option("MODEL", flags->model, "folder, .safetensors file or name")->required();
    command.add_option("PLAN", flags->plan, "plan file")->required();
    command.add_option("--max-new", flags->maxNew, "tokens")
        ->check(CLI::Range(1, 1 << 20))
        ->capture_default_str();
    command.add_option("--blame", flags->blame, "which heads lost a token: its number (default: the first divergence)")
        ->expected(0, 1)
        ->default_str("auto");
    command.add_option("--counterfactual", flags->counterfactual, "KV heads, 5:0,4:1, to widen for that token");
    command.add_flag("--saving", flags->saving, "also measure bytes, attention, steps and single heads of both sides");
    command.add_option("--batch", flags->batch, "sequences of a measured step")
        ->check(CLI::Range(1, 4096))
        ->capture_default_str()
        ->needs("--saving");
    addPromptOptions(command, flags->prompt);
    cli.onRun(command, [flags, &cli] { return runCompare(*flags, cli); });
}

} // namespace moa::cli
