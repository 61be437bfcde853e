// Timers on this thread, files on theirs.
#include "ui/viewmodels/plan_autosave.h"

#include <QFile>

#include <utility>

namespace moa {

PlanAutosave::PlanAutosave(Workspace& workspace, const QString& folder, QObject* parent) : QObject(parent), m_workspace(workspace) {
    m_rest.setSingleShot(true);
    m_rest.setInterval(kRestMs);
    m_most.setSingleShot(true);
    m_most.setInterval(kMostMs);
    connect(&m_rest, &QTimer::timeout, this, &PlanAutosave::write);
    connect(&m_most, &QTimer::timeout, this, &PlanAutosave::write);
    try {
        m_folder = std::make_unique<PlanBackupFolder>(folder);
    } catch (const std::exception& error) {
        QTimer::singleShot(0, this, [this, what = QString::fromUtf8(error.what())] { emit failed(what); });
        return;
    }
    lookForOrphans();
    connect(&workspace.plan(), &PlanDocument::changed, this, &PlanAutosave::onChanged);
}

PlanAutosave::~PlanAutosave() {
    const std::lock_guard lock(m_gate->mutex); // waits for a write that has begun, and stops those that have not
    m_gate->isOver = true;
    if (m_folder) QFile::remove(m_folder->path()); // its lock goes with the folder's object
}

void PlanAutosave::lookForOrphans() {
    m_found.reset();
    m_foundPath.clear();
    const QList<QString> orphans = m_folder->orphans();
    if (orphans.isEmpty()) return;
    m_foundPath = orphans.front();
    m_found = readPlanBackup(m_foundPath);
}

void PlanAutosave::onChanged() {
    ++m_wanted;
    m_rest.start();
    if (!m_most.isActive()) m_most.start();
}

void PlanAutosave::write() {
    m_rest.stop();
    m_most.stop();
    const PlanDocument& plan = m_workspace.plan();
    const quint64 state = m_wanted;
    const QString path = m_folder->path();
    std::function<void()> work;
    const bool isNeeded = plan.isModified() || (!plan.isDense() && !plan.pins().empty());
    if (isNeeded) {
        PlanBackup backup{*plan.savedValue(), plan.plan(), {}, m_workspace.model() ? m_workspace.model()->path : QString(),
                          m_workspace.length(), QDateTime::currentDateTimeUtc()};
        for (const HeadRef head : plan.pins()) backup.pins.emplace_back(head.layer, head.kvHead);
        work = [path, backup = std::move(backup)] { writePlanBackup(path, backup); };
    } else {
        work = [path] { QFile::remove(path); };
    }
    Job* job = m_workspace.engine().files.submit(tr("Keeping unsaved edits"), false, [gate = m_gate, work = std::move(work)](JobContext&) {
        const std::lock_guard lock(gate->mutex);
        if (!gate->isOver) work();
    });
    connect(job, &Job::finished, this, [this, job, state, isNeeded] {
        if (job->state() == JobState::Failed) {
            if (!std::exchange(m_told, true)) emit failed(job->error().message);
            return;
        }
        m_told = false;
        m_written = state;
        if (isNeeded) m_writtenAt = QDateTime::currentDateTime();
        emit written();
    });
}

void PlanAutosave::restore() {
    if (!m_found) return;
    const PlanBackup backup = *m_found;
    const bool hasModel = m_workspace.model() && m_workspace.model()->path == backup.model;
    if (backup.model.isEmpty() || hasModel) return apply(backup);
    // One object holds the links of one restore, so that a later choice of a model is not taken for an answer.
    auto* links = new QObject(this);
    connect(&m_workspace, &Workspace::modelChanged, links, [this, links, backup] {
        links->deleteLater();
        disconnect(&m_workspace, nullptr, links, nullptr);
        if (m_workspace.model()->path == backup.model) apply(backup);
    });
    // The model may be gone: the plan stands on its own then.
    connect(&m_workspace, &Workspace::problem, links, [this, links, backup] {
        links->deleteLater();
        disconnect(&m_workspace, nullptr, links, nullptr);
        if (!m_workspace.model()) apply(backup);
    });
    m_workspace.chooseModel(backup.model);
}

void PlanAutosave::apply(const PlanBackup& backup) {
    if (m_workspace.model() && !m_workspace.plan().fits(backup.edited)) return;
    std::set<HeadRef> pins;
    for (const auto& [layer, kvHead] : backup.pins) pins.insert({layer, kvHead});
    m_workspace.setLength(backup.length);
    m_workspace.plan().recover(backup.base, backup.edited, pins);
    write(); // under this program's name before the other file goes
    discard();
}

void PlanAutosave::discard() {
    if (!m_found) return;
    // After what was restored is written: the files' thread does one thing after the other.
    m_workspace.engine().files.submit(tr("Forgetting kept edits"), false,
                                      [path = std::exchange(m_foundPath, {})](JobContext&) { PlanBackupFolder::remove(path); });
    m_found.reset();
    emit foundChanged();
}

} // namespace moa
