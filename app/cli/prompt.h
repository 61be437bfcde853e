// The prompt of a command: from --text, --text-file, --ids or standard input, as token ids. Bytes as they
// are, nothing trimmed.
#pragma once

#include "app/cli/cli_context.h"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace moa::cli {

struct PromptOptions {
    std::string text, textFile, idsFile;
    bool chat = false;                 ///< wrap text in the model's chat template
    bool noSpecial = false;            ///< texts of special tokens are ordinary text
    CLI::Option* textOption = nullptr; ///< an empty --text is a text too
};

/// Adds --text, --text-file, --ids, --chat and --no-special.
void addPromptOptions(CLI::App& command, PromptOptions& options);

struct Prompt {
    std::vector<int> ids;
    std::string source;     ///< "text", "standard input", or the file's name
    bool fromInput = false; ///< from standard input: a rerun needs the ids
    std::string text{};     ///< as it was read, or what the ids say
    /// For a history row: where from, how many tokens, their hash; the ids themselves when `fromInput`.
    Json describe() const;
    /// The same for the history's own table: its text too, unless it is longer than 1 MiB.
    PromptRef ref() const;
};

/// Throws FileError for a file that is missing, too large, or no JSON array of ids of this model;
/// CancelledError for Ctrl-C while reading standard input.
Prompt readPrompt(const PromptOptions& options, const Model& model, CliContext& context);

/// readPrompt(), and UsageError for an empty one: `what` needs at least one token.
Prompt readSomePrompt(const PromptOptions& options, const Model& model, CliContext& context,
                      const std::string& what);

/// Error when `tokens` + `more` exceed the model's context.
void checkContext(const Model& model, std::int64_t tokens, std::int64_t more = 0);

/// Ids of a text that a template wraps. Special tokens that the template writes are parsed, those that stand
/// in `content` only with `parseSpecial`.
std::vector<int> encodeWrapped(const Tokenizer& tokenizer,
                               const std::function<std::string(const std::string&)>& wrap,
                               const std::string& content, bool parseSpecial);

/// Everything on standard input, at most `maxBytes`. Throws FileError, CancelledError.
std::string readStandardInput(CliContext& context, std::uint64_t maxBytes);

} // namespace moa::cli
