#include "engine/tasks/calibration.h"

#include "engine/core/error.h"
#include "engine/loader/mapped_file.h"
#include "engine/loader/sha256.h"

#include <algorithm>

namespace moa {

CalibrationSet::CalibrationSet(LanguageModel& model, const std::filesystem::path& textFolder,
                               std::vector<std::string> data, std::uint64_t seed)
    : m_model(model), m_encoder(model.files()), m_generator(m_encoder.generator(textFolder)), m_seed(seed) {
    if (data.empty())
        throw UsageError("--data names no calibration data; use lines, facts, passkey or a JSONL file");
    for (const std::string& name : data) {
        Source source;
        source.name = name;
        source.builtIn =
            std::find(builtInTasks().begin(), builtInTasks().end(), name) != builtInTasks().end();
        m_description += (m_description.empty() ? "" : ",") + std::filesystem::path(name).filename().string();
        if (!source.builtIn) {
            source.records = readRecords(name);
            for (const PromptRecord& r : source.records) {
                const TaskPrompt prompt = toTaskPrompt(name, r);
                source.lengths.push_back(m_encoder.head(prompt).size() +
                                         m_encoder.tail(prompt.questions[0]).size());
            }
            Sha256 hash;
            hash.update(MappedFile(name).bytes());
            m_description += "@" + hash.finish().substr(0, 12);
        }
        m_sources.push_back(std::move(source));
    }
    m_description += ";seed=" + std::to_string(seed);
}

std::optional<CalibrationSample> CalibrationSet::sample(int length, int index, const std::stop_token& stop) {
    const auto count = static_cast<int>(m_sources.size());
    Source& source = m_sources[static_cast<std::size_t>(index % count)];
    return source.builtIn ? fromTask(source, length, index / count, stop)
                          : fromRecord(source, length, index / count, stop);
}

Conversation asConversation(const CalibrationSample& sample) {
    Conversation c{sample.prompt.head, {}};
    const auto append = [&c](const std::vector<int>& ids) { c.ids.insert(c.ids.end(), ids.begin(), ids.end()); };
    for (std::size_t i = 0; i < sample.prompt.branches.size(); ++i) {
        append(i == 0 ? sample.prompt.branches[0].tail : sample.turns[i - 1]);
        for (const int id : sample.prompt.branches[i].answer) {
            c.targets.push_back(static_cast<std::int64_t>(c.ids.size()));
            c.ids.push_back(id);
        }
    }
    return c;
}

bool CalibrationSet::writeAnswers(EncodedPrompt& prompt, int budget, const std::stop_token& stop) {
    std::size_t longest = 0;
    for (const auto& branch : prompt.branches) longest = std::max(longest, branch.tail.size());
    Sequence shared(m_model, MaskSource::dense(), static_cast<std::int64_t>(prompt.head.size() + longest) + budget);
    ForwardItem head{&shared, prompt.head, 0};
    if (m_model.forward(std::span(&head, 1), {}, stop) == Completion::Cancelled) return false;
    const std::int64_t branchPoint = shared.length();
    GenerateOptions options;
    options.maxNew = budget;
    for (auto& branch : prompt.branches) {
        // One cache for all branches: copies would cost more memory than the backward pass.
        shared.rewind(branchPoint);
        GenerateResult result = generate(m_model, shared, branch.tail, options, {}, stop);
        if (result.completion == Completion::Cancelled) return false;
        branch.answer = std::move(result.ids);
        if (result.ended && m_encoder.endToken() >= 0) branch.answer.push_back(m_encoder.endToken());
        if (branch.answer.empty())
            throw Error("the model writes an empty answer; calibrate with a JSONL file of prompts it answers");
    }
    return true;
}

std::optional<CalibrationSample> CalibrationSet::fromTask(const Source& source, int length, int index,
                                                          const std::stop_token& stop) {
    TaskOptions options;
    options.task = source.name;
    options.length = static_cast<std::size_t>(length);
    // A turn takes about 50 tokens; short prompts have room for one question only.
    constexpr std::size_t kTurn = 64;
    options.questions = length >= 512 ? questionsPerPrompt(source.name, kQuestions) : 1;
    options.seed = m_seed;
    options.sample = index;
    options.reserved = m_encoder.beginTokens() + static_cast<std::size_t>(options.questions - 1) * kTurn;
    const TaskPrompt prompt = m_generator.make(options);
    CalibrationSample sample{source.name, {m_encoder.head(prompt), {}}, {}};
    std::size_t tokens = sample.prompt.head.size();
    for (std::size_t i = 0; i < prompt.questions.size(); ++i) {
        sample.prompt.branches.push_back({m_encoder.tail(prompt.questions[i]), {}});
        if (i > 0) sample.turns.push_back(m_encoder.nextTurn(prompt.questions[i]));
        tokens += i > 0 ? sample.turns.back().size() : sample.prompt.branches[0].tail.size();
    }
    const int room = (std::min(length, m_model.config().context) - static_cast<int>(tokens)) / options.questions;
    if (room < 1) throw Error("a prompt of " + std::to_string(length) + " tokens leaves no room for answers");
    if (!writeAnswers(sample.prompt, std::min(kMaxAnswer, room), stop)) return std::nullopt;
    return sample;
}

std::optional<CalibrationSample> CalibrationSet::fromRecord(Source& source, int length, int index,
                                                            const std::stop_token& stop) {
    // Records near the length first; shorter ones where there are none.
    std::vector<std::size_t> fits, near;
    for (std::size_t i = 0; i < source.records.size(); ++i) {
        if (source.lengths[i] + 16 > static_cast<std::size_t>(length)) continue;
        fits.push_back(i);
        if (source.lengths[i] * 2 > static_cast<std::size_t>(length)) near.push_back(i);
    }
    const auto& pool = near.empty() ? fits : near;
    if (pool.empty())
        throw UsageError(source.name + ": no prompt fits a length of " + std::to_string(length) + " tokens; the shortest has " +
                         std::to_string(*std::min_element(source.lengths.begin(), source.lengths.end())));
    PromptRecord& record = source.records[pool[static_cast<std::size_t>(index) % pool.size()]];
    const TaskPrompt prompt = toTaskPrompt(source.name, record);
    std::vector<int> ids = m_encoder.head(prompt);
    const auto tail = m_encoder.tail(prompt.questions[0]);
    ids.insert(ids.end(), tail.begin(), tail.end());
    const auto room = static_cast<std::size_t>(length) - ids.size();
    // The last token of the prompt leads into the answer.
    CalibrationSample sample{std::filesystem::path(source.name).filename().string(), {{}, {{{ids.back()}, {}}}}, {}};
    sample.prompt.head.assign(ids.begin(), ids.end() - 1);
    std::vector<int>& answer = sample.prompt.branches[0].answer;
    if (record.response) {
        answer = m_encoder.encode(*record.response);
        if (m_encoder.endToken() >= 0) answer.push_back(m_encoder.endToken());
        if (answer.size() > room) answer.resize(room);
    } else {
        if (!writeAnswers(sample.prompt, static_cast<int>(std::min<std::size_t>(kMaxAnswer, room)), stop)) return std::nullopt;
        record.response = m_model.files().tokenizer.decode(answer, true);
    }
    if (answer.empty() || sample.prompt.head.empty())
        throw FileError(source.name, "line " + std::to_string(record.line), "expected a prompt and a response of at least one token each");
    return sample;
}

} // namespace moa
