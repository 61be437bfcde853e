// Requests to the service, its answers, and the history row of each run.
#include "ui/viewmodels/compare_model.h"

#include <QCryptographicHash>
#include <QLocale>

#include <algorithm>
#include <cmath>
#include <utility>

namespace moa {

using namespace Qt::StringLiterals;

namespace {

QJsonObject settingsOf(const CompareRequest& request, std::size_t alreadyWritten) {
    const auto hashOf = [](const void* data, std::size_t bytes) {
        return QString::fromLatin1(
            QCryptographicHash::hash(QByteArrayView(static_cast<const char*>(data), qsizetype(bytes)), QCryptographicHash::Sha256).toHex());
    };
    return {{u"prompt"_s, request.name},
            {u"prompt_tokens"_s, qint64(request.ids.size())},
            {u"prompt_sha256"_s, hashOf(request.ids.data(), request.ids.size() * sizeof(int))},
            {u"plan"_s, request.planName},
            {u"plan_sha256"_s, hashOf(request.plan.rules.data(), request.plan.rules.size() * sizeof(Rule))},
            {u"sampling"_s, u"greedy"_s},
            {u"feed"_s, request.feed == CompareFeed::Own ? u"own tokens"_s : u"dense tokens"_s},
            {u"from_token"_s, qint64(alreadyWritten)},
            {u"max_new"_s, request.maxNew}};
}

} // namespace

CompareModel::CompareModel(Workspace& workspace, QObject* parent)
    : QObject(parent), m_workspace(workspace), m_service(workspace.engine().compares) {
    connectService();
    constexpr int kFrame = 33; // ms
    m_tokensTimer.setSingleShot(true);
    m_tokensTimer.setInterval(kFrame);
    connect(&m_tokensTimer, &QTimer::timeout, this, &CompareModel::tokensChanged);
    connect(&workspace, &Workspace::stopping, this, &CompareModel::clear);
    for (const auto signal : {&Workspace::loadedChanged, &Workspace::modelChanged, &Workspace::promptChanged, &Workspace::lengthChanged,
                              &Workspace::devicesChanged})
        connect(&workspace, signal, this, &CompareModel::stateChanged);
    connect(&workspace, &Workspace::modelChanged, this, &CompareModel::clear);
    connect(&workspace.plan(), &PlanDocument::changed, this, &CompareModel::onPlan);
}

CompareModel::~CompareModel() {
    if (m_job) m_job->cancel();
}

void CompareModel::connectService() {
    const auto mine = [this](auto handle) {
        return [this, handle](quint64 generation, const auto& value) {
            if (isMine(generation)) handle(value);
        };
    };
    connect(&m_service, &CompareService::prepared, this, mine([this](const CompareSetup& setup) {
        m_setup = setup;
        emit stateChanged();
    }));
    connect(&m_service, &CompareService::cut, this, mine([this](int tokens) { onCut(tokens); }));
    connect(&m_service, &CompareService::stepped, this, mine([this](const CompareToken& token) { onToken(token); }));
    connect(&m_service, &CompareService::rested, this, mine([this](CompareRest why) { onRest(why); }));
    connect(&m_service, &CompareService::blamed, this, mine([this](const CompareBlame& blame) { onBlame(blame); }));
    connect(&m_service, &CompareService::scored, this, mine([this](const CompareScore& score) { onScore(score); }));
    connect(&m_service, &CompareService::swapCosted, this, mine([this](const CompareCost& cost) {
        m_swapCost = cost;
        emit stateChanged();
    }));
    connect(&m_service, &CompareService::askFailed, this, mine([this](const JobError& error) {
        emit m_workspace.problem({u"compare"_s, tr("The comparison cannot say"), error.message, {}});
    }));
    connect(&m_service, &CompareService::savingMeasured, this, [this](const CompareSaving& saving) {
        m_saving = saving;
        emit stateChanged();
    });
}

std::vector<int> CompareModel::promptIds() const {
    const auto prompt = m_workspace.prompt();
    if (!prompt) return {};
    const std::size_t end = prompt->answerBegin >= 0 ? std::size_t(prompt->answerBegin) : prompt->ids.size();
    return {prompt->ids.begin(), prompt->ids.begin() + std::ptrdiff_t(end)};
}

QString CompareModel::obstacle() const {
    if (!m_workspace.isLoaded()) return tr("Load a model to compare dense and sparse.");
    if (!m_workspace.prompt()) return tr("Type or drop a prompt to run dense and sparse together.");
    if (!hasPlan()) return tr("Choose a plan to compare with dense attention.");
    if (promptTokens() >= m_workspace.model()->config.context) return tr("The prompt fills the model's context: no token can follow.");
    return {};
}

void CompareModel::setMaxNew(int tokens) {
    tokens = std::clamp(tokens, 1, 1 << 16);
    if (tokens == m_maxNew) return;
    m_maxNew = tokens;
    emit stateChanged();
}

CompareMemory CompareModel::memory() const {
    CompareMemory need;
    if (!m_workspace.model()) return need;
    const ModelConfig& config = m_workspace.model()->config;
    const std::int64_t n = roundUpToBlock(std::min<std::int64_t>(config.context, promptTokens() + m_maxNew));
    const int bytes = m_workspace.bytesPerValue();
    const SparsePlan dense = uniformPlan(config.layers, config.heads, config.kvHeads, {0, 1}, kDefaultSink);
    need.dense = quint64(dense.kvBytes(n, config.headDim, bytes));
    need.sparse = quint64(m_workspace.plan().plan().kvBytes(n, config.headDim, bytes));
    if (!m_workspace.devices().isEmpty()) need.free = m_workspace.devices().front().freeBytes;
    return need;
}

std::int64_t CompareModel::longestPrompt() const {
    const CompareMemory now = memory();
    if (!m_workspace.model() || now.free == 0) return 0;
    const ModelConfig& config = m_workspace.model()->config;
    const SparsePlan dense = uniformPlan(config.layers, config.heads, config.kvHeads, {0, 1}, kDefaultSink);
    const auto fits = [&](std::int64_t blocks) {
        const std::int64_t n = blocks * kBlock + roundUpToBlock(m_maxNew);
        const auto bytes = [&](const SparsePlan& plan) { return quint64(plan.kvBytes(n, config.headDim, m_workspace.bytesPerValue())); };
        return bytes(dense) + bytes(m_workspace.plan().plan()) <= now.free;
    };
    std::int64_t good = 0, bad = config.context / kBlock + 1;
    while (bad - good > 1) (fits((good + bad) / 2) ? good : bad) = (good + bad) / 2;
    return good * kBlock;
}

void CompareModel::clear() {
    if (m_job) m_job->cancel();
    if (m_state == State::Empty && !m_setup) return;
    finishRecord(JobState::Cancelled, {});
    m_service.drop();
    m_generation = 0;
    m_state = State::Empty;
    m_isStarting = false;
    m_setup.reset();
    m_swapCost.reset();
    m_tokens.clear();
    m_sentences.clear();
    m_first = -1;
    m_tokensTimer.stop();
    m_turns.clear();
    m_comparableFrom = 0;
    m_selected = -1;
    forgetBlame();
    emit stateChanged();
    emit tokensChanged();
    emit selectionChanged();
    emit blameChanged();
}

void CompareModel::forgetBlame() {
    m_blame.reset();
    m_blaming = -1;
    m_scores.clear();
    m_mending.reset();
    m_row = -1;
}

void CompareModel::start(const CompareGoal& goal, bool apart) {
    if (!obstacle().isEmpty()) return;
    if (const CompareMemory need = memory(); apart ? !need.fitsApart() : !need.fits()) return emit shortOfMemory(need);
    clear();
    m_prompt = m_workspace.prompt();
    const std::int64_t room = m_workspace.model()->config.context - promptTokens();
    m_request = {m_prompt->name, promptIds(), m_workspace.plan().name(), m_workspace.plan().plan(),
                 int(std::min<std::int64_t>(m_maxNew, room)), m_feed, apart};
    m_follows = m_isStarting = true;
    Job* job = m_service.start(m_request, goal);
    m_generation = m_service.generation();
    go(job, goal.tokens != 1, tr("The comparison stopped"));
}

void CompareModel::go(Job* job, bool records, const QString& title) {
    m_state = State::Reading;
    m_job = job;
    if (records) record();
    const quint64 generation = m_generation;
    connect(job, &Job::changed, this, &CompareModel::progressChanged);
    connect(job, &Job::finished, this, [this, job, title, generation] {
        if (m_job == job) m_job = nullptr;
        if (isMine(generation)) onJobEnd(job, title);
    });
    emit stateChanged();
}

void CompareModel::onJobEnd(Job* job, const QString& title) {
    finishRecord(job->state(), job->error().message);
    const bool unread = std::exchange(m_isStarting, false);
    if (m_state != State::Empty) m_state = State::Resting;
    if (job->state() == JobState::Failed) {
        const JobError& error = job->error();
        if (error.memory && unread)
            emit shortOfMemory({error.neededBytes, 0, std::max<quint64>(error.availableBytes, 1)});
        else
            emit m_workspace.problem({u"compare"_s, title, error.message, {}});
    }
    if (unread) clear(); // a prompt that was not read to its end leaves nothing to go on with
    emit stateChanged();
}

bool CompareModel::canGoOn() const {
    const bool hasRoom = !m_turns.empty() || int(m_tokens.size()) < m_request.maxNew;
    return m_state == State::Resting && m_setup && m_rest != CompareRest::Ended && m_rest != CompareRest::Full && hasRoom;
}

void CompareModel::runOrPause() {
    if (m_state == State::Running || m_state == State::Reading) return m_service.pause();
    if (!canGoOn()) return start({});
    go(m_service.run({}), true, tr("The comparison stopped"));
}

void CompareModel::step() {
    if (m_state == State::Empty) return start({1, false});
    if (!canGoOn()) return;
    m_follows = true;
    go(m_service.run({1, false}), false, tr("The comparison stopped"));
}

void CompareModel::runToDivergence() {
    if (m_state == State::Running || m_state == State::Reading) return;
    if (!canGoOn()) return start({0, true});
    m_follows = true;
    go(m_service.run({0, true}), true, tr("The comparison stopped"));
}

void CompareModel::setFeed(CompareFeed feed) {
    if (feed == m_feed) return;
    m_feed = feed;
    if (m_state == State::Resting && !m_request.apart) {
        m_request.feed = feed;
        go(m_service.setFeed(feed), false, tr("The sparse side is fed as before"));
    }
    emit stateChanged();
}

void CompareModel::continueFrom(int at, int token) {
    if (m_state != State::Resting || at < 0 || at >= int(m_tokens.size())) return;
    m_follows = true;
    go(m_service.continueFrom(at, token, {}), true, tr("The texts were not continued"));
}

QString CompareModel::whyNotSay() const {
    if (!m_workspace.isLoaded()) return tr("Needs a loaded model.");
    if (m_state == State::Running || m_state == State::Reading) return tr("Pause first: both sides are writing.");
    if (m_state == State::Resting && m_request.apart) return tr("One cache after the other: a further message needs both.");
    return {};
}

void CompareModel::say(const QString& text) {
    if (m_state != State::Resting || m_tokens.empty() || !whyNotSay().isEmpty()) return;
    m_turns.push_back({int(m_tokens.size()), text});
    m_follows = true;
    go(m_service.say(text, m_maxNew, {}), true, tr("The message was not read"));
    emit tokensChanged();
}

void CompareModel::swapPlan() {
    if (m_state != State::Resting || !isStale()) return;
    m_request.plan = m_workspace.plan().plan();
    m_request.planName = m_workspace.plan().name();
    m_comparableFrom = int(m_tokens.size());
    m_swapCost.reset();
    forgetBlame();
    go(m_service.swap(m_request.plan), false, tr("The plan was not changed"));
    emit blameChanged();
}

void CompareModel::measureSaving() {
    if (!m_workspace.isLoaded() || !hasPlan()) return;
    const std::int64_t tokens = m_setup ? m_setup->promptTokens + std::int64_t(m_tokens.size()) : std::max<std::int64_t>(promptTokens(), kBlock);
    m_savingPlan = m_workspace.plan().plan();
    Job* job = m_service.measureSaving(m_savingPlan, std::min<std::int64_t>(tokens, m_workspace.model()->config.context - 1));
    connect(job, &Job::finished, this, [this, job] {
        if (job->state() == JobState::Failed) emit m_workspace.problem({u"compare"_s, tr("The saving was not measured"), job->error().message, {}});
    });
}

void CompareModel::cancel() {
    if (m_job) m_job->cancel();
}

bool CompareModel::isStale() const {
    const SparsePlan& now = m_workspace.plan().plan();
    return m_setup && (now.rules != m_request.plan.rules || now.sink != m_request.plan.sink);
}

void CompareModel::onPlan() {
    m_swapCost.reset();
    if (m_state == State::Resting && isStale() && !m_request.apart) m_service.askSwapCost(m_workspace.plan().plan());
    if (m_saving && m_savingPlan.rules != m_workspace.plan().plan().rules) m_saving.reset();
    emit stateChanged();
}

void CompareModel::tellTokens() {
    m_tokensTimer.stop();
    emit tokensChanged();
}

void CompareModel::onCut(int tokens) {
    tokens = std::min(tokens, int(m_tokens.size()));
    m_tokens.resize(std::size_t(tokens));
    m_sentences.resize(std::size_t(tokens));
    if (m_first >= tokens) m_first = -1;
    std::erase_if(m_turns, [tokens](const CompareTurn& turn) { return turn.before > tokens; });
    m_comparableFrom = std::min(m_comparableFrom, tokens);
    if (m_selected >= tokens) m_selected = tokens - 1;
    forgetBlame();
    emit tokensChanged();
    emit selectionChanged();
    emit blameChanged();
}

void CompareModel::onToken(const CompareToken& token) {
    m_tokens.push_back(token);
    const int index = int(m_tokens.size()) - 1;
    const bool diverged = token.differs() && m_first < 0;
    if (diverged) m_first = index;
    m_sentences.push_back(makeSentence(index));
    m_isStarting = false;
    if (m_state == State::Reading) {
        m_state = State::Running;
        emit stateChanged();
    }
    if (!m_tokensTimer.isActive()) m_tokensTimer.start();
    if (diverged) tellTokens();
    // The first divergence is what everybody waits for; after it the choice stays there.
    if (diverged || (m_follows && (firstDivergence() < 0 || m_selected < 0 || m_selected == index - 1))) {
        m_follows = !diverged;
        m_selected = index;
        emit selectionChanged();
    }
}

bool CompareModel::isComparable(int token) const {
    return token >= m_comparableFrom && token < int(m_tokens.size()) && m_tokens[std::size_t(token)].sameContext;
}

void CompareModel::onRest(CompareRest why) {
    m_rest = why;
    m_isStarting = false;
    if (m_state != State::Empty) m_state = State::Resting;
    tellTokens();
    emit stateChanged();
}

double CompareModel::tokensPerSecond(bool ofDense) const {
    std::vector<double> seconds;
    bool warm = false; // the first step allocates what the later ones use
    for (const CompareToken& token : m_tokens) {
        const double took = ofDense ? token.denseSeconds : token.sparseSeconds;
        if (took <= 0) continue;
        if (warm) seconds.push_back(took);
        warm = true;
    }
    if (seconds.empty()) return 0;
    const auto middle = seconds.begin() + std::ptrdiff_t(seconds.size() / 2);
    std::ranges::nth_element(seconds, middle);
    return 1 / *middle;
}

double CompareModel::meanKl() const {
    double sum = 0;
    int count = 0; // in other contexts the divergence is not the plan's doing alone
    for (const CompareToken& token : m_tokens)
        if (token.sameContext) sum += token.kl, ++count;
    return count == 0 ? 0 : sum / count;
}

void CompareModel::select(int token) {
    token = std::clamp(token, -1, int(m_tokens.size()) - 1);
    if (token == m_selected) return;
    m_selected = token;
    m_follows = token == int(m_tokens.size()) - 1;
    emit selectionChanged();
    emit blameChanged();
}

std::vector<int> CompareModel::peaks() const {
    double most = 0;
    const auto klOf = [this](int t) { return t >= 0 && t < int(m_tokens.size()) && m_tokens[std::size_t(t)].sameContext ? m_tokens[std::size_t(t)].kl : -1; };
    for (int t = 0; t < int(m_tokens.size()); ++t) most = std::max(most, klOf(t));
    const double least = std::min(0.01, most / 10);
    std::vector<int> found;
    for (int t = 0; t < int(m_tokens.size()); ++t) {
        const double kl = klOf(t);
        if (kl >= least && kl > 0 && kl > klOf(t - 1) && kl >= klOf(t + 1)) found.push_back(t);
    }
    return found;
}

void CompareModel::selectPeak(int direction) {
    const std::vector<int> all = peaks();
    if (all.empty()) return;
    if (direction > 0) {
        const auto next = std::ranges::upper_bound(all, m_selected);
        select(next == all.end() ? all.front() : *next);
    } else {
        const auto here = std::ranges::lower_bound(all, m_selected);
        select(here == all.begin() ? all.back() : *(here - 1));
    }
}

QString CompareModel::makeSentence(int index) const {
    const CompareToken& token = m_tokens[std::size_t(index)];
    const QLocale locale;
    QString text = tr("Token %1, dense %2 at %3, sparse %4 at %5, KL %6")
                       .arg(QString::number(index), token.denseText.trimmed(), locale.toString(token.probability(true), 'f', 3),
                            token.sparseText.trimmed(), locale.toString(token.probability(false), 'f', 3),
                            locale.toString(token.kl, 'f', token.kl < 0.01 ? 5 : 2));
    if (index == firstDivergence()) text += tr(", first divergence");
    if (token.isForced) text += tr(", told to both");
    if (!token.sameContext) text += tr(", after different texts");
    return text;
}

void CompareModel::record() {
    m_ticket = 0;
    m_isRecording = true;
    HistoryService& history = m_workspace.engine().history;
    if (!history.isKept() || !m_workspace.model()) return;
    const DeviceFacts device = m_workspace.devices().isEmpty() ? DeviceFacts{} : m_workspace.devices().front();
    m_ticket = history.begin({u"compare"_s, *m_workspace.model(), device, settingsOf(m_request, m_tokens.size())});
}

void CompareModel::finishRecord(JobState state, const QString& error) {
    if (!m_isRecording) return;
    m_isRecording = false;
    if (m_ticket == 0) return;
    const int first = firstDivergence();
    QJsonObject result{{u"tokens"_s, qint64(m_tokens.size())},
                       {u"first_divergence"_s, first < 0 ? QJsonValue() : QJsonValue(first)},
                       {u"kv_bytes_dense"_s, m_setup ? double(m_setup->denseBytes) : 0},
                       {u"kv_bytes_sparse"_s, m_setup ? double(m_setup->sparseBytes) : 0},
                       {u"decode_tok_s_dense"_s, tokensPerSecond(true)},
                       {u"decode_tok_s_sparse"_s, tokensPerSecond(false)}};
    RunOutcome outcome{state, error, result, {}};
    if (!m_tokens.empty())
        outcome.measurements.push_back({"kl", "nats", meanKl(), std::int64_t(m_tokens.size()), {},
                                        "{\"prompt_tokens\":" + std::to_string(m_request.ids.size()) + "}"});
    m_workspace.engine().history.finish(m_ticket, outcome);
}

} // namespace moa
