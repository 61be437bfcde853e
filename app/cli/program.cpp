#include "app/cli/program.h"

#include "app/cli/commands/commands.h"
#include "app/cli/versions.h"

#include <algorithm>
#include <cstdio>
#include <new>

namespace moa::cli {
namespace {

constexpr const char* kDescription =
    "moa: gives every attention head of a language model its own window, and shows what that costs.\n"
    "MODEL is a Hugging Face folder, a .safetensors or .gguf file, or the name of a model that is bundled (moa-tiny) or "
    "fetched (packaging/fetch-model.sh).";

std::string oneLine(std::string text) {
    std::replace(text.begin(), text.end(), '\n', ' ');
    while (!text.empty() && text.back() == ' ') text.pop_back();
    return text;
}

/// The full name of the command that was parsed: "moa plan show".
std::string commandName(const CLI::App& app) {
    const CLI::App* at = &app;
    std::string name = "moa";
    while (!at->get_subcommands().empty()) {
        at = at->get_subcommands().front();
        name += " " + at->get_name();
    }
    return name;
}

/// Help and version end here with 0; anything else is a usage error.
int answerParseError(const CLI::App& app, const CLI::ParseError& error) {
    if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success)) return app.exit(error);
    const std::vector<std::string> rest = app.remaining();
    if (app.get_subcommands().empty() && rest.empty() && error.get_name() == "RequiredError") {
        std::fputs(app.help().c_str(), stderr);
        return static_cast<int>(ExitCode::Usage);
    }
    const bool unknown = app.get_subcommands().empty() && !rest.empty() && !rest.front().starts_with("-");
    const std::string what = unknown ? "unknown command '" + rest.front() + "'" : oneLine(error.what());
    std::fprintf(stderr, "moa: %s (see %s --help)\n", what.c_str(), commandName(app).c_str());
    return static_cast<int>(ExitCode::Usage);
}

int report(CliContext& context, ExitCode code, const std::string& what) {
    context.warn(oneLine(what));
    context.recordFailure(what, code == ExitCode::Cancelled);
    return static_cast<int>(code);
}

/// The one place where exceptions end.
int runGuarded(CliContext& context) {
    try {
        context.checkDevice(); // before files are read and prompts are waited for
        return static_cast<int>(context.run());
    } catch (const Error& e) {
        return report(context, e.exitCode(), e.what());
    } catch (const std::bad_alloc&) {
        return report(context, ExitCode::OutOfMemory,
                      "out of memory; use a shorter input or a smaller model");
    } catch (const std::exception& e) {
        return report(context, ExitCode::Failed, e.what());
    }
}

void build(CLI::App& app, CliContext& context) {
    app.set_version_flag("--version", "moa " + programVersion());
    app.require_subcommand(1);
    app.option_defaults()->always_capture_default(); // help shows them
    app.get_formatter()->column_width(34);
    context.addCommonOptions(app);
    addCommands(app, context);
}

void parse(CLI::App& app, const std::vector<std::string>& arguments) {
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend())); // CLI11 wants them reversed
}

} // namespace

int runProgram(const std::vector<std::string>& arguments, CancelSignal& cancel) {
    CliContext context(arguments, cancel);
    CLI::App app(kDescription, "moa");
    build(app, context);
    try {
        parse(app, arguments);
    } catch (const CLI::ParseError& e) {
        return answerParseError(app, e);
    }
    const int code = runGuarded(context);
    if (std::fflush(stdout) != 0 || std::ferror(stdout)) {
        std::fputs("moa: standard output could not be written\n", stderr);
        return code != 0 ? code : static_cast<int>(ExitCode::Failed);
    }
    return code;
}

NestedResult runNested(const std::vector<std::string>& arguments, CancelSignal& cancel,
                       const CommonOptions& common, RerunOptions rerun) {
    CliContext context(arguments, cancel);
    CLI::App app(kDescription, "moa");
    build(app, context);
    try {
        parse(app, arguments);
    } catch (const CLI::ParseError& e) {
        return {answerParseError(app, e), std::nullopt, std::nullopt};
    }
    context.options.db = common.db;
    context.options.noDb = common.noDb;
    context.options.noPrompts = context.options.noPrompts || common.noPrompts;
    context.options.json = false;
    context.options.quiet = common.quiet;
    context.setRerun(std::move(rerun));
    const int code = runGuarded(context);
    return {code, context.conclusion(), context.recordedRun()};
}

} // namespace moa::cli
