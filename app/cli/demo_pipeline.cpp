#include "app/cli/demo_pipeline.h"

#include "engine/capture/export.h"
#include "engine/core/error.h"
#include "engine/plan/uniform_plan.h"

#include <cmath>

namespace moa::cli {

namespace {

/// Estimates whose plans compete for ours: the lowest measured answer loss wins.
constexpr Estimate kCandidates[] = {Estimate::Joint, Estimate::JointRows};

std::string percent(double density) {
    return std::to_string(static_cast<int>(std::lround(100 * density)));
}

class Demo {
public:
    Demo(LanguageModel& model, const DemoOptions& options, std::stop_token stop, const ProgressFn& progress)
        : m_model(model), m_options(options), m_stop(std::move(stop)), m_progress(progress) {}

    DemoOutcome run() {
        std::error_code error;
        std::filesystem::create_directories(m_options.out, error);
        if (error)
            throw FileError(m_options.out.string(), "",
                            "expected a folder that can be made: " + error.message());
        if (profile() && searchPlans() && measureRetrievalOfAll()) compareOne();
        return std::move(m_outcome);
    }

private:
    bool stopped(Completion completion) {
        m_outcome.completion = completion;
        return completion == Completion::Cancelled;
    }

    bool profile() {
        CalibrationSet set(m_model, m_options.textFolder, {"lines", "facts"}, m_options.seed);
        ProfileOptions options;
        options.file = m_options.out / "demo.profile";
        options.lengths = m_options.profileLengths;
        options.samples = m_options.profileSamples;
        options.resume = true; // a demo that was stopped goes on
        options.toolVersion = m_options.toolVersion;
        m_outcome.profile = runProfile(m_model, set, options, m_stop, m_progress);
        if (stopped(m_outcome.profile.completion)) return false;
        m_outcome.files.push_back(options.file);
        const ProfileData& p = m_outcome.profile.profile;
        const ProfileLength& longest = p.lengths.rbegin()->second;
        const auto cells = static_cast<std::size_t>(longest.mapCells);
        const std::vector<std::size_t> shape{static_cast<std::size_t>(p.layers),
                                             static_cast<std::size_t>(p.heads), cells, cells};
        picture("attention.png", {longest.attention, shape}, ColourMap::Attention);
        picture("influence.png", {longest.influence, shape}, ColourMap::Influence);
        m_outcome.finishedStages = "the profile";
        return true;
    }

    void picture(const std::string& name, const ArrayView& array, ColourMap map) {
        HeatmapLook look;
        look.map = map;
        look.logScale = true;
        writePng((m_options.out / name).string(), array, look);
        m_outcome.files.push_back(m_options.out / name);
    }

    DemoPlan solve(double density, Estimate estimate, const std::string& name) {
        PlanOrigin origin;
        origin.profilePath = (m_options.out / "demo.profile").string();
        origin.profile = &m_outcome.profile.profile;
        origin.headDim = m_model.config().headDim;
        origin.estimate = toString(estimate);
        origin.options.density = density;
        LossTableOptions tables;
        tables.estimate = estimate;
        const SearchInstance instance = makeInstance(*origin.profile, tables);
        DemoPlan plan{name, density, origin.estimate, m_options.out / (name + ".json"), {}, {}, {}};
        plan.search = search(instance, origin.options, m_stop);
        if (!plan.search.hasPlan())
            throw Error("no plan at density " + percent(density) + "%: " + plan.search.explanation);
        plan.plan = planFromSearch(instance, plan.search, origin);
        m_outcome.searches.push_back(searchRecord(plan.search, origin, plan.file.string(), &plan.plan));
        return plan;
    }

    void keep(const DemoPlan& plan) {
        writePlan(plan.file.string(), plan.plan);
        m_outcome.files.push_back(plan.file);
        m_outcome.plans.push_back(plan);
    }

    /// Ours (the candidate that validation prefers) and the published estimate's, at every density.
    bool searchPlans() {
        std::vector<DemoPlan> candidates, published;
        std::vector<SparsePlan> rules;
        for (const double density : m_options.densities) {
            for (const Estimate estimate : kCandidates) {
                if (m_stop.stop_requested()) return !stopped(Completion::Cancelled);
                candidates.push_back(solve(density, estimate, "moa-" + percent(density)));
                rules.push_back(candidates.back().plan.plan);
            }
            published.push_back(solve(density, Estimate::Published, "published-" + percent(density)));
        }
        // Prompts unlike those of the profile.
        CalibrationSet unseen(m_model, m_options.textFolder, {"lines", "facts"}, m_options.seed + 1);
        const ValidationOptions options{m_options.validationLength, m_options.validationSamples, false};
        const ValidationOutcome validation =
            validatePlans(m_model, unseen, rules, options, m_stop, m_progress);
        if (stopped(validation.completion)) return false;
        const std::size_t per = std::size(kCandidates);
        for (std::size_t d = 0; d < m_options.densities.size(); ++d) {
            std::size_t best = d * per;
            for (std::size_t i = d * per; i < (d + 1) * per; ++i)
                if (validation.plans[i].answerNll < validation.plans[best].answerNll) best = i;
            candidates[best].validation = validation.plans[best];
            addMeasurement(candidates[best].plan, {{"name", "answer_nll"},
                                                   {"length", options.length},
                                                   {"samples", validation.samples},
                                                   {"value", validation.plans[best].answerNll},
                                                   {"dense", validation.plans[best].denseAnswerNll}});
            keep(candidates[best]);
            keep(published[d]);
        }
        m_outcome.finishedStages += ", the plans";
        return true;
    }

    bool measureRetrievalOfAll() {
        const ModelConfig& c = m_model.config();
        m_outcome.masks.push_back({"dense", MaskSource::dense()});
        for (std::size_t d = 0; d < m_options.densities.size(); ++d) {
            m_outcome.masks.push_back({"moa", MaskSource::plan(m_outcome.plans[2 * d].plan.plan)});
            m_outcome.masks.push_back({"published", MaskSource::plan(m_outcome.plans[2 * d + 1].plan.plan)});
            m_outcome.masks.push_back(
                {"uniform",
                 MaskSource::plan(uniformAtDensity(c.layers, c.heads, c.kvHeads, m_options.densities[d]))});
        }
        RetrievalOptions options;
        options.lengths = m_options.retrievalLengths;
        options.prompts = m_options.prompts;
        options.questionsPerPrompt = m_options.questionsPerPrompt;
        options.seed = m_options.seed + 2;
        options.textFolder = m_options.textFolder;
        m_outcome.retrieval = measureRetrieval(m_model, m_outcome.masks, options, m_stop, m_progress);
        return !stopped(m_outcome.retrieval.completion);
    }

    void compareOne() {
        const TaskEncoder encoder(m_model.files());
        TaskOptions task;
        task.length = static_cast<std::size_t>(m_options.profileLengths.back());
        task.questions = 1;
        task.seed = m_options.seed + 3;
        const TaskPrompt prompt = encoder.generator(m_options.textFolder).make(task);
        std::vector<int> ids = encoder.head(prompt);
        const std::vector<int> tail = encoder.tail(prompt.questions[0]);
        ids.insert(ids.end(), tail.begin(), tail.end());
        const SparsePlan& sparsest = m_outcome.plans[2 * (m_options.densities.size() - 1)].plan.plan;
        m_outcome.compare = runLockstep(m_model, MaskSource::plan(sparsest), ids, 32, m_stop, m_progress);
        stopped(m_outcome.compare->completion);
    }

    LanguageModel& m_model;
    const DemoOptions& m_options;
    std::stop_token m_stop;
    const ProgressFn& m_progress;
    DemoOutcome m_outcome;
};

} // namespace

DemoOutcome runDemo(LanguageModel& model, const DemoOptions& options, std::stop_token stop,
                    const ProgressFn& progress) {
    return Demo(model, options, std::move(stop), progress).run();
}

} // namespace moa::cli
