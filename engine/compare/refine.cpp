#include "engine/compare/refine.h"

#include "engine/compare/answering.h"
#include "engine/core/error.h"
#include "engine/core/rank_correlation.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

namespace moa {

namespace {

constexpr double kLeastFactor = 0.2, kMostFactor = 5;
/// Pull of a layer's factor towards the common one, as a share of the mean square of the estimates.
constexpr double kPull = 0.3;

double mean(const std::vector<double>& values) {
    return std::accumulate(values.begin(), values.end(), 0.0) /
           static_cast<double>(std::max<std::size_t>(1, values.size()));
}

double standardErrorOf(const std::vector<double>& values) {
    if (values.size() < 2) return 0;
    const double m = mean(values);
    double squares = 0;
    for (double v : values) squares += (v - m) * (v - m);
    const auto n = static_cast<double>(values.size());
    return std::sqrt(squares / (n - 1) / n);
}

std::vector<double> difference(const std::vector<double>& a, const std::vector<double>& b) {
    std::vector<double> d(a.size());
    for (std::size_t i = 0; i < d.size(); ++i) d[i] = a[i] - b[i];
    return d;
}

/// Solves the positive definite system A x = b in place; A [n][n].
std::vector<double> solveSystem(std::vector<double> a, std::vector<double> b) {
    const std::size_t n = b.size();
    for (std::size_t k = 0; k < n; ++k)
        for (std::size_t i = k + 1; i < n; ++i) {
            const double f = a[i * n + k] / a[k * n + k];
            for (std::size_t j = k; j < n; ++j) a[i * n + j] -= f * a[k * n + j];
            b[i] -= f * b[k];
        }
    for (std::size_t k = n; k-- > 0;) {
        for (std::size_t j = k + 1; j < n; ++j) b[k] -= a[k * n + j] * b[j];
        b[k] /= a[k * n + k];
    }
    return b;
}

class Refiner {
public:
    Refiner(LanguageModel& model, CalibrationSet& set, const SearchInstance& instance,
            const SearchOptions& options, const RefineOptions& refine, std::stop_token stop,
            const ProgressFn& progress)
        : m_model(model), m_set(set), m_instance(instance), m_options(options), m_refine(refine),
          m_stop(std::move(stop)), m_progress(progress),
          m_objective(options.objectiveLength ? options.objectiveLength : instance.lengths.back()),
          m_length(refine.length ? refine.length : m_objective),
          m_total(std::int64_t(refine.samples) * (1 + refine.candidates + refine.swaps + 1 + 3) +
                  std::int64_t(refine.judgeSamples) * 3) {}

    RefineOutcome run() {
        if (!measureAll()) m_outcome.completion = Completion::Cancelled;
        if (m_progress) m_progress({"refine", m_total, m_total});
        return std::move(m_outcome);
    }

private:
    /// Samples with the dense model's loss on them.
    struct Samples {
        std::vector<EncodedPrompt> prompts;
        std::vector<double> dense;
    };

    bool measureAll() {
        const std::vector<SearchOutcome> candidates =
            candidatePlans(m_instance, m_options, m_refine.candidates, m_refine.spread, m_stop);
        if (candidates.empty()) {
            if (m_stop.stop_requested()) return false;
            throw UsageError("no plan within the limits to refine");
        }
        if (!draw(m_refine.firstSample, m_refine.samples, m_choosing)) return false;
        for (std::size_t k = 0; k < candidates.size(); ++k)
            if (!add(candidates[k].choice,
                     k == 0 ? RefinedPlan::Origin::Estimate : RefinedPlan::Origin::Candidate))
                return false;
        if (!swapLayers() || !correct()) return false;
        return confirm() && judge();
    }

    /// Draws samples and the dense losses on them; false when cancelled.
    bool draw(int first, int count, Samples& samples) {
        for (int i = 0; i < count; ++i) {
            const auto sample = m_set.sample(m_length, first + i, m_stop);
            if (!sample) return false;
            const auto loss = measure(sample->prompt, MaskSource::dense());
            if (!loss) return false;
            samples.prompts.push_back(sample->prompt);
            samples.dense.push_back(*loss);
        }
        return true;
    }

    std::optional<double> measure(const EncodedPrompt& prompt, const MaskSource& mask) {
        if (m_progress) m_progress({"refine", std::min(m_done++, m_total), m_total});
        const auto answers = answerBranches(m_model, prompt, mask, m_length, m_stop);
        if (answers.empty()) return std::nullopt;
        double sum = 0;
        for (const AnswerOutcome& answer : answers) sum += answer.nll;
        return sum / static_cast<double>(answers.size());
    }

    /// [samples] losses over dense of a choice; none when cancelled.
    std::optional<std::vector<double>> losses(const std::vector<int>& choice, const Samples& samples) {
        const MaskSource mask = MaskSource::plan(toPlan(m_instance, choice, m_model.config().heads));
        std::vector<double> over;
        for (std::size_t i = 0; i < samples.prompts.size(); ++i) {
            const auto loss = measure(samples.prompts[i], mask);
            if (!loss) return std::nullopt;
            over.push_back(*loss - samples.dense[i]);
        }
        return over;
    }

    /// Measures one more plan on the choosing samples, once; false when cancelled.
    bool add(const std::vector<int>& choice, RefinedPlan::Origin origin) {
        for (const RefinedPlan& plan : m_outcome.plans)
            if (plan.choice == choice) return true;
        const auto over = losses(choice, m_choosing);
        if (!over) return false;
        RefinedPlan plan{choice, origin, lossesOf(m_instance, choice).at(m_objective), mean(*over),
                         standardErrorOf(*over)};
        m_outcome.plans.push_back(std::move(plan));
        return true;
    }

    std::size_t bestMeasured() const {
        std::size_t best = 0;
        for (std::size_t k = 1; k < m_outcome.plans.size(); ++k)
            if (m_outcome.plans[k].measured < m_outcome.plans[best].measured) best = k;
        return best;
    }

    /// The best measured plan with single layers of the others, the runner-up's first; a swap that helps is
    /// kept.
    bool swapLayers() {
        std::vector<std::size_t> order(m_outcome.plans.size());
        std::iota(order.begin(), order.end(), std::size_t{0});
        std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
            return m_outcome.plans[a].measured < m_outcome.plans[b].measured;
        });
        int left = m_refine.swaps;
        for (std::size_t other : order)
            for (int layer = 0; layer < m_instance.layers && left > 0; ++layer) {
                const RefinedPlan& best = m_outcome.plans[bestMeasured()];
                std::vector<int> swapped = best.choice;
                const std::vector<int>& from = m_outcome.plans[other].choice;
                const auto first = std::ptrdiff_t(layer) * m_instance.kvHeads;
                std::copy_n(from.begin() + first, m_instance.kvHeads, swapped.begin() + first);
                if (swapped == best.choice || !meetsLimits(m_instance, m_options, swapped)) continue;
                --left;
                if (!add(swapped, RefinedPlan::Origin::Swap)) return false;
            }
        return true;
    }

    /// Where estimates and measurements put plans in another order: layers get factors, and the plan that is
    /// best under them is measured too.
    bool correct() {
        std::vector<double> estimated, measured;
        std::vector<std::vector<double>> byLayer;
        const auto& table = m_instance.loss[m_instance.lengthIndex(m_objective)];
        for (const RefinedPlan& plan : m_outcome.plans) {
            estimated.push_back(plan.estimated);
            measured.push_back(plan.measured);
            std::vector<double>& layers = byLayer.emplace_back(m_instance.layers, 0.0);
            for (int g = 0; g < m_instance.groups(); ++g)
                layers[g / m_instance.kvHeads] += table[g][plan.choice[g]];
        }
        m_outcome.rankCorrelation = spearman(estimated, measured);
        if (m_outcome.plans.size() < 3 || !(m_outcome.rankCorrelation < 1 - 1e-9)) return true;
        m_outcome.layerFactors = fitLayerFactors(byLayer, measured);
        std::vector<double> factors(m_instance.groups());
        for (int g = 0; g < m_instance.groups(); ++g)
            factors[g] = m_outcome.layerFactors[g / m_instance.kvHeads];
        SearchOptions options = m_options;
        options.explain = false;
        const SearchOutcome best = search(withScaledLosses(m_instance, factors), options, m_stop);
        if (m_stop.stop_requested()) return false;
        if (!best.hasPlan() || !meetsLimits(m_instance, m_options, best.choice)) return true;
        return add(best.choice, RefinedPlan::Origin::Correction);
    }

    /// The best measured plan wins only if fresh samples say so too.
    bool confirm() {
        const std::size_t best = bestMeasured();
        if (best == 0) return true;
        Samples fresh;
        if (!draw(m_refine.firstSample + m_refine.samples, m_refine.samples, fresh)) return false;
        const auto before = losses(m_outcome.plans[0].choice, fresh),
                   after = losses(m_outcome.plans[best].choice, fresh);
        if (!before || !after) return false;
        const std::vector<double> gains = difference(*before, *after);
        if (mean(gains) > standardErrorOf(gains)) m_outcome.winner = best;
        return true;
    }

    bool judge() {
        Samples unseen;
        if (!draw(m_refine.firstSample + 2 * m_refine.samples, m_refine.judgeSamples, unseen)) return false;
        const auto before = losses(m_outcome.plans[0].choice, unseen);
        const auto after =
            m_outcome.winner == 0 ? before : losses(m_outcome.plans[m_outcome.winner].choice, unseen);
        if (!before || !after) return false;
        const std::vector<double> gains = difference(*before, *after);
        m_outcome.judgement = RefineJudgement{static_cast<int>(gains.size()), mean(*before), mean(*after),
                                              mean(gains), standardErrorOf(gains)};
        return true;
    }

    LanguageModel& m_model;
    CalibrationSet& m_set;
    const SearchInstance& m_instance;
    const SearchOptions& m_options;
    const RefineOptions& m_refine;
    std::stop_token m_stop;
    const ProgressFn& m_progress;
    int m_objective, m_length;
    std::int64_t m_total, m_done = 0;
    Samples m_choosing;
    RefineOutcome m_outcome;
};

} // namespace

std::string toString(RefinedPlan::Origin origin) {
    switch (origin) {
    case RefinedPlan::Origin::Estimate:
        return "estimate";
    case RefinedPlan::Origin::Candidate:
        return "candidate";
    case RefinedPlan::Origin::Swap:
        return "swap";
    case RefinedPlan::Origin::Correction:
        break;
    }
    return "correction";
}

std::vector<double> fitLayerFactors(const std::vector<std::vector<double>>& layerLosses,
                                    const std::vector<double>& measured) {
    if (layerLosses.empty() || layerLosses.size() != measured.size())
        throw UsageError("as many measured losses as plans expected");
    const std::size_t layers = layerLosses.front().size();
    double product = 0, squares = 0, layerSquares = 0;
    for (std::size_t p = 0; p < measured.size(); ++p) {
        const double total = std::accumulate(layerLosses[p].begin(), layerLosses[p].end(), 0.0);
        product += total * measured[p];
        squares += total * total;
        for (double e : layerLosses[p]) layerSquares += e * e;
    }
    // Least squares of s around the common factor, which alone fits best.
    const double common = squares > 0 ? std::clamp(product / squares, kLeastFactor, kMostFactor) : 1.0;
    const double pull =
        std::max(kPull * layerSquares / static_cast<double>(std::max<std::size_t>(1, layers)), 1e-300);
    std::vector<double> a(layers * layers, 0.0), b(layers, 0.0);
    for (std::size_t l = 0; l < layers; ++l) a[l * layers + l] = pull;
    for (std::size_t p = 0; p < measured.size(); ++p) {
        const double rest =
            measured[p] - common * std::accumulate(layerLosses[p].begin(), layerLosses[p].end(), 0.0);
        for (std::size_t i = 0; i < layers; ++i) {
            b[i] += layerLosses[p][i] * rest;
            for (std::size_t j = 0; j < layers; ++j)
                a[i * layers + j] += layerLosses[p][i] * layerLosses[p][j];
        }
    }
    std::vector<double> factors = solveSystem(std::move(a), std::move(b));
    for (double& f : factors) f = std::clamp(common + f, kLeastFactor, kMostFactor);
    return factors;
}

RefineOutcome refinePlan(LanguageModel& model, CalibrationSet& set, const SearchInstance& instance,
                         const SearchOptions& options, const RefineOptions& refine, std::stop_token stop,
                         const ProgressFn& progress) {
    if (refine.candidates < 1 || refine.samples < 1 || refine.judgeSamples < 1 || refine.swaps < 0 ||
        refine.firstSample < 0 || refine.length < 0)
        throw UsageError("--refine: at least one candidate and one sample of each kind expected");
    if (instance.layers != model.config().layers || instance.kvHeads != model.config().kvHeads)
        throw UsageError("--refine: the profile is of a model with " + std::to_string(instance.layers) +
                         " layers of " + std::to_string(instance.kvHeads) +
                         " KV heads, the model given is not");
    const int length = refine.length             ? refine.length
                       : options.objectiveLength ? options.objectiveLength
                                                 : instance.lengths.back();
    if (length > model.config().context)
        throw UsageError("--refine at " + std::to_string(length) + " tokens is past the model's context of " +
                         std::to_string(model.config().context));
    return Refiner(model, set, instance, options, refine, std::move(stop), progress).run();
}

} // namespace moa
