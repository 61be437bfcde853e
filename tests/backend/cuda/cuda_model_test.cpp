// The embedded model on a card against the same model on the processor: logits under dense and uneven
// windows, decoding past several ring lengths, greedy text, memory by the driver's own account.
#include "engine/backend/cuda/cuda_backend.h"
#include "engine/backend/cuda/cuda_tiles.h"
#include "engine/backend/cuda/device_memory.h"
#include "engine/capture/attention_maps.h"
#include "engine/capture/card_tiles.h"
#include "engine/core/error.h"
#include "engine/model/memory_estimate.h"
#include "tests/kernels/cuda/cuda_fixture.h"
#include "tests/model/model_fixture.h"

#include <map>

namespace moa::test {
namespace {

/// 16-bit activations through six layers; a wrong mask or position is off by a hundred times this.
constexpr double kLogitTolerance = 4e-3;
constexpr std::uint64_t kDriverBlock = 2 << 20; ///< what the driver rounds allocations to

class CudaModelTest : public CudaTest {
protected:
    void SetUp() override {
        CudaTest::SetUp();
        if (IsSkipped()) return;
        m_backend = cuda::makeCudaBackend(0, DType::F16);
        m_files = loadModel(kSource + "/resources/models/moa-tiny");
        m_model = std::make_unique<LanguageModel>(m_files, *m_backend);
    }
    LanguageModel& model() { return *m_model; }
    Backend& backend() { return *m_backend; }
    void eject() { m_model.reset(); }
    const std::shared_ptr<const Model>& files() const { return m_files; }

private:
    std::unique_ptr<Backend> m_backend;
    std::shared_ptr<const Model> m_files;
    std::unique_ptr<LanguageModel> m_model;
};

/// ‖a − b‖ / ‖b‖.
double normalisedError(std::span<const float> a, std::span<const float> b) {
    double difference = 0, size = 0;
    for (std::size_t i = 0; i < b.size(); ++i) {
        difference += (double(a[i]) - double(b[i])) * (double(a[i]) - double(b[i]));
        size += double(b[i]) * double(b[i]);
    }
    return std::sqrt(difference / size);
}

TEST_F(CudaModelTest, LogitsAreThoseOfTheProcessor) {
    const Golden golden("logits.safetensors");
    for (const std::string text : {"prose", "lines"}) {
        const auto ids = golden.ints(text + "/ids");
        std::vector<MaskSource> masks{MaskSource::dense()};
        for (const int sink : {0, 64, 128})
            masks.push_back(MaskSource::fixed(golden.windows("windows", 6, 4, sink)));
        for (std::size_t m = 0; m < masks.size(); ++m) {
            const auto expected = logitsOf(tinyModel(), masks[m], ids, {512});
            for (const std::vector<std::size_t>& pieces :
                 {std::vector<std::size_t>{512}, {100, 1, 7, 65}, {ids.size() - 40, 1}}) {
                const double error = normalisedError(logitsOf(model(), masks[m], ids, pieces), expected);
                std::cout << text << ", mask " << m << ", pieces from " << pieces.front() << ": error "
                          << error << "\n";
                EXPECT_LT(error, kLogitTolerance) << text << ", mask " << m;
            }
        }
    }
}

TEST_F(CudaModelTest, BatchOfDifferentLengthsIsEachAlone) {
    const Golden golden("logits.safetensors");
    const auto ids = golden.ints("lines/ids");
    const auto mask = MaskSource::fixed(golden.windows("windows", 6, 4, 64));
    const std::vector<std::size_t> lengths{ids.size() - 9, 70, 210};
    std::vector<Sequence> sequences;
    for (const std::size_t length : lengths) sequences.emplace_back(model(), mask, std::int64_t(length) + 8);
    const auto step = [&](std::size_t from, std::size_t count) {
        std::vector<ForwardItem> items;
        for (std::size_t s = 0; s < lengths.size(); ++s)
            items.push_back(
                {&sequences[s],
                 std::span(ids).subspan(from ? lengths[s] + from - 1 : 0, from ? count : lengths[s]), 1});
        std::vector<std::vector<float>> rows(lengths.size());
        EXPECT_EQ(model().forward(items,
                                  [&](std::size_t item, std::int64_t, std::span<const float> row) {
                                      rows[item].assign(row.begin(), row.end());
                                  }),
                  Completion::Done);
        return rows;
    };
    step(0, 0);
    std::vector<std::vector<float>> last;
    for (std::size_t t = 1; t <= 8; ++t) last = step(t, 1);
    for (std::size_t s = 0; s < lengths.size(); ++s) {
        const auto all = logitsOf(tinyModel(), mask, std::span(ids).first(lengths[s] + 8), {512});
        const std::span expected = std::span(all).last(std::size_t(model().config().vocab));
        EXPECT_LT(normalisedError(last[s], expected), kLogitTolerance) << "length " << lengths[s];
    }
}

TEST_F(CudaModelTest, GreedyTextIsThatOfPyTorch) {
    const Golden golden("generate.safetensors");
    const auto prompt = golden.ints("prompt_ids"), expected = golden.ints("generated_ids");
    Sequence sequence(model(), MaskSource::dense(), 512);
    GenerateOptions options;
    options.maxNew = static_cast<int>(expected.size());
    options.stopAtEnd = false;
    EXPECT_EQ(generate(model(), sequence, prompt, options, {}, {}).ids, expected);
}

TEST_F(CudaModelTest, MemoryIsTheFormulasAndComesBack) {
    const std::uint64_t loaded = backend().usedBytes();
    const SparsePlan plan = uniformPlan(6, 8, 4, {512, 0.25});
    std::uint64_t formula = 0;
    {
        std::vector<Sequence> sequences;
        for (int s = 0; s < 16; ++s) {
            sequences.emplace_back(model(), MaskSource::plan(plan), 16384);
            formula += static_cast<std::uint64_t>(plan.kvBytes(16384, 64, 2));
        }
        const double taken = double(backend().usedBytes() - loaded);
        std::cout << "KV: formula " << formula << ", driver " << taken << "\n";
        EXPECT_NEAR(taken, double(formula), 0.01 * double(formula) + 16 * kDriverBlock);
    }
    EXPECT_LE(backend().usedBytes(), loaded + kDriverBlock);
    try {
        Sequence tooLarge(model(), MaskSource::dense(), std::int64_t(1) << 30);
        FAIL() << "a cache of terabytes";
    } catch (const MemoryError& e) {
        EXPECT_NE(std::string(e.what()).find("KV cache"), std::string::npos) << e.what();
    }
    EXPECT_LE(backend().usedBytes(), loaded + kDriverBlock);
    eject();
    const std::uint64_t ejected = backend().usedBytes();
    EXPECT_LT(ejected, loaded);
    for (int i = 0; i < 20; ++i) {
        std::stop_source stop;
        LanguageModel again(files(), backend(), stop.get_token(), [&](const Progress& p) {
            if (p.done == 3) stop.request_stop(); // a load that is cancelled half way
        });
    }
    EXPECT_LE(backend().usedBytes(), ejected + kDriverBlock);
}

/// Every tile of a head at two resolutions, and the mean of its group, against the processor's from the same
/// capture.
TEST_F(CudaModelTest, TilesAreThoseOfTheProcessor) {
    std::vector<int> ids(1500);
    for (std::size_t i = 0; i < ids.size(); ++i) ids[i] = static_cast<int>(i * 7919 % 2000) + 3;
    const Golden golden("logits.safetensors");
    const WindowMap windows = golden.windows("windows", 6, 4, 64);
    for (const WindowMap* mask : {static_cast<const WindowMap*>(nullptr), &windows}) {
        std::shared_ptr<const CapturedLayer> layer;
        CaptureOptions options;
        options.layers = {LayerIndex(3)};
        ASSERT_EQ(
            captureLayers(model(), ids, mask, options, [&](LayerIndex, auto captured) { layer = captured; }),
            Completion::Done);
        ASSERT_TRUE(hasCardTiles(*layer));
        std::vector<TileKey> keys;
        for (const int head : {-1, 2, 3})
            for (const int block : {32, 1})
                for (const auto& [row, col] : {std::pair{0, 0}, {2, 1}, {23, 0}, {23, 23}, {0, 1}})
                    if (block == 1 || row == 0)
                        keys.push_back({3, 1, head, block, block == 1 ? row : 0, block == 1 ? col : 0});
        std::map<TileKey, std::shared_ptr<const AttentionTile>> expected, seen;
        computeTiles(*layer, keys, 2, {}, [&](const TileKey& key, auto tile) { expected[key] = tile; });
        const auto card = cuda::makeTileDevice(0);
        computeTilesOnCard(*card, *layer, keys, [&](const TileKey& key, auto tile) { seen[key] = tile; });
        ASSERT_EQ(seen.size(), expected.size());
        for (const auto& [key, tile] : expected) {
            ASSERT_EQ(seen[key]->mean.size(), tile->mean.size());
            EXPECT_EQ(seen[key]->rows, tile->rows);
            for (std::size_t i = 0; i < tile->mean.size(); ++i) {
                ASSERT_NEAR(seen[key]->mean[i], tile->mean[i], 1e-3)
                    << "block " << key.block << ", cell " << i;
                ASSERT_NEAR(seen[key]->max[i], tile->max[i], 1e-3) << "block " << key.block << ", cell " << i;
            }
        }
    }
}

/// One sample's pass on a device: the gradient of the embeddings, and what every rule costs.
struct Pass {
    BackwardResult result;
    std::vector<float> gradient;
    SampleCosts costs;

    Pass(LanguageModel& model, std::span<const int> ids, std::int64_t lossBegin,
         const WindowMap* windows = nullptr)
        : costs(model.config().layers, model.config().heads, static_cast<std::int64_t>(ids.size())) {
        BackwardSample sample;
        sample.ids = ids, sample.lossBegin = lossBegin, sample.windows = windows;
        sample.costs = windows ? nullptr : &costs;
        sample.embeddingGradient = &gradient;
        result = model.backward(sample);
    }
};

std::vector<int> noiseText(std::size_t tokens) {
    std::vector<int> ids(tokens);
    for (std::size_t i = 0; i < tokens; ++i) ids[i] = static_cast<int>(i * 7919 % 2000) + 3;
    return ids;
}

TEST_F(CudaModelTest, GradientsAreThoseOfTheProcessor) {
    const Golden golden("logits.safetensors");
    const auto ids = golden.ints("prose/ids");
    const WindowMap windows = golden.windows("windows", 6, 4, 64);
    const auto n = static_cast<std::int64_t>(ids.size());
    for (const WindowMap* mask : {static_cast<const WindowMap*>(nullptr), &windows})
        for (const std::int64_t lossBegin : {std::int64_t(1), n - 20}) {
            const Pass card(model(), ids, lossBegin, mask), cpu(tinyModel(), ids, lossBegin, mask);
            EXPECT_NEAR(card.result.loss, cpu.result.loss, 1e-2 * cpu.result.loss);
            const double error = normalisedError(card.gradient, cpu.gradient);
            std::cout << n << " tokens, loss from " << lossBegin << ": gradient error " << error << "\n";
            EXPECT_LT(error, 2e-2);
        }
}

/// Every rule's loss of every KV head, as the search reads it: Σ over rows and query heads.
TEST_F(CudaModelTest, RuleCostsAreThoseOfTheProcessor) {
    const Golden golden("logits.safetensors");
    for (const std::string text : {"prose", "lines"}) {
        const auto ids = golden.ints(text + "/ids");
        const auto n = static_cast<std::int64_t>(ids.size());
        const Pass card(model(), ids, n - 40), cpu(tinyModel(), ids, n - 40);
        const auto group = static_cast<std::size_t>(model().config().groupSize());
        const std::size_t perHead =
            card.costs.costSigned.size() / static_cast<std::size_t>(6 * model().config().heads);
        std::vector<float> seen, expected;
        double worst = 0;
        for (std::size_t head = 0; head < std::size_t(6 * model().config().heads); head += group) {
            double most = 0, difference = 0;
            for (std::size_t at = 0; at < perHead; ++at) {
                double own = 0, truth = 0;
                for (std::size_t h = head; h < head + group; ++h)
                    own += card.costs.costSigned[h * perHead + at],
                        truth += cpu.costs.costSigned[h * perHead + at];
                most = std::max(most, std::abs(truth)),
                difference = std::max(difference, std::abs(own - truth));
                seen.push_back(static_cast<float>(own)), expected.push_back(static_cast<float>(truth));
            }
            worst = std::max(worst, difference / (most + 1e-12));
        }
        const auto error = [](const auto& a, const auto& b) {
            return normalisedError(std::vector<float>(a.begin(), a.end()),
                                   std::vector<float>(b.begin(), b.end()));
        };
        std::cout << text << ", loss " << card.result.loss << " and " << cpu.result.loss
                  << ": rule losses differ by " << error(seen, expected) << ", at worst by " << worst
                  << " of a head's largest; rows " << error(card.costs.cost, cpu.costs.cost) << ", influence "
                  << error(card.costs.hist, cpu.costs.hist) << "\n";
        const double tolerance = 1e-2;
        EXPECT_LT(error(seen, expected), tolerance);
        EXPECT_LT(error(card.costs.cost, cpu.costs.cost), tolerance);
        EXPECT_LT(error(card.costs.hist, cpu.costs.hist), tolerance);
        EXPECT_LT(error(card.costs.influenceMap, cpu.costs.influenceMap), tolerance);
        EXPECT_LT(error(card.costs.attentionMap, cpu.costs.attentionMap), 1e-2);
    }
}

TEST_F(CudaModelTest, TwoPassesGiveTheSameBits) {
    const auto ids = noiseText(700);
    const Pass one(model(), ids, 650), two(model(), ids, 650);
    EXPECT_EQ(one.gradient, two.gradient);
    EXPECT_EQ(one.costs.cost, two.costs.cost);
    EXPECT_EQ(one.costs.costSigned, two.costs.costSigned);
    EXPECT_EQ(one.costs.hist, two.costs.hist);
    EXPECT_EQ(one.costs.influenceMap, two.costs.influenceMap);
    EXPECT_EQ(one.costs.attentionMap, two.costs.attentionMap);
}

TEST_F(CudaModelTest, InfluenceMapsAreThoseOfTheProcessor) {
    const auto ids = noiseText(300);
    for (const int block : {1, 16, 64, 128}) {
        AttentionMapOptions options;
        options.value = MapValue::Influence, options.block = block, options.lossLast = 20;
        options.layers = {LayerIndex(1)}, options.heads = {HeadIndex(0), HeadIndex(5)};
        const AttentionMaps card = captureAttention(model(), ids, options);
        const AttentionMaps cpu = captureAttention(tinyModel(), ids, options);
        EXPECT_LT(normalisedError(card.values, cpu.values), 2e-2) << "block " << block;
    }
}

TEST_F(CudaModelTest, WhatIsFreeDecidesWhatAPassKeeps) {
    const auto ids = noiseText(2000);
    const std::uint64_t before = backend().usedBytes();
    const Pass pass(model(), ids, 1990);
    EXPECT_GT(pass.result.deviceBytes, before);
    EXPECT_LE(backend().usedBytes(), before + 16 * kDriverBlock) << "a pass gives its memory back";
}

} // namespace
} // namespace moa::test
