// `moa profile`: what every rule would cost every head, over calibration samples or one given text.
#include "app/cli/commands/commands.h"
#include "app/cli/parse_list.h"
#include "app/cli/peak_memory.h"
#include "app/cli/prompt.h"
#include "engine/core/resources.h"
#include "app/cli/text_table.h"

#include "engine/core/format.h"
#include "engine/loader/sha256.h"
#include "engine/profile/profile_run.h"

#include <cmath>
#include <filesystem>

namespace moa::cli {
namespace {

struct ProfileFlags {
    std::string model, out, data = "lines,facts", lengths = "1024,2048,4096", saveResponses;
    int samples = 16, lossLast = 0;
    bool resume = false, splitCheck = false;
    PromptOptions prompt;
    bool ofText() const { return !prompt.idsFile.empty() || !prompt.textFile.empty(); }
};

Json resultOf(const ProfileOutcome& outcome, const ProfileFlags& flags) {
    Json perLength = Json::object(), loss = Json::object(), samples = Json::object();
    for (const auto& [length, at] : outcome.profile.lengths) {
        const std::string key = std::to_string(length);
        samples[key] = at.samples;
        loss[key] = outcome.meanLoss.at(length);
        const auto seconds = outcome.secondsPerSample.find(length);
        perLength[key] = seconds == outcome.secondsPerSample.end() ? Json() : Json(seconds->second);
    }
    Json result = {{"file", outcome.profile.lengths.empty() ? Json() : Json(flags.out)},
                   {"samples", samples},
                   {"seconds", outcome.seconds},
                   {"peak_bytes", peakMemory()},
                   {"seconds_per_sample", perLength},
                   {"answer_nll", loss},
                   {"resumed_samples", outcome.resumed},
                   {"calibration", outcome.profile.calibration}};
    if (flags.splitCheck) {
        Json split = Json::object();
        for (const auto& [length, at] : outcome.profile.lengths) {
            const double r = splitHalfCorrelation(outcome.profile, length);
            split[std::to_string(length)] = std::isfinite(r) ? Json(r) : Json();
        }
        result["split_check"] = split;
    }
    return result;
}

std::string describe(const Json& result) {
    TextTable table({"length", "samples", "s/sample", "answer loss, nats", "split check"});
    for (const auto& [length, count] : result["samples"].items()) {
        const auto number = [&](const char* key, int decimals) {
            if (!result.contains(key) || !result[key][length].is_number()) return std::string("–");
            return formatFixed(result[key][length].get<double>(), decimals);
        };
        table.add({length, std::to_string(count.get<int>()), number("seconds_per_sample", 2),
                   number("answer_nll", 5), number("split_check", 3)});
    }
    return table.text() +
           keyValueLines({{"profile", result["file"].is_null() ? "none" : result["file"].get<std::string>()},
                          {"calibration", result["calibration"].get<std::string>()},
                          {"time", formatFixed(result["seconds"].get<double>(), 1) + " s"},
                          {"peak memory", formatBytes(result["peak_bytes"].get<std::uint64_t>())}});
}

void saveResponses(const ProfileFlags& flags, const CalibrationSet& set) {
    if (flags.saveResponses.empty()) return;
    std::vector<PromptRecord> records;
    for (std::size_t i = 0; i < set.sources(); ++i)
        records.insert(records.end(), set.records(i).begin(), set.records(i).end());
    if (records.empty()) throw UsageError("--save-responses needs a JSONL file in --data");
    writeRecords(flags.saveResponses, records);
}

/// The file as the history finds it again: by its hash.
ProfileRef writtenProfile(const ProfileFlags& flags, const ProfileData& profile) {
    ProfileRef ref{std::filesystem::absolute(flags.out).string(), sha256OfFile(flags.out), {}, 0, profile.calibration};
    std::error_code none;
    ref.bytes = static_cast<std::int64_t>(std::filesystem::file_size(flags.out, none));
    for (const auto& [length, at] : profile.lengths) {
        ref.lengths.push_back(length);
        ref.samples = at.samples;
    }
    return ref;
}

ExitCode runProfileCommand(const ProfileFlags& flags, CliContext& cli) {
    const auto model = cli.loadModel(flags.model);
    ProfileOptions options;
    options.file = flags.out;
    options.samples = flags.samples;
    options.resume = flags.resume;
    options.toolVersion = MOA_VERSION;
    options.lengths = parseLengths("--lengths", flags.lengths);
    const std::vector<std::string> data = splitList(flags.data);
    Json settings = {{"data", data}, {"lengths", options.lengths}, {"samples", flags.samples}};
    std::optional<Prompt> prompt;
    if (flags.ofText()) {
        prompt = readSomePrompt(flags.prompt, model->files(), cli, "a profile");
        checkContext(model->files(), static_cast<std::int64_t>(prompt->ids.size()));
        settings = {{"prompt", prompt->describe()}, {"loss_last", flags.lossLast}};
    }
    cli.beginRun({.command = "profile",
                  .model = &model->files(),
                  .prompt = prompt ? std::optional(prompt->ref()) : std::nullopt,
                  .settings = settings,
                  .seed = cli.options.seed});
    ProfileOutcome outcome;
    if (prompt) {
        outcome = profileText(*model, prompt->ids, flags.lossLast, options, cli.stopToken(), cli.progress());
    } else {
        CalibrationSet set(*model, resourcesFolder() / "texts", data, cli.options.seed);
        outcome = runProfile(*model, set, options, cli.stopToken(), cli.progress());
        saveResponses(flags, set);
    }
    const Json result = resultOf(outcome, flags);
    Conclusion end{.result = result, .text = describe(result)};
    for (const auto& [length, seconds] : outcome.secondsPerSample)
        end.measurements.push_back({"profile_seconds_per_sample",
                                    "s",
                                    seconds,
                                    outcome.profile.lengths.at(length).samples,
                                    {},
                                    Json{{"length", length}}.dump()});
    if (outcome.completion == Completion::Done) end.profile = writtenProfile(flags, outcome.profile);
    if (outcome.completion == Completion::Cancelled) {
        end.status = RunStatus::Cancelled;
        end.message = outcome.kept.empty() ? "cancelled; nothing was kept"
                                           : "cancelled; finished samples are in " + outcome.kept.string() +
                                                 ", --resume goes on with them";
    }
    return cli.conclude(std::move(end));
}

} // namespace

void addProfileCommand(CLI::App& app, CliContext& cli) {
    auto flags = std::make_shared<ProfileFlags>();
    CLI::App& command = cli.addCommand(
        app, "profile", "Measure what every rule would cost every head",
        "  moa profile moa-tiny -o tiny.profile\n"
        "  moa profile DIR -o p.profile --data lines,mine.jsonl --lengths 2048,4096 --samples 32\n"
        "  moa profile moa-tiny -o one.profile --text-file prompt.txt --loss-last 20");
    command.add_option("MODEL", flags->model, "folder, .safetensors file or name")->required();
    command.add_option("-o,--out", flags->out, "profile file to write")->required();
    command.add_option("--data", flags->data, "calibration: lines, facts, passkey, JSONL files")
        ->capture_default_str();
    command.add_option("--lengths", flags->lengths, "tokens")->capture_default_str();
    command.add_option("--samples", flags->samples, "per length")
        ->check(CLI::Range(1, 100000))
        ->capture_default_str();
    command.add_flag("--resume", flags->resume, "go on with the finished samples of a stopped run");
    command.add_flag("--split-check", flags->splitCheck,
                     "rank correlation of the costs from two halves of the samples");
    command.add_option("--save-responses", flags->saveResponses,
                       "write the JSONL records with the answers the model gave");
    command.add_option("--loss-last", flags->lossLast, "of a given text: the loss is on its last K tokens");
    addPromptOptions(command, flags->prompt);
    cli.onRun(command, [flags, &cli] { return runProfileCommand(*flags, cli); });
}

} // namespace moa::cli
