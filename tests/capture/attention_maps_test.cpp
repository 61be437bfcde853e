// Maps of the embedded model against PyTorch's (tests/reference/README.md) and against whole N × N matrices
// in double.
#include "engine/capture/attention_maps.h"
#include "engine/core/error.h"
#include "kernels/reference/reference_costs.h"
#include "tests/model/model_fixture.h"

namespace moa::test {
namespace {

/// Largest difference within one head, relative to the head's largest golden value.
double worstRelative(const std::vector<float>& ours, const std::vector<float>& golden, std::size_t heads) {
    EXPECT_EQ(ours.size(), golden.size());
    const std::size_t per = golden.size() / heads;
    double worst = 0;
    for (std::size_t h = 0; h < heads; ++h) {
        double most = 0, difference = 0;
        for (std::size_t i = h * per; i < (h + 1) * per; ++i) {
            most = std::max(most, std::abs(double(golden[i])));
            difference = std::max(difference, std::abs(double(ours[i]) - double(golden[i])));
        }
        worst = std::max(worst, difference / most);
    }
    return worst;
}

TEST(AttentionMaps, EqualPyTorch) {
    const Golden golden("influence.safetensors");
    for (const std::string text : {"prose", "odd", "even"}) {
        const auto ids = golden.ints(text + "/ids");
        const auto n = static_cast<std::int64_t>(ids.size());
        const AttentionMaps attention = captureAttention(tinyModel(), ids, {});
        EXPECT_EQ(attention.cells, (n + 63) / 64);
        EXPECT_EQ(attention.layers.size(), 6u);
        EXPECT_EQ(attention.heads.size(), 8u);
        EXPECT_LT(worstRelative(attention.values, golden.floats(text + "/attention_map"), 48), 1e-5) << text;
        EXPECT_NEAR(attention.sum() / (48 * double(n)), 1, 1e-5) << text;

        AttentionMapOptions options;
        options.value = MapValue::Influence;
        options.lossLast = golden.ints(text + "/response")[0];
        const AttentionMaps influence = captureAttention(tinyModel(), ids, options);
        const auto truth = golden.floats(text + "/influence_map");
        const double worst = worstRelative(influence.values, truth, 48);
        std::cout << text << ": influence map " << worst << "\n";
        EXPECT_LT(worst, 1e-3) << text;
        const double loss = double(golden.floats(text + "/loss")[0]);
        EXPECT_NEAR(influence.loss, loss, 1e-3 * loss) << text;
    }
}

/// One head's rows, read from the model while it runs.
struct HeadTensors {
    std::vector<double> q, k, v, dOut;
};

std::vector<double> headColumns(const Tensor& t, std::int64_t head, std::int64_t dim) {
    std::vector<double> out;
    const auto* values = static_cast<const float*>(t.data); // of the CPU backend
    for (std::int64_t r = 0; r < t.rows; ++r)
        for (std::int64_t d = 0; d < dim; ++d) out.push_back(double(values[r * t.stride + head * dim + d]));
    return out;
}

/// Head `h` of layer `l` in a backward pass with the loss from `lossBegin` on.
HeadTensors headTensors(std::span<const int> ids, const WindowMap* windows, std::int64_t lossBegin, int l,
                        int h) {
    HeadTensors tensors;
    BackwardSample sample;
    sample.ids = ids;
    sample.windows = windows;
    sample.lossBegin = lossBegin;
    sample.observer = [&](const LayerAttention& layer) {
        if (layer.layer != LayerIndex(l)) return true;
        const AttentionShape shape = tinyModel().shape();
        const std::int64_t kvHead = h / shape.groupSize();
        tensors = {headColumns(layer.q, h, shape.headDim), headColumns(layer.k, kvHead, shape.headDim),
                   headColumns(layer.v, kvHead, shape.headDim), headColumns(layer.dOut, h, shape.headDim)};
        return false;
    };
    EXPECT_EQ(tinyModel().backward(sample).completion, Completion::Done);
    EXPECT_FALSE(tensors.q.empty());
    return tensors;
}

TEST(AttentionMaps, SingleTokensEqualTheWholeMatrix) {
    const auto ids = Golden("influence.safetensors").ints("prose/ids");
    const auto n = static_cast<std::int64_t>(ids.size());
    for (const int head : {0, 5}) {
        const HeadTensors t = headTensors(ids, nullptr, n - 9, 3, head);
        const std::int64_t dim = tinyModel().shape().headDim;
        const reference::HeadShape shape{n, dim, 1 / std::sqrt(double(dim))};
        const reference::HeadInputs inputs{t.q.data(), t.k.data(), t.v.data()};
        std::vector<double> e(static_cast<std::size_t>(n * n));
        reference::publishedInfluence(inputs, t.dOut.data(), shape, e.data());

        AttentionMapOptions options;
        options.layers = {LayerIndex(3)};
        options.heads = {HeadIndex(head)};
        options.block = 1;
        const AttentionMaps attention = captureAttention(tinyModel(), ids, options);
        options.value = MapValue::Influence;
        options.lossLast = 9;
        const AttentionMaps influence = captureAttention(tinyModel(), ids, options);
        ASSERT_EQ(attention.values.size(), e.size());
        double most = 0, worst = 0;
        for (std::size_t i = 0; i < e.size(); ++i) {
            most = std::max(most, std::abs(e[i]));
            worst = std::max(worst, std::abs(std::abs(e[i]) - double(influence.values[i])));
        }
        EXPECT_LT(worst, 1e-4 * most);
        for (std::int64_t i = 0; i < n; ++i) {
            std::vector<double> scores(static_cast<std::size_t>(n)), a(scores.size());
            reference::scoreRow(inputs, shape, i, scores.data());
            reference::softmaxRow(scores.data(), i, {}, a.data());
            double row = 0;
            for (std::size_t j = 0; j < a.size(); ++j) {
                const double ours = double(attention.values[static_cast<std::size_t>(i * n) + j]);
                EXPECT_NEAR(ours, a[j], 1e-5);
                row += ours;
            }
            EXPECT_NEAR(row, 1, 1e-5);
        }
    }
}

TEST(AttentionMaps, WindowsHideWhatThePlanHides) {
    const Golden golden("masked.safetensors");
    const auto ids = golden.ints("ids");
    const auto n = static_cast<std::int64_t>(ids.size());
    AttentionMapOptions options;
    options.windows = golden.windows("windows", 6, 4, 64);
    options.block = 1;
    options.layers = {LayerIndex(1), LayerIndex(4)};
    for (const MapValue value : {MapValue::Attention, MapValue::Influence}) {
        options.value = value;
        options.lossLast = 5;
        const AttentionMaps maps = captureAttention(tinyModel(), ids, options);
        ASSERT_EQ(maps.values.size(), static_cast<std::size_t>(2 * 8 * n * n));
        for (std::size_t l = 0; l < 2; ++l)
            for (std::size_t h = 0; h < 8; ++h) {
                const std::int64_t w = options.windows->window(options.layers[l], KvHeadIndex(int(h) / 2));
                const auto map = maps.map(l, h);
                double sum = 0;
                bool hidden = true;
                for (std::int64_t i = 0; i < n; ++i)
                    for (std::int64_t j = 0; j < n; ++j) {
                        const float cell = map[static_cast<std::size_t>(i * n + j)];
                        sum += double(cell);
                        if (j > i || (j >= 64 && i - j >= w)) hidden = hidden && cell == 0;
                    }
                EXPECT_TRUE(hidden) << "a hidden key has a value";
                if (value == MapValue::Attention)
                    EXPECT_NEAR(sum, double(n), 1e-5 * double(n));
                else
                    EXPECT_GT(sum, 0);
            }
    }
}

TEST(AttentionMaps, AnyBlockPoolsTheSameCells) {
    const auto ids = Golden("influence.safetensors").ints("prose/ids"); // 139 tokens
    for (const MapValue value : {MapValue::Attention, MapValue::Influence}) {
        AttentionMapOptions options;
        options.value = value;
        options.lossLast = 20;
        options.layers = {LayerIndex(2)};
        options.heads = {HeadIndex(7), HeadIndex(1)}; // in the order asked for
        options.block = 1;
        const AttentionMaps tokens = captureAttention(tinyModel(), ids, options);
        for (const std::int64_t block : {2, 50, 64, 100, 139, 5000}) {
            options.block = block;
            const AttentionMaps maps = captureAttention(tinyModel(), ids, options);
            EXPECT_EQ(maps.cells, (139 + block - 1) / block);
            EXPECT_EQ(maps.block, block);
            std::vector<double> pooled(maps.values.size());
            const std::int64_t c = maps.cells;
            for (std::int64_t h = 0; h < 2; ++h)
                for (std::int64_t i = 0; i < 139; ++i)
                    for (std::int64_t j = 0; j < 139; ++j)
                        pooled[static_cast<std::size_t>((h * c + i / block) * c + j / block)] +=
                            double(tokens.map(
                                0, static_cast<std::size_t>(h))[static_cast<std::size_t>(i * 139 + j)]);
            for (std::size_t i = 0; i < pooled.size(); ++i)
                EXPECT_NEAR(maps.values[i], pooled[i], 1e-5 * pooled[i] + 1e-9) << "block " << block;
        }
    }
}

TEST(AttentionMaps, OneTokenIsAllAttention) {
    const std::vector<int> one = {5};
    const AttentionMaps maps = captureAttention(tinyModel(), one, {});
    EXPECT_EQ(maps.cells, 1);
    for (const float cell : maps.values) EXPECT_NEAR(cell, 1, 1e-6);
}

TEST(AttentionMaps, RefusesWhatTheModelOrTheTextDoesNotHave) {
    const std::vector<int> ids = {5, 6, 7, 8};
    const auto refuse = [&](const AttentionMapOptions& options, std::span<const int> text,
                            const std::string& words) {
        try {
            captureAttention(tinyModel(), text, options);
            ADD_FAILURE() << "accepted: " << words;
        } catch (const UsageError& e) {
            EXPECT_NE(std::string(e.what()).find(words), std::string::npos) << e.what();
        }
    };
    refuse({.layers = {LayerIndex(6)}}, ids, "layers 0 to 5");
    refuse({.layers = {LayerIndex(-1)}}, ids, "layers 0 to 5");
    refuse({.heads = {HeadIndex(8)}}, ids, "heads 0 to 7");
    refuse({.block = 0}, ids, "block");
    refuse({}, {}, "no tokens");
    refuse({.value = MapValue::Influence, .lossLast = 4}, ids, "the text has 4");
    refuse({.value = MapValue::Influence}, std::span(ids).first(1), "at least 2 tokens");
    refuse({.windows = denseWindows(5, 4)}, ids, "5 layers");
    refuse({.windows = denseWindows(6, 8)}, ids, "8 KV heads");
    EXPECT_EQ(captureAttention(tinyModel(), ids, {.value = MapValue::Influence, .lossLast = 3}).completion,
              Completion::Done);
}

TEST(AttentionMaps, SaysWhatDoesNotFitAndWhichBlockWould) {
    const std::vector<int> ids(1000, 5);
    AttentionMapOptions options;
    options.block = 1;
    options.memoryLimit = 40 << 20; // 48 maps of 1,000 × 1,000 are 183 MiB
    std::int64_t fits = 0;
    try {
        captureAttention(tinyModel(), ids, options);
        FAIL() << "accepted";
    } catch (const MemoryError& e) {
        EXPECT_GT(e.neededBytes(), 48u * 1000 * 1000 * 4);
        EXPECT_EQ(e.availableBytes(), options.memoryLimit);
        const std::string text = e.what();
        const auto at = text.find("block ", text.find("available"));
        ASSERT_NE(at, std::string::npos) << text;
        fits = std::stoll(text.substr(at + 6));
    }
    EXPECT_GE(fits, 3);
    options.block = fits - 1;
    EXPECT_THROW(captureAttention(tinyModel(), ids, options), MemoryError);
    options.block = fits;
    EXPECT_NO_THROW(captureAttention(tinyModel(), ids, options));
}

TEST(AttentionMaps, CancelsAndReportsProgress) {
    const std::vector<int> ids(200, 5);
    std::vector<std::int64_t> reports;
    const ProgressFn progress = [&](const Progress& p) {
        EXPECT_EQ(p.total, 2);
        reports.push_back(p.done);
    };
    AttentionMapOptions options;
    options.layers = {LayerIndex(0), LayerIndex(2)};
    EXPECT_EQ(captureAttention(tinyModel(), ids, options, {}, progress).completion, Completion::Done);
    EXPECT_EQ(reports, (std::vector<std::int64_t>{1, 2}));

    for (const MapValue value : {MapValue::Attention, MapValue::Influence}) {
        std::stop_source stop;
        options.value = value;
        const ProgressFn stopAfterOne = [&](const Progress&) { stop.request_stop(); };
        const AttentionMaps maps =
            captureAttention(tinyModel(), ids, options, stop.get_token(), stopAfterOne);
        EXPECT_EQ(maps.completion, Completion::Cancelled);
        const std::size_t reached =
            value == MapValue::Attention ? 0 : 1; // a backward pass shows the last layer first
        EXPECT_GT(maps.map(reached, 0)[0], 0);
        EXPECT_EQ(maps.map(1 - reached, 0)[0], 0);
    }
}

} // namespace
} // namespace moa::test
