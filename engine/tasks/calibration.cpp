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

std::optional<std::vector<int>> CalibrationSet::answer(const std::vector<int>& prompt, int budget,
                                                       const std::stop_token& stop) {
    Sequence sequence(m_model, MaskSource::dense(), static_cast<std::int64_t>(prompt.size()) + budget);
    GenerateOptions options;
    options.maxNew = budget;
    GenerateResult result = generate(m_model, sequence, prompt, options, {}, stop);
    if (result.completion == Completion::Cancelled) return std::nullopt;
    if (result.ended && static_cast<int>(result.ids.size()) < budget && m_encoder.endToken() >= 0)
        result.ids.push_back(m_encoder.endToken());
    return std::move(result.ids);
}

std::optional<CalibrationSample> CalibrationSet::fromTask(const Source& source, int length, int index,
                                                          const std::stop_token& stop) {
    TaskOptions options;
    options.task = source.name;
    options.length = static_cast<std::size_t>(length);
    options.questions = 1;
    options.seed = m_seed;
    options.sample = index;
    options.reserved = m_encoder.beginTokens();
    const TaskPrompt prompt = m_generator.make(options);
    CalibrationSample sample{source.name, m_encoder.head(prompt), 0};
    const auto tail = m_encoder.tail(prompt.questions[0]);
    sample.ids.insert(sample.ids.end(), tail.begin(), tail.end());
    sample.lossBegin = static_cast<std::int64_t>(sample.ids.size());
    const int room = std::min(length, m_model.config().context) - static_cast<int>(sample.ids.size());
    const auto written = answer(sample.ids, std::min(kMaxAnswer, room), stop);
    if (!written) return std::nullopt;
    sample.ids.insert(sample.ids.end(), written->begin(), written->end());
    if (sample.lossBegin == static_cast<std::int64_t>(sample.ids.size()))
        throw Error("the model writes an empty answer to task " + source.name +
                    "; calibrate with a JSONL file of its own prompts");
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
        throw UsageError(source.name + ": no prompt fits a length of " + std::to_string(length) +
                         " tokens; the shortest has " +
                         std::to_string(*std::min_element(source.lengths.begin(), source.lengths.end())));
    PromptRecord& record = source.records[pool[static_cast<std::size_t>(index) % pool.size()]];
    const TaskPrompt prompt = toTaskPrompt(source.name, record);
    CalibrationSample sample{std::filesystem::path(source.name).filename().string(), m_encoder.head(prompt),
                             0};
    const auto tail = m_encoder.tail(prompt.questions[0]);
    sample.ids.insert(sample.ids.end(), tail.begin(), tail.end());
    sample.lossBegin = static_cast<std::int64_t>(sample.ids.size());
    const auto room = static_cast<std::size_t>(length) - sample.ids.size();
    if (!record.response) {
        const auto written =
            answer(sample.ids, static_cast<int>(std::min<std::size_t>(kMaxAnswer, room)), stop);
        if (!written) return std::nullopt;
        record.response = m_model.files().tokenizer.decode(*written, true);
        sample.ids.insert(sample.ids.end(), written->begin(), written->end());
    } else {
        auto given = m_encoder.encode(*record.response);
        if (m_encoder.endToken() >= 0) given.push_back(m_encoder.endToken());
        if (given.size() > room) given.resize(room);
        sample.ids.insert(sample.ids.end(), given.begin(), given.end());
    }
    if (sample.lossBegin == static_cast<std::int64_t>(sample.ids.size()))
        throw Error(source.name + ": record at line " + std::to_string(record.line) +
                    " has an empty response");
    return sample;
}

} // namespace moa
