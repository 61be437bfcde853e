#include "app/cli/commands/rerun.h"

#include "app/cli/commands/history_files.h"
#include "app/cli/history_json.h"
#include "app/cli/privacy.h"
#include "app/cli/program.h"
#include "app/cli/text_table.h"

#include "engine/core/format.h"
#include "engine/loader/sha256.h"
#include "store/history/file_finder.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>

namespace moa::cli {
namespace {

namespace fs = std::filesystem;

/// Changes the working folder for its lifetime: relative paths of the recorded command mean what they meant.
class WorkingFolder {
public:
    explicit WorkingFolder(const std::string& folder) {
        std::error_code ignored;
        m_before = fs::current_path(ignored);
        if (!folder.empty()) fs::current_path(folder, m_failed);
    }
    ~WorkingFolder() {
        std::error_code ignored;
        fs::current_path(m_before, ignored);
    }
    WorkingFolder(const WorkingFolder&) = delete;
    WorkingFolder& operator=(const WorkingFolder&) = delete;
    bool failed() const { return static_cast<bool>(m_failed); }

private:
    fs::path m_before;
    std::error_code m_failed;
};

std::string makeOutputFolder() {
    std::error_code failed;
    std::string name = (fs::temp_directory_path(failed) / "moa-rerun-XXXXXX").string();
    if (failed || ::mkdtemp(name.data()) == nullptr)
        throw Error("cannot make a temporary folder for the outputs");
    return name;
}

/// How many measurements are identical, within their error, beyond it …
Json countVerdicts(const Json& measurements) {
    Json counts = {{"identical", 0}, {"within_error", 0}, {"drifted", 0}, {"changed", 0}, {"missing", 0}};
    for (const Json& m : measurements) {
        Json& count = counts[m["verdict"].get<std::string>()];
        count = count.get<int>() + 1;
    }
    return counts;
}

/// The prompt that came from standard input, where the row has it.
std::optional<std::vector<int>> storedPrompt(const Json& settings) {
    const Json prompt = settings.value("prompt", Json::object());
    if (!prompt.is_object() || !prompt.contains("ids")) return std::nullopt;
    return prompt["ids"].get<std::vector<int>>();
}

bool isTiming(const std::string& key) {
    return key == "free" || key.ends_with("seconds") || key.ends_with("_s") || key.ends_with("_bytes") ||
           key.starts_with("seconds_per");
}

bool sameBesidesTimings(const Json& a, const Json& b) {
    if (a.type() != b.type() || !a.is_structured()) return a == b;
    if (a.size() != b.size()) return false;
    if (a.is_array()) return std::equal(a.begin(), a.end(), b.begin(), sameBesidesTimings);
    return std::all_of(a.items().begin(), a.items().end(), [&](const auto& item) {
        return isTiming(item.key()) ||
               (b.contains(item.key()) && sameBesidesTimings(item.value(), b[item.key()]));
    });
}

/// `text` with the paths of moved outputs as they were.
std::string withOriginalPaths(std::string text, const std::vector<MovedOutput>& outputs) {
    for (const auto& [original, moved] : outputs)
        for (std::size_t at = 0; (at = text.find(moved, at)) != std::string::npos; at += original.size())
            text.replace(at, moved.size(), original);
    return text;
}

/// The repeated run as the first one would have written it, so that only what was measured can differ.
RunDetail comparable(const RunDetail& before, const NestedResult& after,
                     const std::vector<MovedOutput>& outputs, const std::string& path) {
    RunDetail run = before; // --no-db: nothing else is known to differ
    run.summary.id = RunId(0);
    if (after.run)
        run = History::open(path, OpenMode::ReadOnly).show(*after.run);
    else
        run.measurements = after.conclusion->measurements;
    run.arguments = before.arguments;
    for (Measurement& m : run.measurements) m.context = withOriginalPaths(m.context, outputs);
    return run;
}

/// Repeats the command where it was run; what it says is told by it.
NestedResult repeat(const std::vector<std::string>& arguments, const RunDetail& before, const Json& settings,
                    CliContext& cli) {
    const bool isTyped =
        before.prompt && settings.contains("prompt") && settings["prompt"].value("source", "") == "text";
    if (isTyped && std::ranges::none_of(arguments, [](const auto& a) { return a.starts_with("--text"); }))
        cli.warn("the prompt was not kept (--no-prompts): it is read from standard input");
    const WorkingFolder there(settings.value("folder", std::string()));
    if (there.failed()) cli.warn("the folder of the first run is gone; relative paths start here");
    CommonOptions common = cli.options;
    std::error_code ignored;
    if (!common.db.empty()) common.db = fs::absolute(common.db, ignored).string();
    return runNested(arguments, cli.cancel(), common, {before.summary.id, storedPrompt(settings)});
}

/// Keys of the result whose values differ. Without prompts, of what is left of both results.
Json changedResults(const RunDetail& before, const Json& after, const std::vector<MovedOutput>& outputs,
                    bool isPrivate) {
    Json first = parseStored(before.result);
    Json again =
        parseStored(withOriginalPaths(after.dump(-1, ' ', false, Json::error_handler_t::replace), outputs));
    if (isPrivate) first = withoutTexts(first), again = withoutTexts(again);
    return changedKeys(first, again);
}

ExitCode runRerun(std::int64_t id, CliContext& cli) {
    const RunDetail before = openForReading(cli).show(RunId(id));
    const Json settings = parseStored(before.settings), stored = parseStored(before.arguments);
    if (!stored.is_array() || stored.empty())
        throw Error("run " + std::to_string(id) + " has no arguments to repeat");

    std::vector<MovedInput> inputs;
    std::vector<std::string> arguments = findInputs(stored.get<std::vector<std::string>>(), before,
                                                    settings.value("folder", std::string()), inputs);
    const std::string folder = makeOutputFolder();
    std::vector<MovedOutput> outputs;
    arguments = redirectOutputs(arguments, folder, outputs);
    std::error_code ignored;
    if (outputs.empty()) fs::remove(folder, ignored);
    for (const MovedInput& input : inputs)
        cli.warn(input.isChanged ? input.original + " holds something else now; its old content was not found"
                                 : input.original + " was found at " + input.found);

    const NestedResult after = repeat(arguments, before, settings, cli);
    if (!after.conclusion) return static_cast<ExitCode>(after.exitCode); // its error was told

    const bool isPrivate =
        cli.options.noPrompts || std::ranges::find(arguments, "--no-prompts") != arguments.end();
    Json result = toJson(diffRuns(before, comparable(before, after, outputs, historyPath(cli))));
    result["rerun_of"] = id;
    result["run"] = after.run ? Json(after.run->value) : Json(nullptr);
    result["status"] = toString(after.conclusion->status);
    result["changed_results"] = changedResults(before, after.conclusion->result, outputs, isPrivate);
    result["drift"] = countVerdicts(result["measurements"]);
    result["inputs"] = Json::array();
    for (const MovedInput& input : inputs)
        result["inputs"].push_back(
            {{"path", input.original}, {"found", input.found}, {"changed", input.isChanged}});
    result["outputs"] = Json::array();
    std::string text = driftText(result);
    for (const MovedOutput& output : outputs) {
        result["outputs"].push_back(output.moved);
        text += "wrote " + output.moved + "\n";
    }
    const ExitCode code = cli.conclude({.result = result, .text = text});
    return after.exitCode != 0 ? static_cast<ExitCode>(after.exitCode) : code;
}

} // namespace

std::vector<std::string> redirectOutputs(const std::vector<std::string>& arguments, const std::string& folder,
                                         std::vector<MovedOutput>& outputs) {
    const auto moved = [&](const std::string& path) {
        const fs::path given = fs::path(path).has_filename() ? fs::path(path) : fs::path(path).parent_path();
        outputs.push_back({path, (fs::path(folder) / given.filename()).string()});
        return outputs.back().moved;
    };
    std::vector<std::string> out;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const std::string& argument = arguments[i];
        const bool output = argument == "-o" || argument == "--out" || argument == "--save-responses";
        const std::size_t equals = argument.find('=');
        const std::string flag = argument.substr(0, equals);
        if (output || argument == "--text") { // a text may look like a flag
            out.push_back(argument);
            if (++i < arguments.size()) out.push_back(output ? moved(arguments[i]) : arguments[i]);
        } else if (equals != std::string::npos && (flag == "--out" || flag == "--save-responses"))
            out.push_back(flag + "=" + moved(argument.substr(equals + 1)));
        else if (argument.starts_with("-o") && argument.size() > 2)
            out.push_back("-o" + moved(argument.substr(2)));
        else
            out.push_back(argument);
    }
    return out;
}

std::vector<std::string> findInputs(const std::vector<std::string>& arguments, const RunDetail& run,
                                    const std::string& runFolder, std::vector<MovedInput>& inputs) {
    if (!run.profile || run.profile->sha256.empty() || run.summary.command == "profile") return arguments;
    const fs::path recorded = run.profile->path;
    std::vector<std::string> folders = {recorded.parent_path().string()};
    if (!runFolder.empty()) folders.push_back(runFolder);
    try {
        folders.push_back(fs::path(History::defaultPath()).parent_path().string());
    } catch (const UsageError&) { // no home, no folder
    }
    const FoundFile found =
        findFile(recorded.string(), run.profile->sha256, run.profile->bytes, folders, sha256OfFile);
    if (found.state == FoundFile::State::Here) return arguments;
    if (found.state == FoundFile::State::Missing)
        throw FileError(recorded.string(), "",
                        "the profile of run " + std::to_string(run.summary.id.value) +
                            " is gone; put it back, or beside where it was under any name");
    inputs.push_back({recorded.string(), found.path, found.state == FoundFile::State::Changed});
    std::vector<std::string> out = arguments;
    for (std::string& argument : out)
        if (argument == recorded || (fs::path(runFolder) / argument).lexically_normal() == recorded)
            argument = found.path;
    return out;
}

Json changedKeys(const Json& before, const Json& after) {
    Json keys = Json::array();
    if (!before.is_object() || !after.is_object()) return keys;
    for (const auto& [key, value] : before.items())
        if (!isTiming(key) && (!after.contains(key) || !sameBesidesTimings(value, after[key])))
            keys.push_back(key);
    return keys;
}

std::string driftText(const Json& diff) {
    std::string text;
    for (const Json& field : diff["fields"])
        text += field["name"].get<std::string>() + ": " + field["a"].get<std::string>() + " → " +
                field["b"].get<std::string>() + "\n";
    const auto number = [](const Json& value) { return value.is_null() ? std::string("–") : value.dump(); };
    TextTable table({"measurement", "before", "after", "drift", "error", "verdict", "unit", "context"});
    for (const Json& m : diff["measurements"]) {
        const Json& relative = m["relative"];
        table.add({m["name"].get<std::string>(), number(m["a"]), number(m["b"]),
                   relative.is_null() ? "–" : formatFixed(100 * relative.get<double>(), 2) + "%",
                   m["error"].is_null() ? "–" : formatFixed(m["error"].get<double>(), 4),
                   m["verdict"].get<std::string>(), m["unit"].get<std::string>(), m["context"].dump()});
    }
    text += table.text();
    if (diff.contains("changed_results") && !diff["changed_results"].empty())
        text += "results that changed: " + diff["changed_results"].dump() + "\n";
    return text;
}

void addRerunCommand(CLI::App& history, CliContext& cli) {
    auto id = std::make_shared<std::int64_t>(0);
    CLI::App& rerun =
        cli.addCommand(history, "rerun", "Repeat a run and report how far its measurements drifted",
                       "  moa history rerun 12\n"
                       "  moa history rerun 12 --no-db --json");
    rerun.add_option("ID", *id, "run to repeat")->default_str("")->required()->check(CLI::PositiveNumber);
    cli.onRun(rerun, [id, &cli] { return runRerun(*id, cli); });
}

} // namespace moa::cli
