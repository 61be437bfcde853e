// A real quantised model, SmolLM2-135M-Instruct in Q4_1: token ids equal to `tokenizers` on 2,000 hard texts, logits equal
// to the dequantised model in float32 in `transformers`. The model comes with packaging/fetch-model.sh smollm2.
// Golden files and script: tests/reference/golden/smollm2.*, tests/reference/gguf_golden.py.
#include "engine/core/error.h"
#include "engine/core/resources.h"
#include "engine/loader/json_reader.h"
#include "tests/loader/hex.h"
#include "tests/model/model_fixture.h"

namespace moa::test {
namespace {

std::shared_ptr<const Model> smollm2() {
    const std::filesystem::path folder = userDataFolder() / "models/smollm2";
    return std::filesystem::exists(folder) ? loadModel(folder) : nullptr;
}

#define NEEDS_SMOLLM2(model)                                                                                                 \
    const auto model = smollm2();                                                                                            \
    if (!model) GTEST_SKIP() << "packaging/fetch-model.sh smollm2 installs the model that this test needs"

TEST(SmolLM2, TokenIdsAreTheLibrarys) {
    NEEDS_SMOLLM2(model);
    const Json rows = readJsonFile(kSource + "/tests/reference/golden/smollm2.json", 16u << 20);
    ASSERT_GE(rows.size(), 2000u);
    for (const Json& row : rows) {
        const auto hex = row[0].get<std::string>();
        EXPECT_EQ(model->tokenizer.encode(fromHex(hex), true, false), row[1].get<std::vector<int>>()) << hex;
    }
}

/// In one piece products dequantise panels of weights; token by token they read the blocks.
class SmolLM2Logits : public testing::TestWithParam<std::vector<std::size_t>> {};

TEST_P(SmolLM2Logits, AreThoseOfTheDequantisedModel) {
    NEEDS_SMOLLM2(files);
    const Golden golden("smollm2.safetensors");
    const auto ids = golden.ints("ids"), top = golden.ints("top");
    const auto columns = golden.floats("columns"), deviation = golden.floats("deviation");
    const auto backend = makeCpuBackend(2);
    LanguageModel model(files, *backend);
    EXPECT_EQ(model.weightBytes(), files->weightBytes()); // as they are in the file
    const auto logits = logitsOf(model, MaskSource::dense(), ids, GetParam());
    const auto vocab = static_cast<std::size_t>(model.config().vocab), step = columns.size() / ids.size();
    std::size_t same = 0;
    double worst = 0;
    for (std::size_t r = 0; r < ids.size(); ++r) {
        const auto row = std::span(logits).subspan(r * vocab, vocab);
        same += std::max_element(row.begin(), row.end()) - row.begin() == top[r];
        double square = 0;
        for (std::size_t c = 0; c < step; ++c)
            square += std::pow(double(row[c * 512]) - double(columns[r * step + c]), 2);
        worst = std::max(worst, std::sqrt(square / double(step)) / double(deviation[r]));
    }
    std::cout << "worst normalised error " << worst << ", same first choice at " << same << " of " << ids.size() << "\n";
    EXPECT_LT(worst, 1e-3);
    EXPECT_GE(double(same), 0.99 * double(ids.size()));
}

INSTANTIATE_TEST_SUITE_P(Pieces, SmolLM2Logits,
                         testing::Values(std::vector<std::size_t>{512}, std::vector<std::size_t>{1},
                                         std::vector<std::size_t>{5, 8, 9}));

} // namespace
} // namespace moa::test
