// What was measured of chosen plans: loss at lengths that were never profiled, answers on retrieval tasks; and the jobs that
// measure and profile on the loaded model, each a row of the history. A measurement belongs to the plan it was made with:
// once that plan is another, it is stale.
#pragma once

#ifndef Q_MOC_RUN // moc 6.4 cannot read what <compare> includes
#include "ui/jobs/calibration_service.h"
#include "ui/viewmodels/search_model.h"
#endif

#include <QHash>
#include <QObject>
#include <QPointer>

#include <optional>
#include <vector>

namespace moa {

class SearchMeasurements : public QObject {
    Q_OBJECT
public:
    /// What the running job is for.
    enum class Work { None, Profile, Losses, Checks };

    explicit SearchMeasurements(SearchModel& model, QObject* parent = nullptr);

    /// Why nothing can be measured now; empty: it can.
    QString obstacle() const;
    /// Lengths between and beyond the profiled ones that the model reads.
    std::vector<int> heldOutLengths() const;
    /// The best plan, the plans named and the plan in use, at `length`.
    void measure(const QStringList& chosen, int length, int samples);
    /// The plans named and the plan in use on every built-in task, at `length`; `prompts` a task.
    void check(const QStringList& chosen, int length, int prompts);
    /// Its lengths are opened as they come. Where the file holds finished samples of the same set it goes on with them.
    void profile(const ProfileWish& wish);
    /// The profile that was asked for last; nothing: none.
    const std::optional<ProfileWish>& lastProfile() const { return m_wish; }
    /// How far each of its lengths is, ascending.
    const std::vector<ProfileStep>& steps() const { return m_steps; }
    /// Whether the last profile ended before its end.
    bool canResume() const;
    void resume();

    Job* job() const { return m_job; } ///< running or queued; null: none
    Work work() const { return m_job ? m_work : Work::None; }

    /// Newest length first.
    const std::vector<MeasuredLoss>& all() const { return m_measured; }
    /// In the order in which they were made.
    const std::vector<TaskCheck>& checks() const { return m_checks; }
    /// Whether the candidate `name` is another plan by now, or gone.
    bool isStale(const QString& name, const SparsePlan& plan) const;
    /// The row of the history; 0: none.
    qint64 run(quint64 ticket) const { return m_model.workspace().engine().history.run(ticket); }
    void clear();

signals:
    void changed();
    void jobChanged();
    void profiled(); ///< steps() changed

private:
    void take(const QList<MeasuredLoss>& measured);
    void takeChecks(const QList<TaskCheck>& checks);
    void takeStep(const ProfileStep& step);
    /// Candidates by name, and the plan in use; of equal plans the first one, the others are noted as its aliases.
    std::vector<const SearchCandidate*> chosen(const QStringList& names, bool best);
    /// The names that a measured plan goes by.
    QStringList namesOf(const QString& name) const { return QStringList{name} + m_aliases.value(name); }
    void follow(Job* job, Work work, const QString& command, const QJsonObject& settings);
    RunOutcome outcomeOf(const Job& job) const;

    SearchModel& m_model;
    std::vector<MeasuredLoss> m_measured;
    std::vector<TaskCheck> m_checks;
    std::optional<ProfileWish> m_wish;
    std::vector<ProfileStep> m_steps;
    QHash<QString, QStringList> m_aliases; ///< of the job's plans
    QPointer<Job> m_job;
    Work m_work = Work::None;
    RunTicket m_ticket = 0; ///< of the job
};

} // namespace moa
