// Asking about a token: blame, counterfactuals, an exact re-run; and what the plan saves.
#include "ui/jobs/compare_service.h"

#include "engine/compare/saving.h"
#include "ui/jobs/compare_live.h"
#include "ui/jobs/with_gradients.h"

#include <algorithm>
#include <chrono>

namespace moa {
namespace {

using Clock = std::chrono::steady_clock;
using Heads = QList<std::pair<int, int>>;

constexpr double kMended = 0.9; ///< share of the KL that mending heads take away
constexpr std::size_t kMendHeads = 3, kCandidates = 12;

double secondsSince(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

std::vector<HeadId> headIds(const Heads& heads) {
    std::vector<HeadId> ids;
    for (const auto& [layer, kvHead] : heads) ids.push_back({LayerIndex(layer), KvHeadIndex(kvHead)});
    return ids;
}

/// KV heads that show each key to `query`.
std::vector<int> seenBy(const WindowMap& windows, std::int64_t query) {
    std::vector<int> change(std::size_t(query) + 2); // differences: a head shows [0, sink) and [query − w + 1, query]
    for (const std::int64_t window : windows.windows) {
        const std::int64_t first = std::max<std::int64_t>(query - window + 1, 0);
        const std::int64_t sink = std::min<std::int64_t>(windows.sink, query + 1);
        ++change[0];
        if (first <= sink) continue;
        --change[std::size_t(sink)];
        ++change[std::size_t(first)];
    }
    for (std::size_t i = 1; i < change.size(); ++i) change[i] += change[i - 1];
    change.pop_back();
    return change;
}

/// Of `token` and `count` − 1 after it, fewer where the texts part.
CompareScore scoreOf(CompareLive& live, int token, const Heads& heads, int count) {
    const auto start = Clock::now();
    Counterfactual with = live.session.widen(std::size_t(token), headIds(heads), std::size_t(count));
    return {token, heads, std::move(with.klBefore), std::move(with.klAfter), secondsSince(start)};
}

CompareBlame blameValue(const CompareLive& live, int token) {
    CompareBlame result;
    result.token = token;
    const WindowMap& windows = live.session.windows();
    for (const BlameRow& row : live.blamed)
        result.rows.append({row.head.layer.value, row.head.kvHead.value, windows.window(row.head.layer, row.head.kvHead), row.hiddenMass,
                            row.influence, row.hidden});
    const std::vector<int> ids = live.session.idsUpTo(std::size_t(token) + 1); // the token last
    result.seenBy = seenBy(windows, std::int64_t(ids.size()) - 2);
    result.heads = int(windows.windows.size());
    for (std::size_t i = live.session.prompt().size(); i + 1 < ids.size(); ++i) result.keys.append(live.textOf(ids[i]));
    return result;
}

} // namespace

Job* CompareService::blame(int token) {
    return onLive(tr("Blaming heads for token %1").arg(token), [this, token](CompareLive& live, JobContext& context) {
        const auto start = Clock::now();
        const WithGradients place(*m_state, context);
        if (context.stop().stop_requested()) return context.markCancelled();
        context.report({"Backward pass", 0, 1});
        live.blamed = blameToken(place.model(), live.session.idsUpTo(std::size_t(token) + 1), live.session.windows(), context.stop());
        if (context.stop().stop_requested()) return context.markCancelled();
        CompareBlame result = blameValue(live, token);
        result.seconds = secondsSince(start);
        context.post([this, generation = live.generation, result] { emit blamed(generation, result); });
        const std::size_t worst = std::min(kCandidates, live.blamed.size());
        for (std::size_t i = 0; i < worst; ++i) {
            context.report({"Re-score with heads widened", std::int64_t(i), std::int64_t(worst)});
            if (context.stop().stop_requested()) return context.markCancelled();
            const HeadId head = live.blamed[i].head;
            const CompareScore score = scoreOf(live, token, {{head.layer.value, head.kvHead.value}}, 1);
            context.post([this, generation = live.generation, score] { emit scored(generation, score); });
        }
        mend(live, token, context);
    });
}

void CompareService::mend(CompareLive& live, int token, JobContext& context) {
    if (live.blamed.empty()) return;
    context.report({"Find the fewest heads that mend it", 0, 1});
    const std::vector<HeadId> heads =
        live.session.mend(std::size_t(token), live.blamed, kMended, kMendHeads, kCandidates, context.stop());
    if (context.stop().stop_requested()) return context.markCancelled();
    if (heads.empty()) return;
    Heads found;
    for (const HeadId& head : heads) found.append({head.layer.value, head.kvHead.value});
    CompareScore score = scoreOf(live, token, found, live.maxNew);
    score.isMending = true;
    context.post([this, generation = live.generation, score] { emit scored(generation, score); });
}

void CompareService::score(int token, const Heads& heads) {
    m_worker.interact(
        QStringLiteral("compare.score"),
        [this, token, heads, generation = m_generation](const std::stop_token&) {
            if (const auto now = live(generation))
                m_worker.post([this, generation, score = scoreOf(*now, token, heads, now->maxNew)] { emit scored(generation, score); });
        },
        [this, generation = m_generation](const JobError& error) { emit askFailed(generation, error); });
}

Job* CompareService::rerun(int token, const Heads& heads) {
    return onLive(tr("Re-running token %1").arg(token), [this, token, heads](CompareLive& live, JobContext& context) {
        context.report({"Read the text under the wider plan", 0, 1});
        CompareScore score = scoreOf(live, token, heads, 1);
        score.klRerun = live.session.rerun(std::size_t(token), headIds(heads), context.stop());
        if (!score.klRerun) return context.markCancelled();
        context.post([this, generation = live.generation, score] { emit scored(generation, score); });
    });
}

Job* CompareService::measureSaving(const SparsePlan& plan, std::int64_t tokens) {
    return m_worker.submit(tr("Measuring the saving"), false, [this, plan, tokens, state = m_state](JobContext& context) {
        SavingOptions options;
        options.heads = false;
        const Saving saving =
            moa::measureSaving(state->model(), MaskSource::plan(plan), tokens, options, context.stop(), context.progressFn());
        context.mark(saving.completion);
        if (saving.completion == Completion::Cancelled) return;
        const auto side = [](const SavingSide& s) { return CompareSaving::Side{s.kvBytes, s.attentionSeconds, s.stepSeconds}; };
        context.post([this, value = CompareSaving{saving.tokens, saving.density, side(saving.dense), side(saving.sparse)}] {
            emit savingMeasured(value);
        });
    });
}

} // namespace moa
