// Every architecture that the loader reads, on tiny random models: logits equal to `transformers` in float32, dense and
// with a window per KV head. Golden files and script: tests/reference/golden/families*, tests/reference/family_golden.py.
#include "tests/model/model_fixture.h"

namespace moa::test {
namespace {

constexpr int kSink = 3;

/// The windows of family_golden.py.
MaskSource windows(const ModelConfig& config) {
    WindowMap map = denseWindows(config.layers, config.kvHeads, kSink);
    for (int l = 0; l < config.layers; ++l)
        for (int g = 0; g < config.kvHeads; ++g) map.windows[std::size_t(l * config.kvHeads + g)] = 5 + 9 * l + 17 * g;
    return MaskSource::fixed(map);
}

double worst(const std::vector<float>& ours, const std::vector<float>& golden) {
    EXPECT_EQ(ours.size(), golden.size());
    double most = 0;
    for (std::size_t i = 0; i < ours.size(); ++i) most = std::max(most, std::abs(double(ours[i]) - double(golden[i])));
    return most;
}

class Families : public testing::TestWithParam<const char*> {};

TEST_P(Families, LogitsAreTheReferences) {
    const std::string name = GetParam();
    LoadedModel loaded("tests/reference/golden/families/" + name);
    const Golden golden("families.safetensors");
    const auto ids = golden.ints(name + "/ids");
    const auto mask = windows(loaded.model->config());
    // LongRoPE turns long inputs otherwise than short ones: there pieces are not one text.
    const std::vector<std::size_t> sizes = name == "phi3-long" ? std::vector<std::size_t>{512} : std::vector<std::size_t>{512, 1, 33};
    for (const std::size_t piece : sizes) {
        EXPECT_LT(worst(logitsOf(*loaded.model, MaskSource::dense(), ids, {piece}), golden.floats(name + "/logits")), 2e-5);
        EXPECT_LT(worst(logitsOf(*loaded.model, mask, ids, {piece}), golden.floats(name + "/windowed")), 2e-5);
    }
}

INSTANTIATE_TEST_SUITE_P(All, Families,
                         testing::Values("llama-linear", "llama-dynamic", "llama-yarn", "mistral", "phi3-short", "phi3-long"));

TEST(MistralsWindow, IsTheLongestInput) {
    LoadedModel loaded("tests/reference/golden/families/mistral");
    EXPECT_EQ(loaded.model->config().context, 128);
}

} // namespace
} // namespace moa::test
