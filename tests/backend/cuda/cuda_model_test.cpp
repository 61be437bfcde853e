// The embedded model on a card against the same model on the processor: logits under dense and uneven windows,
// decoding past several ring lengths, greedy text, memory by the driver's own account.
#include "engine/backend/cuda/cuda_backend.h"
#include "engine/backend/cuda/cuda_tiles.h"
#include "engine/backend/cuda/device_memory.h"
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
                std::cout << text << ", mask " << m << ", pieces from " << pieces.front() << ": error " << error
                          << "\n";
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
            items.push_back({&sequences[s], std::span(ids).subspan(from ? lengths[s] + from - 1 : 0, from ? count : lengths[s]), 1});
        std::vector<std::vector<float>> rows(lengths.size());
        EXPECT_EQ(model().forward(items, [&](std::size_t item, std::int64_t, std::span<const float> row) {
            rows[item].assign(row.begin(), row.end());
        }), Completion::Done);
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

/// Every tile of a head at two resolutions, and the mean of its group, against the processor's from the same capture.
TEST_F(CudaModelTest, TilesAreThoseOfTheProcessor) {
    std::vector<int> ids(1500);
    for (std::size_t i = 0; i < ids.size(); ++i) ids[i] = static_cast<int>(i * 7919 % 2000) + 3;
    const Golden golden("logits.safetensors");
    const WindowMap windows = golden.windows("windows", 6, 4, 64);
    for (const WindowMap* mask : {static_cast<const WindowMap*>(nullptr), &windows}) {
        std::shared_ptr<const CapturedLayer> layer;
        CaptureOptions options;
        options.layers = {LayerIndex(3)};
        ASSERT_EQ(captureLayers(model(), ids, mask, options, [&](LayerIndex, auto captured) { layer = captured; }),
                  Completion::Done);
        ASSERT_TRUE(hasCardTiles(*layer));
        std::vector<TileKey> keys;
        for (const int head : {-1, 2, 3})
            for (const int block : {32, 1})
                for (const auto& [row, col] : {std::pair{0, 0}, {2, 1}, {23, 0}, {23, 23}, {0, 1}})
                    if (block == 1 || row == 0) keys.push_back({3, 1, head, block, block == 1 ? row : 0, block == 1 ? col : 0});
        std::map<TileKey, std::shared_ptr<const AttentionTile>> expected, seen;
        computeTiles(*layer, keys, 2, {}, [&](const TileKey& key, auto tile) { expected[key] = tile; });
        const auto card = cuda::makeTileDevice(0);
        computeTilesOnCard(*card, *layer, keys, [&](const TileKey& key, auto tile) { seen[key] = tile; });
        ASSERT_EQ(seen.size(), expected.size());
        for (const auto& [key, tile] : expected) {
            ASSERT_EQ(seen[key]->mean.size(), tile->mean.size());
            EXPECT_EQ(seen[key]->rows, tile->rows);
            for (std::size_t i = 0; i < tile->mean.size(); ++i) {
                ASSERT_NEAR(seen[key]->mean[i], tile->mean[i], 1e-3) << "block " << key.block << ", cell " << i;
                ASSERT_NEAR(seen[key]->max[i], tile->max[i], 1e-3) << "block " << key.block << ", cell " << i;
            }
        }
    }
}

TEST_F(CudaModelTest, GradientsAreRefusedWithTheRemedy) {
    const std::vector<int> ids(100, 5);
    BackwardSample sample;
    sample.ids = ids;
    try {
        model().backward(sample);
        FAIL() << "gradients on a card";
    } catch (const Error& e) {
        EXPECT_NE(std::string(e.what()).find("--device cpu"), std::string::npos) << e.what();
    }
}

} // namespace
} // namespace moa::test
