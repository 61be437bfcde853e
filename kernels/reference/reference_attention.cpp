// Attention of one query head in double precision, row by row.
#include "kernels/reference/reference_attention.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace moa::reference {

namespace {

double dot(const double* a, const double* b, std::int64_t d) {
    double sum = 0;
    for (std::int64_t x = 0; x < d; ++x) sum += a[x] * b[x];
    return sum;
}

/// y += factor * x
void addScaled(double* y, const double* x, double factor, std::int64_t d) {
    for (std::int64_t c = 0; c < d; ++c) y[c] += factor * x[c];
}

} // namespace

void scoreRow(const HeadInputs& in, const HeadShape& shape, std::int64_t i, double* scores) {
    const double* q = in.q + i * shape.d;
    for (std::int64_t j = 0; j <= i; ++j) scores[j] = shape.scale * dot(q, in.k + j * shape.d, shape.d);
}

double softmaxRow(const double* scores, std::int64_t i, const Mask& mask, double* weights) {
    double largest = -std::numeric_limits<double>::infinity();
    for (std::int64_t j = 0; j <= i; ++j) {
        if (mask.visible(i, j)) largest = std::max(largest, scores[j]);
    }
    double sum = 0;
    for (std::int64_t j = 0; j <= i; ++j) {
        weights[j] = mask.visible(i, j) ? std::exp(scores[j] - largest) : 0.0;
        sum += weights[j];
    }
    for (std::int64_t j = 0; j <= i; ++j) weights[j] /= sum;
    return largest + std::log(sum);
}

void attentionForward(const HeadInputs& in, const HeadShape& shape, const Mask& mask, double* o,
                      double* lse) {
    std::vector<double> scores(shape.n), a(shape.n);
    for (std::int64_t i = 0; i < shape.n; ++i) {
        scoreRow(in, shape, i, scores.data());
        lse[i] = softmaxRow(scores.data(), i, mask, a.data());
        double* out = o + i * shape.d;
        std::fill(out, out + shape.d, 0.0);
        for (std::int64_t j = 0; j <= i; ++j) addScaled(out, in.v + j * shape.d, a[j], shape.d);
    }
}

void attentionBackward(const HeadInputs& in, const double* dO, const HeadShape& shape, const Mask& mask,
                       double* dq, double* dk, double* dv) {
    const std::int64_t n = shape.n, d = shape.d;
    for (double* gradient : {dq, dk, dv}) std::fill(gradient, gradient + n * d, 0.0);
    std::vector<double> scores(n), a(n), g(n);
    for (std::int64_t i = 0; i < n; ++i) {
        scoreRow(in, shape, i, scores.data());
        softmaxRow(scores.data(), i, mask, a.data());
        double delta = 0; // sum of g A = dO_i . O_i
        for (std::int64_t j = 0; j <= i; ++j) {
            g[j] = dot(dO + i * d, in.v + j * d, d);
            delta += g[j] * a[j];
        }
        for (std::int64_t j = 0; j <= i; ++j) {
            const double dScore = shape.scale * a[j] * (g[j] - delta);
            addScaled(dq + i * d, in.k + j * d, dScore, d);
            addScaled(dk + j * d, in.q + i * d, dScore, d);
            addScaled(dv + j * d, dO + i * d, a[j], d);
        }
    }
}

} // namespace moa::reference
