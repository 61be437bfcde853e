// Prefill attention on both paths and attention over runs of keys, against the reference row by row (all rows
// of short inputs, sampled rows of long ones), with the row log-sum-exp.
#include "moa_kernels/cuda/run_attention.h"
#include "tests/kernels/cuda/cuda_fixture.h"

#include <set>

namespace moa::test {
namespace {

using namespace kernels::cuda;

constexpr int kEverything = 1 << 30;

struct Case {
    Element element = Element::F16;
    int headDim = 128, kvHeads = 2, group = 1;
    int queries = 0, keys = 0, sequences = 1;
    std::vector<int> windows; ///< of KV head g: windows[g % size]
    int sink = 64;
    bool portable = false;
    bool headMajor = false; ///< [heads][tokens][headDim] instead of [tokens][heads][headDim]
};

/// BF16 keeps 8 bits: rounding the probabilities and rounding the output cost 1.6e-3 each, whatever the
/// kernel.
double toleranceOf(Element element) {
    return element == Element::F16 ? kTolerance : 3e-3;
}

std::vector<int> sampledRows(int count) {
    std::set<int> rows{0, count - 1, count / 2};
    for (int r : {1, 62, 63, 64, 65, 126, 127, 128, 129, 191, 192}) rows.insert(std::min(r, count - 1));
    const int step = std::max(1, count / 40);
    for (int r = 0; r < count; r += step) rows.insert(r + r % 7 < count ? r + r % 7 : r);
    return {rows.begin(), rows.end()};
}

HeadRows rowsOf(void* data, const Case& c, int tokens, int heads) {
    const std::int64_t d = c.headDim;
    if (c.headMajor) return {data, tokens * heads * d, d, tokens * d};
    return {data, tokens * heads * d, heads * d, d};
}

class PrefillAttention : public CudaTest {
protected:
    static std::int64_t at(const HeadRows& r, int sequence, int token, int head) {
        return sequence * r.sequenceStride + token * r.tokenStride + head * r.headStride;
    }

    static void check(const Case& c) {
        const int heads = c.kvHeads * c.group;
        const auto count = [&](int tokens, int h) {
            return static_cast<std::size_t>(c.sequences * tokens * h * c.headDim);
        };
        const RandomRows q(count(c.queries, heads), c.element, 1), k(count(c.keys, c.kvHeads), c.element, 2),
            v(count(c.keys, c.kvHeads), c.element, 3);
        std::vector<std::int32_t> windows;
        for (int g = 0; g < c.kvHeads; ++g)
            windows.push_back(c.windows[static_cast<std::size_t>(g) % c.windows.size()]);
        DeviceArray<Bits> dq(q.bits), dk(k.bits), dv(v.bits), dout(q.bits.size());
        DeviceArray<float> dlse(static_cast<std::size_t>(c.sequences * heads * c.queries));
        DeviceArray<std::int32_t> dwindows(windows);
        DeviceArray<char> workspace(prefillWorkspaceBytes());
        PrefillAttentionParams p;
        p.q = rowsOf(dq.data(), c, c.queries, heads), p.out = rowsOf(dout.data(), c, c.queries, heads);
        p.k = rowsOf(dk.data(), c, c.keys, c.kvHeads), p.v = rowsOf(dv.data(), c, c.keys, c.kvHeads);
        p.lse = dlse.data(), p.windows = dwindows.data(), p.sink = c.sink;
        p.sequences = c.sequences, p.queryTokens = c.queries, p.keyTokens = c.keys;
        p.heads = heads, p.kvHeads = c.kvHeads, p.headDim = c.headDim;
        p.scale = 1.f / std::sqrt(static_cast<float>(c.headDim));
        p.workspace = workspace.data(), p.element = c.element, p.portable = c.portable;
        ASSERT_EQ(launchPrefillAttention(p, nullptr), cudaSuccess);
        ASSERT_EQ(cudaDeviceSynchronize(), cudaSuccess);
        const auto out = toDoubles(dout.host(), c.element);
        const auto lse = dlse.host();
        for (const double x : out) ASSERT_TRUE(std::isfinite(x)) << "a row was not written";

        const std::vector<int> rows = sampledRows(c.queries);
        const auto d = static_cast<std::size_t>(c.headDim);
        const std::size_t all = rows.size() * static_cast<std::size_t>(c.sequences * heads);
        std::vector<double> expected(all * d), seen(all * d), lseError(all);
        parallelFor(c.sequences * heads, [&](int sh) {
            const int s = sh / heads, h = sh % heads, g = h / c.group;
            std::vector<double> keys, values; // contiguous
            for (int j = 0; j < c.keys; ++j) {
                const auto from = at(p.k, s, j, g);
                keys.insert(keys.end(), k.values.begin() + from, k.values.begin() + from + c.headDim);
                values.insert(values.end(), v.values.begin() + from, v.values.begin() + from + c.headDim);
            }
            reference::Mask mask;
            mask.sink = c.sink, mask.window = windows[static_cast<std::size_t>(g)];
            for (std::size_t r = 0; r < rows.size(); ++r) {
                const std::size_t slot = static_cast<std::size_t>(sh) * rows.size() + r;
                const auto from = at(p.q, s, rows[r], h);
                const double l =
                    attendRow(q.values.data() + from, keys.data(), values.data(),
                              c.keys - c.queries + rows[r], c.headDim, mask, &expected[slot * d]);
                std::copy_n(out.begin() + from, d, seen.begin() + static_cast<std::int64_t>(slot * d));
                lseError[slot] = std::abs(l - lse[static_cast<std::size_t>(sh * c.queries + rows[r])]);
            }
        });
        const std::string what =
            "headDim " + std::to_string(c.headDim) + ", group " + std::to_string(c.group) + ", " +
            std::to_string(c.queries) + " queries, " + std::to_string(c.keys) + " keys, " +
            (c.element == Element::F16 ? "F16" : "BF16") + (c.portable ? ", portable" : "");
        EXPECT_LE(normalisedError(seen, expected), toleranceOf(c.element)) << what;
        EXPECT_LE(*std::max_element(lseError.begin(), lseError.end()), 2e-3) << what;
    }
};

TEST_F(PrefillAttention, LengthsAndWindows) {
    for (const bool portable : {false, true})
        for (const Element element : {Element::F16, Element::BF16})
            for (const int headDim : {64, 96, 128})
                for (const int n : {1, 63, 64, 65, 1000}) {
                    Case c{element, headDim, 4, 1, n, n, 1, {64, 128, 512, kEverything}};
                    c.portable = portable;
                    check(c);
                }
}

TEST_F(PrefillAttention, GroupsBatchesAndLongInputs) {
    for (const bool portable : {false, true})
        for (const int group : {1, 4, 8}) {
            Case c{Element::F16, group == 4 ? 64 : 128, 2, group, 4096, 4096, 1, {192, kEverything}};
            c.portable = portable;
            check(c);
            c = {Element::BF16, 128, 2, group, 300, 300, 3, {64, 192}};
            c.portable = portable, c.headMajor = true;
            check(c);
        }
    check({Element::F16, 128, 2, 1, 32768, 32768, 1, {8192, kEverything}});
}

TEST_F(PrefillAttention, QueriesThatContinueATextAndOtherSinks) {
    for (const bool portable : {false, true})
        for (const int sink : {0, 64, 256}) {
            Case c{Element::F16, 128, 3, 2, 77, 1000, 2, {64, 320, kEverything}, sink};
            c.portable = portable;
            check(c);
            c.queries = 130, c.keys = 131;
            check(c);
        }
}

TEST_F(PrefillAttention, RunsOfARingAndNewRows) {
    const int d = 64, sink = 64, ring = 192, held = 500, fresh = 90, heads = 2, n = held + fresh;
    for (const int window : {128, 192}) {
        const RandomRows q(fresh * heads * d, Element::F16, 1), k(n * d, Element::F16, 2),
            v(n * d, Element::F16, 3);
        std::vector<Bits> cacheK(static_cast<std::size_t>((sink + ring) * d)), cacheV(cacheK.size());
        for (int p = 0; p < held; ++p) {
            const int slot = p < sink ? p : sink + (p - sink) % ring;
            std::copy_n(k.bits.begin() + p * d, d, cacheK.begin() + slot * d);
            std::copy_n(v.bits.begin() + p * d, d, cacheV.begin() + slot * d);
        }
        DeviceArray<Bits> dq(q.bits), dk(k.bits), dv(v.bits), ck(cacheK), cv(cacheV), out(q.bits.size());
        const int first = held - ring,
                  split = (first - sink) % ring; // the oldest token of the ring and its slot
        const auto run = [&](DeviceArray<Bits>& a, DeviceArray<Bits>& b, int row, int position, int count) {
            return KeyRun{a.data() + row * d, b.data() + row * d, d, position, count};
        };
        DeviceArray<KeyRun> runs(std::vector<KeyRun>{
            run(ck, cv, 0, 0, sink), run(ck, cv, sink + split, first, ring - split),
            run(ck, cv, sink, first + ring - split, split), run(dk, dv, held, held, fresh)});
        DeviceArray<QueryRows> items(std::vector<QueryRows>{{0, fresh, held, sink}});
        DeviceArray<std::int32_t> windows(std::vector<std::int32_t>{window});
        RunAttentionParams p;
        p.q = dq.data(), p.out = out.data(), p.qStride = p.outStride = heads * d;
        p.items = items.data(), p.runs = runs.data(), p.windows = windows.data();
        p.sequences = 1, p.heads = heads, p.kvHeads = 1, p.headDim = d, p.mostRows = fresh;
        p.scale = 1.f / std::sqrt(static_cast<float>(d));
        ASSERT_EQ(launchRunAttention(p, nullptr), cudaSuccess);
        ASSERT_EQ(cudaDeviceSynchronize(), cudaSuccess);
        std::vector<double> expected(q.values.size());
        for (int r = 0; r < fresh; ++r)
            for (int h = 0; h < heads; ++h) {
                reference::Mask mask;
                mask.sink = sink, mask.window = window;
                // A key is visible if the mask allows it and it is still held.
                mask.window = std::min<std::int64_t>(mask.window, held + r - first + 1);
                attendRow(q.values.data() + (r * heads + h) * d, k.values.data(), v.values.data(), held + r,
                          d, mask, expected.data() + (r * heads + h) * d);
            }
        EXPECT_LE(normalisedError(toDoubles(out.host(), Element::F16), expected), kTolerance) << window;
    }
}

} // namespace
} // namespace moa::test
