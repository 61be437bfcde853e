// What to measure, and what of it still holds.
#include "ui/viewmodels/search_measurements.h"

#include <QJsonArray>
#include <QJsonDocument>

#include <algorithm>

namespace moa {

using namespace Qt::StringLiterals;

namespace {

QJsonArray numbers(const std::vector<int>& list) {
    QJsonArray array;
    for (const int n : list) array.append(n);
    return array;
}

std::string contextOf(const QJsonObject& object) {
    return QJsonDocument(object).toJson(QJsonDocument::Compact).toStdString();
}

} // namespace

SearchMeasurements::SearchMeasurements(SearchModel& model, QObject* parent) : QObject(parent), m_model(model) {
    CalibrationService& service = model.workspace().engine().calibration;
    connect(&service, &CalibrationService::measured, this, &SearchMeasurements::take);
    connect(&service, &CalibrationService::checked, this, &SearchMeasurements::takeChecks);
    connect(&service, &CalibrationService::profiled, this, &SearchMeasurements::takeStep);
    connect(&service, &CalibrationService::lengthReady, this, [this](const QString& file) { m_model.openProfile(file); });
    connect(&model, &SearchModel::candidatesChanged, this, &SearchMeasurements::changed);
    connect(&model, &SearchModel::subjectChanged, this, &SearchMeasurements::clear);
    connect(&model.workspace(), &Workspace::loadedChanged, this, &SearchMeasurements::changed);
    connect(&model.workspace().engine().history, &HistoryService::recorded, this, &SearchMeasurements::changed);
}

QString SearchMeasurements::obstacle() const {
    const Workspace& workspace = m_model.workspace();
    if (!workspace.isLoaded()) return tr("Load the model to measure.");
    return m_model.mismatch();
}

std::vector<int> SearchMeasurements::heldOutLengths() const {
    std::vector<int> lengths;
    const auto& model = m_model.workspace().model();
    const int context = model ? int(model->config.context) : 0;
    for (const int length : m_model.subject().lengths)
        if (const int between = length + length / 2; between <= context) lengths.push_back(between);
    return lengths;
}

std::vector<const SearchCandidate*> SearchMeasurements::chosen(const QStringList& names, bool best) {
    std::vector<const SearchCandidate*> plans;
    m_aliases.clear();
    for (const SearchCandidate& c : m_model.candidates()) {
        if (!(best && c.kind == SearchCandidate::Kind::Best) && c.kind != SearchCandidate::Kind::Document && !names.contains(c.name)) continue;
        const auto same = std::ranges::find_if(plans, [&](const SearchCandidate* p) { return p->plan.rules == c.plan.rules && p->plan.sink == c.plan.sink; });
        if (same == plans.end())
            plans.push_back(&c);
        else
            m_aliases[(*same)->name].append(c.name);
    }
    return plans;
}

void SearchMeasurements::measure(const QStringList& names, int length, int samples) {
    if (!obstacle().isEmpty() || m_job) return;
    ValidationWish wish;
    wish.length = length;
    wish.samples = samples;
    for (const SearchCandidate* c : chosen(names, true)) {
        wish.names.append(c->name);
        wish.plans.push_back(c->plan);
    }
    if (wish.plans.empty()) return;
    follow(m_model.workspace().engine().calibration.validate(wish), Work::Losses, u"validate"_s,
           {{u"plans"_s, QJsonArray::fromStringList(wish.names)},
            {u"length"_s, length},
            {u"samples"_s, samples},
            {u"data"_s, QJsonArray::fromStringList(wish.data)},
            {u"seed"_s, qint64(wish.seed)}});
}

void SearchMeasurements::check(const QStringList& names, int length, int prompts) {
    if (!obstacle().isEmpty() || m_job) return;
    CheckWish wish;
    wish.length = length;
    wish.prompts = prompts;
    for (const SearchCandidate* c : chosen(names, false)) {
        wish.names.append(c->name);
        wish.plans.push_back(c->plan);
    }
    if (wish.plans.empty()) return;
    follow(m_model.workspace().engine().calibration.check(wish), Work::Checks, u"retrieval"_s,
           {{u"plans"_s, QJsonArray::fromStringList(wish.names)},
            {u"tasks"_s, QJsonArray::fromStringList(wish.tasks)},
            {u"lengths"_s, QJsonArray{length}},
            {u"prompts"_s, prompts},
            {u"seed"_s, qint64(wish.seed)}});
}

void SearchMeasurements::profile(const ProfileWish& wish) {
    if (!m_model.workspace().isLoaded() || m_job) return;
    m_wish = wish;
    std::ranges::sort(m_wish->lengths);
    m_steps.clear();
    for (const int length : m_wish->lengths) m_steps.push_back({length, 0, wish.samples, 0});
    follow(m_model.workspace().engine().calibration.profile(*m_wish), Work::Profile, u"profile"_s,
           {{u"file"_s, wish.file},
            {u"data"_s, QJsonArray::fromStringList(wish.data)},
            {u"lengths"_s, numbers(m_wish->lengths)},
            {u"samples"_s, wish.samples},
            {u"seed"_s, qint64(wish.seed)}});
    emit profiled();
}

bool SearchMeasurements::canResume() const {
    return !m_job && m_wish && m_model.workspace().isLoaded() &&
           std::ranges::any_of(m_steps, [](const ProfileStep& step) { return step.done < step.samples; });
}

void SearchMeasurements::resume() {
    if (canResume()) profile(ProfileWish(*m_wish));
}

RunOutcome SearchMeasurements::outcomeOf(const Job& job) const {
    RunOutcome outcome{job.state(), job.error().message, {{u"seconds"_s, job.seconds()}}, {}};
    if (m_ticket == 0) return outcome;
    for (const MeasuredLoss& m : m_measured)
        if (m.ticket == m_ticket)
            outcome.measurements.push_back({"answer_nll", "nats", m.answerNll, m.samples, {},
                                            contextOf({{u"plan"_s, m.name}, {u"length"_s, m.length}, {u"dense_answer_nll"_s, m.denseAnswerNll}})});
    for (const TaskCheck& c : m_checks)
        if (c.ticket == m_ticket)
            outcome.measurements.push_back({"retrieval", "", c.score.accuracy(), c.score.asked, {},
                                            contextOf({{u"plan"_s, c.name}, {u"task"_s, c.task}, {u"length"_s, c.length}})});
    if (m_work == Work::Profile)
        for (const ProfileStep& step : m_steps)
            if (step.done > 0 && step.seconds > 0)
                outcome.measurements.push_back({"profile_s", "s", step.seconds, step.done, {}, contextOf({{u"length"_s, step.length}})});
    return outcome;
}

void SearchMeasurements::follow(Job* job, Work work, const QString& command, const QJsonObject& settings) {
    Workspace& workspace = m_model.workspace();
    m_job = job;
    m_work = work;
    m_ticket = workspace.engine().history.begin(
        {command, *workspace.model(), workspace.devices().isEmpty() ? DeviceFacts{} : workspace.devices().front(), settings});
    connect(job, &Job::changed, this, &SearchMeasurements::jobChanged);
    connect(job, &Job::finished, this, [this, job] {
        m_model.workspace().engine().history.finish(m_ticket, outcomeOf(*job));
        m_job = nullptr;
        emit jobChanged();
        if (job->state() == JobState::Failed)
            emit m_model.workspace().problem({QStringLiteral("search"), tr("%1 failed").arg(job->title()), job->error().message, {}});
    });
    emit jobChanged();
}

void SearchMeasurements::take(const QList<MeasuredLoss>& measured) {
    for (const MeasuredLoss& one : measured)
        for (const QString& name : namesOf(one.name)) {
            std::erase_if(m_measured, [&](const MeasuredLoss& old) { return old.length == one.length && old.name == name; });
            m_measured.push_back(one);
            m_measured.back().name = name;
            m_measured.back().ticket = m_ticket;
        }
    std::ranges::stable_sort(m_measured, {}, &MeasuredLoss::length);
    emit changed();
}

void SearchMeasurements::takeChecks(const QList<TaskCheck>& checks) {
    for (const TaskCheck& one : checks)
        for (const QString& name : namesOf(one.name)) {
            std::erase_if(m_checks, [&](const TaskCheck& old) { return old.task == one.task && old.length == one.length && old.name == name; });
            m_checks.push_back(one);
            m_checks.back().name = name;
            m_checks.back().ticket = m_ticket;
        }
    emit changed();
}

void SearchMeasurements::takeStep(const ProfileStep& step) {
    const auto at = std::ranges::find(m_steps, step.length, &ProfileStep::length);
    if (at == m_steps.end()) return;
    *at = step;
    emit profiled();
}

bool SearchMeasurements::isStale(const QString& name, const SparsePlan& plan) const {
    const auto now = std::ranges::find(m_model.candidates(), name, &SearchCandidate::name);
    return now == m_model.candidates().end() || now->plan.rules != plan.rules || now->plan.sink != plan.sink;
}

void SearchMeasurements::clear() {
    m_measured.clear();
    m_checks.clear();
    emit changed();
}

} // namespace moa
