// Feeding and deciding: both panes, their turns, and going on from a token otherwise.
#include "engine/compare/lockstep_session.h"

#include "engine/compare/lockstep.h"
#include "engine/core/error.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>

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

int rankOf(int token, std::span<const float> logits) {
    const float own = logits[static_cast<std::size_t>(token)];
    return 1 + static_cast<int>(std::ranges::count_if(logits, [own](float v) { return v > own; }));
}

/// Everything, with the sink of the other side: caches with different sinks cannot be mixed.
MaskSource denseMask(const WindowMap& sparse) {
    return MaskSource::fixed(denseWindows(sparse.layers, sparse.kvHeads, sparse.sink));
}

double secondsSince(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

std::int64_t sizeOf(const std::vector<int>& ids) { return static_cast<std::int64_t>(ids.size()); }

} // namespace

LockstepSession::LockstepSession(LanguageModel& model, const MaskSource& sparseMask, std::span<const int> prompt, int maxNew,
                                 const LockstepOptions& options)
    : m_model(model), m_mask(sparseMask), m_prompt(prompt.begin(), prompt.end()), m_maxNew(maxNew),
      m_length(lockstepLength(model.config(), sizeOf(m_prompt), maxNew, options.room)), m_slack(maxNew),
      m_feed(options.feed), m_apart(options.apart) {
    if (prompt.empty()) throw UsageError("the prompt is empty: a comparison needs at least one token");
    if (maxNew < 1) throw UsageError("--max-new must be at least 1");
    m_windows = m_mask.windows(model.config().layers, model.config().kvHeads, m_length);
    dense().cache.emplace(model, denseMask(m_windows), m_length);
    if (!m_apart) sparse().cache.emplace(makeSparse(m_mask));
    dense().bytes = dense().cache->kvBytes();
    sparse().bytes = Sequence::bytesFor(model, m_mask, m_length, m_slack);
    for (Pane& pane : m_panes) pane.ids = m_prompt;
}

std::optional<std::vector<float>> LockstepSession::feedTo(Pane& pane, std::int64_t end, const std::stop_token& stop,
                                                          const ProgressFn& progress) {
    std::vector<float> last;
    const LogitsFn keepRow = [&](std::size_t, std::int64_t, std::span<const float> row) { last.assign(row.begin(), row.end()); };
    for (std::int64_t done = pane.cache->length(); done < end;) {
        const std::int64_t count = std::min(m_model.chunkRows(), end - done);
        const auto tokens = std::span(pane.ids).subspan(static_cast<std::size_t>(done), static_cast<std::size_t>(count));
        if (progress && end - done > 1) progress({&pane == &dense() ? "read, dense" : "read, sparse", done, end});
        ForwardItem item{&*pane.cache, tokens, done + count == end ? 1 : 0};
        // One token is not cut: a stop between layers leaves keys of it in rings that still claim what they replaced.
        if (m_model.forward(std::span(&item, 1), keepRow, count > 1 ? stop : std::stop_token()) == Completion::Cancelled) {
            if (&pane == &sparse()) renewSparse(done);
            return std::nullopt;
        }
        done += count;
    }
    return last;
}

bool LockstepSession::catchUp(Pane& pane, const std::stop_token& stop, const ProgressFn& progress) {
    if (hasNext(pane)) return true;
    if (stop.stop_requested()) return false;
    const bool oneToken = pane.cache->length() + 1 == sizeOf(pane.ids);
    const auto start = std::chrono::steady_clock::now();
    auto row = feedTo(pane, sizeOf(pane.ids), stop, progress);
    if (!row) return false;
    pane.seconds = oneToken ? secondsSince(start) : 0;
    pane.logits.push_back(*std::move(row));
    return true;
}

Completion LockstepSession::prefill(std::stop_token stop, const ProgressFn& progress) {
    if (m_apart && prefillApart(stop, progress) == Completion::Cancelled) return Completion::Cancelled;
    if (!catchUp(dense(), stop, progress)) return Completion::Cancelled;
    const auto start = std::chrono::steady_clock::now();
    const std::int64_t left = sizeOf(sparse().ids) - sparse().cache->length();
    if (!catchUp(sparse(), stop, progress)) return Completion::Cancelled;
    if (left > 0) m_secondsPerToken = secondsSince(start) / static_cast<double>(left);
    return Completion::Done;
}

/// The whole dense text; its cache is then given back and the sparse one made.
Completion LockstepSession::prefillApart(const std::stop_token& stop, const ProgressFn& progress) {
    if (sparse().cache) return Completion::Done;
    Pane& pane = dense();
    bool ended = false;
    while (!ended && static_cast<int>(pane.logits.size()) < m_maxNew && sizeOf(pane.ids) <= m_model.config().context) {
        if (progress && !pane.logits.empty())
            progress({"write, dense", static_cast<std::int64_t>(pane.logits.size()), m_maxNew});
        auto row = feedTo(pane, sizeOf(pane.ids), stop, progress);
        if (!row) return Completion::Cancelled;
        pane.at.push_back(sizeOf(pane.ids));
        pane.ids.push_back(argmax(*row));
        pane.logits.push_back(*std::move(row));
        ended = isEnd(pane.ids.back());
    }
    m_maxNew = static_cast<int>(pane.logits.size());
    pane.cache.reset();
    sparse().cache.emplace(makeSparse(m_mask));
    return Completion::Done;
}

std::optional<LockstepToken> LockstepSession::step(std::stop_token stop) {
    if (dense().logits.empty() || sparse().logits.empty()) throw UsageError("the prompt has not been read");
    const std::int64_t longest = m_apart ? sizeOf(sparse().ids) : std::max(sizeOf(dense().ids), sizeOf(sparse().ids));
    if (static_cast<int>(m_tokens.size()) >= m_maxNew || longest > m_model.config().context) return std::nullopt;
    for (Pane& pane : m_panes)
        if (!catchUp(pane, stop)) return std::nullopt;
    const std::size_t t = m_tokens.size();
    LockstepToken token = compare(t, argmax(dense().logits[t]));
    token.denseSeconds = std::exchange(dense().seconds, 0);
    token.sparseSeconds = std::exchange(sparse().seconds, 0);
    keep(token);
    return token;
}

LockstepToken LockstepSession::compare(std::size_t t, int token) const {
    const auto &p = dense().logits[t], &q = sparse().logits[t];
    LockstepToken result;
    result.token = token;
    result.sparse = argmax(q);
    result.kl = klDivergence(p, q);
    result.js = jensenShannon(p, q);
    result.rank = rankOf(token, q);
    if (t > 0) {
        const LockstepToken& before = m_tokens[t - 1];
        const bool fedAlike = m_feed == LockstepFeed::DenseTokens || before.token == before.sparse;
        result.sameContext = before.sameContext && fedAlike;
    }
    return result;
}

/// Adds a decided token to both texts.
void LockstepSession::keep(const LockstepToken& token) {
    const int fed[2] = {token.token, m_feed == LockstepFeed::DenseTokens || token.forced ? token.token : token.sparse};
    for (std::size_t side = 0; side < 2; ++side) {
        Pane& pane = m_panes[side];
        if (pane.at.size() > m_tokens.size()) continue; // written before, apart
        pane.at.push_back(sizeOf(pane.ids));
        pane.ids.push_back(fed[side]);
    }
    m_tokens.push_back(token);
}

bool LockstepSession::isEnd(int token) const { return std::ranges::count(m_model.config().eosIds, token) > 0; }

void LockstepSession::checkToken(std::size_t t) const {
    if (t >= m_tokens.size())
        throw UsageError("there is no token " + std::to_string(t) + ": " + std::to_string(m_tokens.size()) +
                         " were written");
    if (dense().at[t] < 0 || sparse().at[t] < 0)
        throw UsageError("token " + std::to_string(t) + " was written behind the end of an answer");
}

void LockstepSession::checkComparable(std::size_t t) const {
    checkToken(t);
    if (!m_tokens[t].sameContext)
        throw UsageError("before token " + std::to_string(t) + " the two texts differ: run both on the dense tokens to ask about it");
    if (t < m_comparableFrom)
        throw UsageError("token " + std::to_string(t) +
                         " was decided under other windows: continue from a token before it to ask about it");
}

void LockstepSession::checkTogether(const char* what) const {
    if (m_apart)
        throw UsageError(std::string(what) + " needs both caches, and these run one after the other: shorten the prompt until both fit");
}

std::vector<int> LockstepSession::idsUpTo(std::size_t t) const {
    if (t == 0) return m_prompt;
    checkToken(t - 1);
    return {dense().ids.begin(), dense().ids.begin() + dense().at[t - 1] + 1};
}

std::vector<int> LockstepSession::contextOf(std::size_t t) const {
    return {dense().ids.begin(), dense().ids.begin() + dense().at[t]};
}

void LockstepSession::truncate(Pane& pane, std::size_t t) {
    const std::int64_t position = pane.at[t];
    pane.ids.resize(static_cast<std::size_t>(position));
    pane.at.resize(t);
    pane.logits.resize(t + 1);
    goBackTo(pane, position);
}

/// The cache with its first `length` tokens, or with fewer where its rings no longer go back so far.
void LockstepSession::goBackTo(Pane& pane, std::int64_t length) {
    if (pane.cache->length() <= length) return;
    if (length >= pane.cache->reach()) return pane.cache->rewind(length);
    renewSparse(length);
}

/// A new cache with what it can take of the first `length` tokens.
void LockstepSession::renewSparse(std::int64_t length) {
    const std::int64_t shared = sharedPrefix(m_windows, length);
    sparse().cache.reset(); // the room is that of the new one
    sparse().cache.emplace(makeSparse(m_mask));
    if (shared > 0) sparse().cache->takePrefix(*dense().cache, shared);
}

std::int64_t LockstepSession::sharedPrefix(const WindowMap& windows, std::int64_t length) const {
    if (!dense().cache) return 0;
    const std::int64_t seen = windows.sink + std::ranges::min(windows.windows);
    const auto differs = std::ranges::mismatch(dense().ids, sparse().ids).in1 - dense().ids.begin();
    return std::min({seen, length, dense().cache->length(), static_cast<std::int64_t>(differs)});
}

Completion LockstepSession::setFeed(LockstepFeed feed, std::stop_token stop) {
    checkTogether("feeding the sparse side otherwise");
    if (feed == m_feed) return Completion::Done;
    const auto differs = std::ranges::find_if(m_tokens, [](const LockstepToken& t) { return t.token != t.sparse; });
    if (differs == m_tokens.end()) {
        m_feed = feed;
        return Completion::Done;
    }
    const auto first = static_cast<std::size_t>(differs - m_tokens.begin());
    if (!m_turns.empty() && first < m_turns.back().before)
        throw UsageError("the sides differ since an earlier turn, at token " + std::to_string(first) + ": continue from there");
    m_feed = feed;
    const std::vector<LockstepToken> before(m_tokens.begin() + static_cast<std::ptrdiff_t>(first), m_tokens.end());
    m_tokens.resize(first);
    truncate(sparse(), first);
    for (std::size_t i = 0; i < before.size(); ++i) {
        const std::size_t t = first + i;
        if (!catchUp(sparse(), stop)) {
            truncate(dense(), t);
            return Completion::Cancelled;
        }
        LockstepToken token = compare(t, before[i].token);
        token.forced = before[i].forced;
        if (token.forced) token.sparse = token.token;
        keep(token);
    }
    return Completion::Done;
}

RefillCost LockstepSession::continueCost(std::size_t t) const {
    checkToken(t);
    RefillCost cost;
    const std::int64_t length = sparse().at[t];
    if (!sparse().cache || sparse().cache->length() <= length || length >= sparse().cache->reach()) return cost;
    cost.tokens = length - sharedPrefix(m_windows, length);
    cost.seconds = static_cast<double>(cost.tokens) * m_secondsPerToken;
    return cost;
}

Completion LockstepSession::continueFrom(std::size_t t, int token, std::stop_token stop, const ProgressFn& progress) {
    checkTogether("another continuation");
    checkToken(t);
    if (token < 0 || token >= m_model.config().vocab)
        throw UsageError("there is no token id " + std::to_string(token) + ": the vocabulary has " +
                         std::to_string(m_model.config().vocab));
    LockstepToken chosen = m_tokens[t];
    chosen.token = chosen.sparse = token;
    chosen.forced = true;
    chosen.rank = rankOf(token, sparse().logits[t]);
    m_tokens.resize(t);
    std::erase_if(m_turns, [t](const Turn& turn) { return turn.before > t; });
    m_comparableFrom = std::min(m_comparableFrom, t + 1);
    truncate(sparse(), t); // first: a new cache takes what it can from the dense one
    truncate(dense(), t);
    keep(chosen);
    for (Pane& pane : m_panes)
        if (!feedTo(pane, sizeOf(pane.ids) - 1, stop, progress)) return Completion::Cancelled;
    return Completion::Done;
}

/// The answer ends with its first end token, or with `end`.
void LockstepSession::endAnswer(Pane& pane, int end) {
    const std::size_t first = m_turns.empty() ? 0 : m_turns.back().before;
    pane.logits.resize(m_tokens.size()); // what would have come next
    for (std::size_t t = first; t < m_tokens.size(); ++t) {
        if (!isEnd(pane.ids[static_cast<std::size_t>(pane.at[t])])) continue;
        const std::int64_t length = pane.at[t] + 1;
        std::fill(pane.at.begin() + static_cast<std::ptrdiff_t>(t) + 1, pane.at.end(), -1);
        pane.ids.resize(static_cast<std::size_t>(length));
        goBackTo(pane, length);
        return;
    }
    if (end >= 0) pane.ids.push_back(end);
}

Completion LockstepSession::append(std::span<const int> turn, int end, int maxNew, std::stop_token stop,
                                   const ProgressFn& progress) {
    checkTogether("a further turn");
    if (m_tokens.empty()) throw UsageError("there is no answer yet that a further turn could follow");
    if (turn.empty() || maxNew < 1) throw UsageError("a further turn needs text, and at least one token in answer");
    const std::int64_t held = std::max(sizeOf(dense().ids), sizeOf(sparse().ids)) + 1;
    const std::int64_t n = held + static_cast<std::int64_t>(turn.size());
    if (n + 1 > m_model.config().context)
        throw UsageError("the conversation would have " + std::to_string(n + 1) + " tokens, the model's context is " +
                         std::to_string(m_model.config().context) + ": begin a new one");
    const std::int64_t planned = plannedLength(m_model.config(), held, static_cast<std::int64_t>(turn.size()), maxNew);
    for (Pane& pane : m_panes) pane.cache->reserve(planned);
    if (sparse().cache->capacity() > m_length) m_comparableFrom = m_tokens.size(); // other windows from here on
    m_length = sparse().cache->capacity();
    m_windows = sparse().cache->windows();
    for (Pane& pane : m_panes) {
        pane.bytes = pane.cache->kvBytes();
        endAnswer(pane, end);
        pane.ids.insert(pane.ids.end(), turn.begin(), turn.end());
    }
    m_turns.push_back({m_tokens.size(), {turn.begin(), turn.end()}});
    m_maxNew = static_cast<int>(m_tokens.size()) + maxNew;
    for (Pane& pane : m_panes)
        if (!catchUp(pane, stop, progress)) return Completion::Cancelled;
    return Completion::Done;
}

/// All that is held but the token whose successor is not decided yet: it is fed again, under the new mask.
std::int64_t LockstepSession::refillLength() const {
    return sparse().cache ? sparse().cache->length() - (hasNext(sparse()) ? 1 : 0) : 0;
}

RefillCost LockstepSession::swapCost(const MaskSource& mask) const {
    const WindowMap windows = mask.windows(m_model.config().layers, m_model.config().kvHeads, m_length);
    RefillCost cost;
    cost.bytes = Sequence::bytesFor(m_model, mask, m_length, m_slack);
    const std::int64_t length = refillLength();
    if (length == 0 || sparse().cache->missingUnder(mask, length) == 0) return cost;
    cost.tokens = length - sharedPrefix(windows, length);
    cost.seconds = static_cast<double>(cost.tokens) * m_secondsPerToken;
    return cost;
}

Completion LockstepSession::swap(const MaskSource& mask, std::stop_token stop, const ProgressFn& progress) {
    const WindowMap windows = mask.windows(m_model.config().layers, m_model.config().kvHeads, m_length);
    Pane& pane = sparse();
    const std::int64_t length = refillLength();
    const bool again = hasNext(pane);
    std::optional<Sequence> fresh;
    if (pane.cache && pane.cache->missingUnder(mask, length) > 0) {
        Pane filled{makeSparse(mask), pane.ids, {}, {}};
        if (dense().cache) filled.cache->takePrefix(*dense().cache, sharedPrefix(windows, length));
        if (!feedTo(filled, length, stop, progress)) return Completion::Cancelled;
        fresh = std::move(filled.cache);
    }
    if (dense().cache && windows.sink != m_windows.sink) dense().cache->adopt(denseMask(windows));
    if (fresh) pane.cache = std::move(fresh);
    else if (pane.cache) pane.cache->adopt(mask);
    m_mask = mask;
    m_windows = windows;
    m_comparableFrom = m_tokens.size();
    pane.bytes = Sequence::bytesFor(m_model, mask, m_length, m_slack);
    if (again) {
        pane.cache->rewind(length);
        pane.logits.pop_back();
        catchUp(pane, {});
    }
    return Completion::Done;
}

} // namespace moa
