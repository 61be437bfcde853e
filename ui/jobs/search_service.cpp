// The thread and what it does with a request: a quick answer, the front, the proof.
#include "ui/jobs/search_service.h"

#include "engine/core/error.h"
#include "engine/profile/profile_file.h"
#include "engine/search/loss_tables.h"
#include "engine/search/pareto.h"

#include <QFileInfo>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>

namespace moa {
namespace {

constexpr const char* kProfileSuffix = ".moaprofile";
constexpr double kQuickGap = 5e-3, kExplainSeconds = 2, kRemedySeconds = 0.2;

JobError errorOf(const std::exception& error) {
    return {QString::fromUtf8(error.what()), false, 0, 0};
}

/// Whether every pinned rule is among the instance's.
bool hasRules(const SearchInstance& instance, const std::vector<Pin>& pins) {
    return std::ranges::all_of(pins, [&](const Pin& pin) {
        return pin.kind != Pin::Kind::Exact || std::ranges::find(instance.rules, pin.rule) != instance.rules.end();
    });
}

/// The same bounds at another density: bounds of single lengths keep their share of it, and the loss that is drawn has no
/// limit.
SearchOptions atDensity(SearchOptions options, double density, const SearchInstance& instance) {
    for (auto& [length, own] : options.densityAt) own = std::min(own * density / options.density.value_or(density), 1.0);
    options.density = density;
    options.lossLimits.erase(options.objectiveLength > 0 ? options.objectiveLength : instance.lengths.back());
    options.explain = false;
    return options;
}

} // namespace

SearchService::SearchService(std::shared_ptr<EngineState> state, QObject* parent)
    : QObject(parent), m_state(std::move(state)), m_thread([this] { loop(); }) {}

SearchService::~SearchService() {
    shutDown();
}

void SearchService::shutDown() {
    {
        const std::lock_guard lock(m_mutex);
        m_quit = true;
        m_running.request_stop();
    }
    m_wake.notify_all();
    if (m_thread.joinable()) m_thread.join();
}

void SearchService::loop() {
    for (;;) {
        Task task;
        std::stop_token stop;
        {
            std::unique_lock lock(m_mutex);
            m_wake.wait(lock, [this] { return m_quit || m_open || m_next; });
            if (m_quit) return;
            std::optional<Task>& from = m_open ? m_open : m_next;
            task = std::move(*from);
            from.reset();
            m_running = {};
            stop = m_running.get_token();
        }
        try {
            task.work(stop);
        } catch (const std::exception& error) {
            post(task.generation, [this, task, error = errorOf(error)] {
                m_solving = false;
                emit failed(task.path, error);
            });
        }
    }
}

void SearchService::post(quint64 generation, std::function<void()> tell) {
    QMetaObject::invokeMethod(
        this,
        [this, generation, tell = std::move(tell)] {
            if (generation == m_generation) tell();
        },
        Qt::QueuedConnection);
}

quint64 SearchService::enqueue(const QString& path, std::function<void(quint64, std::stop_token)> work) {
    const quint64 generation = ++m_generation;
    {
        const std::lock_guard lock(m_mutex);
        Task task{generation, path, [generation, work = std::move(work)](std::stop_token stop) { work(generation, stop); }};
        if (path.isNull()) {
            m_next = std::move(task);
        } else {
            m_open = std::move(task);
            m_next.reset(); // of the subject that goes
        }
        m_running.request_stop();
    }
    m_wake.notify_one();
    return generation;
}

void SearchService::openProfile(const QString& path) {
    enqueue(path, [this, path](quint64 generation, const std::stop_token&) { readProfile(generation, path.toStdString(), path, {}); });
}

void SearchService::openStoredProfile(const QString& model) {
    enqueue(model, [this, model](quint64 generation, const std::stop_token&) {
        const auto files = m_state->files(model.toStdString());
        const std::filesystem::path path = files->path / (files->name + kProfileSuffix);
        if (std::filesystem::exists(path))
            readProfile(generation, path.string(), QString::fromStdString(path.string()), files->sha256());
    });
}

void SearchService::openInstance(const SearchInstance& instance, const QString& name) {
    enqueue(name, [this, instance, name](quint64 generation, const std::stop_token&) {
        SearchSubject subject(instance);
        subject.name = name;
        take(generation, std::move(subject), instance, nullptr);
    });
}

void SearchService::readProfile(quint64 generation, const std::string& path, const QString& shown, const std::string& ofWeights) {
    const auto profile = std::make_shared<const ProfileData>(moa::readProfile(path, false));
    if (!ofWeights.empty() && profile->modelSha256 != ofWeights) return;
    SearchInstance instance = makeInstance(*profile, {});
    SearchSubject subject(instance);
    subject.name = QFileInfo(shown).fileName();
    subject.path = shown;
    subject.describe(profile);
    take(generation, std::move(subject), std::move(instance), profile);
}

void SearchService::take(quint64 generation, SearchSubject subject, SearchInstance instance,
                         std::shared_ptr<const ProfileData> profile) {
    m_frontSession = std::make_unique<SearchSession>(instance);
    m_session = std::make_unique<SearchSession>(std::move(instance));
    m_profile = std::move(profile);
    m_heads = subject.heads;
    subject.instance = std::make_shared<const SearchInstance>(m_session->instance());
    post(generation, [this, subject = std::move(subject)] {
        m_solving = false;
        emit opened(subject);
    });
}

quint64 SearchService::solve(const SearchRequest& request) {
    m_solving = true;
    return enqueue({}, [this, request](quint64 generation, const std::stop_token& stop) { run(generation, request, stop); });
}

std::vector<double> SearchService::frontDensities(double bound) {
    std::vector<double> densities = sweepDensities();
    std::ranges::stable_sort(densities, {}, [bound](double d) { return std::abs(d - bound); });
    return densities;
}

void SearchService::cancel() {
    const std::lock_guard lock(m_mutex);
    m_next.reset();
    m_running.request_stop();
    m_solving = false;
}

SparsePlan SearchService::planOf(const SearchOutcome& outcome) const {
    return toPlan(m_session->instance(), outcome.choice, m_heads);
}

SearchAnswer SearchService::answerOf(const SearchOutcome& outcome, double seconds, bool proven) const {
    return {outcome, planOf(outcome), m_session->shadowPrices(), seconds, proven};
}

void SearchService::withPinnedRules(const SearchOptions& options) {
    if (!m_profile || hasRules(m_session->instance(), options.pins)) return;
    LossTableOptions tables;
    for (const Pin& pin : options.pins)
        if (pin.kind == Pin::Kind::Exact) tables.pinnedRules.push_back(pin.rule);
    SearchInstance instance = makeInstance(*m_profile, tables);
    m_frontSession = std::make_unique<SearchSession>(instance);
    m_session = std::make_unique<SearchSession>(std::move(instance));
}

void SearchService::run(quint64 generation, const SearchRequest& request, const std::stop_token& stop) {
    const auto begun = std::chrono::steady_clock::now();
    const auto seconds = [begun] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count(); };
    if (m_session) {
        withPinnedRules(request.options);
        SearchOptions options = request.options;
        options.explain = false;
        const SearchOutcome quick = m_session->solve(options, {request.quickSeconds, kQuickGap}, stop);
        if (quick.hasPlan()) {
            post(generation, [this, generation, answer = answerOf(quick, seconds(), false)] { emit answered(generation, answer); });
        }
        const bool feasible = quick.hasPlan() || explain(generation, options, stop);
        if (!request.front.empty()) sweep(generation, request, stop);
        if (feasible) prove(generation, request, stop, seconds);
        if (request.lengths && !stop.stop_requested()) {
            SearchOptions set = request.options;
            set.timeLimit = request.lengthsSeconds;
            set.gapTarget = kQuickGap;
            paretoSet(m_session->instance(), set, 5, stop, {}, [this, generation](const ParetoPoint& found) {
                const FrontPoint point{0, found.outcome, planOf(found.outcome)};
                post(generation, [this, generation, point] { emit lengthsPoint(generation, point); });
            });
        }
    }
    post(generation, [this, generation] {
        m_solving = false;
        emit finished(generation);
    });
}

bool SearchService::explain(quint64 generation, SearchOptions options, const std::stop_token& stop) {
    if (stop.stop_requested()) return false;
    post(generation, [this, generation] { emit unanswered(generation); });
    options.explain = true;
    const SearchOutcome why = m_session->solve(options, {kExplainSeconds, kQuickGap}, stop);
    if (why.hasPlan() || stop.stop_requested()) return why.hasPlan();
    // The reason at once, what helps when it is known.
    const QString text = QString::fromStdString(why.explanation);
    post(generation, [this, generation, text] { emit infeasible(generation, text, {}); });
    const std::vector<SearchRemedy> found = findRemedies(*m_session, options, kRemedySeconds, stop);
    const QList<SearchRemedy> remedies(found.begin(), found.end());
    post(generation, [this, generation, text, remedies] { emit infeasible(generation, text, remedies); });
    return false;
}

void SearchService::prove(quint64 generation, const SearchRequest& request, const std::stop_token& stop,
                          const std::function<double()>& seconds) {
    if (stop.stop_requested()) return;
    SearchOptions options = request.options;
    options.explain = false;
    double told = -1;
    const auto better = [&](const SearchOutcome& outcome) {
        // Thirty a second are enough to look at.
        if (!outcome.hasPlan() || seconds() - told < 1.0 / 30) return;
        told = seconds();
        post(generation, [this, generation, answer = SearchAnswer{outcome, planOf(outcome), {}, told, false}] {
            emit answered(generation, answer);
        });
    };
    const SearchOutcome outcome = m_session->solve(options, {request.proveSeconds, request.gapTarget}, stop, better);
    if (!outcome.hasPlan()) return;
    post(generation, [this, generation, answer = answerOf(outcome, seconds(), true)] { emit answered(generation, answer); });
}

void SearchService::sweep(quint64 generation, const SearchRequest& request, const std::stop_token& stop) {
    for (const double density : request.front) {
        if (stop.stop_requested()) return;
        FrontPoint point{density, m_frontSession->solve(atDensity(request.options, density, m_session->instance()), {request.frontSeconds, kQuickGap}, stop), {}};
        if (!point.outcome.hasPlan()) continue;
        point.plan = planOf(point.outcome);
        post(generation, [this, generation, point = std::move(point)] { emit frontPoint(generation, point); });
    }
    if (!stop.stop_requested()) post(generation, [this, generation] { emit frontDone(generation); });
}

} // namespace moa
