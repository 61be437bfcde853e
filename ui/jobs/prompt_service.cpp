// Tokenizing on the worker thread.
#include "ui/jobs/prompt_service.h"

#include "engine/core/error.h"
#include "engine/tasks/task_encoding.h"
#include "ui/jobs/needle_options.h"

#include <QFile>
#include <QFileInfo>

#include <algorithm>

namespace moa {
namespace {

constexpr qint64 kLargestFile = 64ll << 20;

/// No text of more bytes fits the context, whatever its tokens are.
qint64 mostBytes(const Model& model) {
    std::size_t longest = 1;
    for (int id = 0; id < model.tokenizer.vocabSize(); ++id) longest = std::max(longest, model.tokenizer.piece(id).size());
    return qint64(longest) * model.config.context;
}

PromptValue promptOf(const QString& name, std::vector<int> ids, const Model& model) {
    if (ids.empty()) throw UsageError("the text is empty");
    if (std::int64_t(ids.size()) > model.config.context)
        throw UsageError("the text has " + std::to_string(ids.size()) + " tokens, the model's context is " +
                         std::to_string(model.config.context));
    PromptValue prompt;
    prompt.name = name;
    for (const int id : ids) {
        prompt.pieces.append(QString::fromStdString(model.tokenizer.piece(id)));
        prompt.special.push_back(model.tokenizer.isSpecial(id));
    }
    prompt.ids = std::move(ids);
    return prompt;
}

/// Where `answer` stands in the prompt's text for the first time: what a correct model looks up. Digits are looked
/// for alone first, since a fact's wording differs from its answer's.
std::vector<std::int64_t> findEvidence(std::span<const int> head, const std::string& answer, const Model& model) {
    std::string key;
    for (const char c : answer)
        if (c >= '0' && c <= '9') key += c;
    if (key.empty()) key = answer.substr(0, answer.find_last_not_of(". \n") + 1);
    const std::string text = model.tokenizer.decode(head);
    const std::size_t at = text.find(key);
    if (at == std::string::npos) return {};
    std::vector<std::int64_t> evidence;
    std::size_t begin = 0;
    for (std::size_t i = 0; i < head.size() && begin < at + key.size(); ++i) {
        const std::size_t end = begin + model.tokenizer.piece(head[i]).size();
        if (end > at) evidence.push_back(std::int64_t(i));
        begin = end;
    }
    return evidence;
}

/// The token before the last place where the evidence's tokens stand: in the answer.
std::int64_t askingQuery(const std::vector<int>& ids, const std::vector<std::int64_t>& evidence) {
    std::vector<int> wanted;
    for (const std::int64_t at : evidence) wanted.push_back(ids[std::size_t(at)]);
    const auto last = std::find_end(ids.begin(), ids.end(), wanted.begin(), wanted.end());
    if (wanted.empty() || last == ids.end() || last == ids.begin()) return -1;
    const std::int64_t place = last - ids.begin();
    return place == evidence.front() ? -1 : place - 1;
}

} // namespace

PromptService::PromptService(DeviceWorker& worker, std::shared_ptr<EngineState> state, QObject* parent)
    : QObject(parent), m_worker(worker), m_state(std::move(state)) {}

void PromptService::run(const QString& name, std::function<PromptValue()> make) {
    m_worker.interact(
        QStringLiteral("prompt"),
        [this, make = std::move(make)](const std::stop_token&) {
            m_worker.post([this, prompt = make()] { emit ready(prompt); });
        },
        [this, name](const JobError& error) { emit failed(name, error); });
}

void PromptService::fromText(const QString& name, const QString& text, bool chat) {
    run(name, [name, text, chat, state = m_state] {
        const Model& model = state->model().files();
        std::string bytes = text.toStdString();
        if (chat) bytes = model.chat.render({{"user", bytes}});
        return promptOf(name, model.tokenizer.encode(bytes), model);
    });
}

void PromptService::fromFile(const QString& path) {
    const QString name = QFileInfo(path).fileName();
    run(name, [name, path, state = m_state] {
        QFile file(path);
        if (!file.open(QIODevice::ReadOnly))
            throw FileError(path.toStdString(), "", "cannot be read: " + file.errorString().toStdString());
        if (file.size() > kLargestFile) throw FileError(path.toStdString(), "", "expected at most 64 MiB of text");
        const Model& model = state->model().files();
        // Seen before it is read: tokenizing cannot be stopped, and would take seconds for nothing.
        if (file.size() > mostBytes(model))
            throw UsageError("the text has " + std::to_string(file.size()) + " bytes, too many for the model's context of " +
                             std::to_string(model.config.context) + " tokens");
        const QByteArray bytes = file.readAll();
        // Every byte has a token, but what they would show of a picture or a program is nothing anybody meant.
        if (bytes.contains('\0') || !bytes.isValidUtf8()) throw FileError(path.toStdString(), "", "expected UTF-8 text");
        return promptOf(name, model.tokenizer.encode({bytes.constData(), std::size_t(bytes.size())}), model);
    });
}

void PromptService::sample(const QString& task, std::int64_t tokens, quint64 seed, int questions) {
    const QString name = questions > 1 ? tr("Needle: %1").arg(task) : tr("Sample: %1").arg(task);
    run(name, [name, task, tokens, seed, questions, state = m_state] {
        const Model& model = state->model().files();
        const TaskEncoder encoder(model);
        const TaskGenerator generator = encoder.generator(state->options().resources / "texts");
        const TaskPrompt made = generator.make({.task = task.toStdString(),
                                                .length = std::size_t(tokens),
                                                .questions = questionsPerPrompt(task.toStdString(), questions),
                                                .seed = seed,
                                                .reserved = encoder.beginTokens()});
        std::vector<int> ids = encoder.head(made);
        std::vector<std::int64_t> evidence = findEvidence(ids, made.questions.front().answer, model);
        std::size_t answerBegin = 0;
        for (const std::string& text :
             {questionTail(encoder.turns(), made.questions.front()), made.questions.front().answer}) {
            answerBegin = ids.size();
            const std::vector<int> more = encoder.encode(text);
            ids.insert(ids.end(), more.begin(), more.end());
        }
        PromptValue prompt = promptOf(name, std::move(ids), model);
        prompt.query = askingQuery(prompt.ids, evidence);
        prompt.evidence = std::move(evidence);
        prompt.answerBegin = std::int64_t(answerBegin);
        prompt.task = task;
        return prompt;
    });
}

void PromptService::needle(const NeedleQuestion& question, int length, int depth, int sample) {
    const QString name = tr("Needle: %1, %2 tokens, depth %3 of %4").arg(question.task).arg(length).arg(depth + 1).arg(question.depths);
    run(name, [name, question, length, depth, sample, state = m_state] {
        const Model& model = state->model().files();
        NeedlePrompt made = needlePrompt(model, needleOptions(question, state->options().resources), length, depth, sample);
        std::vector<std::int64_t> evidence = findEvidence(made.head, made.expected, model);
        const auto answerBegin = std::int64_t(made.ids.size());
        made.ids.insert(made.ids.end(), made.answer.begin(), made.answer.end());
        PromptValue prompt = promptOf(name, std::move(made.ids), model);
        prompt.query = askingQuery(prompt.ids, evidence);
        prompt.evidence = std::move(evidence);
        prompt.answerBegin = answerBegin;
        prompt.task = question.task;
        return prompt;
    });
}

} // namespace moa
