// Answers from a shared cache, retrieval, validation and lockstep runs on the embedded model.
#include "engine/compare/lockstep.h"
#include "engine/compare/retrieval.h"
#include "engine/compare/validation.h"
#include "engine/core/error.h"
#include "tests/model/model_fixture.h"

#include <cmath>

namespace moa::test {
namespace {

const std::string kTexts = kSource + "/resources/texts";

TaskPrompt linesPrompt(std::size_t length, int questions) {
    TaskOptions options;
    options.length = length;
    options.questions = questions;
    options.seed = 11;
    return TaskEncoder(tinyModel().files()).generator(kTexts).make(options);
}

TEST(Answering, ForcedChoicesAreTheGreedyText) {
    LanguageModel& model = tinyModel();
    const TaskEncoder encoder(model.files());
    const EncodedPrompt prompt = encodePrompt(encoder, linesPrompt(512, 3));
    ASSERT_EQ(prompt.branches.size(), 3u);
    for (const MaskSource& mask : {MaskSource::dense(), MaskSource::plan(uniformPlan(6, 8, 4, {0, 0.5}))}) {
        const auto outcomes = answerBranches(model, prompt, mask, 512, {});
        ASSERT_EQ(outcomes.size(), 3u);
        for (std::size_t i = 0; i < 3; ++i) {
            std::vector<int> ids = prompt.head;
            ids.insert(ids.end(), prompt.branches[i].tail.begin(), prompt.branches[i].tail.end());
            Sequence alone(model, mask, 512);
            GenerateOptions options;
            options.maxNew = static_cast<int>(prompt.branches[i].answer.size());
            options.stopAtEnd = false;
            const auto greedy = generate(model, alone, ids, options, {}, {}).ids;
            EXPECT_EQ(greedy == prompt.branches[i].answer, outcomes[i].right) << i;
        }
    }
}

TEST(Retrieval, DenseAnswersAndAShortWindowDoesNot) {
    RetrievalOptions options;
    options.tasks = {"lines"};
    options.lengths = {1024};
    options.prompts = 2;
    options.questionsPerPrompt = 6;
    options.textFolder = kTexts;
    const std::vector<MaskChoice> masks = {{"dense", MaskSource::dense()},
                                           {"full plan", MaskSource::plan(uniformPlan(6, 8, 4, {0, 1}))},
                                           {"narrow", MaskSource::plan(uniformPlan(6, 8, 4, {0, 0.125}))}};
    const RetrievalOutcome outcome = measureRetrieval(tinyModel(), masks, options, {}, {});
    ASSERT_EQ(outcome.rows.size(), 1u);
    const RetrievalRow& row = outcome.rows[0];
    EXPECT_EQ(row.scores[0].asked, 12);
    EXPECT_GE(row.scores[0].accuracy(), 0.9);
    EXPECT_EQ(row.nll[0], row.nll[1]);
    EXPECT_LE(row.scores[2].accuracy(), 0.4);
    EXPECT_EQ(effectiveLength(outcome.rows, 2), 0);
}

TEST(Retrieval, EffectiveLengthStopsAtTheFirstFailure) {
    std::vector<RetrievalRow> rows;
    for (const auto& [length, right] : {std::pair{1024, 10}, {2048, 10}, {4096, 8}, {8192, 10}}) {
        Score score;
        score.asked = 10;
        score.right = right;
        rows.push_back({"lines", length, {score}, {0}});
    }
    EXPECT_EQ(effectiveLength(rows, 0), 2048);
}

TEST(Retrieval, BadOptionsAndCancel) {
    RetrievalOptions options;
    options.textFolder = kTexts;
    options.lengths = {20000};
    EXPECT_THROW(measureRetrieval(tinyModel(), {{"dense", MaskSource::dense()}}, options, {}, {}), UsageError);
    options.lengths = {512};
    options.tasks = {"nosuchtask.jsonl"};
    EXPECT_THROW(measureRetrieval(tinyModel(), {{"dense", MaskSource::dense()}}, options, {}, {}), FileError);
    options.tasks = {"lines"};
    std::stop_source stop;
    stop.request_stop();
    const auto outcome = measureRetrieval(tinyModel(), {{"dense", MaskSource::dense()}}, options, stop.get_token(), {});
    EXPECT_EQ(outcome.completion, Completion::Cancelled);
    EXPECT_TRUE(outcome.rows.empty());
}

TEST(Validation, ThePlanThatShowsEverythingWinsAndEqualsDense) {
    CalibrationSet set(tinyModel(), kTexts, {"lines"}, 5);
    const std::vector<SparsePlan> plans = {uniformPlan(6, 8, 4, {0, 0.125}), uniformPlan(6, 8, 4, {0, 1})};
    const ValidationOutcome outcome = validatePlans(tinyModel(), set, plans, {512, 2, false}, {}, {});
    EXPECT_EQ(outcome.best, 1u);
    EXPECT_EQ(outcome.plans[1].answerNll, outcome.plans[1].denseAnswerNll);
    EXPECT_EQ(outcome.plans[1].agreement, 1.0);
    EXPECT_GT(outcome.plans[0].answerNll, outcome.plans[0].denseAnswerNll);
    EXPECT_LT(outcome.plans[0].agreement, 1.0);
}

TEST(Validation, SamplesAreToldOneByOneAndMakeTheError) {
    CalibrationSet set(tinyModel(), kTexts, {"lines", "facts"}, 5);
    const std::vector<SparsePlan> plans = {uniformPlan(6, 8, 4, {0, 0.25})};
    std::vector<ValidationOutcome> told;
    const ValidationOutcome outcome = validatePlans(tinyModel(), set, plans, {512, 3, false}, {}, {},
                                                    [&](const ValidationOutcome& soFar) { told.push_back(soFar); });
    ASSERT_EQ(told.size(), 3u);
    for (int k = 0; k < 3; ++k) EXPECT_EQ(told[std::size_t(k)].samples, k + 1);
    const std::vector<double>& x = outcome.plans[0].increases;
    ASSERT_EQ(x.size(), 3u);
    EXPECT_EQ(told[0].plans[0].answerNll - told[0].plans[0].denseAnswerNll, x[0]);
    const double mean = (x[0] + x[1] + x[2]) / 3;
    EXPECT_NEAR(outcome.plans[0].answerNll - outcome.plans[0].denseAnswerNll, mean, 1e-12);
    const double variance = ((x[0] - mean) * (x[0] - mean) + (x[1] - mean) * (x[1] - mean) + (x[2] - mean) * (x[2] - mean)) / 2;
    EXPECT_NEAR(outcome.plans[0].standardError(), std::sqrt(variance / 3), 1e-12);
    EXPECT_EQ(told[0].plans[0].standardError(), 0);
}

TEST(Validation, HeadsAreMeasuredAloneAndTheRetrievalHeadStandsOut) {
    CalibrationSet set(tinyModel(), kTexts, {"lines"}, 5);
    const ValidationOutcome outcome = validatePlans(tinyModel(), set, {uniformPlan(6, 8, 4, {0, 0.125})}, {512, 1, true}, {}, {});
    const auto& heads = outcome.plans[0].heads;
    ASSERT_EQ(heads.size(), 24u);
    const auto worst = std::max_element(heads.begin(), heads.end(), [](const HeadLoss& a, const HeadLoss& b) { return a.measured < b.measured; });
    EXPECT_EQ(worst->layer.value, 5);
    EXPECT_EQ(worst->kvHead.value, 0);
    EXPECT_GT(outcome.plans[0].headCorrelation, 0.2);
}

TEST(Lockstep, AFullPlanNeverDivergesAndANarrowOneIsSeen) {
    const TaskEncoder encoder(tinyModel().files());
    const EncodedPrompt prompt = encodePrompt(encoder, linesPrompt(1024, 6));
    const MaskSource narrowMask = MaskSource::plan(uniformPlan(6, 8, 4, {0, 0.125}));
    // A question whose answer the narrow window loses.
    const auto answers = answerBranches(tinyModel(), prompt, narrowMask, 1024, {});
    const auto lost = std::find_if(answers.begin(), answers.end(), [](const AnswerOutcome& a) { return !a.right; });
    ASSERT_NE(lost, answers.end());
    const auto& tail = prompt.branches[static_cast<std::size_t>(lost - answers.begin())].tail;
    std::vector<int> ids = prompt.head;
    ids.insert(ids.end(), tail.begin(), tail.end());
    const auto full = runLockstep(tinyModel(), MaskSource::plan(uniformPlan(6, 8, 4, {0, 1})), ids, 40, {}, {});
    EXPECT_FALSE(full.firstDivergence.has_value());
    EXPECT_EQ(full.dense.ids, full.sparse.ids);
    EXPECT_EQ(full.kl.size(), full.dense.ids.size());
    for (std::size_t t = 0; t < full.kl.size(); ++t) {
        EXPECT_NEAR(full.kl[t], 0, 1e-12);
        EXPECT_EQ(full.rank[t], 1);
    }
    const auto narrow = runLockstep(tinyModel(), narrowMask, ids, 40, {}, {});
    ASSERT_TRUE(narrow.firstDivergence.has_value());
    EXPECT_EQ(narrow.dense.ids, full.dense.ids);
    EXPECT_LT(narrow.sparse.kvBytes, narrow.dense.kvBytes / 2);
    const auto at = static_cast<std::size_t>(*narrow.firstDivergence);
    EXPECT_GT(narrow.rank.at(at), 1); // until there, both saw the same tokens
    EXPECT_GT(narrow.kl.at(at), 0.01);
}

TEST(Lockstep, KlOfKnownDistributions) {
    const std::vector<float> p = {std::log(0.5f), std::log(0.5f)}, q = {std::log(0.9f), std::log(0.1f)};
    EXPECT_NEAR(klDivergence(p, q), 0.5 * std::log(0.5 / 0.9) + 0.5 * std::log(0.5 / 0.1), 1e-6);
    EXPECT_EQ(klDivergence(p, p), 0.0);
}

} // namespace
} // namespace moa::test
