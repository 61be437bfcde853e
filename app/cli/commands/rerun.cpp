#include "app/cli/commands/rerun.h"

#include "app/cli/history_json.h"
#include "app/cli/program.h"
#include "app/cli/text_table.h"

#include "engine/core/format.h"

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

/// The prompt that came from standard input, where the row has it.
std::optional<std::vector<int>> storedPrompt(const Json& settings) {
    const Json prompt = settings.value("prompt", Json::object());
    if (!prompt.is_object() || !prompt.contains("ids")) return std::nullopt;
    return prompt["ids"].get<std::vector<int>>();
}

bool isTiming(const std::string& key) {
    return key == "seconds" || key.ends_with("_s") || key.ends_with("seconds") || key.ends_with("_bytes");
}

/// Keys of the result document whose values differ, timings and memory left out.
Json changedKeys(const Json& before, const Json& after) {
    Json keys = Json::array();
    if (before.is_object())
        for (const auto& [key, value] : before.items())
            if (!isTiming(key) && (!after.contains(key) || after[key] != value)) keys.push_back(key);
    return keys;
}

RunDiff compare(const RunDetail& before, const NestedResult& after, const std::string& path) {
    if (after.run) {
        History history = History::open(path, OpenMode::ReadOnly);
        return history.diff(before.summary.id, *after.run);
    }
    RunDetail unrecorded = before; // --no-db: all that can differ is what was measured
    unrecorded.summary.id = RunId(0);
    unrecorded.measurements = after.conclusion->measurements;
    return diffRuns(before, unrecorded);
}

ExitCode runRerun(std::int64_t id, CliContext& cli) {
    const std::string path = cli.options.db.empty() ? History::defaultPath() : cli.options.db;
    const RunDetail before = History::open(path, OpenMode::ReadOnly).show(RunId(id));
    const Json settings = parseStored(before.settings), stored = parseStored(before.arguments);
    if (!stored.is_array() || stored.empty())
        throw Error("run " + std::to_string(id) + " has no arguments to repeat");

    const std::string folder = makeOutputFolder();
    std::vector<std::string> outputs;
    const std::vector<std::string> arguments =
        redirectOutputs(stored.get<std::vector<std::string>>(), folder, outputs);
    std::error_code ignored;
    if (outputs.empty()) fs::remove(folder, ignored);

    NestedResult after;
    {
        const WorkingFolder there(settings.value("folder", std::string()));
        if (there.failed()) cli.warn("the folder of the first run is gone; relative paths start here");
        CommonOptions common = cli.options;
        if (!common.db.empty()) common.db = fs::absolute(common.db, ignored).string();
        after = runNested(arguments, cli.cancel(), common, {RunId(id), storedPrompt(settings)});
    }
    if (!after.conclusion) return static_cast<ExitCode>(after.exitCode); // its error was told

    Json result = toJson(compare(before, after, path));
    result["rerun_of"] = id;
    result["run"] = after.run ? Json(after.run->value) : Json(nullptr);
    result["status"] = toString(after.conclusion->status);
    result["changed_results"] = changedKeys(parseStored(before.result), after.conclusion->result);
    result["outputs"] = outputs;
    std::string text = driftText(result);
    for (const std::string& output : outputs) text += "wrote " + output + "\n";
    const ExitCode code = cli.conclude({.result = result, .text = text});
    return after.exitCode != 0 ? static_cast<ExitCode>(after.exitCode) : code;
}

} // namespace

std::vector<std::string> redirectOutputs(const std::vector<std::string>& arguments, const std::string& folder,
                                         std::vector<std::string>& outputs) {
    const auto moved = [&](const std::string& path) {
        const fs::path given = fs::path(path).has_filename() ? fs::path(path) : fs::path(path).parent_path();
        outputs.push_back((fs::path(folder) / given.filename()).string());
        return outputs.back();
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

std::string driftText(const Json& diff) {
    std::string text;
    for (const Json& field : diff["fields"])
        text += field["name"].get<std::string>() + ": " + field["a"].get<std::string>() + " → " +
                field["b"].get<std::string>() + "\n";
    const auto number = [](const Json& value) { return value.is_null() ? std::string("–") : value.dump(); };
    TextTable table({"measurement", "before", "after", "drift", "unit", "context"});
    for (const Json& m : diff["measurements"]) {
        const Json& relative = m["relative"];
        table.add({m["name"].get<std::string>(), number(m["a"]), number(m["b"]),
                   relative.is_null() ? "–" : formatFixed(100 * relative.get<double>(), 2) + "%",
                   m["unit"].get<std::string>(), m["context"].dump()});
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
