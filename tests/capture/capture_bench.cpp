// Prints what attention views cost on this machine: milliseconds a tile by resolution and head size, and the
// capture and statistics of every head of the embedded model. Not a test: figures depend on the machine.
#include "engine/capture/head_statistics.h"
#include "tests/capture/capture_fixture.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>

namespace moa::test {
namespace {

double millisecondsSince(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

/// Median of five.
template <class Work>
double medianMs(const Work& work) {
    std::vector<double> times;
    for (int i = 0; i < 5; ++i) {
        const auto start = std::chrono::steady_clock::now();
        work();
        times.push_back(millisecondsSince(start));
    }
    std::sort(times.begin(), times.end());
    return times[2];
}

void tiles() {
    std::printf("one tile of 64 x 64 cells below the diagonal, one thread, ms\n");
    std::printf("%8s %6s %9s %9s %9s %9s %9s\n", "head_dim", "heads", "block 1", "block 4", "block 16",
                "block 64", "block 256");
    for (const int dim : {32, 64, 128})
        for (const int group : {1, 4}) {
            const CapturedLayer layer = randomLayer({group, 1, dim}, 32768, 7);
            TileWorkspace workspace;
            std::printf("%8d %6d", dim, group);
            for (const int block : {1, 4, 16, 64, 256}) {
                const TileKey key{0, 0, group == 1 ? 0 : -1, block, 1, 0};
                std::printf(" %9.3f", medianMs([&] { computeTile(layer, key, workspace); }));
            }
            std::printf("\n");
        }
}

void heads(std::int64_t tokens, int threads) {
    std::vector<int> ids(static_cast<std::size_t>(tokens));
    for (std::size_t i = 0; i < ids.size(); ++i) ids[i] = static_cast<int>((i * 2654435761u >> 7) % 2000 + 8);
    std::vector<std::shared_ptr<const CapturedLayer>> layers;
    auto start = std::chrono::steady_clock::now();
    captureLayers(tinyModel(), ids, nullptr, {},
                  [&](LayerIndex, auto layer) { layers.push_back(std::move(layer)); });
    const double capture = millisecondsSince(start);
    start = std::chrono::steady_clock::now();
    for (const auto& layer : layers) {
        std::vector<HeadIndex> all;
        for (int h = 0; h < layer->shape.heads; ++h) all.push_back(HeadIndex(h));
        computeHeadStatistics(*layer, all, threads, 0, {}, [](HeadIndex, const auto&) {});
    }
    std::printf(
        "moa-tiny, %lld tokens, %d threads: capture %.0f ms, statistics and thumbnails of 48 heads %.0f ms\n",
        static_cast<long long>(tokens), threads, capture, millisecondsSince(start));
}

} // namespace
} // namespace moa::test

int main() {
    moa::test::tiles();
    for (const std::int64_t tokens : {1024, 4096, 16384}) moa::test::heads(tokens, 2);
    return EXIT_SUCCESS;
}
