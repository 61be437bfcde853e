// Decode attention against the reference: batches of mixed lengths and windows, rings that have wrapped, keys
// that a ring holds but the mask hides, idle sequences, fewer tiles than workers.
#include "moa_kernels/cuda/decode_attention.h"
#include "tests/kernels/cuda/cuda_fixture.h"

namespace moa::test {
namespace {

using namespace kernels::cuda;

struct Case {
    Element element = Element::F16;
    int headDim = 128, kvHeads = 2, group = 1;
    std::vector<int> lengths; ///< tokens with the new one; 0: idle
    std::vector<int> windows; ///< of KV head g of sequence s: windows[(s + g) % size]; 0: everything
    int sink = 64;
    int spareRing = 0;  ///< slots of the ring beyond the window
    int forgotten = 0;  ///< ring positions below this were never kept
    bool fresh = false; ///< the new token's row is beside the cache
};

class DecodeAttention : public CudaTest {
protected:
    /// Everything one launch needs, laid out on the card, with the sequences' whole history on the host.
    struct Problem {
        std::vector<std::vector<double>> k, v; ///< [sequence · kvHeads][length · D]
        std::vector<double> q;                 ///< [sequence][heads · D]
    };

    static reference::Mask maskOf(const Case& c, int entry) {
        reference::Mask mask;
        mask.sink = c.sink;
        const int w =
            c.windows[static_cast<std::size_t>(entry / c.kvHeads + entry % c.kvHeads) % c.windows.size()];
        if (w > 0) mask.window = w;
        return mask;
    }

    static double errorOf(const Case& c) {
        const int sequences = static_cast<int>(c.lengths.size()), heads = c.kvHeads * c.group, d = c.headDim;
        const int entries = sequences * c.kvHeads;
        std::vector<DecodeCache> caches(static_cast<std::size_t>(entries));
        std::vector<std::unique_ptr<DeviceArray<Bits>>> memory;
        Problem problem;
        std::vector<std::int32_t> positions;
        for (int s = 0; s < sequences; ++s) positions.push_back(c.lengths[static_cast<std::size_t>(s)] - 1);
        for (int e = 0; e < entries; ++e) {
            const int length = c.lengths[static_cast<std::size_t>(e / c.kvHeads)];
            const auto count = static_cast<std::size_t>(std::max(length, 1)) * static_cast<std::size_t>(d);
            const auto seed = static_cast<std::uint32_t>(e) * 2 + 7;
            RandomRows k(count, c.element, seed), v(count, c.element, seed + 1);
            DecodeCache& cache = caches[static_cast<std::size_t>(e)];
            const auto window =
                static_cast<int>(std::min<std::int64_t>(maskOf(c, e).window, std::max(64, length)));
            cache.sink = c.sink;
            cache.window = window;
            cache.ring = window + c.spareRing;
            cache.ringFirst = std::max(c.sink, c.forgotten);
            const auto slots =
                static_cast<std::size_t>(cache.sink + cache.ring) * static_cast<std::size_t>(d);
            std::vector<Bits> ringK(slots, 0xffff), ringV(slots, 0xffff); // slots never written hold NaN
            for (int p = 0; p < length - (c.fresh ? 1 : 0); ++p) {
                const int slot = p < c.sink ? p : c.sink + (p - c.sink) % cache.ring;
                std::copy_n(k.bits.begin() + p * d, d, ringK.begin() + slot * d);
                std::copy_n(v.bits.begin() + p * d, d, ringV.begin() + slot * d);
            }
            cache.k = memory.emplace_back(std::make_unique<DeviceArray<Bits>>(ringK))->data();
            cache.v = memory.emplace_back(std::make_unique<DeviceArray<Bits>>(ringV))->data();
            if (c.fresh) {
                const auto last = static_cast<std::int64_t>(std::max(length, 1) - 1) * d;
                const auto row = [&](const RandomRows& rows) {
                    const std::vector<Bits> bits(rows.bits.begin() + last, rows.bits.begin() + last + d);
                    return memory.emplace_back(std::make_unique<DeviceArray<Bits>>(bits))->data();
                };
                cache.freshK = row(k), cache.freshV = row(v);
            }
            problem.k.push_back(std::move(k.values));
            problem.v.push_back(std::move(v.values));
        }
        RandomRows q(static_cast<std::size_t>(sequences * heads * d), c.element, 3);
        const std::vector<double> out = launch(c, caches, positions, q.bits);
        return compare(c, problem, q.values, out);
    }

    static std::vector<double> launch(const Case& c, const std::vector<DecodeCache>& caches,
                                      const std::vector<std::int32_t>& positions,
                                      const std::vector<Bits>& q) {
        const int sequences = static_cast<int>(c.lengths.size()), heads = c.kvHeads * c.group;
        const int workers = decodeWorkers(multiprocessors()), entries = sequences * c.kvHeads;
        DeviceArray<DecodeCache> deviceCaches(caches);
        DeviceArray<std::int32_t> devicePositions(positions), starts(static_cast<std::size_t>(entries + 1)),
            first(static_cast<std::size_t>(workers));
        DeviceArray<Bits> deviceQ(q), out(q.size());
        DeviceArray<char> workspace(decodeWorkspaceBytes(workers, c.group, c.headDim));
        EXPECT_EQ(launchDecodePlan({deviceCaches.data(), devicePositions.data(), 1, sequences, c.kvHeads,
                                    workers, starts.data(), first.data()},
                                   nullptr),
                  cudaSuccess);
        DecodeAttentionParams p;
        p.q = deviceQ.data(), p.out = out.data();
        p.qStride = p.outStride = heads * c.headDim;
        p.caches = deviceCaches.data(), p.positions = devicePositions.data();
        p.tileStarts = starts.data(), p.firstEntry = first.data();
        p.sequences = sequences, p.heads = heads, p.kvHeads = c.kvHeads, p.headDim = c.headDim;
        p.scale = 1.f / std::sqrt(static_cast<float>(c.headDim));
        p.workers = workers;
        p.workspace = workspace.data();
        p.element = c.element;
        EXPECT_EQ(launchDecodeAttention(p, nullptr), cudaSuccess);
        EXPECT_EQ(cudaDeviceSynchronize(), cudaSuccess);
        return toDoubles(out.host(), c.element);
    }

    static double compare(const Case& c, const Problem& problem, const std::vector<double>& q,
                          const std::vector<double>& out) {
        const int d = c.headDim, heads = c.kvHeads * c.group;
        std::vector<double> expected(out.size()), seen = out;
        parallelFor(static_cast<int>(c.lengths.size()) * heads, [&](int row) {
            const int s = row / heads, entry = s * c.kvHeads + row % heads / c.group;
            const int length = c.lengths[static_cast<std::size_t>(s)];
            double* o = expected.data() + row * d;
            if (length == 0) { // an idle row is left as it was
                for (int i = 0; i < d; ++i) o[i] = 0, seen[static_cast<std::size_t>(row * d + i)] = 0;
                return;
            }
            reference::Mask mask = maskOf(c, entry);
            if (c.forgotten > 0) // what was never kept is hidden like what lies before a narrower window
                mask.window = std::min<std::int64_t>(mask.window, length - std::max(c.sink, c.forgotten));
            attendRow(q.data() + row * d, problem.k[static_cast<std::size_t>(entry)].data(),
                      problem.v[static_cast<std::size_t>(entry)].data(), length - 1, d, mask, o);
        });
        return normalisedError(seen, expected);
    }
};

TEST_F(DecodeAttention, MixedLengthsAndWindows) {
    for (const Element element : {Element::F16, Element::BF16})
        for (const int headDim : {64, 96, 128})
            for (const int group : {1, 4, 8}) {
                const Case c{element, headDim, 2, group, {1, 63, 64, 65, 1000, 4096}, {64, 0, 128, 512, 0}};
                EXPECT_LE(errorOf(c), kTolerance) << "headDim " << headDim << ", group " << group;
            }
}

TEST_F(DecodeAttention, WideGroups) {
    for (const int group : {7, 12, 16})
        EXPECT_LE(errorOf({Element::F16, 128, 1, group, {65, 2000}, {0, 256}}), kTolerance) << group;
}

TEST_F(DecodeAttention, OneLongSequenceFillsTheCard) {
    EXPECT_LE(errorOf({Element::F16, 128, 2, 4, {32768}, {0, 16384}}), kTolerance);
    EXPECT_LE(errorOf({Element::BF16, 64, 1, 1, {32768}, {0}}), kTolerance);
}

TEST_F(DecodeAttention, NoSinkAndWideSink) {
    EXPECT_LE(errorOf({Element::F16, 64, 2, 1, {300, 77}, {128, 64}, 0}), kTolerance);
    EXPECT_LE(errorOf({Element::F16, 64, 2, 1, {300, 1000}, {128, 64}, 256}), kTolerance);
}

TEST_F(DecodeAttention, HidesWhatTheRingHoldsBeyondTheWindow) {
    EXPECT_LE(errorOf({Element::F16, 128, 2, 4, {1000, 333, 90}, {128, 64}, 64, 192}), kTolerance);
    EXPECT_LE(errorOf({Element::F16, 128, 2, 4, {1000}, {0}, 64, 0, 700}), kTolerance);
}

TEST_F(DecodeAttention, NewRowBesideTheCache) {
    for (const int spare : {0, 64}) {
        Case c{Element::F16, 64, 2, 2, {1, 2, 64, 65, 0, 333, 1000}, {64, 128, 0}, 64, spare};
        c.fresh = true;
        EXPECT_LE(errorOf(c), kTolerance) << spare;
    }
}

TEST_F(DecodeAttention, IdleSequencesAndManyShortOnes) {
    EXPECT_LE(errorOf({Element::F16, 128, 2, 1, {0, 64, 0, 0, 129}, {0}}), kTolerance);
    std::vector<int> lengths;
    for (int i = 0; i < 700; ++i) lengths.push_back(1 + i % 40);
    EXPECT_LE(errorOf({Element::F16, 64, 2, 2, lengths, {64}}), kTolerance);
}

TEST_F(DecodeAttention, RefusesShapesItDoesNotServe) {
    DecodeAttentionParams p;
    p.sequences = 1, p.heads = 3, p.kvHeads = 2, p.headDim = 64, p.workers = 8;
    EXPECT_EQ(launchDecodeAttention(p, nullptr), cudaErrorInvalidValue);
    p.heads = 4, p.headDim = 80;
    EXPECT_EQ(launchDecodeAttention(p, nullptr), cudaErrorInvalidValue);
}

} // namespace
} // namespace moa::test
