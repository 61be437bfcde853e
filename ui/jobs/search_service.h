// The solver's own thread for the interface: a bound moves, and plan, gap, prices and the front of loss against density
// come back as queued signals, better ones after quick ones. A newer request stops the running one; what still arrives of
// an older generation is dropped. Goal: the GUI thread never waits but for the join at the end. Non-goal: bounds and
// plans as the pages hold them (ui/viewmodels/search_model.h), work on the device (DeviceWorker).
#pragma once

#ifndef Q_MOC_RUN // moc 6.4 cannot read what <compare> includes
#include "engine/search/search_session.h"
#include "ui/jobs/engine_state.h"
#include "ui/jobs/search_remedies.h"
#include "ui/jobs/search_subject.h"
#endif
#include "ui/jobs/job.h"

#include <QObject>

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace moa {

/// One wish of the page.
struct SearchRequest {
    SearchOptions options;     ///< timeLimit and gapTarget give way to what follows
    double quickSeconds = 0.02;
    double proveSeconds = 20;  ///< after the front
    double gapTarget = 1e-6;
    std::vector<double> front; ///< densities whose best plans draw the front; empty: the front stands as it is
    double frontSeconds = 0.05; ///< for each
    bool lengths = false;      ///< also the Pareto set over the losses at all profiled lengths
    double lengthsSeconds = 20;
};

/// The best plan known under a request's bounds.
struct SearchAnswer {
    SearchOutcome outcome;
    SparsePlan plan; ///< of the outcome's choice; every query head has its KV head's rule
    std::vector<ShadowPrice> prices;
    double seconds = 0;    ///< since the request was taken up
    bool isProven = false; ///< this is the request's last word on it
};

/// One plan of a front.
struct FrontPoint {
    double bound = 0; ///< density that was asked for; 0: of the set over the lengths
    SearchOutcome outcome;
    SparsePlan plan;
};

class SearchService : public QObject {
    Q_OBJECT
public:
    explicit SearchService(std::shared_ptr<EngineState> state, QObject* parent = nullptr);
    /// As shutDown().
    ~SearchService() override;
    /// Stops what runs and waits for it; nothing runs afterwards.
    void shutDown();

    // Answers with opened(), or failed() naming the file. What was asked of the subject before is dropped.

    void openProfile(const QString& path);
    /// The profile in a bundled model's folder; nothing happens where there is none, or it is of other weights.
    void openStoredProfile(const QString& model);
    void openInstance(const SearchInstance& instance, const QString& name);

    /// Asks for plans under new bounds. Answers with answered() (several), infeasible(), frontPoint(), frontDone(), and
    /// finished() in the end. Returns the generation that these carry.
    quint64 solve(const SearchRequest& request);
    /// What a front is drawn from, outward from `bound`: the part that is looked at comes first.
    static std::vector<double> frontDensities(double bound);
    /// Stops the running request; its best plan so far stands.
    void cancel();
    quint64 generation() const { return m_generation; }
    bool isSolving() const { return m_solving; }

signals:
    void opened(const moa::SearchSubject& subject);
    void failed(const QString& path, const moa::JobError& error);
    void answered(quint64 generation, const moa::SearchAnswer& answer);
    /// The quick look found no plan; infeasible() or answered() follows.
    void unanswered(quint64 generation);
    void infeasible(quint64 generation, const QString& explanation, const QList<moa::SearchRemedy>& remedies);
    void frontPoint(quint64 generation, const moa::FrontPoint& point);
    void frontDone(quint64 generation);
    void lengthsPoint(quint64 generation, const moa::FrontPoint& point);
    void finished(quint64 generation);

private:
    struct Task {
        quint64 generation = 0;
        QString path; ///< for failed()
        std::function<void(std::stop_token)> work;
    };
    /// A null path: a solve, which an open of a file supersedes too.
    quint64 enqueue(const QString& path, std::function<void(quint64, std::stop_token)> work);
    void loop();
    /// Runs `tell` on the GUI thread where `generation` is still the newest.
    void post(quint64 generation, std::function<void()> tell);
    void take(quint64 generation, SearchSubject subject, SearchInstance instance, std::shared_ptr<const ProfileData> profile);
    void readProfile(quint64 generation, const std::string& path, const QString& shown, const std::string& ofWeights);
    SparsePlan planOf(const SearchOutcome& outcome) const;
    SearchAnswer answerOf(const SearchOutcome& outcome, double seconds, bool proven) const;
    void withPinnedRules(const SearchOptions& options);
    void run(quint64 generation, const SearchRequest& request, const std::stop_token& stop);
    /// Says why there is no plan; true: there is one after all, the quick look was too short.
    bool explain(quint64 generation, SearchOptions options, const std::stop_token& stop);
    void prove(quint64 generation, const SearchRequest& request, const std::stop_token& stop,
               const std::function<double()>& seconds);
    void sweep(quint64 generation, const SearchRequest& request, const std::stop_token& stop);

    std::shared_ptr<EngineState> m_state;
    quint64 m_generation = 0; ///< GUI thread
    bool m_solving = false;   ///< GUI thread

    // The solver's thread.
    std::shared_ptr<const ProfileData> m_profile; ///< null: a bare instance
    std::unique_ptr<SearchSession> m_session, m_frontSession;
    int m_heads = 0; ///< query heads of a layer

    std::mutex m_mutex; ///< guards what follows
    std::condition_variable m_wake;
    std::optional<Task> m_open, m_next;
    std::stop_source m_running;
    bool m_quit = false;

    std::thread m_thread;
};

} // namespace moa
