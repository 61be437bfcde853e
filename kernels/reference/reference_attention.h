// Attention of one query head, forward and backward, written for reading: double precision, whole rows, no
// blocks. Goal: a truth that every fast kernel is held to. Non-goal: speed; only tests link this.
// Mask and terms: docs/method.md, "Terms".
#pragma once

#include <cstdint>

namespace moa::reference {

/// One query head over one sequence. All matrices are row-major and dense.
struct HeadShape {
    std::int64_t n = 0; ///< N, tokens
    std::int64_t d = 0; ///< D, head dimension
    double scale = 1;   ///< of the scores, usually 1 / sqrt(D)
};

/// The token-exact mask: key j is visible to query i iff j <= i and (j < sink or i - j < window).
struct Mask {
    static constexpr std::int64_t kEverything = std::int64_t(1) << 40;
    std::int64_t sink = 0;
    std::int64_t window = kEverything; ///< >= 1, so that every query sees itself

    bool visible(std::int64_t i, std::int64_t j) const { return j <= i && (j < sink || i - j < window); }
};

/// What attention reads: q [N][D], k [N][D], v [N][D], rotary already applied.
struct HeadInputs {
    const double* q = nullptr;
    const double* k = nullptr;
    const double* v = nullptr;
};

/// o [N][D] = softmax(scale * q k^T under the mask) v; lse [N] = log of the sum of exponentials of the
/// scores.
void attentionForward(const HeadInputs& in, const HeadShape& shape, const Mask& mask, double* o, double* lse);

/// Gradients dq, dk, dv [N][D] (overwritten) of a loss with dLoss/dO = dO [N][D]. For a KV head shared by
/// several query heads, dk and dv are the sums of these over its query heads.
void attentionBackward(const HeadInputs& in, const double* dO, const HeadShape& shape, const Mask& mask,
                       double* dq, double* dk, double* dv);

/// scores [i + 1]: scale * q_i . k_j for j = 0 ... i, masked or not.
void scoreRow(const HeadInputs& in, const HeadShape& shape, std::int64_t i, double* scores);

/// weights [i + 1]: softmax of `scores` over the visible keys of query i, 0 elsewhere. Returns the row's lse.
double softmaxRow(const double* scores, std::int64_t i, const Mask& mask, double* weights);

} // namespace moa::reference
