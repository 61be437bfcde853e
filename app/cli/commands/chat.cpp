// `moa chat`: a conversation on the terminal, dense or under a plan that can be swapped between turns.
#include "app/cli/commands/commands.h"
#include "app/cli/conversation.h"
#include "app/cli/line_reader.h"
#include "app/cli/sampling_options.h"
#include "app/cli/text_stream.h"
#include "app/cli/text_table.h"

#include "engine/core/format.h"
#include "engine/plan/json_file.h"

#include <cstdio>

#include <unistd.h>

namespace moa::cli {
namespace {

struct ChatOptions {
    std::string model, plan;
    GenerateOptions generate;
    bool noSpecial = false;
};

constexpr const char* kHelp = "/plan FILE  change the plan; the conversation is read anew under it\n"
                              "/dense      drop the plan\n"
                              "/stats      tokens, cache and speed so far\n"
                              "/save FILE  write the conversation as JSON\n"
                              "/help       this\n"
                              "/quit       end (so does the end of the input)\n"
                              "Ctrl-C stops an answer; what is there stays part of the conversation.";

class Chat {
public:
    Chat(const ChatOptions& options, LanguageModel& model, PlanChoice plan, CliContext& cli)
        : m_options(options), m_model(model), m_cli(cli), m_lines(cli.cancel()),
          m_conversation(model, std::move(plan), !options.noSpecial) {
        m_options.generate.sampling.seed = cli.options.seed;
    }

    ExitCode run() {
        const ChatTemplate& chat = m_model.files().chat;
        if (!chat.known() || chat.family() == ChatFamily::None)
            m_cli.note("The model has no chat template known here; turns are put one after the other.");
        m_cli.note("/help lists the commands.");
        while (true) {
            if (::isatty(STDIN_FILENO) != 0) std::fputs("> ", stderr);
            const std::optional<std::string> line = m_lines.next();
            if (!line || *line == "/quit") break;
            if (line->empty()) continue;
            try {
                line->front() == '/' ? command(*line) : ask(*line);
            } catch (const CancelledError&) {
                throw;
            } catch (const Error& e) { // of one turn: the conversation goes on
                m_cli.warn(e.what());
            }
        }
        return end();
    }

private:
    void ask(const std::string& text) {
        TextStream stream(m_model.files().tokenizer);
        const auto write = [&](const std::string& piece) {
            m_cli.stream(piece);
            if (m_cli.options.json && !m_cli.options.quiet) std::fputs(piece.c_str(), stderr);
        };
        const GenerateResult result = m_conversation.ask(
            text, m_options.generate, [&](int id) { write(stream.push(id)); }, m_cli.stopToken(),
            m_cli.progress());
        write(stream.finish() + "\n");
        m_answerTokens += static_cast<std::int64_t>(result.ids.size());
        m_decodeSteps += result.decodeSteps;
        m_decodeSeconds += result.decodeSeconds;
        if (m_cli.cancel().requested()) { // also one that came with the last token: it meant the answer
            m_cli.note("(stopped)");
            m_cli.cancel().rearm();
        }
    }

    void command(const std::string& line) {
        const std::size_t space = line.find(' ');
        const std::string name = line.substr(0, space);
        const std::string argument = space == std::string::npos ? "" : line.substr(space + 1);
        if (name == "/help")
            m_cli.note(kHelp);
        else if (name == "/stats")
            m_cli.note(statsText());
        else if (name == "/dense")
            swapPlan("");
        else if (name == "/plan" || name == "/save") {
            if (argument.empty()) throw UsageError(name + ": expected a file");
            name == "/plan" ? swapPlan(argument) : save(argument);
        } else
            throw UsageError("unknown command " + name + "; /help lists them");
    }

    void swapPlan(const std::string& path) {
        PlanChoice plan = choosePlan(path, m_model.files(), m_cli);
        const auto refill = m_conversation.setPlan(std::move(plan), m_cli.stopToken(), m_cli.progress());
        if (refill.completion == Completion::Cancelled) {
            m_cli.note("Stopped; the plan stays as it was.");
            m_cli.cancel().rearm();
            return;
        }
        m_cli.note((path.empty() ? "Dense now" : "Now under " + path) +
                   (refill.tokens ? "; " + std::to_string(refill.tokens) + " tokens read anew in " +
                                        formatFixed(refill.seconds, 2) + " s."
                                  : "."));
    }

    Json stats() const {
        const Sequence* s = m_conversation.sequence();
        const ModelConfig& c = m_model.config();
        const SparsePlan dense = uniformPlan(c.layers, c.heads, c.kvHeads, {0, 1});
        const int element = static_cast<int>(bytesPerValue(m_model.backend().dtype()));
        const std::int64_t n = s ? s->capacity() : 0;
        return {
            {"plan", m_conversation.plan().path.empty() ? Json(nullptr) : Json(m_conversation.plan().path)},
            {"tokens", m_conversation.tokens()},
            {"planned_tokens", n},
            {"kv_bytes", s ? s->kvBytes() : 0},
            {"dense_kv_bytes", s ? dense.kvBytes(n, c.headDim, element) : 0},
            {"density", m_conversation.plan().density(n)},
            {"relayouts", s ? s->relayouts() : 0},
            {"missing_keys", s ? s->missingKeys() : 0},
            {"answer_tokens", m_answerTokens},
            {"decode_tok_s", m_decodeSeconds > 0 && m_decodeSteps > 0
                                 ? Json(double(m_decodeSteps) / m_decodeSeconds)
                                 : Json(nullptr)}};
    }

    std::string statsText() const {
        const Json s = stats();
        const auto bytes = [&](const char* key) { return formatBytes(s[key].get<std::uint64_t>()); };
        const Json& speed = s["decode_tok_s"];
        std::string text =
            keyValueLines({{"plan", s["plan"].is_null() ? "dense" : s["plan"].get<std::string>()},
                           {"tokens", s["tokens"].dump() + ", laid out for " + s["planned_tokens"].dump()},
                           {"cache", bytes("kv_bytes") + " of " + bytes("dense_kv_bytes") + " dense"},
                           {"speed", speed.is_null() ? "–" : formatFixed(speed.get<double>(), 1) + " tok/s"},
                           {"grown", s["relayouts"].dump() + " times, " + s["missing_keys"].dump() +
                                         " keys gone that the plan would show"}});
        text.pop_back();
        return text;
    }

    Json document() const {
        Json messages = Json::array();
        for (const Message& m : m_conversation.messages())
            messages.push_back({{"role", m.role}, {"content", m.content}});
        Json json = stats();
        json["model"] = m_model.files().name;
        json["messages"] = std::move(messages);
        return json;
    }

    void save(const std::string& path) {
        jsonfile::writeAtomically(path, jsonfile::text(document()));
        m_cli.note("Saved " + path + ".");
    }

    ExitCode end() {
        Conclusion conclusion{.result = document(), .text = {}};
        if (m_cli.cancel().requested()) {
            conclusion.status = RunStatus::Cancelled;
            conclusion.message = "ended by Ctrl-C";
        }
        return m_cli.conclude(std::move(conclusion));
    }

    ChatOptions m_options;
    LanguageModel& m_model;
    CliContext& m_cli;
    LineReader m_lines;
    Conversation m_conversation;
    std::int64_t m_answerTokens = 0, m_decodeSteps = 0;
    double m_decodeSeconds = 0;
};

} // namespace

void addChatCommand(CLI::App& app, CliContext& cli) {
    auto options = std::make_shared<ChatOptions>();
    options->generate.maxNew = 512;
    CLI::App& command = cli.addCommand(app, "chat", "A conversation on the terminal, dense or under a plan",
                                       std::string("  moa chat moa-tiny\n"
                                                   "  moa chat moa-tiny --plan plan.json --temperature 0.7\n"
                                                   "Inside:\n  ") +
                                           "/plan FILE, /dense, /stats, /save FILE, /help, /quit");
    command.add_option("MODEL", options->model, "folder, .safetensors file or name")->required();
    command.add_option("--plan", options->plan, "plan file (default: dense)");
    command.add_option("--max-new", options->generate.maxNew, "tokens an answer has at most")
        ->check(CLI::Range(1, 1 << 26));
    command.add_flag("--no-special", options->noSpecial, "texts such as <|im_end|> are ordinary text");
    addSamplingOptions(command, options->generate.sampling);
    cli.onRun(command, [options, &cli] {
        const std::shared_ptr<const Model> files = cli.loadFiles(options->model);
        PlanChoice plan = choosePlan(options->plan, *files, cli);
        const std::unique_ptr<LanguageModel> model = cli.loadModel(files);
        return Chat(*options, *model, std::move(plan), cli).run();
    });
}

} // namespace moa::cli
