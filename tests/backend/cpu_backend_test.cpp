// The CPU backend: the same bits whatever the number of threads, the right head under the right mask, memory
// errors.
#include "engine/backend/cpu/cpu_backend.h"
#include "engine/core/error.h"
#include "engine/core/plan.h"
#include "kernels/reference/reference_attention.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <functional>
#include <numeric>
#include <random>

namespace moa {
namespace {

using Floats = std::vector<float>;

Floats randomFloats(std::int64_t count, unsigned seed) {
    std::mt19937_64 generator(seed);
    std::normal_distribution<float> normal(0, 1);
    Floats out(static_cast<std::size_t>(count));
    for (float& x : out) x = normal(generator);
    return out;
}

Tensor tensor(Floats& values, std::int64_t rows) {
    const auto cols = static_cast<std::int64_t>(values.size()) / rows;
    return {values.data(), DType::F32, rows, cols, cols};
}

/// `body` on backends of 1, 2 and 3 threads gives the same bits each time.
void expectSameBits(const std::function<Floats(Backend&)>& body) {
    const Floats one = body(*makeCpuBackend(1));
    for (const int threads : {2, 3}) {
        const Floats many = body(*makeCpuBackend(threads));
        ASSERT_EQ(one.size(), many.size());
        std::size_t different = 0;
        for (std::size_t i = 0; i < one.size(); ++i)
            different += std::memcmp(&one[i], &many[i], sizeof(float)) != 0;
        EXPECT_EQ(different, 0u) << "of " << one.size() << " with " << threads << " threads";
    }
}

TEST(CpuBackend, ProductsAreTheSameForAnyNumberOfThreads) {
    for (const std::int64_t rows : {1, 2, 7, 23, 24, 65, 95, 97, 131, 512})
        for (const auto& [in, out] :
             {std::pair<std::int64_t, std::int64_t>{256, 688}, {688, 256}, {80, 300}}) {
            SCOPED_TRACE(std::to_string(rows) + " rows, " + std::to_string(in) + " to " +
                         std::to_string(out));
            Floats x = randomFloats(rows * in, 1), w = randomFloats(out * in, 2),
                   dOut = randomFloats(rows * out, 3);
            expectSameBits([&](Backend& backend) {
                Floats y(static_cast<std::size_t>(rows * out));
                backend.linear(tensor(y, rows), tensor(x, rows), tensor(w, out), false);
                backend.linear(tensor(y, rows), tensor(x, rows), tensor(w, out), true);
                return y;
            });
            expectSameBits([&](Backend& backend) {
                Floats dX(static_cast<std::size_t>(rows * in));
                backend.linearBackward(tensor(dX, rows), tensor(dOut, rows), tensor(w, out), false);
                return dX;
            });
        }
}

TEST(CpuBackend, RowOperationsAreTheSameForAnyNumberOfThreads) {
    const std::int64_t rows = 301, cols = 256;
    Floats x = randomFloats(rows * cols, 4), y = randomFloats(rows * cols, 5), w = randomFloats(cols, 6);
    Floats cosine = randomFloats(rows * 16, 7), sine = randomFloats(rows * 16, 8);
    std::vector<std::int64_t> positions(static_cast<std::size_t>(rows));
    std::iota(positions.begin(), positions.end(), 0);
    expectSameBits([&](Backend& backend) {
        Floats a = x, b = y, all(x.size());
        backend.rmsNorm(tensor(all, rows), tensor(a, rows), tensor(w, 1), 1e-5f);
        backend.rmsNormBackward(tensor(all, rows), tensor(a, rows), tensor(w, 1), 1e-5f, tensor(b, rows), nullptr);
        backend.rope(tensor(all, rows), 8, positions, tensor(cosine, rows), tensor(sine, rows), false);
        backend.swiGlu(tensor(all, rows), tensor(all, rows), tensor(b, rows));
        backend.swiGluBackward(tensor(all, rows), tensor(b, rows), tensor(a, rows));
        backend.add(tensor(all, rows), tensor(b, rows));
        return all;
    });
}

/// One layer's attention tensors over a whole sample.
struct LayerInputs {
    AttentionShape shape{8, 4, 32};
    std::int64_t n;
    Floats q, k, v, dOut;
    std::vector<std::int64_t> windows = {64, 100, 1, WindowMap::kFullWindow};

    explicit LayerInputs(std::int64_t tokens)
        : n(tokens), q(randomFloats(n * 256, 11)), k(randomFloats(n * 128, 12)), v(randomFloats(n * 128, 13)),
          dOut(randomFloats(n * 256, 14)) {}

    /// Output, log-sum-exp, dQ, dK, dV, statistics and maps, one after the other.
    Floats everything(Backend& backend, bool dense) {
        Floats out(q.size()), lse(static_cast<std::size_t>(8 * n)), dQ(q.size()), dK(k.size()), dV(v.size());
        const std::vector<std::int64_t> all(4, WindowMap::kFullWindow);
        const BatchItem item{0, n, 0, n, 0, {}, dense ? all : windows, 64};
        backend.attention(shape, tensor(q, n), tensor(k, n), tensor(v, n), tensor(out, n), tensor(lse, 8),
                          std::span(&item, 1));
        const std::size_t tiles = static_cast<std::size_t>((n + 63) / 64);
        std::vector<double> cost(8 * 5 * (tiles + 1)), costSigned(cost.size()), hist(8 * 5 * tiles);
        Floats influence(8 * tiles * tiles), attention(influence.size());
        const HeadCostSums sums{
            static_cast<int>(tiles), static_cast<int>(tiles), cost, costSigned, hist, influence, attention};
        AttentionBackwardArgs args{shape,
                                   tensor(q, n),
                                   tensor(out, n),
                                   tensor(dOut, n),
                                   tensor(k, n),
                                   tensor(v, n),
                                   tensor(lse, 8),
                                   item.windows,
                                   64,
                                   tensor(dQ, n),
                                   tensor(dK, n),
                                   tensor(dV, n),
                                   dense ? &sums : nullptr};
        backend.attentionBackward(args);
        Floats result;
        for (const Floats& part : {out, lse, dQ, dK, dV, influence, attention})
            result.insert(result.end(), part.begin(), part.end());
        for (const auto& part : {cost, costSigned, hist})
            for (const double x : part) result.push_back(static_cast<float>(x));
        for (const std::int64_t block : {1, 50, 64, 1000})
            for (const bool withGradient : {false, true}) {
                const Floats map = cells(backend, out, lse, item.windows, block, withGradient, {1, 2, 7});
                result.insert(result.end(), map.begin(), map.end());
            }
        return result;
    }

    Floats cells(Backend& backend, Floats& out, Floats& lse, std::span<const std::int64_t> masks,
                 std::int64_t block, bool influence, const std::vector<int>& heads) {
        const auto side = static_cast<std::size_t>((n + block - 1) / block);
        Floats map(heads.size() * side * side, -1.0f);
        backend.attentionMap({shape, tensor(q, n), tensor(k, n), tensor(v, n), tensor(lse, 8), tensor(out, n),
                              influence ? tensor(dOut, n) : Tensor{}, masks, 64, heads, block, map});
        return map;
    }
};

TEST(CpuBackend, AttentionAndItsBackwardAreTheSameForAnyNumberOfThreads) {
    for (const std::int64_t n : {1, 65, 200})
        for (const bool dense : {true, false}) {
            LayerInputs layer(n);
            expectSameBits([&](Backend& backend) { return layer.everything(backend, dense); });
        }
}

TEST(CpuBackend, MapsAreThoseOfTheHeadsAskedForUnderTheirMasks) {
    LayerInputs layer(130);
    const auto backend = makeCpuBackend(2);
    Floats out(layer.q.size()), lse(8 * 130);
    const BatchItem item{0, 130, 0, 130, 0, {}, layer.windows, 64};
    backend->attention(layer.shape, tensor(layer.q, 130), tensor(layer.k, 130), tensor(layer.v, 130),
                       tensor(out, 130), tensor(lse, 8), std::span(&item, 1));
    const std::vector<int> heads = {6, 0, 3};
    const Floats map = layer.cells(*backend, out, lse, layer.windows, 1, false, heads);
    for (std::size_t h = 0; h < heads.size(); ++h) {
        const auto head = static_cast<std::size_t>(heads[h]), kvHead = head / 2;
        std::vector<double> q, k;
        for (std::size_t r = 0; r < 130; ++r)
            for (std::size_t d = 0; d < 32; ++d) {
                q.push_back(static_cast<double>(layer.q[r * 256 + head * 32 + d]));
                k.push_back(static_cast<double>(layer.k[r * 128 + kvHead * 32 + d]));
            }
        const reference::HeadShape shape{130, 32, static_cast<double>(layer.shape.scale())};
        for (std::int64_t i = 0; i < 130; ++i) {
            std::vector<double> scores(130), weights(130);
            reference::scoreRow({q.data(), k.data(), nullptr}, shape, i, scores.data());
            reference::softmaxRow(scores.data(), i, {64, layer.windows[kvHead]}, weights.data());
            for (std::size_t j = 0; j < 130; ++j)
                EXPECT_NEAR(map[(h * 130 + static_cast<std::size_t>(i)) * 130 + j], weights[j], 2e-6)
                    << "head " << head << " row " << i << " key " << j;
        }
    }
}

TEST(CpuBackend, StoppedOperationsDoNothing) {
    LayerInputs layer(200);
    const auto backend = makeCpuBackend(2);
    std::stop_source stop;
    stop.request_stop();
    Floats out(layer.q.size()), lse(8 * 200), dQ(layer.q.size(), -1.0f), dK(layer.k.size()),
        dV(layer.v.size());
    backend->attentionBackward({layer.shape, tensor(layer.q, 200), tensor(out, 200), tensor(layer.dOut, 200),
                                tensor(layer.k, 200), tensor(layer.v, 200), tensor(lse, 8), layer.windows, 64,
                                tensor(dQ, 200), tensor(dK, 200), tensor(dV, 200), nullptr,
                                stop.get_token()});
    EXPECT_EQ(dQ, Floats(dQ.size(), -1.0f));
    Floats cells(16, -1.0f);
    const std::vector<int> heads = {3};
    backend->attentionMap({layer.shape,
                           tensor(layer.q, 200),
                           tensor(layer.k, 200),
                           tensor(layer.v, 200),
                           tensor(lse, 8),
                           {},
                           {},
                           layer.windows,
                           64,
                           heads,
                           64,
                           cells,
                           stop.get_token()});
    EXPECT_EQ(cells, Floats(16, -1.0f));
}

TEST(CpuBackend, MoreMemoryThanThereIsIsRefused) {
    const auto backend = makeCpuBackend(1);
    try {
        backend->allocate(std::size_t(1) << 60, "the test's buffer");
        FAIL() << "an exabyte was given";
    } catch (const MemoryError& e) {
        EXPECT_NE(std::string(e.what()).find("the test's buffer"), std::string::npos);
        EXPECT_EQ(e.exitCode(), ExitCode::OutOfMemory);
    }
}

} // namespace
} // namespace moa
