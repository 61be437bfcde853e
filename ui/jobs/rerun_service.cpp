#include "ui/jobs/rerun_service.h"

#include "engine/core/error.h"

#include <QCoreApplication>
#include <QDir>
#include <QFileInfo>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QProcess>

#include <csignal>
#include <sys/types.h>

namespace moa {

using namespace Qt::StringLiterals;

namespace {

constexpr int kPollMs = 40, kEndMs = 3000;

std::optional<double> numberOf(const QJsonValue& value) {
    return value.isDouble() ? std::optional(value.toDouble()) : std::nullopt;
}

DriftReport reportOf(const QJsonObject& json) {
    DriftReport report;
    report.of = json[u"rerun_of"_s].toInteger();
    report.run = json[u"run"_s].toInteger();
    report.status = json[u"status"_s].toString();
    for (const QJsonValue& value : json[u"fields"_s].toArray())
        report.fields.push_back({value[u"name"_s].toString(), value[u"a"_s].toString(), value[u"b"_s].toString()});
    for (const QJsonValue& value : json[u"measurements"_s].toArray())
        report.measures.push_back({value[u"name"_s].toString(), value[u"unit"_s].toString(), numberOf(value[u"a"_s]),
                                   numberOf(value[u"b"_s]), numberOf(value[u"relative"_s])});
    for (const QJsonValue& value : json[u"changed_results"_s].toArray()) report.results.append(value.toString());
    return report;
}

/// What a clock measured is never twice the same.
bool isTiming(const DriftReport::Measure& measure) {
    return measure.unit == u"s"_s || measure.unit == u"ms"_s || measure.unit.endsWith(u"/s"_s);
}

/// Until it ends, or is told to.
void waitFor(QProcess& process, JobContext& context) {
    bool told = false;
    while (process.state() != QProcess::NotRunning && !process.waitForFinished(kPollMs)) {
        if (process.state() == QProcess::NotRunning) break;
        context.checkpoint();
        if (!context.stop().stop_requested() || told) continue;
        told = true;
        ::kill(pid_t(process.processId()), SIGINT); // it keeps and names what is finished
        if (!process.waitForFinished(kEndMs)) process.kill();
    }
}

/// The last line that says why.
QString reasonOf(const QByteArray& errors) {
    QString reason;
    for (const QString& line : QString::fromUtf8(errors).split(u'\n'))
        if (line.startsWith(u"moa: "_s)) reason = line.mid(5);
    return reason;
}

} // namespace

bool DriftReport::isSame() const {
    if (!fields.empty() || !results.isEmpty()) return false;
    for (const Measure& measure : measures)
        if (!isTiming(measure) && measure.before != measure.after) return false;
    return true;
}

QString DriftReport::text() const {
    if (isSame()) return QObject::tr("identical");
    QStringList parts;
    for (const Field& field : fields) parts.append(QObject::tr("%1: %2, now %3").arg(field.name, field.before, field.after));
    for (const Measure& measure : measures) {
        if (isTiming(measure) || measure.before == measure.after) continue;
        if (measure.before && measure.after)
            parts.append(QObject::tr("%1: %2, now %3").arg(measure.name).arg(*measure.before, 0, 'g', 5).arg(*measure.after, 0, 'g', 5));
        else
            parts.append(measure.after ? QObject::tr("%1: new").arg(measure.name) : QObject::tr("%1: missing").arg(measure.name));
    }
    if (!results.isEmpty()) parts.append(QObject::tr("results: %1").arg(results.join(u", "_s)));
    return parts.join(u"; "_s);
}

RerunService::RerunService(DeviceWorker& device, const QString& program, QObject* parent)
    : QObject(parent), m_device(device),
      m_program(program.isEmpty() ? QDir(QCoreApplication::applicationDirPath()).filePath(u"moa"_s) : program) {}

QString RerunService::obstacle() const {
    const QFileInfo program(m_program);
    if (program.isFile() && program.isExecutable()) return {};
    return tr("Runs are repeated by the program moa, which is not beside the workbench (%1).").arg(QDir::toNativeSeparators(m_program));
}

Job* RerunService::rerun(qint64 run, const QString& command, const QString& file) {
    Job* job = m_device.submit(tr("Repeating run %1, %2").arg(run).arg(command), false, [this, run, file, program = m_program](JobContext& context) {
        QProcess process;
        process.setProgram(program);
        process.setArguments({u"history"_s, u"rerun"_s, QString::number(run), u"--json"_s, u"--quiet"_s, u"--db"_s, file});
        process.setStandardInputFile(QProcess::nullDevice());
        context.report({"repeating", 0, 0});
        process.start();
        if (!process.waitForStarted()) throw Error("moa cannot be started: " + process.errorString().toStdString());
        waitFor(process, context);
        if (context.stop().stop_requested()) return context.markCancelled();
        const QJsonDocument answer = QJsonDocument::fromJson(process.readAllStandardOutput());
        if (!answer.isObject()) {
            const QString reason = reasonOf(process.readAllStandardError());
            throw Error(reason.isEmpty() ? "moa ended with code " + std::to_string(process.exitCode()) + " and no answer" : reason.toStdString());
        }
        const DriftReport drift = reportOf(answer.object());
        context.post([this, drift] { emit reran(drift); });
    });
    connect(job, &Job::finished, this, [this, job, run] {
        if (job->state() == JobState::Failed) emit failed(run, job->error());
    });
    return job;
}

} // namespace moa
