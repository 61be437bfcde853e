#include "app/cli/cli_context.h"

#include "engine/core/resources.h"
#include "app/cli/privacy.h"
#include "app/cli/versions.h"

#include "engine/backend/cpu/cpu_backend.h"

#include "engine/loader/sha256.h"
#include "engine/plan/json_file.h"

#include <cstdio>

#include <unistd.h>

namespace moa::cli {
namespace {

constexpr int kMostThreads = 1024;

ExitCode exitCodeOf(RunStatus status) {
    switch (status) {
    case RunStatus::Done:
    case RunStatus::TimeLimit:
        return ExitCode::Done;
    case RunStatus::Cancelled:
        return ExitCode::Cancelled;
    default:
        return ExitCode::Failed;
    }
}

std::string checkDeviceName(const std::string& name) {
    return isDeviceName(name) ? "" : "expected auto, cpu, cuda or cuda:i, got " + name;
}

} // namespace

CLI::App& CliContext::addCommand(CLI::App& parent, const std::string& name, const std::string& description,
                                 const std::string& examples) {
    CLI::App& command = *parent.add_subcommand(name, description);
    addCommonOptions(command);
    if (!examples.empty()) command.footer("Examples:\n" + examples);
    return command;
}

void CliContext::addCommonOptions(CLI::App& command) {
    const std::string group = "Common options";
    command.add_option("--device", options.device, "auto, cpu, cuda or cuda:i")
        ->group(group)
        ->check(checkDeviceName);
    command.add_option("--threads", options.threads, "processor threads; 0: all")
        ->group(group)
        ->check(CLI::Range(0, kMostThreads));
    command.add_option("--seed", options.seed, "for everything that chance decides")->group(group);
    command.add_option("--db", options.db, "history file, instead of the user's own")->group(group);
    command.add_flag("--no-db", options.noDb, "leave no trace in the history")->group(group);
    command.add_flag("--no-prompts", options.noPrompts, "keep only hashes of prompts and texts in the history")
        ->group(group);
    command.add_flag("--json", options.json, "one JSON document on standard output")->group(group);
    command.add_flag("--quiet", options.quiet, "no progress and no notes")->group(group);
}

void CliContext::onRun(CLI::App& command, std::function<ExitCode()> run) {
    command.callback([this, run = std::move(run)] { m_run = run; });
}

void CliContext::throwIfCancelled() const {
    if (m_cancel.requested()) throw CancelledError();
}

ProgressPrinter& CliContext::printer() {
    if (!m_printer) {
        const auto style = options.quiet             ? ProgressStyle::None
                           : ::isatty(STDERR_FILENO) ? ProgressStyle::Terminal
                                                     : ProgressStyle::Plain;
        m_printer = std::make_unique<ProgressPrinter>(stderr, style);
    }
    return *m_printer;
}

ProgressFn CliContext::progress() {
    return [&printer = printer()](const Progress& p) { printer.report(p); };
}

void CliContext::note(const std::string& line) {
    if (options.quiet) return;
    printer().clear();
    std::fprintf(stderr, "%s\n", line.c_str());
}

void CliContext::warn(const std::string& line) {
    printer().clear();
    std::fprintf(stderr, "moa: %s\n", line.c_str());
}

void CliContext::stream(const std::string& text) {
    if (options.json || m_rerun) return;
    printer().clear();
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
}

bool CliContext::isInteractive() const {
    return !options.json && !options.quiet && ::isatty(STDERR_FILENO) != 0;
}

void CliContext::checkDevice() const {
    if (options.device != "auto") chooseDevice(options.device);
}

Backend& CliContext::backend(DType fileType) {
    if (!m_backend) {
        const DeviceChoice choice = chooseDevice(options.device);
        m_backend = openBackend(choice, options.threads, fileType);
        if (!choice.whyNoCard.empty()) note("On the processor: " + choice.whyNoCard + ".");
    }
    return *m_backend;
}

std::shared_ptr<const Model> CliContext::loadFiles(const std::string& nameOrPath) {
    std::error_code ignored;
    // A path needs no resources, so that their absence is no obstacle.
    if (std::filesystem::exists(nameOrPath, ignored)) return moa::loadModel(nameOrPath);
    std::filesystem::path resources;
    try {
        resources = resourcesFolder();
    } catch (const Error& e) {
        throw FileError(nameOrPath, "", std::string("no such file or folder; ") + e.what());
    }
    return moa::loadModel(resolveModel(nameOrPath, resources));
}

std::unique_ptr<LanguageModel> CliContext::loadModel(const std::string& nameOrPath) {
    return loadModel(loadFiles(nameOrPath));
}

std::unique_ptr<LanguageModel> CliContext::loadModel(std::shared_ptr<const Model> files) {
    const std::stop_token stop = stopToken();
    Backend& device = backend(files->config.dtype);
    auto model = std::make_unique<LanguageModel>(std::move(files), device, stop, progress());
    throwIfCancelled(); // the constructor leaves layers out then
    return model;
}

void CliContext::beginRun(const RunSubject& subject) {
    if (options.noDb) return;
    // Work without a model (a search) is the processor's.
    const DeviceInfo device = subject.device ? *subject.device
                              : m_backend    ? m_backend->device()
                                             : makeCpuBackend(options.threads)->device();
    RunStart start;
    start.command = subject.command;
    start.arguments = options.noPrompts ? withoutTypedText(m_arguments) : m_arguments;
    if (subject.model)
        start.model = ModelRef{subject.model->name, subject.model->sha256(), subject.model->config,
                               std::string(tensorTypeName(subject.model->mainType()))};
    start.profile = subject.profile;
    if (subject.plan) {
        const std::string text = planText(*subject.plan);
        start.plan = PlanRef{std::filesystem::path(subject.planPath).filename().string(), text,
                             sha256OfText(text), "file", std::nullopt};
    }
    start.prompt = subject.prompt;
    if (options.noPrompts && start.prompt) start.prompt->text.reset();
    if (device.kind != "cpu")
        start.accelerator = Accelerator{device.name, static_cast<std::int64_t>(device.memoryBytes),
                                        cardDriverVersion(), ""};
    start.device = device.kind + " " + device.name;
    start.backend = device.kind;
    start.programVersion = programVersion();
    start.versions = libraryVersions();
    start.seed = subject.seed;
    Json settings = options.noPrompts ? withoutTexts(subject.settings) : subject.settings;
    settings["threads"] = device.threads;
    std::error_code ignored;
    settings["folder"] = std::filesystem::current_path(ignored).string();
    start.settings = settings.dump(-1, ' ', false, Json::error_handler_t::replace);
    if (m_rerun) start.rerunOf = m_rerun->of;
    m_recorder = std::make_unique<HistoryRecorder>(options.db);
    m_recorder->begin(std::move(start));
    if (const auto& aside = m_recorder->setAside())
        warn("the history was damaged; it is kept as " + *aside + " and a new one was begun");
}

void CliContext::emit(const Conclusion& conclusion) {
    printer().clear();
    if (m_rerun) return; // the outer command prints
    const std::string out = options.json ? jsonfile::text(conclusion.result) : conclusion.text;
    std::fwrite(out.data(), 1, out.size(), stdout);
    if (!out.empty() && out.back() != '\n') std::fputc('\n', stdout);
    std::fflush(stdout);
}

ExitCode CliContext::conclude(Conclusion conclusion) {
    emit(conclusion);
    if (!conclusion.message.empty()) warn(conclusion.message);
    ExitCode code = exitCodeOf(conclusion.status);
    if (m_recorder) {
        const Json kept = options.noPrompts ? withoutTexts(conclusion.result) : conclusion.result;
        m_recorder->finish({.status = conclusion.status,
                            .result = kept.dump(-1, ' ', false, Json::error_handler_t::replace),
                            .error = conclusion.message,
                            .measurements = conclusion.measurements,
                            .searches = conclusion.searches,
                            .series = conclusion.series,
                            .writtenProfile = conclusion.profile});
        if (const auto& problem = m_recorder->problem()) {
            warn("not recorded in the history: " + *problem);
            // A file named by the user that fails is an error; the default one only costs the memory of this
            // run.
            if (!options.db.empty() && code == ExitCode::Done) code = ExitCode::BadFile;
        }
    }
    m_conclusion = std::move(conclusion);
    return code;
}

void CliContext::recordFailure(const std::string& message, bool cancelled) {
    if (!m_recorder) return;
    RunEnd end;
    end.status = cancelled ? RunStatus::Cancelled : RunStatus::Failed;
    end.error = message;
    m_recorder->finish(end);
    if (const auto& problem = m_recorder->problem()) warn("not recorded in the history: " + *problem);
}

} // namespace moa::cli
