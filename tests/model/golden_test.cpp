// The engine against PyTorch: logits, losses, gradients, rule costs and greedy text (tests/reference/README.md).
#include "tests/model/model_fixture.h"

namespace moa::test {
namespace {

constexpr double kLogitTolerance = 2e-3;

void expectLogits(const Golden& golden, const std::string& base, const std::vector<float>& ours, std::size_t n) {
    const std::size_t vocab = ours.size() / n;
    const auto ids = golden.ints(base + "/top_ids");
    const auto top = golden.floats(base + "/top_logits"), lse = golden.floats(base + "/logsumexp");
    const auto columns = golden.floats(base + "/columns");
    double worst = 0;
    for (std::size_t p = 0; p < n; ++p) {
        const std::span row(ours.data() + p * vocab, vocab);
        for (std::size_t k = 0; k < 8; ++k)
            worst = std::max(worst, std::abs(double(row[static_cast<std::size_t>(ids[p * 8 + k])]) - double(top[p * 8 + k])));
        for (std::size_t k = 0; k < 32; ++k)
            worst = std::max(worst, std::abs(double(row[k * 64]) - double(columns[p * 32 + k])));
        worst = std::max(worst, std::abs(logSumExp(row) - double(lse[p])));
    }
    std::cout << base << ": largest logit difference " << worst << "\n";
    EXPECT_LT(worst, kLogitTolerance) << base;
}

TEST(Golden, LogitsDenseAndWithMixedWindows) {
    const Golden golden("logits.safetensors");
    LanguageModel& model = tinyModel();
    for (const std::string text : {"prose", "lines"}) {
        const auto ids = golden.ints(text + "/ids");
        expectLogits(golden, text + "/dense", logitsOf(model, MaskSource::dense(), ids, {512}), ids.size());
        for (const int sink : {0, 64, 128}) {
            const auto mask = MaskSource::fixed(golden.windows("windows", 6, 4, sink));
            const std::string base = text + "/sink" + std::to_string(sink);
            expectLogits(golden, base, logitsOf(model, mask, ids, {512}), ids.size());
            expectLogits(golden, base, logitsOf(model, mask, ids, {100, 1, 7, 65}), ids.size());
        }
        if (text == "prose") {
            const auto ours = logitsOf(model, MaskSource::dense(), ids, {512});
            EXPECT_LT(maxDifference(ours, golden.floats("prose/dense/logits")), kLogitTolerance);
        }
    }
}

TEST(Golden, GreedyTextIsTheSame) {
    const Golden golden("generate.safetensors");
    const auto prompt = golden.ints("prompt_ids"), expected = golden.ints("generated_ids");
    Sequence sequence(tinyModel(), MaskSource::dense(), 512);
    GenerateOptions options;
    options.maxNew = static_cast<int>(expected.size());
    options.stopAtEnd = false;
    EXPECT_EQ(generate(tinyModel(), sequence, prompt, options, {}, {}).ids, expected);
}

TEST(Golden, AnotherShapeWithShardsUntiedEmbeddingsAndLlama3Rope) {
    for (const char* path : {"tests/reference/golden/tiny-bf16-sharded", "tests/loader/data/tiny.gguf"}) {
        SCOPED_TRACE(path);
        LoadedModel loaded(path);
        const Golden golden("tiny-bf16-sharded-logits.safetensors");
        const auto ids = golden.ints("ids");
        EXPECT_LT(maxDifference(logitsOf(*loaded.model, MaskSource::dense(), ids, {512}), golden.floats("logits")),
                  kLogitTolerance);
        const auto mask = MaskSource::fixed(golden.windows("windows", 2, 1, 0));
        for (const std::size_t piece : {512u, 1u, 33u})
            EXPECT_LT(maxDifference(logitsOf(*loaded.model, mask, ids, {piece}), golden.floats("windows_logits")),
                      kLogitTolerance);
    }
}

/// Largest difference of `ours` and the golden values within one head, relative to the head's total of |golden|.
template <class Values>
double worstRelative(const Values& ours, const std::vector<float>& golden, std::size_t heads) {
    EXPECT_EQ(ours.size(), golden.size());
    const std::size_t per = golden.size() / heads;
    double worst = 0;
    for (std::size_t h = 0; h < heads; ++h) {
        double total = 0, most = 0;
        for (std::size_t i = h * per; i < (h + 1) * per; ++i) {
            total = std::max(total, std::abs(double(golden[i])));
            most = std::max(most, std::abs(double(ours[i]) - double(golden[i])));
        }
        worst = std::max(worst, most / total);
    }
    return worst;
}

TEST(Golden, RuleCostsInfluenceAndGradients) {
    const Golden golden("influence.safetensors");
    for (const std::string text : {"prose", "odd", "even"}) {
        const auto ids = golden.ints(text + "/ids");
        const int response = golden.ints(text + "/response")[0];
        SampleCosts costs(6, 8, static_cast<std::int64_t>(ids.size()));
        std::vector<float> gradient;
        BackwardSample sample{ids, static_cast<std::int64_t>(ids.size()) - response, nullptr, &costs, &gradient};
        const BackwardResult result = tinyModel().backward(sample);
        const double loss = static_cast<double>(golden.floats(text + "/loss")[0]);
        EXPECT_NEAR(result.loss, loss, 1e-3 * loss) << text;
        // Costs are compared with the head's largest value; the signed ones with the head's unsigned scale, since
        // their own may cancel to nothing.
        const double cost = worstRelative(costs.cost, golden.floats(text + "/cost"), 48);
        const auto signedGolden = golden.floats(text + "/cost_signed"), unsignedGolden = golden.floats(text + "/cost");
        double costSigned = 0;
        const std::size_t per = signedGolden.size() / 48;
        for (std::size_t h = 0; h < 48; ++h) {
            double scale = 0, most = 0;
            for (std::size_t i = h * per; i < (h + 1) * per; ++i) {
                scale = std::max(scale, double(unsignedGolden[i]));
                most = std::max(most, std::abs(costs.costSigned[i] - double(signedGolden[i])));
            }
            costSigned = std::max(costSigned, most / scale);
        }
        const double hist = worstRelative(costs.hist, golden.floats(text + "/hist"), 48);
        const double influence = worstRelative(costs.influenceMap, golden.floats(text + "/influence_map"), 48);
        const double attention = worstRelative(costs.attentionMap, golden.floats(text + "/attention_map"), 48);
        const double grad = worstRelative(gradient, golden.floats(text + "/embedding_gradient"), 1);
        std::cout << text << ": cost " << cost << ", signed " << costSigned << ", hist " << hist << ", influence map "
                  << influence << ", attention map " << attention << ", gradient " << grad << "\n";
        EXPECT_LT(cost, 1e-3) << text;
        EXPECT_LT(costSigned, 1e-3) << text;
        EXPECT_LT(hist, 1e-3) << text;
        EXPECT_LT(influence, 1e-3) << text;
        EXPECT_LT(attention, 1e-3) << text;
        EXPECT_LT(grad, 1e-3) << text;
    }
}

TEST(Golden, SparseBackward) {
    const Golden golden("masked.safetensors");
    const auto ids = golden.ints("ids");
    const WindowMap windows = golden.windows("windows", 6, 4, 64);
    std::vector<float> gradient;
    BackwardSample sample{ids, static_cast<std::int64_t>(ids.size()) - golden.ints("response")[0], &windows, nullptr,
                          &gradient};
    EXPECT_NEAR(tinyModel().backward(sample).loss, double(golden.floats("loss")[0]), 1e-3);
    EXPECT_LT(worstRelative(gradient, golden.floats("embedding_gradient"), 1), 1e-3);
}

} // namespace
} // namespace moa::test
