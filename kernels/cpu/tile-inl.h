// Per-target building blocks of the CPU attention kernels: a register-blocked product of small row-major
// matrices, a vector exponential, tile transposes. Lanes run over the tile's query rows (or over head_dim).
#if defined(MOA_KERNELS_CPU_TILE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef MOA_KERNELS_CPU_TILE_INL_H_
#undef MOA_KERNELS_CPU_TILE_INL_H_
#else
#define MOA_KERNELS_CPU_TILE_INL_H_
#endif

#include <hwy/highway.h>

#include <cstdint>

HWY_BEFORE_NAMESPACE();
namespace moa::kernels {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// At most 16 lanes, so that 64 rows are always a whole number of vectors.
using FloatTag = hn::CappedTag<float, 16>;
using FloatVec = hn::Vec<FloatTag>;
inline constexpr FloatTag kF{};
// A constant, so that accumulators are plain arrays; hence no targets whose vectors have a length known only
// at run time.
static_assert(!HWY_HAVE_SCALABLE);
inline constexpr int kLanes = static_cast<int>(hn::MaxLanes(FloatTag()));
// Accumulators must fit the register file: 32 registers with AVX-512, 16 below.
inline constexpr int kPanelVectors = kLanes == 16 ? 4 : 2;
inline constexpr int kPanelRows = 6;

/// exp(x) for x ≤ ~88; 0 below −87. About 2 ulp (Cody-Waite reduction, degree-6 polynomial).
HWY_INLINE FloatVec expFast(FloatVec x) {
    const auto tooSmall = hn::Lt(x, hn::Set(kF, -87.0f));
    const auto clamped = hn::Min(hn::Max(x, hn::Set(kF, -87.0f)), hn::Set(kF, 88.0f));
    const auto n = hn::Round(hn::Mul(clamped, hn::Set(kF, 1.44269504088896341f)));
    auto r = hn::NegMulAdd(n, hn::Set(kF, 0.693145751953125f), clamped);
    r = hn::NegMulAdd(n, hn::Set(kF, 1.428606765330187e-6f), r);
    auto p = hn::Set(kF, 1.0f / 720.0f);
    p = hn::MulAdd(p, r, hn::Set(kF, 1.0f / 120.0f));
    p = hn::MulAdd(p, r, hn::Set(kF, 1.0f / 24.0f));
    p = hn::MulAdd(p, r, hn::Set(kF, 1.0f / 6.0f));
    p = hn::MulAdd(p, r, hn::Set(kF, 0.5f));
    p = hn::MulAdd(p, r, hn::Set(kF, 1.0f));
    p = hn::MulAdd(p, r, hn::Set(kF, 1.0f));
    const hn::RebindToSigned<FloatTag> ints;
    const auto exponent = hn::ShiftLeft<23>(hn::Add(hn::ConvertTo(ints, n), hn::Set(ints, 127)));
    return hn::IfThenZeroElse(tooSmall, hn::Mul(p, hn::BitCast(kF, exponent)));
}

/// Rows [0, ROWS) × VECS vectors of C (+)= A · B, all of the depth in registers.
template <int ROWS, int VECS, bool ACCUMULATE>
HWY_INLINE void productBlock(const float* HWY_RESTRICT a, std::int64_t aRow, std::int64_t aCol,
                             const float* HWY_RESTRICT b, std::int64_t bStride, int depth, float* HWY_RESTRICT c,
                             std::int64_t cStride) {
    FloatVec acc[ROWS][VECS];
    for (int i = 0; i < ROWS; ++i)
        for (int j = 0; j < VECS; ++j)
            acc[i][j] = ACCUMULATE ? hn::LoadU(kF, c + i * cStride + j * kLanes) : hn::Zero(kF);
    for (int d = 0; d < depth; ++d) {
        FloatVec row[VECS];
        for (int j = 0; j < VECS; ++j) row[j] = hn::LoadU(kF, b + d * bStride + j * kLanes);
        for (int i = 0; i < ROWS; ++i) {
            const auto scalar = hn::Set(kF, a[i * aRow + d * aCol]);
            for (int j = 0; j < VECS; ++j) acc[i][j] = hn::MulAdd(scalar, row[j], acc[i][j]);
        }
    }
    for (int i = 0; i < ROWS; ++i)
        for (int j = 0; j < VECS; ++j) hn::StoreU(acc[i][j], kF, c + i * cStride + j * kLanes);
}

template <int VECS, bool ACCUMULATE>
HWY_INLINE void productRows(const float* a, std::int64_t aRow, std::int64_t aCol, const float* b,
                            std::int64_t bStride, int rows, int depth, float* c, std::int64_t cStride) {
    int i = 0;
    for (; i + kPanelRows <= rows; i += kPanelRows)
        productBlock<kPanelRows, VECS, ACCUMULATE>(a + i * aRow, aRow, aCol, b, bStride, depth, c + i * cStride, cStride);
    const float* rest = a + i * aRow;
    float* out = c + i * cStride;
    switch (rows - i) {
    case 5: productBlock<5, VECS, ACCUMULATE>(rest, aRow, aCol, b, bStride, depth, out, cStride); break;
    case 4: productBlock<4, VECS, ACCUMULATE>(rest, aRow, aCol, b, bStride, depth, out, cStride); break;
    case 3: productBlock<3, VECS, ACCUMULATE>(rest, aRow, aCol, b, bStride, depth, out, cStride); break;
    case 2: productBlock<2, VECS, ACCUMULATE>(rest, aRow, aCol, b, bStride, depth, out, cStride); break;
    case 1: productBlock<1, VECS, ACCUMULATE>(rest, aRow, aCol, b, bStride, depth, out, cStride); break;
    default: break;
    }
}

/// C [rows][cols] (+)= A [rows][depth] · B [depth][cols]; A is read at a[i·aRow + d·aCol], so a transposed A
/// costs nothing. `cols` is a multiple of 16.
template <bool ACCUMULATE>
HWY_INLINE void product(const float* a, std::int64_t aRow, std::int64_t aCol, const float* b, std::int64_t bStride,
                        int rows, int depth, int cols, float* c, std::int64_t cStride) {
    constexpr int panel = kPanelVectors * kLanes;
    int j = 0;
    for (; j + panel <= cols; j += panel)
        productRows<kPanelVectors, ACCUMULATE>(a, aRow, aCol, b + j, bStride, rows, depth, c + j, cStride);
    for (; j < cols; j += kLanes)
        productRows<1, ACCUMULATE>(a, aRow, aCol, b + j, bStride, rows, depth, c + j, cStride);
}

/// dst[d][64] = factor · src[row][d] for `rows` rows; columns past `rows` are zero.
inline void packTransposed(const float* src, std::int64_t stride, int rows, int headDim, float factor, float* dst) {
    for (int d = 0; d < headDim; ++d) {
        float* line = dst + static_cast<std::int64_t>(d) * 64;
        for (int r = 0; r < rows; ++r) line[r] = factor * src[r * stride + d];
        for (int r = rows; r < 64; ++r) line[r] = 0.0f;
    }
}

} // namespace HWY_NAMESPACE
} // namespace moa::kernels
HWY_AFTER_NAMESPACE();

#endif
