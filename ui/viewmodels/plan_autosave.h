// Keeps unsaved edits safe: a quarter of a second after an edit, and at least every half second of a drag, the plan is on
// disk, written and synced on the files' thread. A plan that is saved, or dense, has no backup. What an earlier program left
// behind is found at the start.
#pragma once

#include "ui/jobs/plan_backup.h"
#include "ui/viewmodels/workspace.h"

#include <QObject>
#include <QTimer>

#include <memory>
#include <mutex>
#include <optional>

namespace moa {

class PlanAutosave : public QObject {
    Q_OBJECT
public:
    static constexpr int kRestMs = 250, kMostMs = 500;

    /// `folder`: of the user's own data. Without a folder that can be written nothing is kept, and failed() says so once
    /// the event loop runs.
    PlanAutosave(Workspace& workspace, const QString& folder, QObject* parent = nullptr);
    /// Removes the backup: the program ends as it should, and the user was asked about unsaved edits.
    ~PlanAutosave() override;

    /// The newest backup of a program that is gone; nothing: there is none.
    const std::optional<PlanBackup>& found() const { return m_found; }
    /// Opens it, with the model it was made for where that is another one; its file goes once the edits are kept under this program.
    void restore();
    void discard();
    bool isWritten() const { return m_written == m_wanted; }
    QDateTime writtenAt() const { return m_writtenAt; }

signals:
    void written();
    void failed(const QString& message);
    void foundChanged();

private:
    void onChanged();
    void write();
    void lookForOrphans();
    void apply(const PlanBackup& backup);

    /// What the files' thread may still do to the backup.
    struct Gate {
        std::mutex mutex;
        bool isOver = false;
    };

    Workspace& m_workspace;
    std::shared_ptr<Gate> m_gate = std::make_shared<Gate>();
    std::unique_ptr<PlanBackupFolder> m_folder;
    std::optional<PlanBackup> m_found;
    QString m_foundPath;
    QTimer m_rest, m_most;
    quint64 m_wanted = 0, m_written = 0; ///< counts of states
    bool m_isThere = false, m_told = false;
    QDateTime m_writtenAt;
};

} // namespace moa
