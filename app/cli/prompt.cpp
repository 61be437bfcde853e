#include "app/cli/prompt.h"

#include "engine/loader/json_reader.h"
#include "engine/loader/sha256.h"

#include <array>
#include <cerrno>
#include <cstring>

#include <poll.h>
#include <unistd.h>

namespace moa::cli {
namespace {

constexpr std::uint64_t kMostTextBytes = 256ull << 20;
constexpr const char* kInput = "standard input";

std::vector<int> readIds(const std::string& path, const Model& model) {
    const Json document = readJsonFile(path, kMostTextBytes);
    const JsonView view(document, path);
    if (!view.isArray()) view.fail("expected a JSON array of token ids");
    std::vector<int> ids(view.size());
    for (std::size_t i = 0; i < ids.size(); ++i)
        ids[i] = static_cast<int>(view[i].integer(0, model.config.vocab - 1));
    return ids;
}

std::vector<int> encodePrompt(const std::string& text, const PromptOptions& options, const Model& model,
                              CliContext& context) {
    const bool parseSpecial = !options.noSpecial;
    if (!options.chat) return model.tokenizer.encode(text, parseSpecial, true);
    if (!model.chat.known())
        context.note("moa: the model's chat template is of no known family; the text stays as it is");
    if (model.chat.family() == ChatFamily::None)
        context.note("moa: the model has no chat template; the text stays as it is");
    if (!model.chat.known() || model.chat.family() == ChatFamily::None)
        return model.tokenizer.encode(text, parseSpecial, true);
    const auto wrap = [&](const std::string& content) { return model.chat.render({{"user", content}}); };
    return encodeWrapped(model.tokenizer, wrap, text, parseSpecial);
}

std::string sha256OfIds(const std::vector<int>& ids) {
    Sha256 hash;
    hash.update(std::as_bytes(std::span(ids)));
    return hash.finish();
}

} // namespace

void addPromptOptions(CLI::App& command, PromptOptions& options) {
    const std::string group = "Prompt (standard input unless given)";
    options.textOption = command.add_option("--text", options.text, "the prompt itself")->group(group);
    CLI::Option* file =
        command.add_option("--text-file", options.textFile, "file with the prompt")->group(group);
    CLI::Option* ids = command.add_option("--ids", options.idsFile, "JSON array of token ids")->group(group);
    file->excludes(options.textOption);
    ids->excludes(options.textOption)->excludes(file);
    command.add_flag("--chat", options.chat, "wrap the text in the model's chat template")
        ->group(group)
        ->excludes(ids);
    command.add_flag("--no-special", options.noSpecial, "texts such as <|im_end|> are ordinary text")
        ->group(group);
}

std::string readStandardInput(CliContext& context, std::uint64_t maxBytes) {
    if (::isatty(STDIN_FILENO) != 0)
        context.note("Reading the prompt from the terminal; end it with Ctrl-D.");
    std::string text;
    std::array<char, 65536> piece{};
    while (true) {
        std::array<pollfd, 2> wait{
            {{STDIN_FILENO, POLLIN, 0}, {context.cancel().wakeDescriptor(), POLLIN, 0}}};
        if (::poll(wait.data(), wait.size(), -1) < 0 && errno != EINTR) break;
        context.throwIfCancelled();
        if (wait[0].revents == 0) continue;
        const auto got = ::read(STDIN_FILENO, piece.data(), piece.size());
        if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
        if (got < 0) throw FileError(kInput, "", std::string("cannot be read: ") + std::strerror(errno));
        if (got == 0) break;
        text.append(piece.data(), static_cast<std::size_t>(got));
        if (text.size() > maxBytes)
            throw FileError(kInput, "", "expected at most " + std::to_string(maxBytes >> 20) + " MiB");
    }
    return text;
}

std::vector<int> encodeWrapped(const Tokenizer& tokenizer,
                               const std::function<std::string(const std::string&)>& wrap,
                               const std::string& content, bool parseSpecial) {
    const std::string whole = wrap(content);
    if (parseSpecial || tokenizer.encode(content, true, false) == tokenizer.encode(content, false, false))
        return tokenizer.encode(whole, true, false);
    // The template's own special texts must be parsed and the content's must not: cut where the content
    // begins and ends (a template may trim it).
    const std::string mark = "\x01mark\x01", marked = wrap(mark);
    const std::size_t at = marked.find(mark);
    const std::size_t after = marked.size() - at - mark.size();
    std::vector<int> ids = tokenizer.encode(std::string_view(whole).substr(0, at), true, false);
    const auto append = [&](std::string_view text, bool parse) {
        const std::vector<int> more = tokenizer.encode(text, parse, false);
        ids.insert(ids.end(), more.begin(), more.end());
    };
    append(std::string_view(whole).substr(at, whole.size() - at - after), false);
    append(std::string_view(whole).substr(whole.size() - after), true);
    return ids;
}

Prompt readPrompt(const PromptOptions& options, const Model& model, CliContext& context) {
    const auto ofIds = [&](std::vector<int> ids, const std::string& source, bool fromInput) {
        std::string text = model.tokenizer.decode(ids, false);
        return Prompt{std::move(ids), source, fromInput, std::move(text)};
    };
    const auto ofText = [&](std::string text, const std::string& source, bool fromInput) {
        std::vector<int> ids = encodePrompt(text, options, model, context);
        return Prompt{std::move(ids), source, fromInput, std::move(text)};
    };
    if (context.rerun() && context.rerun()->prompt) return ofIds(*context.rerun()->prompt, kInput, true);
    if (!options.idsFile.empty()) return ofIds(readIds(options.idsFile, model), options.idsFile, false);
    if (options.textOption->count() > 0) return ofText(options.text, "text", false);
    if (!options.textFile.empty())
        return ofText(readTextFile(options.textFile, kMostTextBytes), options.textFile, false);
    return ofText(readStandardInput(context, kMostTextBytes), kInput, true);
}

Prompt readSomePrompt(const PromptOptions& options, const Model& model, CliContext& context,
                      const std::string& what) {
    Prompt prompt = readPrompt(options, model, context);
    if (prompt.ids.empty())
        throw UsageError("the prompt is empty (" + prompt.source + "): " + what +
                         " needs at least one token");
    return prompt;
}

Json Prompt::describe() const {
    Json json = {{"source", source}, {"tokens", ids.size()}, {"sha256", sha256OfIds(ids)}};
    if (fromInput) json["ids"] = ids;
    return json;
}

PromptRef Prompt::ref() const {
    constexpr std::size_t kMostText = 1 << 20;
    PromptRef ref{sha256OfIds(ids), static_cast<std::int64_t>(ids.size())};
    if (text.size() <= kMostText) ref.text = text;
    return ref;
}

void checkContext(const Model& model, std::int64_t tokens, std::int64_t more) {
    if (tokens + more <= model.config.context) return;
    throw Error("the prompt has " + std::to_string(tokens) + " tokens" +
                (more > 0 ? " and " + std::to_string(more) + " more are asked for" : "") +
                ", the context of " + model.name + " is " + std::to_string(model.config.context) +
                " tokens; shorten the prompt");
}

} // namespace moa::cli
