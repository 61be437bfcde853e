// What every command of `moa` shares: the common flags, the device, loading a model, progress, Ctrl-C, and
// how a result is printed and remembered. Passed explicitly; there is no global state.
#pragma once

#include "app/cli/cancel_signal.h"
#include "app/cli/history_recorder.h"
#include "app/cli/progress_printer.h"

#include "engine/backend/device_choice.h"
#include "engine/core/error.h"
#include "engine/model/language_model.h"
#include "engine/plan/plan_file.h"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace moa::cli {

using Json = nlohmann::json;

/// Flags that every command takes, before or after its name.
struct CommonOptions {
    std::string device = "auto"; ///< "auto", "cpu", "cuda", "cuda:i"
    int threads = 0;             ///< 0: as many as the process may use
    std::uint64_t seed = 0;
    std::string db; ///< empty: the user's own history
    bool noDb = false, json = false, quiet = false;
    bool noPrompts = false; ///< the history keeps hashes of prompts and texts only
};

/// Ends a command that was cancelled before it had anything worth keeping: exit code 130.
class CancelledError : public Error {
public:
    explicit CancelledError(const std::string& message = "cancelled; nothing was kept")
        : Error(message, ExitCode::Cancelled) {}
};

/// What a measuring command starts from; goes into the history.
struct RunSubject {
    std::string command{};        ///< "score", "profile" …
    const Model* model = nullptr; ///< null: none
    const PlanFile* plan = nullptr;
    std::string planPath{}; ///< its name in the history is the file name
    std::optional<ProfileRef> profile{};
    std::optional<PromptRef> prompt{};
    Json settings = Json::object();      ///< what else decides the result
    std::optional<std::uint64_t> seed{}; ///< where chance has a part
    std::optional<DeviceInfo> device{};  ///< where it is not the backend's
};

/// How a command ended: what is printed and what is remembered.
struct Conclusion {
    Json result = Json::object(); ///< the document of --json
    std::string text{};           ///< the same for people; printed without --json
    RunStatus status = RunStatus::Done;
    std::string message{}; ///< one line for standard error: what was kept after a cancel, why infeasible
    std::vector<Measurement> measurements{};
    std::vector<SearchRecord> searches{};
    std::vector<Series> series{};
    std::optional<ProfileRef> profile{}; ///< that it wrote
};

/// Set by `history rerun`: the command runs inside another one.
struct RerunOptions {
    RunId of;
    std::optional<std::vector<int>> prompt; ///< ids in place of a prompt that came from standard input
};

class CliContext {
public:
    /// `arguments`: as typed, without the program's name.
    CliContext(std::vector<std::string> arguments, CancelSignal& cancel)
        : m_arguments(std::move(arguments)), m_cancel(cancel) {}

    CommonOptions options;

    // Building the command line.

    /// A subcommand of `parent` with the common flags; `examples` is the footer of its help.
    CLI::App& addCommand(CLI::App& parent, const std::string& name, const std::string& description,
                         const std::string& examples);
    void addCommonOptions(CLI::App& command);
    /// What to do when `command` is the one asked for. Exceptions are caught in program.cpp.
    void onRun(CLI::App& command, std::function<ExitCode()> run);
    ExitCode run() { return m_run(); }

    // While a command runs.

    CancelSignal& cancel() { return m_cancel; }
    std::stop_token stopToken() const { return m_cancel.token(); }
    /// Throws CancelledError after Ctrl-C: between steps that leave nothing worth keeping.
    void throwIfCancelled() const;
    /// Prints progress as the flags and the terminal ask for.
    ProgressFn progress();
    /// A line on standard error; not with --quiet.
    void note(const std::string& line);
    /// "moa: …" on standard error, always.
    void warn(const std::string& line);
    /// Text on standard output as it comes (generated text); nothing with --json or in a rerun.
    void stream(const std::string& text);
    /// True when standard error goes to people and --json or --quiet do not forbid it.
    bool isInteractive() const;

    /// The device of --device, made at the first call for models whose file holds `fileType`.
    Backend& backend(DType fileType = DType::F16);
    /// Throws Error when the device was asked for by name and is not there. Done before every command.
    void checkDevice() const;
    /// Reads a model's files: a path, or a name in the resources. Throws FileError.
    std::shared_ptr<const Model> loadFiles(const std::string& nameOrPath);
    /// The same, on the device. Throws FileError, MemoryError, CancelledError.
    std::unique_ptr<LanguageModel> loadModel(const std::string& nameOrPath);
    std::unique_ptr<LanguageModel> loadModel(std::shared_ptr<const Model> files);

    /// Starts the history row of a measuring command (not with --no-db).
    void beginRun(const RunSubject& subject);
    /// Prints the result, ends the history row, tells what went wrong with it. The command's exit code.
    ExitCode conclude(Conclusion conclusion);
    /// Ends the history row of a command that threw.
    void recordFailure(const std::string& message, bool cancelled);

    const std::optional<RerunOptions>& rerun() const { return m_rerun; }
    void setRerun(RerunOptions rerun) { m_rerun = std::move(rerun); }
    /// The last conclude()'s argument, and the row it was written to: for `history rerun`.
    const std::optional<Conclusion>& conclusion() const { return m_conclusion; }
    std::optional<RunId> recordedRun() const { return m_recorder ? m_recorder->run() : std::nullopt; }

private:
    ProgressPrinter& printer();
    void emit(const Conclusion& conclusion);

    std::vector<std::string> m_arguments;
    CancelSignal& m_cancel;
    std::function<ExitCode()> m_run;
    std::unique_ptr<ProgressPrinter> m_printer;
    std::unique_ptr<Backend> m_backend;
    std::unique_ptr<HistoryRecorder> m_recorder;
    std::optional<RerunOptions> m_rerun;
    std::optional<Conclusion> m_conclusion;
};

} // namespace moa::cli
