// Every command of `moa`, one file each. A new command adds its function here and a line to addCommands().
#pragma once

#include "app/cli/cli_context.h"

namespace moa::cli {

void addInfoCommand(CLI::App& app, CliContext& cli);
void addTokenizeCommand(CLI::App& app, CliContext& cli);
void addScoreCommand(CLI::App& app, CliContext& cli);
void addGenerateCommand(CLI::App& app, CliContext& cli);
void addChatCommand(CLI::App& app, CliContext& cli);
void addAttentionCommand(CLI::App& app, CliContext& cli);
void addPlanCommand(CLI::App& app, CliContext& cli);
void addProfileCommand(CLI::App& app, CliContext& cli);
void addSearchCommand(CLI::App& app, CliContext& cli);
void addValidateCommand(CLI::App& app, CliContext& cli);
void addRetrievalCommand(CLI::App& app, CliContext& cli);
void addCompareCommand(CLI::App& app, CliContext& cli);
void addBenchCommand(CLI::App& app, CliContext& cli);
void addDemoCommand(CLI::App& app, CliContext& cli);
void addHistoryCommand(CLI::App& app, CliContext& cli);
void addDoctorCommand(CLI::App& app, CliContext& cli);

/// All of them, in the order of the help.
inline void addCommands(CLI::App& app, CliContext& cli) {
    addInfoCommand(app, cli);
    addTokenizeCommand(app, cli);
    addScoreCommand(app, cli);
    addGenerateCommand(app, cli);
    addChatCommand(app, cli);
    addAttentionCommand(app, cli);
    addPlanCommand(app, cli);
    addProfileCommand(app, cli);
    addSearchCommand(app, cli);
    addValidateCommand(app, cli);
    addRetrievalCommand(app, cli);
    addCompareCommand(app, cli);
    addBenchCommand(app, cli);
    addDemoCommand(app, cli);
    addHistoryCommand(app, cli);
    addDoctorCommand(app, cli);
}

} // namespace moa::cli
