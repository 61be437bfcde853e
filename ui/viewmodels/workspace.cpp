// Requests to the engine, and what its answers change.
#include "ui/viewmodels/workspace.h"

#include <QFileInfo>
#include <QLocale>

#include <algorithm>
#include <cmath>

namespace moa {

using namespace Qt::StringLiterals;

namespace {

/// Tokens at the end of a prompt whose prediction counts when influence is measured without further knowledge.
constexpr std::int64_t kDefaultLossTokens = 16;

} // namespace

Workspace::Workspace(Engine& engine, QObject* parent) : QObject(parent), m_engine(engine) {
    m_plan.setShape(1, 1, 1);
    connectEngine();
}

void Workspace::connectEngine() {
    const auto onFailed = [this](const QString& page, const QString& title) {
        return [this, page, title](const QString& path, const JobError& error) {
            emit problem({page, title.arg(QFileInfo(path).fileName()), error.message, {}});
        };
    };
    connect(&m_engine.models, &ModelService::factsRead, this, &Workspace::onFacts);
    connect(&m_engine.models, &ModelService::failed, this, onFailed(u"model"_s, tr("%1 cannot be opened")));
    connect(&m_engine.models, &ModelService::devicesRead, this, [this](const QList<DeviceFacts>& devices) {
        m_devices = devices;
        emit devicesChanged();
    });
    connect(&m_engine.models, &ModelService::loaded, this, [this](const LoadedModel& model) {
        m_loaded = model;
        emit loadedChanged();
    });
    connect(&m_engine.models, &ModelService::ejected, this, [this](quint64 before, quint64 after) {
        m_loaded.reset();
        emit loadedChanged();
        emit ejectedBytes(before, after);
    });
    connect(&m_engine.prompts, &PromptService::ready, this, [this](const PromptValue& prompt) {
        m_prompt = std::make_shared<const PromptValue>(prompt);
        m_promptInfluence.reset();
        setLength(std::int64_t(prompt.ids.size()));
        emit promptChanged();
        emit influenceChanged();
        const int last = int(prompt.ids.size()) - 1;
        m_selection.pointAt(prompt.query >= 0 ? int(prompt.query) : last,
                            prompt.evidence.empty() ? 0 : int(prompt.evidence.front()));
        capture();
    });
    connect(&m_engine.prompts, &PromptService::failed, this, onFailed(u"inspect"_s, tr("Prompt %1 cannot be used")));
    connect(&m_engine.plans, &PlanService::planRead, this, &Workspace::onPlan);
    connect(&m_engine.plans, &PlanService::failed, this, onFailed(u"inspect"_s, tr("%1 cannot be opened or saved")));
    connect(&m_engine.plans, &PlanService::planSaved, this, [this](const QString& path, const SparsePlan& saved) {
        m_plan.markSaved(path, saved);
        emit fileOpened(u"plan"_s, path);
        emit planSaved(path);
    });
    connect(&m_engine.plans, &PlanService::profileRead, this,
            [this](const QString& path, const QList<std::shared_ptr<const InfluenceCurves>>& lengths) {
                if (m_model && !lengths.isEmpty() &&
                    (lengths.front()->layers() != m_model->config.layers ||
                     lengths.front()->kvHeads() != m_model->config.kvHeads)) {
                    emit problem({u"inspect"_s, tr("%1 is of another model").arg(QFileInfo(path).fileName()),
                                  tr("It has %1 layers of %2 KV heads, the model has %3 of %4.")
                                      .arg(lengths.front()->layers())
                                      .arg(lengths.front()->kvHeads())
                                      .arg(m_model->config.layers)
                                      .arg(m_model->config.kvHeads),
                                  {}});
                    return;
                }
                m_profile = lengths;
                emit influenceChanged();
                emit fileOpened(u"profile"_s, path);
            });
    connect(&m_engine.captures, &CaptureService::influenceReady, this,
            [this](std::shared_ptr<const InfluenceCurves> influence) {
                m_promptInfluence = std::move(influence);
                emit influenceChanged();
            });
}

void Workspace::chooseModel(const QString& path, bool thenLoad) {
    m_choosing = path;
    m_loadWhenChosen = thenLoad;
    m_engine.models.readFacts(path);
}

void Workspace::onFacts(const ModelFacts& facts) {
    if (facts.path != m_choosing) return; // an answer that a later click has overtaken
    const bool same = m_model && m_model->path == facts.path;
    m_model = facts;
    if (!same) {
        m_profile.clear();
        m_promptInfluence.reset();
        m_plan.setShape(facts.config.layers, facts.config.heads, facts.config.kvHeads);
        m_length = std::min<std::int64_t>(m_length, facts.config.context);
        emit modelChanged();
        emit lengthChanged();
        emit influenceChanged();
    }
    emit fileOpened(u"model"_s, facts.path);
    if (m_loadWhenChosen && !isLoaded()) load();
}

void Workspace::tell(Job* job, const QString& page, const QString& title, const QStringList& actions) {
    connect(job, &Job::finished, this, [this, job, page, title, actions] {
        if (job->state() == JobState::Failed) emit problem({page, title, job->error().message, actions});
    });
}

void Workspace::load() {
    if (!m_model || m_loading != nullptr) return;
    m_engine.captures.drop();
    m_prompt.reset();
    m_promptInfluence.reset();
    m_selection.reset();
    m_loaded.reset();
    LoadRequest request{m_model->path, m_length, m_batch, {}};
    if (!m_plan.isDense()) request.plan = m_plan.plan();
    m_loading = m_engine.models.load(request);
    tell(m_loading, u"model"_s, tr("%1 was not loaded").arg(m_model->name));
    connect(m_loading, &Job::finished, this, [this] {
        m_loading = nullptr;
        emit loadedChanged();
    });
    emit loadedChanged();
    emit promptChanged();
    emit captureChanged();
}

void Workspace::eject() {
    if (m_loading != nullptr) m_loading->cancel();
    if (m_capturing != nullptr) m_capturing->cancel();
    m_engine.captures.drop();
    m_prompt.reset();
    m_promptInfluence.reset();
    m_engine.models.eject();
    emit promptChanged();
    emit captureChanged();
}

void Workspace::setLength(std::int64_t n) {
    const std::int64_t most = m_model ? m_model->config.context : std::int64_t(1) << 20;
    n = std::clamp<std::int64_t>(n, 1, most);
    if (n == m_length) return;
    m_length = n;
    emit lengthChanged();
    emit influenceChanged();
}

void Workspace::setBatch(int batch) {
    batch = std::clamp(batch, 1, 4096);
    if (batch == m_batch) return;
    m_batch = batch;
    emit lengthChanged();
}

void Workspace::openPrompt(const QString& path) {
    m_engine.prompts.fromFile(path);
    emit fileOpened(u"prompt"_s, path);
}

void Workspace::pastePrompt(const QString& text) {
    m_engine.prompts.fromText(tr("Pasted text"), text, false);
}

void Workspace::samplePrompt(const QString& task, std::int64_t tokens) {
    m_engine.prompts.sample(task, tokens, 0);
}

void Workspace::capture() {
    if (!m_prompt || !isLoaded()) return;
    if (m_capturing != nullptr) m_capturing->cancel();
    Job* job = m_engine.captures.capture(m_prompt, m_selection.now().current.layer);
    m_capturing = job;
    tell(job, u"inspect"_s, tr("Attention was not captured"));
    connect(job, &Job::finished, this, [this, job] {
        if (m_capturing == job) m_capturing = nullptr;
        emit captureChanged();
    });
    emit captureChanged();
}

std::shared_ptr<const InfluenceCurves> Workspace::influence() const {
    if (m_promptInfluence) return m_promptInfluence;
    const auto nearest = std::ranges::min_element(m_profile, {}, [&](const auto& curves) {
        return std::abs(std::log(double(curves->length()) / double(m_length)));
    });
    return nearest == m_profile.end() ? nullptr : *nearest;
}

void Workspace::openProfile(const QString& path) {
    m_engine.plans.openProfile(path);
}

void Workspace::measureInfluence() {
    if (!m_prompt || !isLoaded()) return;
    tell(m_engine.captures.measureInfluence(m_prompt, kDefaultLossTokens), u"inspect"_s,
         tr("Influence was not measured"));
}

void Workspace::openPlan(const QString& path) {
    m_engine.plans.openPlan(path, m_model ? std::optional(m_model->config.kvHeads) : std::nullopt);
}

void Workspace::onPlan(const PlanValue& plan) {
    if (m_model && !m_plan.fits(plan.plan)) {
        emit problem({u"inspect"_s, tr("%1 does not fit the model").arg(plan.name),
                      tr("The plan has %1 layers of %2 heads and %3 KV heads, the model has %4 of %5 and %6.")
                          .arg(plan.plan.layers)
                          .arg(plan.plan.heads)
                          .arg(plan.plan.kvHeads)
                          .arg(m_model->config.layers)
                          .arg(m_model->config.heads)
                          .arg(m_model->config.kvHeads),
                      {u"plan.open"_s}});
        return;
    }
    m_plan.open(plan);
    emit fileOpened(u"plan"_s, plan.path);
    if (!plan.notes.isEmpty()) emit notice(tr("%1 opened").arg(plan.name), plan.notes.join(QLatin1Char(' ')));
}

void Workspace::savePlan(const QString& path) {
    m_engine.plans.savePlan(path, m_plan.value(), m_model);
}

double Workspace::density() const {
    return m_plan.plan().density(m_length);
}

std::int64_t Workspace::kvBytes(const SparsePlan& plan) const {
    return m_model ? plan.kvBytes(m_length, m_model->config.headDim, bytesPerValue()) * m_batch : 0;
}

int Workspace::bytesPerValue() const {
    const bool onCard = !m_devices.isEmpty() && m_devices.front().id.startsWith(QLatin1String("cuda"));
    return onCard ? 2 : 4;
}

std::optional<double> Workspace::estimatedLoss(const SparsePlan& plan) const {
    const auto curves = influence();
    if (!curves) return {};
    return curves->loss(windowsAt(plan, curves->length()));
}

} // namespace moa
