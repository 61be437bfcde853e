#include "engine/compare/lockstep_session.h"

#include "engine/compare/lockstep.h"
#include "engine/core/error.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>

namespace moa {

namespace {

/// (KL(p‖m) + KL(q‖m)) / 2, m the mean of both distributions; nats.
double jensenShannon(std::span<const float> p, std::span<const float> q) {
    const double logP = logSumExp(p), logQ = logSumExp(q);
    double sum = 0;
    for (std::size_t i = 0; i < p.size(); ++i) {
        const double lp = double(p[i]) - logP, lq = double(q[i]) - logQ, a = std::exp(lp), b = std::exp(lq);
        const double logMean = std::log((a + b) / 2);
        if (a > 0) sum += a * (lp - logMean);
        if (b > 0) sum += b * (lq - logMean);
    }
    return std::max(0.0, sum / 2);
}

} // namespace

LockstepSession::LockstepSession(LanguageModel& model, const MaskSource& sparse, std::span<const int> prompt, int maxNew)
    : m_model(model), m_mask(sparse), m_prompt(prompt.begin(), prompt.end()), m_maxNew(maxNew),
      m_dense(model, MaskSource::dense(),
              plannedLength(model.config(), 0, static_cast<std::int64_t>(prompt.size()), maxNew)),
      m_sparse(model, sparse, m_dense.capacity(), maxNew) {
    if (prompt.empty()) throw UsageError("the prompt is empty: a comparison needs at least one token");
    if (maxNew < 1) throw UsageError("--max-new must be at least 1");
}

std::optional<std::vector<float>> LockstepSession::feed(Sequence& sequence, std::span<const int> tokens,
                                                        std::stop_token stop) {
    std::vector<float> last;
    ForwardItem item{&sequence, tokens, 1};
    const LogitsFn keep = [&](std::size_t, std::int64_t, std::span<const float> row) { last.assign(row.begin(), row.end()); };
    if (m_model.forward(std::span(&item, 1), keep, std::move(stop)) == Completion::Cancelled) return std::nullopt;
    return last;
}

Completion LockstepSession::prefill(std::stop_token stop, const ProgressFn& progress) {
    for (Sequence* sequence : {&m_dense, &m_sparse}) {
        if (progress) progress({"read the prompt", sequence == &m_dense ? 0 : 1, 2});
        auto row = feed(*sequence, m_prompt, stop);
        if (!row) return Completion::Cancelled;
        (sequence == &m_dense ? m_denseLogits : m_sparseLogits).push_back(*std::move(row));
    }
    return Completion::Done;
}

std::optional<LockstepToken> LockstepSession::step(std::stop_token stop) {
    if (m_denseLogits.empty()) throw UsageError("the prompt has not been read");
    if (static_cast<int>(m_tokens.size()) >= m_maxNew ||
        m_dense.length() + 1 > m_model.config().context)
        return std::nullopt;
    LockstepToken token;
    if (!m_tokens.empty() && m_denseLogits.size() == m_tokens.size()) {
        const int fed[1] = {m_tokens.back().token};
        // Dense first: both or none get a token, since a step of one token is not cut by a stop between chunks.
        if (stop.stop_requested()) return std::nullopt;
        const auto timed = [&](Sequence& sequence, double& seconds) {
            const auto start = std::chrono::steady_clock::now();
            auto row = feed(sequence, fed, {});
            seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
            return row;
        };
        auto dense = timed(m_dense, token.denseSeconds), sparse = timed(m_sparse, token.sparseSeconds);
        m_denseLogits.push_back(*std::move(dense));
        m_sparseLogits.push_back(*std::move(sparse));
    }
    const auto &p = m_denseLogits.back(), &q = m_sparseLogits.back();
    token.token = argmax(p);
    token.sparse = argmax(q);
    token.kl = klDivergence(p, q);
    token.js = jensenShannon(p, q);
    const float own = q[static_cast<std::size_t>(token.token)];
    token.rank = 1 + static_cast<int>(std::ranges::count_if(q, [own](float v) { return v > own; }));
    m_tokens.push_back(token);
    return token;
}

void LockstepSession::checkToken(std::size_t t) const {
    if (t >= m_tokens.size())
        throw UsageError("there is no token " + std::to_string(t) + ": " + std::to_string(m_tokens.size()) +
                         " were written");
}

std::vector<int> LockstepSession::idsUpTo(std::size_t t) const {
    std::vector<int> ids = m_prompt;
    for (std::size_t i = 0; i < t; ++i) ids.push_back(m_tokens[i].token);
    return ids;
}

std::vector<Alternative> LockstepSession::alternatives(std::size_t t, std::size_t count) const {
    checkToken(t);
    const auto &p = m_denseLogits[t], &q = m_sparseLogits[t];
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
    checkToken(t);
    const ModelConfig& c = m_model.config();
    std::vector<bool> widened(static_cast<std::size_t>(c.layers * c.kvHeads));
    for (const HeadId& head : heads) {
        if (head.layer.value < 0 || head.layer.value >= c.layers || head.kvHead.value < 0 || head.kvHead.value >= c.kvHeads)
            throw UsageError("there is no KV head " + std::to_string(head.layer.value) + ":" +
                             std::to_string(head.kvHead.value));
        widened[static_cast<std::size_t>(head.layer.value * c.kvHeads + head.kvHead.value)] = true;
    }
    count = std::min(count, m_tokens.size() - t);
    // The token's logits come from the one before it; those after it follow the dense text.
    const std::int64_t from = static_cast<std::int64_t>(m_prompt.size() + t) - 1;
    const std::vector<int> ids = idsUpTo(t + count - 1);
    Counterfactual result;
    ForwardItem item{&m_sparse, std::span(ids).subspan(static_cast<std::size_t>(from)), static_cast<std::int64_t>(count), false};
    item.at = from;
    item.other = &m_dense;
    item.fromOther = &widened;
    const LogitsFn score = [&](std::size_t, std::int64_t position, std::span<const float> row) {
        const std::size_t at = t + static_cast<std::size_t>(position - from);
        result.klBefore.push_back(m_tokens[at].kl);
        result.klAfter.push_back(klDivergence(m_denseLogits[at], row));
    };
    m_model.forward(std::span(&item, 1), score, std::move(stop));
    return result;
}

std::optional<double> LockstepSession::rerun(std::size_t t, std::span<const HeadId> heads, std::stop_token stop) {
    checkToken(t);
    WindowMap wider = m_sparse.windows();
    for (const HeadId& head : heads)
        wider.windows[static_cast<std::size_t>(head.layer.value * wider.kvHeads + head.kvHead.value)] =
            WindowMap::kFullWindow;
    const std::vector<int> ids = idsUpTo(t);
    Sequence sequence(m_model, MaskSource::fixed(wider), static_cast<std::int64_t>(ids.size()));
    const auto row = feed(sequence, ids, std::move(stop));
    if (!row) return std::nullopt;
    return klDivergence(m_denseLogits[t], *row);
}

std::vector<BlameRow> LockstepSession::blame(std::size_t t, std::stop_token stop) {
    checkToken(t);
    return blameToken(m_model, idsUpTo(t + 1), m_sparse.windows(), std::move(stop));
}

std::vector<HeadId> LockstepSession::mend(std::size_t t, std::span<const BlameRow> blamed, double share, std::size_t most,
                                          std::size_t candidates, std::stop_token stop) {
    checkToken(t);
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
