// Profiling length by length into one file; validation sample by sample.
#include "ui/jobs/calibration_service.h"

#include "engine/compare/validation.h"
#include "engine/core/error.h"
#include "engine/profile/profile_file.h"
#include "engine/profile/profile_run.h"

#include <algorithm>
#include <cmath>
#include <filesystem>

namespace moa {
namespace {

const std::vector<std::string> kTasks{"lines", "facts"};

/// What an earlier run of the same model and set left in the file; empty: nothing.
ProfileData earlierProfile(const std::filesystem::path& file, const std::string& weights, const std::string& set) {
    if (!std::filesystem::exists(file)) return {};
    ProfileData profile = readProfile(file);
    if (profile.modelSha256 != weights || profile.calibration != set)
        throw UsageError(file.string() + " holds a profile of another model or calibration set");
    return profile;
}

/// Mean and standard error of what was measured so far.
MeasuredLoss summary(const QString& name, const SparsePlan& plan, int length, const std::vector<double>& samples) {
    MeasuredLoss m{name, plan, length, int(samples.size()), 0, 0};
    for (const double s : samples) m.loss += s / double(samples.size());
    double squares = 0;
    for (const double s : samples) squares += (s - m.loss) * (s - m.loss);
    if (samples.size() > 1) m.error = std::sqrt(squares / double(samples.size() - 1) / double(samples.size()));
    return m;
}

} // namespace

CalibrationService::CalibrationService(DeviceWorker& worker, std::shared_ptr<EngineState> state, QObject* parent)
    : QObject(parent), m_worker(worker), m_state(std::move(state)) {}

Job* CalibrationService::profile(const ProfileWish& wish) {
    return m_worker.submit(tr("Profiling"), true, [this, wish, state = m_state](JobContext& context) {
        LanguageModel& model = state->model();
        CalibrationSet set(model, state->options().resources / "texts", kTasks, wish.seed);
        const std::filesystem::path file = wish.file.toStdString();
        ProfileData all = earlierProfile(file, model.files().sha256(), set.description());
        std::vector<int> lengths = wish.lengths;
        std::ranges::sort(lengths);
        for (const int length : lengths) {
            const auto there = all.lengths.find(length);
            if (there != all.lengths.end() && there->second.samples >= wish.samples) continue;
            ProfileOptions options;
            // A length of its own is a run of its own: what it left unfinished is found again under its name.
            options.file = file.string() + "." + std::to_string(length);
            options.lengths = {length};
            options.samples = wish.samples;
            options.resume = true;
            options.toolVersion = all.toolVersion;
            ProfileOutcome outcome = runProfile(model, set, options, context.stop(), context.progressFn());
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
    });
}

Job* CalibrationService::validate(const ValidationWish& wish) {
    return m_worker.submit(tr("Measuring at %1 tokens").arg(wish.length), true, [this, wish, state = m_state](JobContext& context) {
        LanguageModel& model = state->model();
        std::vector<std::vector<double>> losses(wish.plans.size());
        for (int k = 0; k < wish.samples && !context.stop().stop_requested(); ++k) {
            context.report({"validate " + std::to_string(wish.length), k, wish.samples});
            // A seed of its own makes every sample a text of its own: the spread over them is the error.
            CalibrationSet set(model, state->options().resources / "texts", {kTasks[std::size_t(k) % kTasks.size()]}, wish.seed + quint64(k));
            ValidationOptions options;
            options.length = wish.length;
            options.samples = 1;
            const ValidationOutcome outcome = validatePlans(model, set, wish.plans, options, context.stop(),
                                                            [&context](const Progress&) { context.checkpoint(); });
            context.mark(outcome.completion);
            if (outcome.samples == 0) return;
            QList<MeasuredLoss> all;
            for (std::size_t p = 0; p < wish.plans.size(); ++p) {
                losses[p].push_back(outcome.plans[p].answerNll - outcome.plans[p].denseAnswerNll);
                all.append(summary(wish.names[qsizetype(p)], wish.plans[p], wish.length, losses[p]));
            }
            context.post([this, all] { emit measured(all); });
        }
        context.report({"validate " + std::to_string(wish.length), wish.samples, wish.samples});
    });
}

} // namespace moa
