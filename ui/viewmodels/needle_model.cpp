// Lengths by halves of N, cells as they come.
#include "ui/viewmodels/needle_model.h"

#include <algorithm>

namespace moa {

using namespace Qt::StringLiterals;

namespace {

constexpr int kLengths = 5;
constexpr std::int64_t kShortest = 512; ///< tokens; a shorter text has no ten depths
constexpr std::int64_t kStep = 256;     ///< tokens; lengths read as round numbers

} // namespace

NeedleModel::NeedleModel(Workspace& workspace, QObject* parent) : QObject(parent), m_workspace(workspace) {
    connect(&workspace.engine().needles, &NeedleService::cell, this, [this](const NeedleValue& value) {
        if (!m_job) return;
        m_cells[{value.depth, value.length}] = value;
        emit changed();
    });
    connect(&workspace, &Workspace::modelChanged, this, &NeedleModel::reset);
    connect(&workspace, &Workspace::stopping, this, &NeedleModel::cancel);
    connect(&workspace, &Workspace::loadedChanged, this, &NeedleModel::changed);
    connect(&workspace.plan(), &PlanDocument::changed, this, &NeedleModel::changed);
}

void NeedleModel::reset() {
    cancel();
    m_cells.clear();
    m_question.lengths.clear();
    emit changed();
}

void NeedleModel::setTask(const QString& task) {
    if (task == m_question.task) return;
    m_question.task = task;
    reset();
}

QString NeedleModel::obstacle() const {
    if (!m_workspace.isLoaded()) return tr("Load a model to hide needles from it.");
    if (m_workspace.plan().isDense()) return tr("Choose a plan to compare with dense attention.");
    if (m_workspace.length() < kShortest) return tr("N is below %1 tokens: no room for depths.").arg(kShortest);
    return {};
}

bool NeedleModel::isStale() const {
    const SparsePlan& now = m_workspace.plan().plan();
    return hasCells() && (now.rules != m_plan.rules || now.sink != m_plan.sink);
}

bool NeedleModel::isComplete() const {
    return hasCells() && m_cells.size() == m_question.lengths.size() * std::size_t(m_question.depths) &&
           std::ranges::all_of(m_cells, [&](const auto& at) { return at.second.samples >= m_question.samples; });
}

void NeedleModel::measure() {
    if (!obstacle().isEmpty() || m_job) return;
    // A prompt of about N tokens is a little shorter than the round number that was meant.
    const std::int64_t wanted = (m_workspace.length() + kStep - 1) / kStep * kStep;
    const std::int64_t longest = std::min<std::int64_t>(wanted, m_workspace.model()->config.context);
    std::vector<int> lengths;
    for (std::int64_t n = longest; n >= kShortest && int(lengths.size()) < kLengths; n /= 2) lengths.insert(lengths.begin(), int(n / kBlock * kBlock));
    if (lengths != m_question.lengths || isStale()) m_cells.clear();
    m_question.lengths = std::move(lengths);
    m_plan = m_workspace.plan().plan();
    Job* job = m_workspace.engine().needles.measure(m_question, m_plan);
    m_job = job;
    HistoryService& history = m_workspace.engine().history;
    m_ticket = 0;
    if (history.isKept()) {
        const DeviceFacts device = m_workspace.devices().isEmpty() ? DeviceFacts{} : m_workspace.devices().front();
        m_ticket = history.begin({u"retrieval"_s, *m_workspace.model(), device,
                                {{u"grid"_s, true}, {u"task"_s, m_question.task}, {u"depths"_s, m_question.depths}, {u"samples"_s, m_question.samples},
                                 {u"seed"_s, double(m_question.seed)}, {u"plan"_s, m_workspace.plan().name()}}});
    }
    connect(job, &Job::finished, this, [this, job, ticket = m_ticket, &history] {
        if (m_job == job) m_job = nullptr;
        history.finish(ticket, {job->state(), job->error().message, {{u"cells"_s, qint64(m_cells.size())}, {u"seconds"_s, job->seconds()}}, {}});
        if (job->state() == JobState::Failed) emit m_workspace.problem({u"compare"_s, tr("The needle grid stopped"), job->error().message, {}});
        emit changed();
    });
    connect(job, &Job::changed, this, &NeedleModel::changed);
    emit changed();
}

void NeedleModel::cancel() {
    if (m_job) m_job->cancel();
}

const NeedleValue* NeedleModel::cell(int depth, int length) const {
    if (length < 0 || length >= int(m_question.lengths.size())) return nullptr;
    const auto found = m_cells.find({depth, m_question.lengths[std::size_t(length)]});
    return found == m_cells.end() ? nullptr : &found->second;
}

bool NeedleModel::open(int depth, int length) {
    const NeedleValue* value = cell(depth, length);
    if (value == nullptr || !m_workspace.isLoaded()) return false;
    m_workspace.needlePrompt(m_question, value->length, depth, std::max(value->firstLost, 0), u"compare"_s);
    return true;
}

} // namespace moa
