// Runs of the history again: the command line program repeats them from what is stored, in a process of its own, and
// reports what differs. A rerun is a job of the device's thread, so it waits for what runs there.
// Non-goal: knowing how a command is repeated (`moa history rerun`).
#pragma once

#include "ui/jobs/device_worker.h"

#include <QObject>
#include <QStringList>

#include <optional>
#include <vector>

namespace moa {

/// What a repeated run has different.
struct DriftReport {
    struct Field {
        QString name, before, after;
    };
    struct Measure {
        QString name, unit;
        std::optional<double> before, after, relative;
    };
    qint64 of = 0, run = 0; ///< the row that was repeated, and the new one
    QString status;
    std::vector<Field> fields;     ///< model, plan, machine, driver, program, seed …: only what differs
    std::vector<Measure> measures; ///< all of them
    QStringList results;           ///< names of results that changed, timings left out
    /// Nothing differs but, perhaps, what a clock measured.
    bool isSame() const;
    /// One line: "identical", or what changed.
    QString text() const;
};

class RerunService : public QObject {
    Q_OBJECT
public:
    /// `program`: `moa`; empty: the one beside this program.
    explicit RerunService(DeviceWorker& device, const QString& program = {}, QObject* parent = nullptr);

    /// Why nothing can be repeated here; empty: it can.
    QString obstacle() const;
    /// `command`: for the job's title. The new row is in `file` too.
    Job* rerun(qint64 run, const QString& command, const QString& file);

signals:
    void reran(const moa::DriftReport& report);
    void failed(qint64 run, const moa::JobError& error);

private:
    DeviceWorker& m_device;
    QString m_program;
};

} // namespace moa
