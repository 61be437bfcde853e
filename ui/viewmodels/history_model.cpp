#include "ui/viewmodels/history_model.h"

#include "ui/jobs/history_query.h"
#include "ui/viewmodels/history_text.h"

#include <algorithm>

namespace moa {

using namespace Qt::StringLiterals;

namespace {

constexpr int kLookMs = 1000;
constexpr qsizetype kMostRecent = 20;
constexpr std::size_t kMostTrendRuns = 2000; ///< a chart of more is a cloud
const QString kRecentKey = u"history/queries"_s;

} // namespace

HistoryModel::HistoryModel(Engine& engine, QSettings* settings, QObject* parent)
    : QObject(parent), m_engine(engine), m_reader(engine.historyReader), m_settings(settings) {
    if (m_settings != nullptr) m_recent = m_settings->value(kRecentKey).toStringList().mid(0, kMostRecent);
    m_look.setInterval(kLookMs);
    connect(&m_look, &QTimer::timeout, this, [this] {
        // While there is no file, and after a failure, a question finds out whether there is one now.
        const HistoryState state = m_reader.state();
        if (state == HistoryState::Missing || state == HistoryState::Failed)
            ask();
        else
            m_reader.look();
    });
    connectReader();
    connectWrites();
}

void HistoryModel::connectReader() {
    connect(&m_reader, &HistoryReader::stateChanged, this, [this] {
        if (m_reader.state() == HistoryState::Unread) { // another file
            m_found = {};
            choose({}, std::nullopt);
            emit foundChanged();
            if (m_active) ask();
        }
        emit stateChanged();
    });
    connect(&m_reader, &HistoryReader::found, this, [this](const HistoryFound& answer) {
        if (answer.request != m_asked) return;
        m_found = answer;
        if (!m_measureChosen && !m_found.measures.empty() &&
            std::ranges::find(m_found.measures, m_measure) == m_found.measures.end())
            m_measure = m_found.measures.front();
        emit foundChanged();
        if (!m_trendOfPlan) askTrend();
    });
    connect(&m_reader, &HistoryReader::passportRead, this, [this](const std::shared_ptr<const RunPassport>& passport) {
        if (m_current != passport->detail.summary.id) return;
        m_passport = passport;
        if (!m_measureChosen && !passport->detail.measurements.empty()) {
            const std::string& first = passport->detail.measurements.front().name;
            if (std::ranges::none_of(passport->detail.measurements, [this](const Measurement& m) { return m.name == m_measure; })) m_measure = first;
        }
        emit passportChanged();
        askTrend();
    });
    connect(&m_reader, &HistoryReader::compared, this, [this](const std::shared_ptr<const RunComparison>& comparison) {
        const bool same = comparison->runs.size() == m_chosen.size() &&
                          std::ranges::equal(comparison->runs, m_chosen, {}, &RunSummary::id);
        if (!same) return;
        m_comparison = comparison;
        emit comparisonChanged();
    });
    connect(&m_reader, &HistoryReader::trendRead, this, [this](const Trend& trend) {
        if (trend.measure != m_measure) return;
        m_trend = trend;
        emit trendChanged();
    });
    connect(&m_reader, &HistoryReader::changedOutside, this, [this] {
        ask();
        if (m_current) m_reader.readPassport(*m_current);
    });
    connect(&m_reader, &HistoryReader::failed, this, &HistoryModel::problem);
}

void HistoryModel::connectWrites() {
    const auto again = [this] {
        if (!m_active) return;
        ask();
        if (m_current) m_reader.readPassport(*m_current);
        askComparison();
    };
    connect(&m_engine.history, &HistoryService::edited, this, again);
    connect(&m_engine.history, &HistoryService::recorded, this, again);
    connect(&m_engine.history, &HistoryService::editFailed, this, [this](const QString& what, const JobError& error) {
        emit problem(tr("%1 failed").arg(what), error.message);
    });
    connect(&m_engine.history, &HistoryService::imported, this, [this](qint64 runs, qint64 known) {
        emit notice(tr("%n run(s) imported", "", int(runs)), known > 0 ? tr("%1 were here already.").arg(known) : QString());
    });
    connect(&m_engine.reruns, &RerunService::reran, this, &HistoryModel::onDrift);
    connect(&m_engine.reruns, &RerunService::failed, this, [this](qint64 run, const JobError& error) {
        emit problem(tr("Run %1 was not repeated").arg(run), error.message);
    });
}

void HistoryModel::setActive(bool active) {
    if (active == m_active) return;
    m_active = active;
    if (!active) return m_look.stop();
    if (m_reader.state() != HistoryState::Off) m_look.start();
    ask();
}

void HistoryModel::ask() {
    m_asked = m_reader.find(m_query, m_order);
}

void HistoryModel::setQuery(const QString& query) {
    if (query == m_query) return;
    m_query = query;
    emit queryChanged();
    ask();
}

void HistoryModel::toggleFacet(const QString& field, const QString& value) {
    setQuery(withFacetToggled(m_query, field, value));
    rememberQuery();
}

void HistoryModel::rememberQuery() {
    const QString query = m_query.trimmed();
    if (query.isEmpty() || m_found.fault) return;
    m_recent.removeAll(query);
    m_recent.prepend(query);
    while (m_recent.size() > kMostRecent) m_recent.removeLast();
    if (m_settings != nullptr) m_settings->setValue(kRecentKey, m_recent);
}

void HistoryModel::setOrder(const RunOrder& order) {
    m_order = order;
    ask();
}

void HistoryModel::choose(std::vector<RunId> runs, std::optional<RunId> current) {
    if (runs == m_chosen && current == m_current) return;
    const bool sameCurrent = current == m_current;
    m_chosen = std::move(runs);
    m_current = current;
    m_comparison = nullptr;
    if (!sameCurrent) m_passport = nullptr;
    emit chosenChanged();
    if (!sameCurrent) emit passportChanged();
    emit comparisonChanged();
    if (m_current && !sameCurrent) m_reader.readPassport(*m_current);
    askComparison();
}

std::size_t HistoryModel::baselineIndex() const {
    const auto at = m_baseline ? std::ranges::find(m_chosen, *m_baseline) : m_chosen.end();
    // The oldest run is what the others are measured against, until the user says otherwise.
    return at != m_chosen.end() ? std::size_t(at - m_chosen.begin())
                                : std::size_t(std::ranges::min_element(m_chosen) - m_chosen.begin());
}

std::optional<RunId> HistoryModel::baseline() const {
    if (m_chosen.empty()) return std::nullopt;
    return m_chosen[baselineIndex()];
}

void HistoryModel::setBaseline(RunId run) {
    m_baseline = run;
    askComparison();
}

QString HistoryModel::comparisonMarkdown(bool differencesOnly) const {
    return m_comparison ? QString::fromStdString(markdownOf(*m_comparison, differencesOnly)) : QString();
}

void HistoryModel::askComparison() {
    if (m_chosen.size() < 2 || m_chosen.size() > kMostCompared) return;
    m_reader.compare(m_chosen, baselineIndex());
}

void HistoryModel::setMeasure(const std::string& measure) {
    m_measure = measure;
    m_measureChosen = true;
    askTrend();
}

void HistoryModel::setTrendOfPlan(bool on) {
    m_trendOfPlan = on;
    askTrend();
}

void HistoryModel::askTrend() {
    if (m_measure.empty()) return;
    std::vector<RunId> only;
    if (m_trendOfPlan) {
        if (m_passport)
            for (const LineageNode& node : m_passport->lineage.nodes)
                if (node.kind == LineageNode::Kind::Run) only.push_back(RunId(node.id));
        if (only.empty() && m_current) only.push_back(*m_current);
    } else if (qint64(m_found.runs->size()) < m_found.all) {
        const std::size_t most = std::min(m_found.runs->size(), kMostTrendRuns);
        only.assign(m_found.runs->begin(), m_found.runs->begin() + std::ptrdiff_t(most));
    }
    if (only.empty() && (m_trendOfPlan || m_found.runs->empty())) {
        m_trend = {};
        m_trend.measure = m_measure;
        return emit trendChanged();
    }
    m_reader.readTrend(m_measure, only);
}

void HistoryModel::addTag(const QString& tag) {
    if (!m_chosen.empty()) m_engine.history.addTags(m_reader.file(), m_chosen, {tag});
}

void HistoryModel::removeTag(const QString& tag) {
    if (!m_chosen.empty()) m_engine.history.removeTags(m_reader.file(), m_chosen, {tag});
}

void HistoryModel::setNote(RunId run, const QString& text) {
    m_engine.history.setNote(m_reader.file(), run, text);
}

void HistoryModel::importRuns(const QString& from) {
    m_engine.history.importRuns(m_reader.file(), from);
}

QString HistoryModel::reproduceObstacle() const {
    if (!m_passport) return tr("Choose a run first.");
    if (m_reproducing != nullptr) return tr("Another run is being repeated.");
    const RunDetail& run = m_passport->detail;
    if (run.summary.status == RunStatus::Running) return tr("It is still running.");
    if (run.arguments == "[]") return tr("It was made in the window, and only a hash of its prompt is kept: open it and run it there.");
    if (!canWrite()) return tr("The history cannot be written.");
    if (m_reader.isMemory()) return tr("It is kept in memory only: save the runs first.");
    return m_engine.reruns.obstacle();
}

void HistoryModel::reproduce() {
    if (!reproduceObstacle().isEmpty()) return;
    const RunSummary& run = m_passport->detail.summary;
    m_reproducing = m_engine.reruns.rerun(run.id.value, history_text::plain(run.command, 40), m_reader.file());
    connect(m_reproducing, &Job::finished, this, [this] {
        m_reproducing = nullptr;
        emit reproducingChanged();
    });
    connect(m_reproducing, &Job::changed, this, &HistoryModel::reproducingChanged);
    emit reproducingChanged();
}

const DriftReport* HistoryModel::drift() const {
    if (!m_current) return nullptr;
    const auto at = std::ranges::find(m_drifts, m_current->value, &DriftReport::of);
    return at == m_drifts.end() ? nullptr : &*at;
}

void HistoryModel::onDrift(const DriftReport& report) {
    std::erase_if(m_drifts, [&](const DriftReport& old) { return old.of == report.of; });
    m_drifts.push_back(report);
    emit notice(tr("Run %1 was repeated as run %2").arg(report.of).arg(report.run), report.text());
    ask();
    if (m_current && m_current->value == report.of) m_reader.readPassport(*m_current);
    emit reproducingChanged();
}

} // namespace moa
