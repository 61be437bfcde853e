// Unsaved edits of a plan as a file that outlives the program: written whole and synced, found again by the next start.
// One file and one lock a running program, in a folder of the user's; a file whose program is gone is offered back.
// Non-goals: when to write (ui/viewmodels/plan_autosave.h), opening what was found.
#pragma once

#include "ui/jobs/values.h"

#include <QDateTime>
#include <QLockFile>

#include <memory>
#include <utility>
#include <vector>

namespace moa {

struct PlanBackup {
    PlanValue base;   ///< as it was opened or saved last
    SparsePlan edited;
    std::vector<std::pair<int, int>> pins; ///< (layer, KV head)
    QString model;    ///< as opened; empty: none was
    std::int64_t length = 0;
    QDateTime savedAt;
};

/// Writes `backup` to `path`, fsynced, whole or not at all. Throws FileError.
void writePlanBackup(const QString& path, const PlanBackup& backup);
/// Throws FileError for a file that is damaged.
PlanBackup readPlanBackup(const QString& path);

/// The files of one program in the backup folder. Not copied, one thread.
class PlanBackupFolder {
public:
    /// `folder` is made when missing. Throws FileError where that cannot be.
    explicit PlanBackupFolder(const QString& folder);
    ~PlanBackupFolder();

    /// Of this program; removed with the object where nothing is unsaved.
    QString path() const { return m_path; }
    /// Backups of programs that are gone, newest first. Damaged ones are left where they are and not listed.
    QList<QString> orphans() const;
    /// Forgets a backup for good.
    static void remove(const QString& path);

private:
    QString m_folder, m_path;
    std::unique_ptr<QLockFile> m_lock;
};

} // namespace moa
