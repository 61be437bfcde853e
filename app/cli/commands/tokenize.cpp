// `moa tokenize`: text to token ids, or ids to text.
#include "app/cli/commands/commands.h"
#include "app/cli/parse_list.h"
#include "app/cli/prompt.h"
#include "app/cli/text_table.h"

namespace moa::cli {
namespace {

struct TokenizeOptions {
    std::string model, decode;
    CLI::Option* decodeOption = nullptr;
    PromptOptions prompt;
};

/// A piece on one line: control characters and backslashes as escapes.
std::string escaped(const std::string& piece) {
    std::string out;
    for (const char c : piece) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '\n')
            out += "\\n";
        else if (c == '\t')
            out += "\\t";
        else if (c == '\r')
            out += "\\r";
        else if (c == '\\')
            out += "\\\\";
        else if (byte < 0x20 || byte == 0x7F) {
            constexpr const char* kHex = "0123456789abcdef";
            out += std::string("\\x") + kHex[byte >> 4] + kHex[byte & 15];
        } else
            out += c;
    }
    return "'" + out + "'";
}

Json piecesOf(const std::vector<int>& ids, const Tokenizer& tokenizer) {
    Json pieces = Json::array();
    for (const int id : ids) pieces.push_back(tokenizer.piece(id));
    return pieces;
}

ExitCode runTokenize(const TokenizeOptions& options, CliContext& cli) {
    const std::shared_ptr<const Model> files = cli.loadFiles(options.model);
    const Tokenizer& tokenizer = files->tokenizer;
    if (options.decodeOption->count() > 0) {
        const std::vector<int> ids = parseIntegers("--decode", options.decode, 0, tokenizer.vocabSize() - 1);
        const std::string text = tokenizer.decode(ids);
        return cli.conclude(
            {.result = {{"ids", ids}, {"pieces", piecesOf(ids, tokenizer)}, {"text", text}}, .text = text});
    }
    const Prompt prompt = readPrompt(options.prompt, *files, cli);
    TextTable table({"position", "id", "piece"});
    if (!cli.options.json)
        for (std::size_t i = 0; i < prompt.ids.size(); ++i)
            table.add(
                {std::to_string(i), std::to_string(prompt.ids[i]), escaped(tokenizer.piece(prompt.ids[i]))});
    return cli.conclude({.result = {{"ids", prompt.ids}, {"pieces", piecesOf(prompt.ids, tokenizer)}},
                         .text = prompt.ids.empty() ? "no tokens" : table.text()});
}

} // namespace

void addTokenizeCommand(CLI::App& app, CliContext& cli) {
    auto options = std::make_shared<TokenizeOptions>();
    CLI::App& command = cli.addCommand(app, "tokenize", "Text to token ids, or ids to text",
                                       "  echo -n 'line amber-river' | moa tokenize moa-tiny\n"
                                       "  moa tokenize moa-tiny --text 'What is it?' --chat --json\n"
                                       "  moa tokenize moa-tiny --decode 1,523,12");
    command.add_option("MODEL", options->model, "folder, .safetensors file or name")->required();
    addPromptOptions(command, options->prompt);
    options->decodeOption =
        command.add_option("--decode", options->decode, "ids to turn into text, with commas");
    cli.onRun(command, [options, &cli] { return runTokenize(*options, cli); });
}

} // namespace moa::cli
