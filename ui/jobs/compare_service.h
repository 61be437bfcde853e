// Dense and sparse caches of one conversation on the device's thread: read, step, rest, go on otherwise, change the plan;
// blame a token, re-score it with heads widened (compare_blame.cpp). Everything the interface learns comes as a queued
// signal and carries the generation of the conversation it belongs to.
// Non-goals: keeping what was learnt (ui/viewmodels/compare_model.h).
#pragma once

#include "ui/jobs/device_worker.h"
#ifndef Q_MOC_RUN // moc 6.4 cannot read what <compare> includes
#include "ui/jobs/compare_values.h"
#include "ui/jobs/engine_state.h"
#endif

#include <QObject>

#include <atomic>
#include <memory>

namespace moa {

struct CompareLive;

class CompareService : public QObject {
    Q_OBJECT
public:
    static constexpr int kAlternatives = 8; ///< kept of each side

    CompareService(DeviceWorker& worker, std::shared_ptr<EngineState> state, QObject* parent = nullptr);

    /// Of the newest start(); 0: there was none.
    quint64 generation() const { return m_generation; }
    /// The running job comes to rest after its present token and ends as done.
    void pause() { *m_pause = true; }
    /// Frees both caches soon.
    void drop();

    // Jobs. Each goes on to its goal. A conversation whose prompt was not read to its end is gone.

    /// Lays out both caches and reads the prompt into each. The conversation before is dropped first.
    Job* start(const CompareRequest& request, const CompareGoal& goal);
    /// Goes on from where the last run came to rest.
    Job* run(const CompareGoal& goal);
    /// Feeds the sparse side otherwise from the first difference on. Answers with cut() and stepped().
    Job* setFeed(CompareFeed feed);
    /// Both go on with `token` at place `at`. Answers with cut() and stepped().
    Job* continueFrom(int at, int token, const CompareGoal& goal);
    /// A further turn of the user, for both.
    Job* say(const QString& text, int maxNew, const CompareGoal& goal);
    /// Another plan for the sparse side. Answers with prepared().
    Job* swap(const SparsePlan& plan);
    /// What that would cost. Answers with swapCosted(), unless the conversation is gone.
    void askSwapCost(const SparsePlan& plan);

    // Asking about a token.

    /// Answers with blamed(); then scored() for each of the worst rows, and for the fewest heads found that mend the token.
    Job* blame(int token);
    /// Answers with scored(); goes between the steps of a run. Nothing where the conversation is gone.
    void score(int token, const QList<std::pair<int, int>>& heads);
    /// The same by a new prefill under the wider plan. Answers with scored().
    Job* rerun(int token, const QList<std::pair<int, int>>& heads);
    /// Steps of the loaded model with `tokens` held, dense and under the plan. Answers with savingMeasured().
    Job* measureSaving(const SparsePlan& plan, std::int64_t tokens);

signals:
    void prepared(quint64 generation, const moa::CompareSetup& setup);
    void cut(quint64 generation, int tokens); ///< so many are left
    void stepped(quint64 generation, const moa::CompareToken& token);
    void rested(quint64 generation, moa::CompareRest why);
    void swapCosted(quint64 generation, const moa::CompareCost& cost);
    void blamed(quint64 generation, const moa::CompareBlame& blame);
    void scored(quint64 generation, const moa::CompareScore& score);
    void askFailed(quint64 generation, const moa::JobError& error);
    void savingMeasured(const moa::CompareSaving& saving);

private:
    std::shared_ptr<CompareLive> live(quint64 generation) const; ///< null: gone. Worker's thread
    /// A job on the present conversation.
    Job* onLive(const QString& title, std::function<void(CompareLive&, JobContext&)> work);
    void postSetup(const CompareLive& live, JobContext& context);
    void postTokens(CompareLive& live, std::size_t from, JobContext& context); ///< cut(from), then each
    void step(CompareLive& live, const CompareGoal& goal, JobContext& context);
    void mend(CompareLive& live, int token, JobContext& context);

    DeviceWorker& m_worker;
    std::shared_ptr<EngineState> m_state;
    quint64 m_generation = 0; ///< GUI thread
    std::shared_ptr<std::atomic<bool>> m_pause = std::make_shared<std::atomic<bool>>(false);
    std::weak_ptr<CompareLive> m_live; ///< worker's thread
};

} // namespace moa
