// What to measure, and what of it still holds.
#include "ui/viewmodels/search_measurements.h"

#include <algorithm>

namespace moa {

SearchMeasurements::SearchMeasurements(SearchModel& model, QObject* parent) : QObject(parent), m_model(model) {
    CalibrationService& service = model.workspace().engine().calibration;
    connect(&service, &CalibrationService::measured, this, &SearchMeasurements::take);
    connect(&service, &CalibrationService::lengthReady, this, [this](const QString& file) { m_model.openProfile(file); });
    connect(&model, &SearchModel::candidatesChanged, this, &SearchMeasurements::changed);
    connect(&model, &SearchModel::subjectChanged, this, &SearchMeasurements::clear);
    connect(&model.workspace(), &Workspace::loadedChanged, this, &SearchMeasurements::changed);
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

void SearchMeasurements::measure(const QString& chosen, int length, int samples) {
    if (!obstacle().isEmpty() || m_job) return;
    ValidationWish wish;
    wish.length = length;
    wish.samples = samples;
    for (const SearchCandidate& c : m_model.candidates()) {
        const bool wanted = c.kind == SearchCandidate::Kind::Best || c.kind == SearchCandidate::Kind::Document || c.name == chosen;
        if (!wanted) continue;
        wish.names.append(c.name);
        wish.plans.push_back(c.plan);
    }
    if (!wish.plans.empty()) follow(m_model.workspace().engine().calibration.validate(wish));
}

void SearchMeasurements::profile(const QString& file, std::vector<int> lengths, int samples) {
    if (!m_model.workspace().isLoaded() || m_job) return;
    follow(m_model.workspace().engine().calibration.profile({file, std::move(lengths), samples, 1}));
}

void SearchMeasurements::follow(Job* job) {
    m_job = job;
    connect(job, &Job::changed, this, &SearchMeasurements::jobChanged);
    connect(job, &Job::finished, this, [this, job] {
        m_job = nullptr;
        emit jobChanged();
        if (job->state() == JobState::Failed)
            emit m_model.workspace().problem({QStringLiteral("search"), tr("%1 failed").arg(job->title()), job->error().message, {}});
    });
    emit jobChanged();
}

void SearchMeasurements::take(const QList<MeasuredLoss>& measured) {
    for (const MeasuredLoss& one : measured) {
        std::erase_if(m_measured, [&](const MeasuredLoss& old) { return old.length == one.length && old.name == one.name; });
        m_measured.push_back(one);
    }
    std::ranges::stable_sort(m_measured, {}, &MeasuredLoss::length);
    emit changed();
}

bool SearchMeasurements::isStale(const MeasuredLoss& measured) const {
    const auto now = std::ranges::find(m_model.candidates(), measured.name, &SearchCandidate::name);
    return now == m_model.candidates().end() || now->plan.rules != measured.plan.rules || now->plan.sink != measured.plan.sink;
}

void SearchMeasurements::clear() {
    m_measured.clear();
    emit changed();
}

} // namespace moa
