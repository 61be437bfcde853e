// Profiling length by length into one file; validation sample by sample; checks task by task.
#include "ui/jobs/calibration_service.h"

#include "engine/compare/retrieval.h"
#include "engine/compare/validation.h"
#include "engine/core/error.h"
#include "engine/profile/profile_file.h"
#include "engine/profile/profile_run.h"
#include "ui/jobs/with_gradients.h"

#include <QCoreApplication>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <utility>

namespace moa {
namespace {

std::vector<std::string> strings(const QStringList& list) {
    std::vector<std::string> out;
    for (const QString& text : list) out.push_back(text.toStdString());
    return out;
}

/// What an earlier run of the same model and set left in the file; empty: nothing.
ProfileData earlierProfile(const std::filesystem::path& file, const std::string& weights, const std::string& set) {
    if (!std::filesystem::exists(file)) return {};
    ProfileData profile = readProfile(file);
    if (profile.modelSha256 != weights || profile.calibration != set)
        throw UsageError(file.string() + " holds a profile of another model or calibration set");
    return profile;
}

TaskScore scoreOf(const Score& score) {
    const Interval interval = score.interval95();
    return {score.asked, score.right, interval.low, interval.high};
}

QList<MeasuredLoss> losses(const ValidationWish& wish, const ValidationOutcome& outcome) {
    QList<MeasuredLoss> all;
    for (std::size_t p = 0; p < wish.plans.size(); ++p) {
        const PlanValidation& plan = outcome.plans[p];
        all.append({wish.names[qsizetype(p)], wish.plans[p], wish.length, outcome.samples, plan.answerNll - plan.denseAnswerNll,
                    plan.standardError(), plan.answerNll, plan.denseAnswerNll, scoreOf(plan.retrieval), plan.agreement, 0});
    }
    return all;
}

} // namespace

CalibrationService::CalibrationService(DeviceWorker& worker, std::shared_ptr<EngineState> state, QObject* parent)
    : QObject(parent), m_worker(worker), m_state(std::move(state)) {}

Job* CalibrationService::profile(const ProfileWish& wish) {
    return m_worker.submit(tr("Profiling"), true, [this, wish, state = m_state](JobContext& context) {
        const WithGradients place(*state, context);
        if (context.stop().stop_requested()) return context.markCancelled();
        profileLengths(wish, place.model(), context);
    });
}

void CalibrationService::profileLengths(const ProfileWish& wish, LanguageModel& model, JobContext& context) {
    CalibrationSet set(model, m_state->options().resources / "texts", strings(wish.data), wish.seed);
    const std::filesystem::path file = wish.file.toStdString();
    ProfileData all = earlierProfile(file, model.files().sha256(), set.description());
    std::vector<int> lengths = wish.lengths;
    std::ranges::sort(lengths);
    for (const int length : lengths) {
        const auto there = all.lengths.find(length);
        const auto tell = [&](int done, double seconds) {
            context.post([this, step = ProfileStep{length, done, wish.samples, seconds}] { emit profiled(step); });
        };
        if (there != all.lengths.end() && there->second.samples >= wish.samples) {
            tell(wish.samples, 0);
            continue;
        }
        ProfileOptions options;
        // A length of its own is a run of its own: what it left unfinished is found again under its name.
        options.file = file.string() + "." + std::to_string(length);
        options.lengths = {length};
        options.samples = wish.samples;
        options.resume = true;
        options.toolVersion = QCoreApplication::applicationVersion().toStdString();
        std::int64_t told = -1;
        const auto begun = std::chrono::steady_clock::now();
        ProfileOutcome outcome = runProfile(model, set, options, context.stop(), [&](const Progress& p) {
            context.report({"Profile " + std::to_string(length), p.done, p.total});
            if (std::exchange(told, p.done) != p.done)
                tell(int(p.done), std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count());
        });
        std::error_code ignored;
        std::filesystem::remove(options.file, ignored);
        context.mark(outcome.completion);
        if (!outcome.profile.lengths.empty()) {
            const int samples = outcome.profile.lengths.at(length).samples;
            auto merged = std::move(outcome.profile);
            merged.lengths.merge(all.lengths); // of a length in both, the newer one stays
            all = std::move(merged);
            writeProfile(file, all);
            context.post([this, path = wish.file, length, samples] { emit lengthReady(path, length, samples); });
        }
        if (outcome.completion == Completion::Cancelled) return;
    }
}

Job* CalibrationService::validate(const ValidationWish& wish) {
    return m_worker.submit(tr("Measuring at %1 tokens").arg(wish.length), true, [this, wish, state = m_state](JobContext& context) {
        LanguageModel& model = state->model();
        CalibrationSet set(model, state->options().resources / "texts", strings(wish.data), wish.seed);
        const ValidationOptions options{wish.length, wish.samples, false};
        const ValidationOutcome outcome =
            validatePlans(model, set, wish.plans, options, context.stop(), context.progressFn(), [&](const ValidationOutcome& soFar) {
                context.post([this, all = losses(wish, soFar)] { emit measured(all); });
            });
        context.mark(outcome.completion);
    });
}

Job* CalibrationService::check(const CheckWish& wish) {
    return m_worker.submit(tr("Checking tasks at %1 tokens").arg(wish.length), true, [this, wish, state = m_state](JobContext& context) {
        LanguageModel& model = state->model();
        std::vector<MaskChoice> masks{{"dense", MaskSource::dense()}};
        for (std::size_t p = 0; p < wish.plans.size(); ++p)
            masks.push_back({wish.names[qsizetype(p)].toStdString(), MaskSource::plan(wish.plans[p])});
        RetrievalOptions options;
        options.lengths = {wish.length};
        options.prompts = wish.prompts;
        options.seed = wish.seed;
        options.textFolder = state->options().resources / "texts";
        for (const QString& task : wish.tasks) {
            options.tasks = {task.toStdString()};
            const RetrievalOutcome outcome = measureRetrieval(model, masks, options, context.stop(), context.progressFn());
            context.mark(outcome.completion);
            if (outcome.rows.empty()) return; // of a task that was begun nothing is kept
            const RetrievalRow& row = outcome.rows.front();
            QList<TaskCheck> found;
            for (std::size_t p = 0; p < wish.plans.size(); ++p)
                found.append({QString::fromStdString(row.task), wish.names[qsizetype(p)], wish.plans[p], row.length, scoreOf(row.scores[0]),
                              scoreOf(row.scores[p + 1]), 0});
            context.post([this, found] { emit checked(found); });
        }
    });
}

} // namespace moa
