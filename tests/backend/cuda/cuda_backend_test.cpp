// The CUDA backend through its interface: a sequence's life (whole prefill, further chunk, single tokens in a
// batch) under uneven windows against the reference, products, memory, maps, and what it refuses.
#include "engine/backend/cuda/cuda_backend.h"
#include "engine/backend/cuda/device_memory.h"
#include "engine/core/error.h"
#include "tests/kernels/cuda/cuda_fixture.h"

#include <numeric>

namespace moa::test {
namespace {

class CudaBackendTest : public CudaTest, public ::testing::WithParamInterface<DType> {
protected:
    void SetUp() override {
        CudaTest::SetUp();
        if (!IsSkipped()) m_backend = cuda::makeCudaBackend(0, GetParam());
    }
    Backend& backend() { return *m_backend; }
    static Element element() { return GetParam() == DType::F16 ? Element::F16 : Element::BF16; }
    static double tolerance() { return GetParam() == DType::F16 ? kTolerance : 3e-3; }

    Tensor tensor(const Buffer& buffer, std::int64_t rows, std::int64_t cols, DType dtype = GetParam()) {
        return {buffer.data(), dtype, rows, cols, cols};
    }
    Buffer rows(const RandomRows& values) {
        Buffer buffer = m_backend->allocate(values.bits.size() * 2, "rows");
        m_backend->upload(buffer.data(), values.bits.data(), values.bits.size() * 2);
        return buffer;
    }
    std::vector<double> read(const Buffer& buffer) {
        std::vector<Bits> bits(buffer.bytes() / 2);
        m_backend->download(bits.data(), buffer.data(), buffer.bytes());
        return toDoubles(bits, element());
    }

private:
    std::unique_ptr<Backend> m_backend;
};

constexpr AttentionShape kShape{8, 4, 64};
constexpr std::int64_t kSink = 64;

/// One sequence with its history in double precision and its caches on the card.
struct Text {
    RandomRows q, k, v;
    Buffer storage;
    std::vector<KvHeadCache> heads;
    std::vector<std::int64_t> windows{64, 128, 320, 4096};
    std::int64_t held = 0;

    Text(Backend& backend, Element element, std::uint32_t seed, std::int64_t tokens)
        : q(static_cast<std::size_t>(tokens) * 512, element, seed),
          k(static_cast<std::size_t>(tokens) * 256, element, seed + 1), v(k.bits.size(), element, seed + 2) {
        std::int64_t slots = 0;
        for (const std::int64_t w : windows) slots += kSink + std::min<std::int64_t>(w, 1024);
        storage = backend.allocate(static_cast<std::size_t>(slots) * 64 * 2 * 2, "cache");
        char* next = storage.as<char>();
        for (const std::int64_t w : windows) {
            const std::int64_t ring = std::min<std::int64_t>(w, 1024), bytes = (kSink + ring) * 64 * 2;
            heads.push_back({next, next + bytes, kSink, ring, kSink});
            next += 2 * bytes;
        }
    }
    void advance(std::int64_t tokens) {
        held += tokens;
        for (KvHeadCache& c : heads) c.ringFirst = std::max(c.ringFirst, held - c.ring);
    }
    /// Outputs of tokens first … first + count, [count][512].
    std::vector<double> expected(std::int64_t first, std::int64_t count) const {
        std::vector<double> out(static_cast<std::size_t>(count) * 512);
        parallelFor(static_cast<int>(count) * 8, [&](int i) {
            const std::int64_t row = first + i / 8, h = i % 8, g = h / 2;
            std::vector<double> keys, values;
            for (std::int64_t j = 0; j <= row; ++j) {
                keys.insert(keys.end(), k.values.begin() + j * 256 + g * 64,
                            k.values.begin() + j * 256 + g * 64 + 64);
                values.insert(values.end(), v.values.begin() + j * 256 + g * 64,
                              v.values.begin() + j * 256 + g * 64 + 64);
            }
            reference::Mask mask;
            mask.sink = kSink, mask.window = windows[static_cast<std::size_t>(g)];
            attendRow(q.values.data() + row * 512 + h * 64, keys.data(), values.data(), row, 64, mask,
                      out.data() + (i / 8) * 512 + h * 64);
        });
        return out;
    }
};

TEST_P(CudaBackendTest, LifeOfTwoSequences) {
    std::vector<std::unique_ptr<Text>> texts;
    for (const std::uint32_t seed : {10u, 20u})
        texts.push_back(std::make_unique<Text>(backend(), element(), seed, 600));
    const auto slice = [](const RandomRows& all, std::int64_t first, std::int64_t count, std::int64_t cols) {
        return std::vector<Bits>(all.bits.begin() + first * cols, all.bits.begin() + (first + count) * cols);
    };
    // Tokens that each of the two takes in one step: prefills alone and together, then single tokens.
    const std::vector<std::pair<std::int64_t, std::int64_t>> steps{{300, 0}, {0, 70}, {100, 65}, {1, 1},
                                                                   {1, 1},   {1, 0},  {1, 90},   {1, 1}};
    for (const auto& [first, second] : steps) {
        std::vector<Bits> q, k, v;
        std::vector<double> expected;
        std::vector<BatchItem> items;
        std::int64_t row = 0;
        for (std::size_t t = 0; t < 2; ++t) {
            const std::int64_t count = t == 0 ? first : second;
            if (count == 0) continue;
            Text& text = *texts[t];
            const auto append = [&](std::vector<Bits>& to, const std::vector<Bits>& rows) {
                to.insert(to.end(), rows.begin(), rows.end());
            };
            append(q, slice(text.q, text.held, count, 512));
            append(k, slice(text.k, text.held, count, 256));
            append(v, slice(text.v, text.held, count, 256));
            const auto wanted = text.expected(text.held, count);
            expected.insert(expected.end(), wanted.begin(), wanted.end());
            items.push_back({row, count, row, count, text.held, text.heads, text.windows, kSink});
            row += count;
        }
        const auto upload = [&](const std::vector<Bits>& bits) {
            Buffer buffer = backend().allocate(bits.size() * 2, "rows");
            backend().upload(buffer.data(), bits.data(), bits.size() * 2);
            return buffer;
        };
        const Buffer bq = upload(q), bk = upload(k), bv = upload(v),
                     out = backend().allocate(q.size() * 2, "out");
        const Tensor tk = tensor(bk, row, 256), tv = tensor(bv, row, 256);
        backend().attention(kShape, tensor(bq, row, 512), tk, tv, tensor(out, row, 512), {}, items);
        backend().appendKv(kShape, tk, tv, items);
        EXPECT_LE(normalisedError(read(out), expected), tolerance())
            << first << " and " << second << " new tokens";
        if (first) texts[0]->advance(first);
        if (second) texts[1]->advance(second);
    }
}

TEST_P(CudaBackendTest, ProductsOfOneAndManyRows) {
    const std::int64_t in = 256, out = 320;
    const RandomRows w(static_cast<std::size_t>(in * out), element(), 2, 1 / 16.0);
    const Buffer bw = rows(w);
    for (const std::int64_t n : {1, 3, 70}) {
        const RandomRows x(static_cast<std::size_t>(n * in), element(), 1),
            before(static_cast<std::size_t>(n * out), element(), 3);
        const Buffer bx = rows(x), by = rows(before);
        const Buffer bf = backend().allocate(static_cast<std::size_t>(n * out) * 4, "logits");
        std::vector<double> y(static_cast<std::size_t>(n * out)), sum(y.size());
        for (std::int64_t r = 0; r < n; ++r)
            for (std::int64_t c = 0; c < out; ++c) {
                const auto i = static_cast<std::size_t>(r * out + c);
                y[i] = std::inner_product(x.values.begin() + r * in, x.values.begin() + (r + 1) * in,
                                          w.values.begin() + c * in, 0.0);
                sum[i] = before.values[i] + y[i];
            }
        backend().linear(tensor(by, n, out), tensor(bx, n, in), tensor(bw, out, in), true);
        EXPECT_LE(normalisedError(read(by), sum), tolerance()) << n;
        backend().linear(tensor(bf, n, out, DType::F32), tensor(bx, n, in), tensor(bw, out, in), false);
        std::vector<float> floats(y.size());
        backend().download(floats.data(), bf.data(), bf.bytes());
        EXPECT_LE(normalisedError({floats.begin(), floats.end()}, y), 1e-4) << n;
    }
}

TEST_P(CudaBackendTest, WeightsOfEveryTypeAndRowsThatOverlap) {
    const std::vector<float> values{1.5f, -2.25f, 0.f, 1000.f, 3e-5f, -7.f, 8.f, 0.125f};
    const Buffer fromFloat = backend().allocate(16, "weights"), fromHalf = backend().allocate(16, "weights");
    backend().uploadWeight(fromFloat.data(), values.data(), DType::F32, 8);
    std::vector<double> wanted;
    for (const float v : values) wanted.push_back(toDouble(toBits(v, element()), element()));
    EXPECT_EQ(read(fromFloat), wanted);
    std::vector<Bits> halves;
    for (const float v : values) halves.push_back(toBits(v, Element::F16));
    backend().uploadWeight(fromHalf.data(), halves.data(), DType::F16, 8);
    EXPECT_EQ(read(fromHalf).size(), 8u);

    std::vector<Bits> numbers(5000);
    std::iota(numbers.begin(), numbers.end(), Bits(0));
    const Buffer buffer = backend().allocate(10000, "numbers");
    backend().upload(buffer.data(), numbers.data(), 10000);
    backend().copy(buffer.data(), buffer.as<Bits>() + 100, 4000 * 2);
    std::vector<Bits> moved(5000);
    backend().download(moved.data(), buffer.data(), 10000);
    EXPECT_TRUE(std::equal(moved.begin(), moved.begin() + 4000, numbers.begin() + 100));
    EXPECT_EQ(moved[4000], 4000);
}

TEST_P(CudaBackendTest, MemoryIsGivenBackAndRefusalsNameWhatWasAsked) {
    const auto before = cuda::memoryState().freeBytes;
    {
        const Buffer large = backend().allocate(std::size_t(1) << 30, "a gigabyte");
        EXPECT_LE(cuda::memoryState().freeBytes, before - (std::size_t(1) << 30));
    }
    // The driver may give back more than that at this moment.
    EXPECT_GE(cuda::memoryState().freeBytes, before);
    try {
        backend().allocate(std::size_t(1) << 50, "keys of a library");
        FAIL() << "a petabyte was given";
    } catch (const MemoryError& e) {
        EXPECT_NE(std::string(e.what()).find("keys of a library"), std::string::npos);
        EXPECT_GT(e.availableBytes(), 0u);
    }
    EXPECT_GE(cuda::memoryState().freeBytes, before);
}

TEST_P(CudaBackendTest, MapsSumAttention) {
    const std::int64_t n = 200;
    Text text(backend(), element(), 30, n);
    const Buffer bq = rows(text.q), bk = rows(text.k), bv = rows(text.v),
                 out = backend().allocate(text.q.bits.size() * 2, "out");
    const Buffer lse = backend().allocate(8 * 200 * 4, "lse");
    const BatchItem item{0, n, 0, n, 0, {}, text.windows, kSink};
    const Tensor tlse = tensor(lse, 8, n, DType::F32);
    backend().attention(kShape, tensor(bq, n, 512), tensor(bk, n, 256), tensor(bv, n, 256),
                        tensor(out, n, 512), tlse, std::span(&item, 1));
    const std::vector<int> heads{5, 0};
    std::vector<float> cells(2 * 4 * 4);
    backend().attentionMap({kShape,
                            tensor(bq, n, 512),
                            tensor(bk, n, 256),
                            tensor(bv, n, 256),
                            tlse,
                            {},
                            {},
                            text.windows,
                            kSink,
                            heads,
                            64,
                            cells});
    for (std::size_t h = 0; h < 2; ++h) // every row of weights sums to 1
        for (std::size_t row = 0; row < 4; ++row)
            EXPECT_NEAR(std::accumulate(cells.begin() + static_cast<long>(h * 16 + row * 4),
                                        cells.begin() + static_cast<long>(h * 16 + row * 4 + 4), 0.0),
                        row < 3 ? 64 : 8, 0.1);
    EXPECT_THROW(backend().attentionMap({kShape,
                                         tensor(bq, n, 512),
                                         tensor(bk, n, 256),
                                         tensor(bv, n, 256),
                                         tlse,
                                         {},
                                         {},
                                         text.windows,
                                         kSink,
                                         heads,
                                         50,
                                         cells}),
                 UsageError);
}

INSTANTIATE_TEST_SUITE_P(Both, CudaBackendTest, ::testing::Values(DType::F16, DType::BF16));

} // namespace
} // namespace moa::test
