// Speeds by plan and length.
#include "ui/viewmodels/plan_speeds.h"

#include <QJsonDocument>
#include <QJsonObject>

#include <cmath>

namespace moa {

using namespace Qt::StringLiterals;

PlanSpeeds::PlanSpeeds(Workspace& workspace, QObject* parent) : QObject(parent), m_workspace(workspace) {
    Engine& engine = workspace.engine();
    connect(&workspace, &Workspace::modelChanged, this, &PlanSpeeds::onModel);
    connect(&workspace, &Workspace::loadedChanged, this, &PlanSpeeds::changed);
    connect(&engine.history, &HistoryService::speedsRead, this, [this](const QString& model, const QList<DecodeSpeed>& speeds) {
        if (!m_workspace.model() || m_workspace.model()->path != model) return;
        m_speeds.append(speeds); // after those of this session
        emit changed();
    });
    connect(&engine.decode, &DecodeService::measured, this, &PlanSpeeds::take);
    connect(&engine.decode, &DecodeService::spanTimesReady, this, [this](const SpanTimes& times) {
        m_spanTimes = times;
        emit changed();
    });
    connect(&engine.decode, &DecodeService::failed, this, [this](const QString&, const JobError& error) {
        emit m_workspace.problem({u"plan"_s, tr("Kernel times cannot be read"), error.message, {}});
    });
    connect(&engine.history, &HistoryService::recorded, this, [this](quint64 ticket, qint64 run) {
        for (DecodeSpeed& speed : m_speeds)
            if (speed.run == -qint64(ticket)) speed.run = run;
        emit changed();
    });
}

void PlanSpeeds::onModel() {
    m_speeds.clear();
    m_last.reset();
    m_spanTimes = {};
    if (m_workspace.model()) m_workspace.engine().history.readSpeeds(*m_workspace.model());
    emit changed();
}

const DecodeSpeed* PlanSpeeds::find(const SparsePlan* plan) const {
    const QString device = m_workspace.devices().isEmpty() ? QString() : m_workspace.devices().front().id.section(u':', 0, 0);
    const DecodeSpeed* nearest = nullptr;
    const auto distance = [this](const DecodeSpeed& speed) { return std::abs(std::log(double(std::max<std::int64_t>(speed.length, 1)) / double(m_workspace.length()))); };
    for (const DecodeSpeed& speed : m_speeds) {
        const bool same = plan == nullptr ? !speed.plan : speed.plan && speed.plan->rules == plan->rules && speed.plan->sink == plan->sink;
        if (!same || speed.device != device) continue;
        if (nearest == nullptr || distance(speed) < distance(*nearest)) nearest = &speed;
    }
    return nearest;
}

const DecodeSpeed* PlanSpeeds::of(const SparsePlan& plan) const {
    return find(&plan);
}

const DecodeSpeed* PlanSpeeds::dense() const {
    return find(nullptr);
}

const DecodeSpeed* PlanSpeeds::stale() const {
    const PlanDocument& document = m_workspace.plan();
    const PlanValue* saved = document.savedValue();
    if (saved != nullptr && document.fits(saved->plan))
        if (const DecodeSpeed* speed = find(&saved->plan)) return speed;
    return m_last && document.fits(*m_last) ? find(&*m_last) : nullptr;
}

QString PlanSpeeds::obstacle() const {
    if (m_job) return tr("A measurement is running.");
    return m_workspace.isLoaded() ? QString() : tr("Load the model to measure.");
}

void PlanSpeeds::follow(Job* job, const QString& what) {
    m_job = job;
    RunNote note{u"bench"_s, *m_workspace.model(), m_workspace.devices().isEmpty() ? DeviceFacts{} : m_workspace.devices().front(),
                 {{u"what"_s, what}, {u"length"_s, qint64(m_workspace.length())}, {u"batch"_s, 1}}};
    if (what == u"decode"_s) note.plan = m_workspace.plan().value();
    m_ticket = m_workspace.engine().history.begin(note);
    const SparsePlan plan = m_workspace.plan().plan();
    connect(job, &Job::finished, this, [this, job, what, plan] {
        RunOutcome outcome{job->state(), job->error().message, {{u"seconds"_s, job->seconds()}}, {}};
        if (const DecodeSpeed* speed = find(&plan); what == u"decode"_s && speed != nullptr && job->state() == JobState::Done)
            outcome.measurements.push_back({"decode_tok_s", "tok/s", speed->tokensPerSecond, 1, {},
                                            QJsonDocument(QJsonObject{{u"length"_s, qint64(speed->length)}}).toJson(QJsonDocument::Compact).toStdString()});
        m_workspace.engine().history.finish(m_ticket, outcome);
        m_job = nullptr;
        if (job->state() == JobState::Failed) emit m_workspace.problem({u"plan"_s, tr("%1 failed").arg(job->title()), job->error().message, {}});
        emit changed();
    });
    emit changed();
}

void PlanSpeeds::measure() {
    if (!obstacle().isEmpty()) return;
    m_last = m_workspace.plan().plan();
    follow(m_workspace.engine().decode.measure(*m_last, m_workspace.length()), u"decode"_s);
}

void PlanSpeeds::measureSpans() {
    if (!obstacle().isEmpty()) return;
    follow(m_workspace.engine().decode.measureSpans(m_workspace.length()), u"span times"_s);
}

void PlanSpeeds::take(DecodeSpeed speed) {
    // Until its row is written the number stands for the ticket; dense is no measurement of that row.
    if (speed.plan) {
        const qint64 run = m_workspace.engine().history.run(m_ticket);
        speed.run = run != 0 ? run : -qint64(m_ticket);
    }
    m_speeds.removeIf([&](const DecodeSpeed& old) {
        return old.length == speed.length && old.plan.has_value() == speed.plan.has_value() && old.device == speed.device &&
               (!old.plan || (old.plan->rules == speed.plan->rules && old.plan->sink == speed.plan->sink));
    });
    m_speeds.prepend(speed);
    emit changed();
}

} // namespace moa
