// Requests to the engine, and what its answers change.
#include "ui/viewmodels/workspace.h"

#include <QCryptographicHash>
#include <QFileInfo>
#include <QJsonObject>
#include <QLocale>

#include <algorithm>
#include <cmath>
#include <utility>

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
    connect(&m_engine.prompts, &PromptService::ready, this, &Workspace::onPrompt);
    connect(&m_engine.prompts, &PromptService::failed, this, [this](const QString& name, const JobError& error) {
        emit problem({m_promptPage, tr("Prompt %1 cannot be used").arg(QFileInfo(name).fileName()), error.message, {}});
    });
    connect(&m_engine.plans, &PlanService::planRead, this, &Workspace::onPlan);
    connect(&m_engine.plans, &PlanService::failed, this, onFailed(u"inspect"_s, tr("%1 cannot be opened or saved")));
    connect(&m_engine.plans, &PlanService::planSaved, this, [this](const QString& path, const SparsePlan& saved) {
        m_plan.markSaved(path, saved);
        emit fileOpened(u"plan"_s, path);
        emit planSaved(path);
    });
    connect(&m_engine.plans, &PlanService::planKept, this, [this](const QString& path) {
        if (!m_setAside.empty()) m_setAside.pop_back();
        emit planSetAsideChanged();
        emit fileOpened(u"plan"_s, path);
    });
    connect(&m_engine.plans, &PlanService::storedProfileRead, this,
            [this](const QString& model, const QList<std::shared_ptr<const InfluenceCurves>>& lengths) {
                // Another model, or a profile of the user's own, may be in use by now.
                if (!m_model || m_model->path != model || !m_profile.isEmpty()) return;
                m_profile = lengths;
                emit influenceChanged();
            });
    connect(&m_engine.plans, &PlanService::profileRead, this, &Workspace::onProfile);
    connect(&m_engine.captures, &CaptureService::prefilled, this, [this](const std::shared_ptr<const PromptValue>& prompt, double seconds) {
        if (prompt != m_prompt) return;
        m_prefillSeconds = seconds;
        emit captureChanged();
    });
    connect(&m_engine.captures, &CaptureService::influenceReady, this,
            [this](const std::shared_ptr<const PromptValue>& prompt, std::shared_ptr<const InfluenceCurves> influence) {
                // Another text or model, or none, may be in use by now.
                if (prompt != m_prompt || !isLoaded()) return;
                m_promptInfluence = std::move(influence);
                emit influenceChanged();
            });
}

void Workspace::onPrompt(const PromptValue& prompt) {
    if (!m_promptFile.isEmpty()) emit fileOpened(u"prompt"_s, std::exchange(m_promptFile, {}));
    m_prompt = std::make_shared<const PromptValue>(prompt);
    m_promptInfluence.reset();
    m_prefillSeconds.reset();
    setLength(std::int64_t(prompt.ids.size()));
    emit promptChanged();
    emit influenceChanged();
    const int last = int(prompt.ids.size()) - 1;
    m_selection.pointAt(prompt.query >= 0 ? int(prompt.query) : last, prompt.evidence.empty() ? 0 : int(prompt.evidence.front()));
    capture();
}

void Workspace::chooseModel(const QString& path, bool thenLoad) {
    m_choosing = path;
    m_loadWhenChosen = thenLoad;
    m_engine.models.readFacts(path);
}

void Workspace::onFacts(const ModelFacts& facts) {
    if (facts.path != m_choosing) return; // an answer that a later click has overtaken
    const bool same = m_model && m_model->path == facts.path;
    if (!same) m_selection.reset(); // before anybody can ask for a head that the new model lacks
    const std::optional<ModelFacts> modelBefore = std::exchange(m_model, facts);
    if (!same) {
        const PlanValue plan = m_plan.value();
        const bool hadPlan = !m_plan.isDense(), edited = m_plan.isModified();
        m_profile.clear();
        m_promptInfluence.reset();
        m_plan.setShape(facts.config.layers, facts.config.heads, facts.config.kvHeads);
        m_length = std::min<std::int64_t>(m_length, facts.config.context);
        emit modelChanged();
        emit lengthChanged();
        emit influenceChanged();
        if (hadPlan && m_plan.isDense()) dropPlan(plan, edited, modelBefore);
        if (facts.isBuiltIn && m_usesStoredProfiles) m_engine.plans.openStoredProfile(facts.path);
    }
    emit fileOpened(u"model"_s, facts.path);
    if (m_loadWhenChosen && !isLoaded()) load();
}

void Workspace::dropPlan(const PlanValue& plan, bool edited, const std::optional<ModelFacts>& model) {
    if (!edited) return tellShapes(plan.name, plan.plan, u"model"_s, {u"plan.open"_s});
    m_setAside.push_back({plan, model});
    emit planSetAsideChanged();
    tellShapes(tr("%1, with its unsaved edits,").arg(plan.name), plan.plan, u"model"_s, {u"plan.keep"_s, u"plan.open"_s});
}

void Workspace::savePlanSetAside(const QString& path) {
    if (!m_setAside.empty()) m_engine.plans.keepPlan(path, m_setAside.back().plan, m_setAside.back().model);
}

void Workspace::tell(Job* job, const QString& page, const QString& title, const QStringList& actions) {
    connect(job, &Job::finished, this, [this, job, page, title, actions] {
        if (job->state() == JobState::Failed) emit problem({page, title, job->error().message, actions});
    });
}

RunTicket Workspace::record(const QString& command, Job* job, QJsonObject settings) {
    if (!m_engine.history.isKept()) return 0;
    const std::vector<int>& ids = m_prompt->ids;
    const QByteArrayView bytes(reinterpret_cast<const char*>(ids.data()), qsizetype(ids.size() * sizeof(int)));
    settings[u"prompt"_s] = m_prompt->name;
    settings[u"prompt_tokens"_s] = qint64(ids.size());
    settings[u"prompt_sha256"_s] =
        QString::fromLatin1(QCryptographicHash::hash(bytes, QCryptographicHash::Sha256).toHex());
    const DeviceFacts device = m_devices.isEmpty() ? DeviceFacts{} : m_devices.front();
    const RunTicket ticket = m_engine.history.begin({command, *m_model, device, settings});
    connect(job, &Job::finished, &m_engine.history, [&history = m_engine.history, ticket, job, command, n = ids.size()] {
        const std::string context = "{\"length\":" + std::to_string(n) + "}";
        RunOutcome outcome{job->state(), job->error().message, {{u"seconds"_s, job->seconds()}}, {}};
        if (job->state() == JobState::Done)
            outcome.measurements.push_back({command.toStdString() + "_s", "s", job->seconds(), 1, {}, context});
        history.finish(ticket, outcome);
    });
    return ticket;
}

void Workspace::load() {
    if (!m_model || m_loading != nullptr) return;
    stopWork();
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
        // A load that was cancelled while it waited has not touched the model before it.
        if (m_loading->state() == JobState::Cancelled && m_loading->progress().stage.empty()) m_engine.models.eject();
        m_loading = nullptr;
        emit loadedChanged();
    });
    emit loadedChanged();
    emit promptChanged();
    emit captureChanged();
}

void Workspace::eject() {
    if (m_loading != nullptr) m_loading->cancel();
    stopWork();
    m_engine.captures.drop();
    m_prompt.reset();
    m_promptInfluence.reset();
    m_engine.models.eject();
    emit promptChanged();
    emit captureChanged();
}

void Workspace::stopWork() {
    emit stopping();
    for (Job* job : {m_capturing, m_measuring})
        if (job != nullptr) job->cancel();
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

void Workspace::openPrompt(const QString& path, const QString& page) {
    m_promptFile = path;
    m_promptPage = page;
    m_engine.prompts.fromFile(path);
}

void Workspace::pastePrompt(const QString& text) {
    m_promptFile.clear();
    m_promptPage = u"inspect"_s;
    m_engine.prompts.fromText(tr("Pasted text"), text, false);
}

void Workspace::askPrompt(const QString& text, const QString& page) {
    m_promptFile.clear();
    m_promptPage = page;
    m_engine.prompts.fromText(tr("Typed text"), text, m_model && m_model->hasChatTemplate);
}

void Workspace::samplePrompt(const QString& task, std::int64_t tokens, int questions, const QString& page) {
    m_promptFile.clear();
    m_promptPage = page;
    m_engine.prompts.sample(task, tokens, 0, questions);
}

void Workspace::needlePrompt(const NeedleQuestion& question, int length, int depth, int sample, const QString& page) {
    m_promptFile.clear();
    m_promptPage = page;
    m_engine.prompts.needle(question, length, depth, sample);
}

void Workspace::shortenPrompt(std::int64_t tokens, const QString& page) {
    if (!m_prompt || tokens < 1 || tokens >= std::int64_t(m_prompt->ids.size())) return;
    constexpr int kEarliestOf = 4;
    constexpr std::int64_t kRoomForAll = 512; // tokens; a shorter text holds one question
    if (!m_prompt->task.isEmpty()) return samplePrompt(m_prompt->task, tokens, tokens >= kRoomForAll ? kEarliestOf : 1, page);
    PromptValue rest;
    rest.name = tr("%1, last %2 tokens").arg(m_prompt->name).arg(tokens);
    rest.ids.assign(m_prompt->ids.end() - tokens, m_prompt->ids.end());
    rest.pieces = m_prompt->pieces.mid(m_prompt->pieces.size() - tokens);
    rest.special.assign(m_prompt->special.end() - tokens, m_prompt->special.end());
    onPrompt(rest);
}

void Workspace::capture() {
    if (!m_prompt || !isLoaded()) return;
    if (m_capturing != nullptr) m_capturing->cancel();
    Job* job = m_engine.captures.capture(m_prompt, m_selection.now().current.layer);
    m_capturing = job;
    m_captureTicket = record(u"capture"_s, job, {});
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

void Workspace::onProfile(const QString& path, const QList<std::shared_ptr<const InfluenceCurves>>& lengths) {
    if (lengths.isEmpty()) return;
    const QString file = QFileInfo(path).fileName();
    const InfluenceCurves& first = *lengths.front();
    const int heads = first.kvHeads() * first.groupSize();
    // With no model at hand the profile says what the heads are, unless a plan did.
    if (!m_model && m_plan.isDense()) m_plan.setShape(first.layers(), heads, first.kvHeads());
    const SparsePlan& shape = m_plan.plan();
    if (first.layers() != shape.layers || first.kvHeads() != shape.kvHeads || heads != shape.heads)
        return emit problem({u"inspect"_s, tr("%1 is of another model").arg(file),
                             (m_model ? tr("It has %1 layers of %2 heads and %3 KV heads, the model has %4 of %5 and %6.")
                                      : tr("It has %1 layers of %2 heads and %3 KV heads, the plan has %4 of %5 and %6."))
                                 .arg(first.layers())
                                 .arg(heads)
                                 .arg(first.kvHeads())
                                 .arg(shape.layers)
                                 .arg(shape.heads)
                                 .arg(shape.kvHeads),
                             {}});
    m_profile = lengths;
    emit influenceChanged();
    emit fileOpened(u"profile"_s, path);
}

void Workspace::measureInfluence() {
    if (!m_prompt || !isLoaded()) return;
    if (m_measuring != nullptr) m_measuring->cancel();
    Job* job = m_engine.captures.measureInfluence(m_prompt, kDefaultLossTokens);
    m_measuring = job;
    m_influenceTicket = record(u"influence"_s, job, {{u"loss_tokens"_s, qint64(kDefaultLossTokens)}});
    tell(job, u"inspect"_s, tr("Influence was not measured"));
    connect(job, &Job::finished, this, [this, job] {
        if (m_measuring == job) m_measuring = nullptr;
    });
}

void Workspace::openPlan(const QString& path) {
    m_engine.plans.openPlan(path, m_model ? std::optional(m_model->config.kvHeads) : std::nullopt);
}

void Workspace::tellShapes(const QString& name, const SparsePlan& plan, const QString& page, const QStringList& actions) {
    emit problem({page, tr("%1 does not fit the model").arg(name),
                  tr("The plan has %1 layers of %2 heads and %3 KV heads, the model has %4 of %5 and %6.")
                      .arg(plan.layers)
                      .arg(plan.heads)
                      .arg(plan.kvHeads)
                      .arg(m_model->config.layers)
                      .arg(m_model->config.heads)
                      .arg(m_model->config.kvHeads),
                  actions});
}

void Workspace::onPlan(const PlanValue& plan) {
    if (m_model && !m_plan.fits(plan.plan)) return tellShapes(plan.name, plan.plan, u"inspect"_s, {u"plan.open"_s});
    if (!m_plan.fits(plan.plan)) m_profile.clear(); // no model: a profile of other heads says nothing of this plan
    m_plan.open(plan);
    if (!plan.path.isEmpty()) emit fileOpened(u"plan"_s, plan.path);
    if (!plan.notes.isEmpty()) emit notice(tr("%1 opened").arg(plan.name), plan.notes.join(QLatin1Char(' ')));
}

void Workspace::savePlan(const QString& path) {
    const bool isKnown = m_origin.first.rules == m_plan.plan().rules && m_origin.first.sink == m_plan.plan().sink;
    m_engine.plans.savePlan(path, m_plan.value(), m_model, isKnown ? m_origin.second : QByteArray());
}

void Workspace::noteOrigin(const SparsePlan& plan, const QByteArray& parts) {
    m_origin = {plan, parts};
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
