// Row sums by distance → rule costs C_i(w) for 5 sinks and every window, and influence histograms. The last
// step of the backward pass; 64 rows are lanes.
#include "kernels/cpu/rule_costs.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/rule_costs.cpp"
#include <hwy/foreach_target.h>

#include "kernels/cpu/tile-inl.h"

#include <algorithm>
#include <cmath>
#include <limits>

HWY_BEFORE_NAMESPACE();
namespace moa::kernels {
namespace HWY_NAMESPACE {

// Below this visible mass, float sums have lost their relative precision.
inline constexpr float kWeakMass = 1e-30f;

void addRows(float* to, const float* from) {
    for (int r = 0; r < kTile; r += kLanes)
        hn::StoreU(hn::Add(hn::LoadU(kF, to + r), hn::LoadU(kF, from + r)), kF, to + r);
}

double sumRows(const float* x) {
    double sum = 0;
    for (int r = 0; r < kTile; ++r) sum += x[r];
    return sum;
}

/// C of all windows for one sink choice. `sinkA`, `sinkAg`: [64] sums over the sink's keys. `hidden`: [T+1]
/// suffix sums. Bucket counts above `last` are empty.
void addCostsOfSink(const RowBuckets& b, std::int64_t last, int rows, const float* sinkA, const float* sinkAg,
                    float* hiddenA, float* hiddenAg, double* cost, double* costSigned, std::uint64_t* weak) {
    std::fill(hiddenA + (last + 1) * kTile, hiddenA + (last + 2) * kTile, 0.0f);
    std::fill(hiddenAg + (last + 1) * kTile, hiddenAg + (last + 2) * kTile, 0.0f);
    for (std::int64_t t = last; t >= 1; --t)
        for (int r = 0; r < kTile; r += kLanes) {
            const std::int64_t at = t * kTile + r;
            hn::StoreU(hn::Add(hn::LoadU(kF, hiddenA + at + kTile), hn::LoadU(kF, b.a + at)), kF, hiddenA + at);
            hn::StoreU(hn::Add(hn::LoadU(kF, hiddenAg + at + kTile), hn::LoadU(kF, b.ag + at)), kF, hiddenAg + at);
        }
    for (int r = 0; r < kTile; r += kLanes) {
        const auto valid = hn::Lt(hn::Iota(kF, static_cast<float>(r)), hn::Set(kF, static_cast<float>(rows)));
        const auto sA = hn::LoadU(kF, sinkA + r), sAg = hn::LoadU(kF, sinkAg + r);
        auto nearA = hn::Zero(kF), nearAg = hn::Zero(kF);
        for (std::int64_t w = 1; w <= last; ++w) {
            const std::int64_t at = w * kTile + r;
            nearA = hn::Add(nearA, hn::LoadU(kF, b.a + at - kTile));
            nearAg = hn::Add(nearAg, hn::LoadU(kF, b.ag + at - kTile));
            const auto seen = hn::Add(nearA, sA);
            const auto hA = hn::LoadU(kF, hiddenA + at);
            // C = num/den − (num + hidden num), with den + hidden A = 1: written without the cancellation.
            const auto c = hn::Sub(hn::Mul(hn::Div(hn::Add(nearAg, sAg), seen), hA), hn::LoadU(kF, hiddenAg + at));
            const auto isWeak = hn::And(valid, hn::Lt(seen, hn::Set(kF, kWeakMass)));
            if (HWY_UNLIKELY(!hn::AllFalse(kF, isWeak))) {
                std::uint8_t bits[8] = {};
                hn::StoreMaskBits(kF, isWeak, bits);
                for (int lane = 0; lane < kLanes; ++lane)
                    if (bits[lane / 8] >> (lane % 8) & 1) weak[w] |= std::uint64_t(1) << (r + lane);
            }
            const auto use = hn::IfThenElseZero(hn::AndNot(isWeak, valid), c);
            costSigned[w] += static_cast<double>(hn::GetLane(hn::SumOfLanes(kF, use)));
            cost[w] += static_cast<double>(hn::GetLane(hn::SumOfLanes(kF, hn::Abs(use))));
        }
    }
}

void ruleCosts(const RowBuckets& b, std::int64_t rowTile, int rows, const RuleCostSums& sums, std::uint64_t* weak,
               float* workspace) {
    float* hiddenA = workspace;
    float* hiddenAg = workspace + (b.tiles + 2) * kTile;
    float sinkA[kTile], sinkAg[kTile];
    for (std::int64_t k = kSinkTiles; k >= 0; --k) {
        // From the largest sink down: tile k joins the windowed keys, the tiles before it stay sink.
        if (k < kSinkTiles && k <= rowTile)
            for (int far = 0; far < 2 && rowTile - k - far >= 0; ++far) {
                const RowSums from = b.sinkPart(k, far), to = b.bucket(rowTile - k - far);
                addRows(to.a, from.a);
                addRows(to.ag, from.ag);
                addRows(to.e, from.e);
            }
        std::fill(sinkA, sinkA + kTile, 0.0f);
        std::fill(sinkAg, sinkAg + kTile, 0.0f);
        for (std::int64_t tile = 0; tile < k && tile <= rowTile; ++tile)
            for (int far = 0; far < 2; ++far) {
                addRows(sinkA, b.sinkPart(tile, far).a);
                addRows(sinkAg, b.sinkPart(tile, far).ag);
            }
        const std::int64_t line = k * (sums.tiles + 1);
        addCostsOfSink(b, rowTile, rows, sinkA, sinkAg, hiddenA, hiddenAg, sums.cost + line, sums.costSigned + line,
                       weak + k * (b.tiles + 1));
        double* hist = sums.hist + k * sums.tiles;
        for (std::int64_t t = 0; t <= rowTile; ++t) hist[t] += sumRows(b.e + t * kTile);
    }
}

} // namespace HWY_NAMESPACE
} // namespace moa::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace moa::kernels {

HWY_EXPORT(ruleCosts);

std::size_t ruleCostWorkspaceFloats(std::int64_t tiles) { return static_cast<std::size_t>(2 * (tiles + 2) * kTile); }

void addRuleCosts(const RowBuckets& buckets, std::int64_t rowTile, int rows, const RuleCostSums& sums,
                  std::uint64_t* weak, float* workspace) {
    HWY_DYNAMIC_DISPATCH(ruleCosts)(buckets, rowTile, rows, sums, weak, workspace);
}

namespace {

double dotDouble(const float* a, const float* b, int n) {
    double sum = 0;
    for (int d = 0; d < n; ++d) sum += static_cast<double>(a[d]) * static_cast<double>(b[d]);
    return sum;
}

/// A softmax-weighted mean kept relative to the largest score seen.
struct WeightedMean {
    double most = -std::numeric_limits<double>::infinity(), mass = 0, sum = 0;
    void add(double score, double value) {
        if (score > most) {
            const double shrink = std::exp(most - score);
            mass *= shrink;
            sum *= shrink;
            most = score;
        }
        const double e = std::exp(score - most);
        mass += e;
        sum += e * value;
    }
    double mean() const { return sum / mass; }
    double logMass() const { return most + std::log(mass); }
};

bool hidden(const ExactRow& row, std::int64_t j) { return j >= row.firstHidden && j <= row.lastHidden; }

} // namespace

double exactDominantInfluence(const ExactRow& row, std::int64_t key) {
    const auto score = [&](std::int64_t j) {
        return static_cast<double>(row.scale) * dotDouble(row.q, row.k + j * row.headDim, row.headDim);
    };
    const auto gradient = [&](std::int64_t j) { return dotDouble(row.dO, row.v + j * row.headDim, row.headDim); };
    const double g = gradient(key), s = score(key);
    if (row.row == 0) return -g;
    WeightedMean others;
    for (std::int64_t j = 0; j <= row.row; ++j)
        if (j != key && !hidden(row, j)) others.add(score(j), gradient(j));
    if (others.mass == 0) return -g; // the only visible key
    const double a = 1.0 / (1.0 + std::exp(others.logMass() - s));
    return -a * (g - others.mean());
}

void addExactRuleCosts(const ExactRow& row, int bit, const std::uint64_t* weak, std::int64_t tiles,
                       const RuleCostSums& sums) {
    std::uint64_t any = 0;
    for (std::int64_t at = 0; at < (kSinkTiles + 1) * (tiles + 1); ++at) any |= weak[at];
    if (!(any >> bit & 1)) return;
    WeightedMean all;
    const auto visit = [&](WeightedMean& into, std::int64_t first, std::int64_t last) {
        for (std::int64_t j = first; j <= last; ++j)
            into.add(static_cast<double>(row.scale) * dotDouble(row.q, row.k + j * row.headDim, row.headDim),
                     dotDouble(row.dO, row.v + j * row.headDim, row.headDim));
    };
    visit(all, 0, row.row);
    for (int k = 0; k <= kSinkTiles; ++k)
        for (std::int64_t b = 1; b <= tiles; ++b) {
            const std::int64_t at = k * (tiles + 1) + b;
            if (!(weak[at] >> bit & 1)) continue;
            WeightedMean seen;
            const std::int64_t sinkEnd = std::min<std::int64_t>(k * kTile, row.row + 1);
            visit(seen, 0, sinkEnd - 1);
            visit(seen, std::max(sinkEnd, row.row - b * kTile + 1), row.row);
            const double c = seen.mean() - all.mean();
            sums.cost[k * (sums.tiles + 1) + b] += std::abs(c);
            sums.costSigned[k * (sums.tiles + 1) + b] += c;
        }
}

} // namespace moa::kernels
#endif
