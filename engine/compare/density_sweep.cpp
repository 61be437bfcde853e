#include "engine/compare/density_sweep.h"

#include "engine/compare/saving.h"
#include "engine/core/error.h"
#include "engine/plan/uniform_plan.h"

#include <algorithm>
#include <map>

namespace moa {

namespace {

class Sweep {
public:
    Sweep(LanguageModel& model, const ProfileData& profile, const SweepOptions& options, std::stop_token stop,
          const ProgressFn& progress)
        : m_model(model), m_profile(profile), m_options(options), m_stop(std::move(stop)), m_progress(progress) {}

    /// Nothing when stopped.
    std::optional<SweepRow> measure(const SweepPoint& point) {
        const ModelConfig& c = m_model.config();
        SweepRow row{point, {}, {}, {}};
        const auto plan = planAtDensity(
            m_profile, {point.length, point.density, m_options.estimate, m_options.secondsPerPlan}, m_stop);
        const SparsePlan uniform = uniformAtDensity(c.layers, c.heads, c.kvHeads, point.density);
        if (!m_dense.contains(point.length)) {
            const auto dense = retrieval(point.length, MaskSource::dense());
            if (!dense) return std::nullopt;
            m_dense[point.length].score = *dense;
        }
        if (!fill(row.uniform, point.length, uniform)) return std::nullopt;
        if (plan && !fill(row.plan.emplace(), point.length, *plan)) return std::nullopt;
        row.dense = m_dense[point.length];
        return row;
    }

    const SweepSide& dense(int length) const { return m_dense.at(length); }

private:
    std::optional<Score> retrieval(int length, const MaskSource& mask) {
        RetrievalOptions at = m_options.retrieval;
        at.lengths = {length};
        const RetrievalOutcome outcome = measureRetrieval(m_model, {{"", mask}}, at, m_stop, m_progress);
        if (outcome.completion == Completion::Cancelled || m_stop.stop_requested()) return std::nullopt;
        return outcome.pooled(0);
    }

    /// The dense side is timed beside every mask; the median of those is told.
    bool fill(SweepSide& side, int length, const SparsePlan& plan) {
        side.density = plan.density(length);
        const auto score = retrieval(length, MaskSource::plan(plan));
        if (!score) return false;
        side.score = *score;
        if (!m_options.speed) return true;
        SavingOptions options;
        options.heads = false;
        const Saving saving = measureSaving(m_model, MaskSource::plan(plan), length, options, m_stop, m_progress);
        if (saving.completion == Completion::Cancelled) return false;
        side.tokensPerSecond = saving.sparse.tokensPerSecond;
        std::vector<double>& speeds = m_denseSpeeds[length];
        speeds.push_back(saving.dense.tokensPerSecond);
        std::ranges::sort(speeds);
        m_dense[length].tokensPerSecond = speeds[speeds.size() / 2];
        return true;
    }

    LanguageModel& m_model;
    const ProfileData& m_profile;
    const SweepOptions& m_options;
    std::stop_token m_stop;
    const ProgressFn& m_progress;
    std::map<int, SweepSide> m_dense; ///< by length
    std::map<int, std::vector<double>> m_denseSpeeds; ///< tokens per second, ascending
};

} // namespace

SweepOutcome measureSweep(LanguageModel& model, const ProfileData& profile, const SweepOptions& options,
                          const SweepRowFn& onRow, std::stop_token stop, const ProgressFn& progress) {
    std::vector<int> lengths;
    for (const SweepPoint& point : options.points) {
        if (!(point.density > 0 && point.density <= 1))
            throw UsageError("a density lies above 0 and is at most 1, not " + std::to_string(point.density));
        lengths.push_back(point.length);
    }
    if (lengths.empty()) throw UsageError("a sweep needs at least one length and one density");
    checkProfiled(profile, model.config(), lengths);
    SweepOutcome outcome;
    Sweep sweep(model, profile, options, stop, progress);
    for (const SweepPoint& point : options.points) {
        auto row = sweep.measure(point);
        if (!row) {
            outcome.completion = Completion::Cancelled;
            break;
        }
        if (onRow) onRow(*row);
        outcome.rows.push_back(*std::move(row));
    }
    for (SweepRow& row : outcome.rows) row.dense = sweep.dense(row.point.length); // one speed for all of a length
    return outcome;
}

} // namespace moa
