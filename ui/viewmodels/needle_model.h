// The needle grid as the Compare page holds it: what is asked, the cells that are there, the chosen one.
#pragma once

#ifndef Q_MOC_RUN // moc 6.4 cannot read what <compare> includes
#include "ui/jobs/needle_service.h"
#include "ui/viewmodels/workspace.h"
#endif

#include <QObject>
#include <QPointer>

#include <map>
#include <optional>

namespace moa {

class NeedleModel : public QObject {
    Q_OBJECT
public:
    explicit NeedleModel(Workspace& workspace, QObject* parent = nullptr);

    Workspace& workspace() { return m_workspace; }
    const NeedleQuestion& question() const { return m_question; }
    void setTask(const QString& task); ///< forgets the cells
    /// Why it cannot be measured now; empty: it can.
    QString obstacle() const;
    /// Fills the grid at lengths up to N, or goes on with it.
    void measure();
    void cancel();
    Job* job() const { return m_job; } ///< null: none runs
    bool isComplete() const;

    /// Null: no sample yet.
    const NeedleValue* cell(int depth, int length) const; ///< by index
    bool hasCells() const { return !m_cells.empty(); }
    /// The plan in use is not the one that was measured.
    bool isStale() const;
    /// Depth of a row's middle, percent.
    int depthPercent(int depth) const { return (200 * depth + 100) / (2 * m_question.depths); }
    /// The prompt of a cell becomes the workspace's: the first sample that the plan loses, else the first.
    bool open(int depth, int length);
    qint64 run() const { return m_workspace.engine().history.run(m_ticket); } ///< in the history; 0: none

signals:
    void changed();

private:
    void reset();

    Workspace& m_workspace;
    NeedleQuestion m_question;
    SparsePlan m_plan; ///< measured
    std::map<std::pair<int, int>, NeedleValue> m_cells; ///< by (depth, length in tokens)
    QPointer<Job> m_job;
    RunTicket m_ticket = 0;
};

} // namespace moa
