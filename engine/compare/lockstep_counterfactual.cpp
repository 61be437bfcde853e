// What a token would be with some heads widened, and the fewest that bring it back.
#include "engine/compare/lockstep.h"
#include "engine/compare/lockstep_session.h"
#include "engine/core/error.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

namespace moa {

namespace {

/// [L·G] flags. Throws UsageError for a head that is not there.
std::vector<bool> flagsOf(std::span<const HeadId> heads, const ModelConfig& c) {
    std::vector<bool> flags(static_cast<std::size_t>(c.layers * c.kvHeads));
    for (const HeadId& head : heads) {
        if (head.layer.value < 0 || head.layer.value >= c.layers || head.kvHead.value < 0 || head.kvHead.value >= c.kvHeads)
            throw UsageError("there is no KV head " + std::to_string(head.layer.value) + ":" +
                             std::to_string(head.kvHead.value));
        flags[static_cast<std::size_t>(head.layer.value * c.kvHeads + head.kvHead.value)] = true;
    }
    return flags;
}

} // namespace

std::vector<Alternative> LockstepSession::alternatives(std::size_t t, std::size_t count) const {
    checkToken(t);
    const auto &p = dense().logits[t], &q = sparse().logits[t];
    const double logP = logSumExp(p), logQ = logSumExp(q);
    std::vector<Alternative> all;
    for (std::size_t i = 0; i < p.size(); ++i)
        all.push_back({static_cast<int>(i), std::exp(double(p[i]) - logP), std::exp(double(q[i]) - logQ)});
    count = std::min(count, all.size());
    std::ranges::partial_sort(all, all.begin() + static_cast<std::ptrdiff_t>(count), std::greater{},
                              [](const Alternative& a) { return std::max(a.dense, a.sparse); });
    all.resize(count);
    return all;
}

Counterfactual LockstepSession::widen(std::size_t t, std::span<const HeadId> heads, std::size_t count,
                                      std::stop_token stop) {
    checkTogether("a counterfactual");
    checkComparable(t);
    const std::vector<bool> widened = flagsOf(heads, m_model.config());
    count = std::clamp<std::size_t>(count, 1, m_tokens.size() - t);
    for (const Turn& turn : m_turns)
        if (turn.before > t) count = std::min(count, turn.before - t);
    for (std::size_t i = 1; i < count; ++i)
        if (!m_tokens[t + i].sameContext || dense().at[t + i] < 0) count = i;
    // The token's logits come from the one before it; those after it follow the dense text.
    const std::int64_t from = dense().at[t] - 1;
    if (from < sparse().cache->reach())
        throw UsageError("token " + std::to_string(t) + " is too far back: the sparse cache looks back " +
                         std::to_string(m_slack) + " tokens; continue from a token before it to ask about it");
    const std::vector<int> ids = contextOf(t + count - 1);
    Counterfactual result;
    ForwardItem item{&*sparse().cache, std::span(ids).subspan(static_cast<std::size_t>(from)),
                     static_cast<std::int64_t>(count), false};
    item.at = from;
    item.other = &*dense().cache;
    item.fromOther = &widened;
    const LogitsFn score = [&](std::size_t, std::int64_t position, std::span<const float> row) {
        const std::size_t at = t + static_cast<std::size_t>(position - from);
        result.klBefore.push_back(m_tokens[at].kl);
        result.klAfter.push_back(klDivergence(dense().logits[at], row));
    };
    m_model.forward(std::span(&item, 1), score, std::move(stop));
    return result;
}

std::optional<double> LockstepSession::rerun(std::size_t t, std::span<const HeadId> heads, std::stop_token stop) {
    checkComparable(t);
    WindowMap wider = m_windows;
    const std::vector<bool> widened = flagsOf(heads, m_model.config());
    for (std::size_t i = 0; i < widened.size(); ++i)
        if (widened[i]) wider.windows[i] = WindowMap::kFullWindow;
    const std::vector<int> ids = contextOf(t);
    const auto n = static_cast<std::int64_t>(ids.size());
    Pane again{Sequence(m_model, MaskSource::fixed(wider), n), ids, {}, {}};
    const auto row = feedTo(again, n, stop);
    if (!row) return std::nullopt;
    return klDivergence(dense().logits[t], *row);
}

std::vector<BlameRow> LockstepSession::blame(std::size_t t, std::stop_token stop) {
    checkComparable(t);
    return blameToken(m_model, idsUpTo(t + 1), m_windows, std::move(stop));
}

std::vector<HeadId> LockstepSession::mend(std::size_t t, std::span<const BlameRow> blamed, double share, std::size_t most,
                                          std::size_t candidates, std::stop_token stop) {
    checkComparable(t);
    const double wanted = (1 - share) * m_tokens[t].kl;
    std::vector<HeadId> set, pool;
    for (const BlameRow& row : blamed.first(std::min(candidates, blamed.size()))) pool.push_back(row.head);
    double best = m_tokens[t].kl;
    while (best > wanted && set.size() < most && !pool.empty()) {
        double least = std::numeric_limits<double>::infinity();
        std::size_t chosen = 0;
        for (std::size_t i = 0; i < pool.size(); ++i) {
            set.push_back(pool[i]);
            const Counterfactual with = widen(t, set, 1, stop);
            set.pop_back();
            if (with.klAfter.empty()) return set; // stopped
            if (with.klAfter.front() < least) {
                least = with.klAfter.front();
                chosen = i;
            }
        }
        if (least >= best) break; // nothing left helps
        best = least;
        set.push_back(pool[chosen]);
        pool.erase(pool.begin() + static_cast<std::ptrdiff_t>(chosen));
    }
    return set;
}

} // namespace moa
