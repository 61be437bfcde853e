// Decode speeds and kernel times as the Plan page shows them: measured ones only, of the history and of this session. A
// speed belongs to the rules it was measured with; once a plan is edited, what was measured before is stale. GUI thread.
#pragma once

#ifndef Q_MOC_RUN // moc 6.4 cannot read what <compare> includes
#include "ui/viewmodels/workspace.h"
#endif

#include <QObject>
#include <QPointer>

#include <optional>

namespace moa {

class PlanSpeeds : public QObject {
    Q_OBJECT
public:
    explicit PlanSpeeds(Workspace& workspace, QObject* parent = nullptr);

    /// Of exactly these rules, on the device in use, at the measured length nearest to N; null: never measured.
    const DecodeSpeed* of(const SparsePlan& plan) const;
    const DecodeSpeed* dense() const;
    /// Of the plan in use before its newest edits: of what was saved, or what was measured last here; null: none.
    const DecodeSpeed* stale() const;
    /// Why it cannot be measured now; empty: it can.
    QString obstacle() const;
    /// The plan in use, and dense, at N; a row of the history.
    void measure();
    /// Seconds by span; empty: neither measured nor opened.
    const SpanTimes& spanTimes() const { return m_spanTimes; }
    void measureSpans();
    void openSpanTimes(const QString& path) { m_workspace.engine().decode.openSpanTimes(path); }
    Job* job() const { return m_job; } ///< running or queued; null: none

signals:
    void changed();

private:
    const DecodeSpeed* find(const SparsePlan* plan) const;
    void onModel();
    void take(DecodeSpeed speed);
    void follow(Job* job, const QString& what);

    Workspace& m_workspace;
    QList<DecodeSpeed> m_speeds; ///< newest first
    std::optional<SparsePlan> m_last; ///< measured last in this session
    SpanTimes m_spanTimes;
    QPointer<Job> m_job;
    RunTicket m_ticket = 0; ///< of the job
};

} // namespace moa
