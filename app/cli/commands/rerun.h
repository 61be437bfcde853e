// `moa history rerun`: repeats a recorded command and reports how far its measurements drifted.
#pragma once

#include "app/cli/cli_context.h"

#include <string>
#include <vector>

namespace moa::cli {

void addRerunCommand(CLI::App& history, CliContext& cli);

/// A RunDiff document as a table.
std::string driftText(const Json& diff);

/// An output file of a recorded command and where its rerun writes instead.
struct MovedOutput {
    std::string original, moved;
    bool operator==(const MovedOutput&) const = default;
};

/// `arguments` with every output (-o, --out, --save-responses) moved into `folder`, so that a rerun
/// overwrites nothing; what was moved is added to `outputs`.
std::vector<std::string> redirectOutputs(const std::vector<std::string>& arguments, const std::string& folder,
                                         std::vector<MovedOutput>& outputs);

/// A large file that a recorded command read: where its content is now.
struct MovedInput {
    std::string original, found; ///< `found` equals `original` where only the content changed
    bool isChanged = false;      ///< the content is nowhere; something else is at its path
};

/// `arguments` with the path of the run's profile replaced where the file has moved: looked for by its hash
/// in the folder it was in, where the run started, and in the user's data folder. Throws FileError when it is
/// gone.
std::vector<std::string> findInputs(const std::vector<std::string>& arguments, const RunDetail& run,
                                    const std::string& runFolder, std::vector<MovedInput>& inputs);

/// Top-level keys of two result documents whose values differ, timings and memory left out at every depth.
Json changedKeys(const Json& before, const Json& after);

} // namespace moa::cli
