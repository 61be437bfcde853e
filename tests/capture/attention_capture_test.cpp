// Captures of the embedded model: attention from a capture equals the device's own maps (which are held to
// PyTorch's), memory is as announced, layers arrive one by one.
#include "engine/capture/attention_capture.h"
#include "engine/capture/attention_maps.h"
#include "engine/core/error.h"
#include "tests/capture/capture_fixture.h"

#include <gmock/gmock.h>

namespace moa::test {
namespace {

using Layers = std::vector<std::shared_ptr<const CapturedLayer>>;

std::vector<int> someIds(std::size_t count) {
    std::vector<int> ids;
    for (std::size_t i = 0; i < count; ++i) ids.push_back(static_cast<int>((i * 37 + i * i % 11) % 2000) + 8);
    return ids;
}

Layers capture(const std::vector<int>& ids, const WindowMap* windows = nullptr,
               const CaptureOptions& options = {}) {
    Layers layers;
    const Completion end =
        captureLayers(tinyModel(), ids, windows, options, [&](LayerIndex index, auto layer) {
            EXPECT_EQ(layer->layer, index);
            layers.push_back(std::move(layer));
        });
    EXPECT_EQ(end, Completion::Done);
    return layers;
}

/// Largest difference between the captured heads' tiles at 16 tokens a cell and the device's block sums.
double worstAgainstMaps(const Layers& layers, const std::vector<int>& ids, const WindowMap* windows) {
    AttentionMapOptions options;
    options.block = 16;
    if (windows) options.windows = *windows;
    const AttentionMaps maps = captureAttention(tinyModel(), ids, options);
    EXPECT_LE(maps.cells, TileKey::kCells);
    TileWorkspace workspace;
    double worst = 0;
    for (const auto& layer : layers)
        for (int h = 0; h < layer->shape.heads; ++h) {
            const TileKey key{layer->layer.value, h / layer->shape.groupSize(), h, 16, 0, 0};
            const AttentionTile tile = computeTile(*layer, key, workspace).value();
            const auto map =
                maps.map(static_cast<std::size_t>(layer->layer.value), static_cast<std::size_t>(h));
            for (std::int64_t r = 0; r < maps.cells; ++r)
                for (std::int64_t c = 0; c <= r; ++c) {
                    const std::int64_t height = std::min<std::int64_t>(16, maps.tokens - r * 16);
                    const auto pairs = static_cast<double>(c == r ? height * (height + 1) / 2 : height * 16);
                    const double ours = static_cast<double>(tile.mean[static_cast<std::size_t>(r * 64 + c)]);
                    const auto sum = static_cast<double>(map[static_cast<std::size_t>(r * maps.cells + c)]);
                    worst = std::max(worst, std::abs(ours - sum / pairs));
                }
        }
    return worst;
}

TEST(AttentionCapture, HoldsTheAttentionThatTheModelComputed) {
    const std::vector<int> ids = someIds(333);
    const Layers layers = capture(ids);
    ASSERT_EQ(layers.size(), 6u);
    EXPECT_LT(worstAgainstMaps(layers, ids, nullptr), 1e-5);
    for (const auto& layer : layers)
        for (int h = 0; h < 8; ++h)
            EXPECT_NEAR(rangeMass(*layer, KvHeadIndex(h / 2), h, 332, 0, 333), 1, 1e-4);
}

TEST(AttentionCapture, UnderWindowsHoldsWhatTheMaskLeaves) {
    const std::vector<int> ids = someIds(333);
    WindowMap windows = denseWindows(6, 4);
    for (std::size_t i = 0; i < windows.windows.size(); ++i)
        if (i % 2 == 0) windows.windows[i] = 64;
    const Layers layers = capture(ids, &windows);
    EXPECT_LT(worstAgainstMaps(layers, ids, &windows), 1e-5);
    EXPECT_EQ(layers[1]->windows[0], 64);
    EXPECT_EQ(attentionAt(*layers[0], KvHeadIndex(0), 0, 332, 100), 0);
    EXPECT_GT(attentionAt(*layers[0], KvHeadIndex(1), 2, 332, 100), 0);
}

TEST(AttentionCapture, TakesWhatItAnnounces) {
    const std::vector<int> ids = someIds(100);
    for (const bool values : {false, true}) {
        CaptureOptions options;
        options.values = values;
        const Layers layers = capture(ids, nullptr, options);
        std::uint64_t held = 0;
        for (const auto& layer : layers) held += layer->bytes();
        EXPECT_EQ(held, captureBytes(tinyModel().config(), 100, values));
        EXPECT_EQ(held, 6 * captureLayerBytes(tinyModel().config(), 100, values));
        EXPECT_EQ(layers[0]->v.empty(), !values);
    }
}

TEST(AttentionCapture, TakesTheLayersAskedFor) {
    const std::vector<int> ids = someIds(70);
    CaptureOptions options;
    options.layers = {LayerIndex(1), LayerIndex(4)};
    const Layers some = capture(ids, nullptr, options), all = capture(ids);
    ASSERT_EQ(some.size(), 2u);
    EXPECT_EQ(some[0]->q, all[1]->q);
    EXPECT_EQ(some[1]->k, all[4]->k);
    EXPECT_EQ(some[1]->lse, all[4]->lse);
    for (const auto& bad :
         {std::vector{LayerIndex(6)}, std::vector{LayerIndex(-1)}, std::vector{LayerIndex(2), LayerIndex(1)},
          std::vector{LayerIndex(2), LayerIndex(2)}}) {
        options.layers = bad;
        EXPECT_THROW(captureLayers(tinyModel(), ids, nullptr, options, [](LayerIndex, const auto&) {}),
                     UsageError);
    }
}

TEST(AttentionCapture, ThatDoesNotFitIsRefusedWithTheLengthThatWould) {
    const std::vector<int> ids = someIds(1000);
    CaptureOptions options;
    options.memoryLimit = 8u << 20;
    const LayerCaptured never = [](LayerIndex, const auto&) { FAIL() << "computed nevertheless"; };
    std::int64_t fitting = 0;
    try {
        captureLayers(tinyModel(), ids, nullptr, options, never);
        FAIL();
    } catch (const MemoryError& e) {
        EXPECT_THAT(e.what(), testing::HasSubstr("1000 tokens in 6 layers"));
        EXPECT_EQ(e.availableBytes(), 8u << 20);
        EXPECT_GT(e.neededBytes(), captureBytes(tinyModel().config(), 1000, false));
        const std::string text = e.what();
        const std::size_t end = text.find(" tokens would fit");
        ASSERT_NE(end, std::string::npos) << text;
        fitting = std::stoll(text.substr(text.rfind(' ', end - 1)));
    }
    const auto length = [&](std::int64_t n) { return std::span(ids).first(static_cast<std::size_t>(n)); };
    int layers = 0;
    captureLayers(tinyModel(), length(fitting), nullptr, options, [&](LayerIndex, const auto&) { ++layers; });
    EXPECT_EQ(layers, 6);
    EXPECT_THROW(captureLayers(tinyModel(), length(fitting + 1), nullptr, options, never), MemoryError);
    options.memoryLimit = 1000;
    EXPECT_THROW(captureLayers(tinyModel(), length(1), nullptr, options, never), MemoryError);
    EXPECT_THROW(captureLayers(tinyModel(), {}, nullptr, {}, never), UsageError);
}

TEST(AttentionCapture, ReportsLayersAndStopsBetweenThem) {
    const std::vector<int> ids = someIds(64);
    std::vector<std::int64_t> reports;
    std::stop_source stop;
    int layers = 0;
    const ProgressFn progress = [&](const Progress& p) {
        EXPECT_EQ(p.total, 6);
        reports.push_back(p.done);
        if (p.done == 3) stop.request_stop();
    };
    EXPECT_EQ(captureLayers(
                  tinyModel(), ids, nullptr, {}, [&](LayerIndex, const auto&) { ++layers; }, stop.get_token(),
                  progress),
              Completion::Cancelled);
    EXPECT_EQ(layers, 3);
    EXPECT_EQ(reports, (std::vector<std::int64_t>{1, 2, 3}));
}

} // namespace
} // namespace moa::test
