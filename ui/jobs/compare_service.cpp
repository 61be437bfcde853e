// One conversation at a time, a guest of the loaded model: it goes when the model goes, and when another begins.
#include "ui/jobs/compare_service.h"

#include "engine/core/error.h"
#include "engine/tasks/task_encoding.h"
#include "ui/jobs/compare_live.h"

#include <algorithm>

namespace moa {
namespace {

constexpr std::size_t kLooked = 256; ///< likeliest tokens of both sides among which each side's first ones are

LockstepFeed feedOf(CompareFeed feed) {
    return feed == CompareFeed::Own ? LockstepFeed::OwnTokens : LockstepFeed::DenseTokens;
}

} // namespace

CompareLive::CompareLive(quint64 of, LanguageModel& on, const CompareRequest& request)
    : generation(of), model(on),
      session(on, MaskSource::plan(request.plan), request.ids, request.maxNew, {.feed = feedOf(request.feed), .apart = request.apart}),
      maxNew(request.maxNew) {}

CompareSetup CompareLive::setup() const {
    return {std::int64_t(session.prompt().size()), session.layoutLength(), session.denseBytes(), session.sparseBytes(), session.windows()};
}

QString CompareLive::textOf(int id) const {
    return QString::fromStdString(model.files().tokenizer.piece(id));
}

bool CompareLive::isEnd(int id) const {
    return std::ranges::count(model.config().eosIds, id) > 0;
}

bool CompareLive::hasEnded() const {
    bool dense = false, sparse = session.feed() == LockstepFeed::DenseTokens;
    for (std::size_t t = answerAt; t < session.tokens().size(); ++t) {
        dense = dense || isEnd(session.tokens()[t].token);
        sparse = sparse || isEnd(session.tokens()[t].sparse);
    }
    return dense && sparse;
}

CompareToken CompareLive::valueOf(std::size_t index) const {
    const LockstepToken& token = session.tokens()[index];
    CompareToken value{token.token, token.sparse, textOf(token.token), textOf(token.sparse), isEnd(token.token), isEnd(token.sparse),
                       token.kl, token.js, token.rank, token.forced, token.sameContext, token.denseSeconds, token.sparseSeconds};
    std::vector<Alternative> all = session.alternatives(index, kLooked), bySparse = all;
    std::ranges::stable_sort(all, std::greater{}, &Alternative::dense);
    std::ranges::stable_sort(bySparse, std::greater{}, &Alternative::sparse);
    for (std::size_t i = 0; i < std::min<std::size_t>(CompareService::kAlternatives, all.size()); ++i)
        for (const Alternative& one : {all[i], bySparse[i]})
            if (std::ranges::none_of(value.alternatives, [&](const CompareAlternative& a) { return a.token == one.token; }))
                value.alternatives.append({one.token, textOf(one.token), one.dense, one.sparse});
    return value;
}

CompareService::CompareService(DeviceWorker& worker, std::shared_ptr<EngineState> state, QObject* parent)
    : QObject(parent), m_worker(worker), m_state(std::move(state)) {}

std::shared_ptr<CompareLive> CompareService::live(quint64 generation) const {
    std::shared_ptr<CompareLive> now = m_live.lock();
    return now && now->isReady && now->generation == generation ? now : nullptr;
}

Job* CompareService::onLive(const QString& title, std::function<void(CompareLive&, JobContext&)> work) {
    *m_pause = false;
    return m_worker.submit(title, false, [this, work = std::move(work), generation = m_generation](JobContext& context) {
        const auto now = live(generation);
        if (!now) throw UsageError("the comparison is gone: start it again");
        work(*now, context);
    });
}

void CompareService::postSetup(const CompareLive& live, JobContext& context) {
    context.post([this, generation = live.generation, setup = live.setup()] { emit prepared(generation, setup); });
}

void CompareService::postTokens(CompareLive& live, std::size_t from, JobContext& context) {
    context.post([this, generation = live.generation, from] { emit cut(generation, int(from)); });
    for (std::size_t t = from; t < live.session.tokens().size(); ++t)
        context.post([this, generation = live.generation, value = live.valueOf(t)] { emit stepped(generation, value); });
}

Job* CompareService::start(const CompareRequest& request, const CompareGoal& goal) {
    *m_pause = false;
    return m_worker.submit(tr("Comparing on %1").arg(request.name), false,
                           [this, request, goal, generation = ++m_generation, state = m_state](JobContext& context) {
        state->setGuest(nullptr);
        m_live.reset();
        context.report({"Lay out both caches", 0, 1});
        const auto made = std::make_shared<CompareLive>(generation, state->model(), request);
        m_live = made;
        state->setGuest(made);
        postSetup(*made, context);
        const Completion read = made->session.prefill(context.stop(), context.progressFn());
        context.mark(read);
        if (read == Completion::Cancelled) {
            state->setGuest(nullptr);
            return;
        }
        made->isReady = true;
        step(*made, goal, context);
    });
}

Job* CompareService::run(const CompareGoal& goal) {
    return onLive(tr("Comparing"), [this, goal](CompareLive& live, JobContext& context) { step(live, goal, context); });
}

void CompareService::step(CompareLive& live, const CompareGoal& goal, JobContext& context) {
    const std::size_t first = live.session.tokens().size();
    CompareRest why = CompareRest::Full;
    const auto total = std::int64_t(goal.tokens > 0 ? goal.tokens : live.maxNew);
    while (!context.stop().stop_requested()) {
        const std::size_t at = live.session.tokens().size();
        context.report({"Step both", std::int64_t(goal.tokens > 0 ? at - first : at), total});
        if (*m_pause) {
            why = CompareRest::Paused;
            break;
        }
        if (live.hasEnded()) {
            why = CompareRest::Ended;
            break;
        }
        if (goal.tokens > 0 && at - first >= std::size_t(goal.tokens)) {
            why = CompareRest::Reached;
            break;
        }
        if (!live.session.step(context.stop())) break;
        const CompareToken value = live.valueOf(at);
        context.post([this, generation = live.generation, value] { emit stepped(generation, value); });
        if (goal.untilDivergence && value.differs()) {
            why = CompareRest::Diverged;
            break;
        }
    }
    if (context.stop().stop_requested()) {
        context.markCancelled();
        why = CompareRest::Paused; // what was written stays, and can be gone on from
    }
    context.post([this, generation = live.generation, why] { emit rested(generation, why); });
}

Job* CompareService::setFeed(CompareFeed feed) {
    return onLive(tr("Feeding the sparse side otherwise"), [this, feed](CompareLive& live, JobContext& context) {
        const std::vector<LockstepToken>& tokens = live.session.tokens();
        const auto differs = std::size_t(std::ranges::find_if(tokens, [](const LockstepToken& t) { return t.token != t.sparse; }) - tokens.begin());
        context.report({"Decide again", 0, 1});
        context.mark(live.session.setFeed(feedOf(feed), context.stop()));
        postTokens(live, std::min(differs, live.session.tokens().size()), context);
        context.post([this, generation = live.generation] { emit rested(generation, CompareRest::Paused); });
    });
}

Job* CompareService::continueFrom(int at, int token, const CompareGoal& goal) {
    return onLive(tr("Continuing from token %1").arg(at), [this, at, token, goal](CompareLive& live, JobContext& context) {
        const Completion refilled = live.session.continueFrom(std::size_t(at), token, context.stop(), context.progressFn());
        live.answerAt = std::min(live.answerAt, std::size_t(at));
        live.blamed.clear();
        postTokens(live, std::size_t(at), context);
        context.mark(refilled);
        step(live, goal, context);
    });
}

Job* CompareService::say(const QString& text, int maxNew, const CompareGoal& goal) {
    return onLive(tr("Reading a message"), [this, text, maxNew, goal](CompareLive& live, JobContext& context) {
        const Model& model = live.model.files();
        const std::vector<int> turn = model.tokenizer.encode(model.chat.renderUserTurn(text.toStdString(), true), true, false);
        const std::size_t before = live.session.tokens().size();
        const Completion read = live.session.append(turn, TaskEncoder(model).endToken(), maxNew, context.stop(), context.progressFn());
        live.answerAt = before;
        live.maxNew = int(before) + maxNew;
        postSetup(live, context); // a longer text may lie otherwise
        context.mark(read);
        step(live, goal, context);
    });
}

Job* CompareService::swap(const SparsePlan& plan) {
    return onLive(tr("Changing the plan"), [this, plan](CompareLive& live, JobContext& context) {
        context.report({"Read again what the new plan shows", 0, 1});
        const Completion done = live.session.swap(MaskSource::plan(plan), context.stop(), context.progressFn());
        context.mark(done);
        if (done == Completion::Done) postSetup(live, context);
    });
}

void CompareService::askSwapCost(const SparsePlan& plan) {
    m_worker.interact(
        QStringLiteral("compare.cost"),
        [this, plan, generation = m_generation](const std::stop_token&) {
            const auto now = live(generation);
            if (!now) return;
            const RefillCost cost = now->session.swapCost(MaskSource::plan(plan));
            m_worker.post([this, generation, value = CompareCost{cost.tokens, cost.seconds}] { emit swapCosted(generation, value); });
        },
        [this, generation = m_generation](const JobError& error) { emit askFailed(generation, error); });
}

void CompareService::drop() {
    m_worker.interact(QStringLiteral("compare.drop"), [this, state = m_state](const std::stop_token&) {
        if (!m_live.expired()) state->setGuest(nullptr);
        m_live.reset();
    });
}

} // namespace moa
