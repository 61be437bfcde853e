#include "engine/model/generate.h"

#include "engine/core/error.h"

#include <algorithm>
#include <chrono>

namespace moa {

namespace {

using Clock = std::chrono::steady_clock;

double secondsSince(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

bool isEnd(const ModelConfig& config, int id) {
    return std::find(config.eosIds.begin(), config.eosIds.end(), id) != config.eosIds.end();
}

} // namespace

std::int64_t plannedLength(const ModelConfig& config, std::int64_t held, std::int64_t prompt, std::int64_t budget) {
    return roundUpToBlock(std::min<std::int64_t>(config.context, held + prompt + budget));
}

GenerateResult generate(LanguageModel& model, Sequence& sequence, std::span<const int> prompt,
                        const GenerateOptions& options, const TokenFn& onToken, std::stop_token stop,
                        const ProgressFn& progress) {
    if (prompt.empty()) throw UsageError("the prompt is empty: generation needs at least one token");
    GenerateResult result;
    Sampler sampler(options.sampling);
    std::vector<float> logits;
    const LogitsFn keep = [&](std::size_t, std::int64_t, std::span<const float> row) { logits.assign(row.begin(), row.end()); };

    const auto start = Clock::now();
    const auto total = static_cast<std::int64_t>(prompt.size());
    for (std::int64_t done = 0; done < total;) {
        const std::int64_t count = std::min(model.chunkRows(), total - done);
        ForwardItem item{&sequence, prompt.subspan(static_cast<std::size_t>(done), static_cast<std::size_t>(count)),
                         done + count == total && options.maxNew > 0 ? 1 : 0};
        result.completion = model.forward(std::span(&item, 1), keep, stop);
        if (result.completion == Completion::Cancelled) return result;
        done += count;
        if (progress) progress({"prefill", done, total});
    }
    result.prefillSeconds = secondsSince(start);

    const auto decodeStart = Clock::now();
    while (static_cast<int>(result.ids.size()) < options.maxNew) {
        const int id = sampler.next(logits);
        if (options.stopAtEnd && isEnd(model.config(), id)) {
            result.ended = true;
            break;
        }
        result.ids.push_back(id);
        if (onToken) onToken(id);
        if (static_cast<int>(result.ids.size()) >= options.maxNew || sequence.length() >= model.config().context) break;
        ForwardItem item{&sequence, std::span(&result.ids.back(), 1), 1};
        result.completion = model.forward(std::span(&item, 1), keep, stop);
        if (result.completion == Completion::Cancelled) break;
        ++result.decodeSteps;
    }
    result.decodeSeconds = secondsSince(decodeStart);
    return result;
}

} // namespace moa
