// Rule costs and published influence of one query head, one row at a time.
#include "kernels/reference/reference_costs.h"

#include <algorithm>
#include <cmath>

namespace moa::reference {

namespace {

/// Scores, dense weights, g = dLoss/dA and delta = sum of g A of one row.
struct Row {
    std::vector<double> scores, a, g, visibleWeights;
    double delta = 0;

    explicit Row(std::int64_t n) : scores(n), a(n), g(n), visibleWeights(n) {}

    void load(const HeadInputs& in, const double* dO, const HeadShape& shape, std::int64_t i) {
        scoreRow(in, shape, i, scores.data());
        softmaxRow(scores.data(), i, Mask{}, a.data());
        delta = 0;
        for (std::int64_t j = 0; j <= i; ++j) {
            g[j] = 0;
            for (std::int64_t c = 0; c < shape.d; ++c) g[j] += dO[i * shape.d + c] * in.v[j * shape.d + c];
            delta += g[j] * a[j];
        }
    }

    /// C_i under a mask: mean of g over the visible weights minus delta.
    double windowLoss(std::int64_t i, const Mask& mask) {
        bool hidesAny = false;
        for (std::int64_t j = 0; j <= i; ++j) hidesAny |= !mask.visible(i, j);
        if (!hidesAny) return 0;
        softmaxRow(scores.data(), i, mask, visibleWeights.data());
        double mean = 0;
        for (std::int64_t j = 0; j <= i; ++j) mean += visibleWeights[j] * g[j];
        return mean - delta;
    }

    /// E of the row's largest weight, at `top`, from the other keys alone. 1 - A would cancel.
    double influenceOfTop(std::int64_t i, std::int64_t top) const {
        double second = -INFINITY;
        for (std::int64_t j = 0; j <= i; ++j) {
            if (j != top) second = std::max(second, scores[j]);
        }
        double weight = 0, weighted = 0;
        for (std::int64_t j = 0; j <= i; ++j) {
            if (j == top) continue;
            const double exponential = std::exp(scores[j] - second);
            weight += exponential;
            weighted += exponential * g[j];
        }
        return -a[top] * (g[top] - weighted / weight);
    }

    /// e [i + 1]: E_ij of this row.
    void influence(std::int64_t i, double* e) const {
        if (i == 0) {
            e[0] = -g[0] * a[0];
            return;
        }
        const std::int64_t top = std::max_element(scores.begin(), scores.begin() + i + 1) - scores.begin();
        for (std::int64_t j = 0; j <= i; ++j) {
            e[j] = j == top ? influenceOfTop(i, top) : -a[j] / (1 - a[j]) * (g[j] - delta);
        }
    }
};

void addCosts(Row& row, std::int64_t i, RuleCosts& out) {
    for (int k = 0; k < kSinkBlocks; ++k) {
        for (std::int64_t b = 1; b <= out.windows; ++b) {
            const double c = row.windowLoss(i, Mask{kCostBlock * k, kCostBlock * b});
            out.cost[k * (out.windows + 1) + b] += std::abs(c);
            out.costSigned[k * (out.windows + 1) + b] += c;
        }
    }
}

void addInfluence(const Row& row, std::int64_t i, std::vector<double>& e, RuleCosts& out) {
    row.influence(i, e.data());
    for (std::int64_t j = 0; j <= i; ++j) {
        const double size = std::abs(e[j]);
        const std::int64_t cell = i / kCostBlock * out.windows + j / kCostBlock;
        out.influenceMap[cell] += size;
        out.attentionMap[cell] += row.a[j];
        for (int k = 0; k < kSinkBlocks && kCostBlock * k <= j; ++k) {
            out.hist[k * out.windows + (i - j) / kCostBlock] += size;
        }
    }
}

} // namespace

RuleCosts ruleCosts(const HeadInputs& in, const double* dO, const HeadShape& shape) {
    RuleCosts out;
    const std::int64_t t = out.windows = (shape.n + kCostBlock - 1) / kCostBlock;
    out.cost.assign(kSinkBlocks * (t + 1), 0.0);
    out.costSigned.assign(kSinkBlocks * (t + 1), 0.0);
    out.hist.assign(kSinkBlocks * t, 0.0);
    out.influenceMap.assign(t * t, 0.0);
    out.attentionMap.assign(t * t, 0.0);
    Row row(shape.n);
    std::vector<double> e(shape.n);
    for (std::int64_t i = 0; i < shape.n; ++i) {
        row.load(in, dO, shape, i);
        addCosts(row, i, out);
        addInfluence(row, i, e, out);
    }
    return out;
}

void windowLosses(const HeadInputs& in, const double* dO, const HeadShape& shape, const Mask& mask,
                  double* c) {
    Row row(shape.n);
    for (std::int64_t i = 0; i < shape.n; ++i) {
        row.load(in, dO, shape, i);
        c[i] = row.windowLoss(i, mask);
    }
}

void publishedInfluence(const HeadInputs& in, const double* dO, const HeadShape& shape, double* e) {
    Row row(shape.n);
    std::fill(e, e + shape.n * shape.n, 0.0);
    for (std::int64_t i = 0; i < shape.n; ++i) {
        row.load(in, dO, shape, i);
        row.influence(i, e + i * shape.n);
    }
}

} // namespace moa::reference
