#include "engine/compare/validation.h"

#include "engine/compare/head_costs.h"
#include "engine/core/error.h"
#include "engine/core/rank_correlation.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

namespace moa {

namespace {

/// Answers of one sample under one mask, pooled.
struct SampleOutcome {
    double nll = 0; ///< nats per answer token, mean over its answers
    std::vector<AnswerOutcome> answers;
};

/// Everything visible but one KV head.
WindowMap oneHead(const WindowMap& plan, std::size_t index) {
    WindowMap map = denseWindows(plan.layers, plan.kvHeads, plan.sink);
    map.windows[index] = plan.windows[index];
    return map;
}

class Validator {
public:
    Validator(LanguageModel& model, const std::vector<SparsePlan>& plans, const ValidationOptions& options,
              std::stop_token stop, const ProgressFn& progress, const ValidationSampleFn& onSample)
        : m_model(model), m_plans(plans), m_options(options), m_stop(std::move(stop)), m_progress(progress), m_onSample(onSample) {
        for (const SparsePlan& plan : plans) {
            m_windows.push_back(MaskSource::plan(plan).windows(model.config().layers, model.config().kvHeads, options.length));
            m_outcome.plans.emplace_back().density = plan.density(options.length);
        }
        m_heads.resize(plans.size());
        m_steps = 1 + static_cast<std::int64_t>(plans.size());
        if (options.heads) m_steps += 1 + static_cast<std::int64_t>(plans.size() * m_windows[0].windows.size());
    }

    ValidationOutcome run(CalibrationSet& set) {
        for (int i = 0; i < m_options.samples; ++i) {
            step();
            const auto sample = set.sample(m_options.length, i, m_stop);
            if (!sample || !measure(*sample)) {
                m_outcome.completion = Completion::Cancelled;
                break;
            }
            ++m_outcome.samples;
            if (m_onSample) m_onSample(means());
        }
        ValidationOutcome outcome = means();
        for (std::size_t p = 0; p < outcome.plans.size(); ++p) finishHeads(outcome.plans[p], m_heads[p]);
        if (m_progress) m_progress({"validate", m_steps * m_options.samples, m_steps * m_options.samples});
        return outcome;
    }

private:
    void step() {
        if (m_progress) m_progress({"validate", m_done, m_steps * m_options.samples});
        ++m_done;
    }

    std::optional<SampleOutcome> answer(const EncodedPrompt& prompt, const MaskSource& mask) {
        SampleOutcome outcome{0, answerBranches(m_model, prompt, mask, m_options.length, m_stop)};
        if (outcome.answers.empty()) return std::nullopt;
        for (const AnswerOutcome& a : outcome.answers) outcome.nll += a.nll / static_cast<double>(outcome.answers.size());
        return outcome;
    }

    /// Adds one sample to the sums; false when cancelled (then nothing of it is counted).
    bool measure(const CalibrationSample& sample) {
        const EncodedPrompt& prompt = sample.prompt;
        const auto dense = answer(prompt, MaskSource::dense());
        if (!dense) return false;
        std::vector<SampleOutcome> sparse;
        for (const WindowMap& windows : m_windows) {
            step();
            const auto outcome = answer(prompt, MaskSource::fixed(windows));
            if (!outcome) return false;
            sparse.push_back(*outcome);
        }
        std::vector<std::vector<HeadLoss>> heads;
        if (m_options.heads && !measureHeads(sample, prompt, dense->nll, heads)) return false;
        for (std::size_t p = 0; p < sparse.size(); ++p) {
            PlanValidation& plan = m_outcome.plans[p];
            plan.answerNll += sparse[p].nll;
            plan.denseAnswerNll += dense->nll;
            plan.increases.push_back(sparse[p].nll - dense->nll);
            std::size_t same = 0, tokens = 0;
            for (std::size_t a = 0; a < sparse[p].answers.size(); ++a) {
                const std::vector<int>& ours = sparse[p].answers[a].predicted;
                plan.retrieval.add(sparse[p].answers[a].right);
                for (std::size_t t = 0; t < ours.size(); ++t) same += ours[t] == dense->answers[a].predicted[t];
                tokens += ours.size();
            }
            plan.agreement += static_cast<double>(same) / static_cast<double>(tokens);
            if (!m_options.heads) continue;
            if (m_heads[p].empty()) m_heads[p].swap(heads[p]);
            else
                for (std::size_t h = 0; h < heads[p].size(); ++h) {
                    m_heads[p][h].measured += heads[p][h].measured;
                    m_heads[p][h].estimated += heads[p][h].estimated;
                }
        }
        return true;
    }

    bool measureHeads(const CalibrationSample& sample, const EncodedPrompt& prompt, double denseNll,
                      std::vector<std::vector<HeadLoss>>& heads) {
        const ModelConfig& config = m_model.config();
        step();
        SampleCosts costs(config.layers, config.heads, m_options.length);
        BackwardSample backward;
        const Conversation talk = asConversation(sample);
        backward.ids = talk.ids;
        backward.targets = talk.targets;
        backward.costs = &costs;
        if (m_model.backward(backward, m_stop).completion == Completion::Cancelled) return false;
        for (const WindowMap& windows : m_windows) {
            const auto estimate = headCosts(costs, config.groupSize(), windows, m_options.length);
            std::vector<HeadLoss>& out = heads.emplace_back();
            for (std::size_t h = 0; h < windows.windows.size(); ++h) {
                step();
                const auto outcome = answer(prompt, MaskSource::fixed(oneHead(windows, h)));
                if (!outcome) return false;
                out.push_back({LayerIndex(static_cast<int>(h) / config.kvHeads), KvHeadIndex(static_cast<int>(h) % config.kvHeads),
                               outcome->nll - denseNll, estimate[h]});
            }
        }
        return true;
    }

    /// Of the finished samples, without heads.
    ValidationOutcome means() const {
        ValidationOutcome outcome = m_outcome; // holds sums
        const double n = std::max(1, outcome.samples);
        for (PlanValidation& plan : outcome.plans) {
            plan.answerNll /= n;
            plan.denseAnswerNll /= n;
            plan.agreement /= n;
        }
        for (std::size_t p = 1; p < outcome.plans.size(); ++p)
            if (outcome.plans[p].answerNll < outcome.plans[outcome.best].answerNll) outcome.best = p;
        return outcome;
    }

    void finishHeads(PlanValidation& plan, const std::vector<HeadLoss>& sums) const {
        const double n = std::max(1, m_outcome.samples);
        std::vector<double> measured, estimated;
        plan.heads = sums;
        for (HeadLoss& head : plan.heads) {
            measured.push_back(head.measured /= n);
            estimated.push_back(head.estimated /= n);
        }
        plan.headCorrelation = spearman(measured, estimated);
    }

    LanguageModel& m_model;
    const std::vector<SparsePlan>& m_plans;
    const ValidationOptions& m_options;
    std::stop_token m_stop;
    const ProgressFn& m_progress;
    const ValidationSampleFn& m_onSample;
    std::vector<WindowMap> m_windows;
    ValidationOutcome m_outcome;                ///< sums over the finished samples
    std::vector<std::vector<HeadLoss>> m_heads; ///< [plan], sums
    std::int64_t m_steps = 0, m_done = 0;
};

} // namespace

double PlanValidation::standardError() const {
    const double n = static_cast<double>(increases.size());
    if (increases.size() < 2) return 0;
    const double mean = std::accumulate(increases.begin(), increases.end(), 0.0) / n;
    double squares = 0;
    for (const double x : increases) squares += (x - mean) * (x - mean);
    return std::sqrt(squares / (n - 1) / n);
}

ValidationOutcome validatePlans(LanguageModel& model, CalibrationSet& set, const std::vector<SparsePlan>& plans,
                                const ValidationOptions& options, std::stop_token stop, const ProgressFn& progress,
                                const ValidationSampleFn& onSample) {
    if (plans.empty()) throw UsageError("name at least one plan to validate");
    if (options.samples < 1) throw UsageError("--samples must be at least 1");
    if (options.length > model.config().context)
        throw UsageError("length " + std::to_string(options.length) + " is past the model's context of " +
                         std::to_string(model.config().context) + " tokens");
    return Validator(model, plans, options, std::move(stop), progress, onSample).run(set);
}

} // namespace moa
