// Block types to integers with scales, and from there to floats or straight into products.
#include "moa_kernels/blocks.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/blocks.cpp"
#include <hwy/foreach_target.h>

#include "kernels/cpu/tile-inl.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

HWY_BEFORE_NAMESPACE();
namespace moa::kernels {
namespace HWY_NAMESPACE {

/// 32 neighbouring values: value j is scale[j / 16] · q[j] − least[j / 16].
struct Group {
    alignas(64) std::int16_t q[32];
    float scale[2], least[2];

    void both(float s, float m) {
        scale[0] = scale[1] = s;
        least[0] = least[1] = m;
    }
};

HWY_INLINE float half(const std::uint8_t* at) {
    std::uint16_t bits = 0;
    std::memcpy(&bits, at, sizeof bits);
    // Exponent and mantissa moved into place, the bias put right by a product, which serves denormals too.
    const float magnitude = std::bit_cast<float>(std::uint32_t(bits & 0x7fff) << 13) * 0x1p112f;
    return std::bit_cast<float>(std::bit_cast<std::uint32_t>(magnitude) | std::uint32_t(bits & 0x8000) << 16);
}

/// Low and high halves of 16 bytes, less `zero`: values j and j + 16. By hand, since GCC makes single bytes of the loop.
#if HWY_TARGET == HWY_SCALAR
HWY_INLINE void nibbles(const std::uint8_t* bytes, int zero, Group& g) {
    for (int j = 0; j < 16; ++j) {
        g.q[j] = static_cast<std::int16_t>((bytes[j] & 15) - zero);
        g.q[j + 16] = static_cast<std::int16_t>((bytes[j] >> 4) - zero);
    }
}
#else
inline constexpr hn::FixedTag<std::uint8_t, 16> kBytes{};

HWY_INLINE void widen(hn::Vec<hn::FixedTag<std::uint8_t, 16>> bytes, int zero, std::int16_t* to) {
#if HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_AVX3
    const hn::FixedTag<std::int16_t, 16> shorts;
    hn::Store(hn::Sub(hn::PromoteTo(shorts, bytes), hn::Set(shorts, static_cast<std::int16_t>(zero))), shorts, to);
#else
    const hn::FixedTag<std::int16_t, 8> shorts;
    const hn::FixedTag<std::uint8_t, 8> eight;
    const auto less = hn::Set(shorts, static_cast<std::int16_t>(zero));
    hn::Store(hn::Sub(hn::PromoteTo(shorts, hn::LowerHalf(eight, bytes)), less), shorts, to);
    hn::Store(hn::Sub(hn::PromoteTo(shorts, hn::UpperHalf(eight, bytes)), less), shorts, to + 8);
#endif
}

HWY_INLINE void nibbles(const std::uint8_t* bytes, int zero, Group& g) {
    const hn::Repartition<std::uint16_t, hn::FixedTag<std::uint8_t, 16>> pairs;
    const auto v = hn::LoadU(kBytes, bytes), mask = hn::Set(kBytes, 15);
    widen(hn::And(v, mask), zero, g.q);
    widen(hn::And(hn::BitCast(kBytes, hn::ShiftRight<4>(hn::BitCast(pairs, v))), mask), zero, g.q + 16);
}
#endif

/// A fifth bit of each value, from 32 bits.
HWY_INLINE void fifthBits(const std::uint8_t* bytes, Group& g) {
    std::uint32_t bits = 0;
    std::memcpy(&bits, bytes, sizeof bits);
    for (int j = 0; j < 32; ++j) g.q[j] = static_cast<std::int16_t>(g.q[j] + static_cast<int>(((bits >> j) & 1) << 4));
}

/// Scale and minimum of sub-block s of Q4_K and Q5_K: 6 bits each, packed into 12 bytes.
HWY_INLINE void scaleMin(const std::uint8_t* p, int s, float d, float least, Group& g) {
    const int scale = s < 4 ? p[s] & 63 : (p[s + 4] & 15) | ((p[s - 4] >> 6) << 4);
    const int minimum = s < 4 ? p[s + 4] & 63 : (p[s + 4] >> 4) | ((p[s] >> 6) << 4);
    g.both(d * static_cast<float>(scale), least * static_cast<float>(minimum));
}

/// Group `part` (of 32 values) of a block.
template <BlockType T>
HWY_INLINE void unpack(const std::uint8_t* b, int part, Group& g) {
    if constexpr (T == BlockType::Q4_0) {
        g.both(half(b), 0);
        nibbles(b + 2, 8, g);
    } else if constexpr (T == BlockType::Q4_1) {
        g.both(half(b), -half(b + 2));
        nibbles(b + 4, 0, g);
    } else if constexpr (T == BlockType::Q5_0) {
        g.both(half(b), 0);
        nibbles(b + 6, 16, g);
        fifthBits(b + 2, g);
    } else if constexpr (T == BlockType::Q5_1) {
        g.both(half(b), -half(b + 2));
        nibbles(b + 8, 0, g);
        fifthBits(b + 4, g);
    } else if constexpr (T == BlockType::Q8_0) {
        g.both(half(b), 0);
        for (int j = 0; j < 32; ++j) g.q[j] = static_cast<std::int8_t>(b[2 + j]);
    } else if constexpr (T == BlockType::IQ4_NL) {
        static constexpr std::int16_t levels[16] = {-127, -104, -83, -65, -49, -35, -22, -10,
                                                    1,    13,   25,  38,  53,  69,  89,  113};
        g.both(half(b), 0);
        for (int j = 0; j < 16; ++j) {
            g.q[j] = levels[b[2 + j] & 15];
            g.q[j + 16] = levels[b[2 + j] >> 4];
        }
    } else if constexpr (T == BlockType::Q2_K) {
        const float d = half(b + 80), least = half(b + 82);
        const std::uint8_t* bytes = b + 16 + 32 * (part / 4);
        const int shift = 2 * (part % 4);
        for (int j = 0; j < 32; ++j) g.q[j] = (bytes[j] >> shift) & 3;
        for (int h = 0; h < 2; ++h) {
            g.scale[h] = d * static_cast<float>(b[2 * part + h] & 15);
            g.least[h] = least * static_cast<float>(b[2 * part + h] >> 4);
        }
    } else if constexpr (T == BlockType::Q3_K) {
        const float d = half(b + 108);
        const std::uint8_t *bytes = b + 32 + 32 * (part / 4), *packed = b + 96;
        const int shift = 2 * (part % 4);
        for (int j = 0; j < 32; ++j)
            g.q[j] = static_cast<std::int16_t>(((bytes[j] >> shift) & 3) - (((b[j] >> part) & 1) ? 0 : 4));
        for (int h = 0; h < 2; ++h) {
            const int s = 2 * part + h; // 16 scales of 6 bits: four low bits in 8 bytes, two high bits in 4
            const int lowBits = s < 8 ? packed[s] & 15 : packed[s - 8] >> 4;
            g.scale[h] = d * static_cast<float>((lowBits | (((packed[8 + s % 4] >> (2 * (s / 4))) & 3) << 4)) - 32);
            g.least[h] = 0;
        }
    } else if constexpr (T == BlockType::Q4_K || T == BlockType::Q5_K) {
        scaleMin(b + 4, part, half(b), half(b + 2), g);
        const std::uint8_t* bytes = b + (T == BlockType::Q4_K ? 16 : 48) + 32 * (part / 2);
        const int shift = 4 * (part % 2);
        for (int j = 0; j < 32; ++j) g.q[j] = (bytes[j] >> shift) & 15;
        if constexpr (T == BlockType::Q5_K)
            for (int j = 0; j < 32; ++j) g.q[j] = static_cast<std::int16_t>(g.q[j] | (((b[16 + j] >> part) & 1) << 4));
    } else {
        static_assert(T == BlockType::Q6_K);
        const float d = half(b + 208);
        const std::uint8_t *lowBits = b + 64 * (part / 4) + 32 * (part % 2), *highBits = b + 128 + 32 * (part / 4);
        const int lowShift = 4 * (part % 4 / 2), highShift = 2 * (part % 4);
        for (int j = 0; j < 32; ++j)
            g.q[j] = static_cast<std::int16_t>((((lowBits[j] >> lowShift) & 15) | (((highBits[j] >> highShift) & 3) << 4)) - 32);
        for (int h = 0; h < 2; ++h) {
            g.scale[h] = d * static_cast<float>(static_cast<std::int8_t>(b[192 + 2 * part + h]));
            g.least[h] = 0;
        }
    }
}

template <BlockType T>
void dequantiseRun(const std::uint8_t* b, std::int64_t count, float* out) {
    const int parts = blockValues(T) / 32;
    const std::size_t bytes = blockBytes(T);
    Group g;
    for (std::int64_t i = 0; i < count; b += bytes)
        for (int part = 0; part < parts; ++part, i += 32) {
            unpack<T>(b, part, g);
            for (int j = 0; j < 32; ++j) out[i + j] = g.scale[j / 16] * static_cast<float>(g.q[j]) - g.least[j / 16];
        }
}

/// acc += scale · Σ over 16 pairs, in float lanes.
#if HWY_TARGET == HWY_SCALAR
HWY_INLINE FloatVec addPairs(const std::int16_t* a, const std::int16_t* b, float scale, FloatVec acc) {
    std::int32_t sum = 0;
    for (int j = 0; j < 16; ++j) sum += std::int32_t(a[j]) * b[j];
    return hn::MulAdd(hn::Set(kF, static_cast<float>(sum)), hn::Set(kF, scale), acc);
}
using Accumulator = FloatVec;
inline constexpr FloatTag kAcc{};
#else
inline constexpr hn::CappedTag<std::int16_t, 16> kShorts{};
using IntTag = hn::RepartitionToWide<hn::CappedTag<std::int16_t, 16>>;
using AccTag = hn::Rebind<float, IntTag>;
using Accumulator = hn::Vec<AccTag>;
inline constexpr AccTag kAcc{};
HWY_INLINE Accumulator addPairs(const std::int16_t* a, const std::int16_t* b, float scale, Accumulator acc) {
    auto even = hn::Zero(IntTag()), odd = hn::Zero(IntTag());
    for (int j = 0; j < 16; j += static_cast<int>(hn::MaxLanes(kShorts)))
        even = hn::ReorderWidenMulAccumulate(IntTag(), hn::LoadU(kShorts, a + j), hn::LoadU(kShorts, b + j), even, odd);
    return hn::MulAdd(hn::ConvertTo(kAcc, hn::Add(even, odd)), hn::Set(kAcc, scale), acc);
}
#endif

template <BlockType T, int ROWS>
void productRun(const std::uint8_t* weights, std::int64_t rows, const QuantisedRows& x, std::int64_t firstRow, float* out,
                std::int64_t outStride, bool accumulate) {
    const int parts = blockValues(T) / 32;
    const std::size_t bytes = blockBytes(T);
    const std::int64_t groups = x.cols / 32;
    const std::int16_t* values = x.values.data() + firstRow * x.cols;
    const float *scales = x.scales.data() + firstRow * groups, *sums = x.sums.data() + 2 * firstRow * groups;
    Group g;
    for (std::int64_t r = 0; r < rows; ++r) {
        Accumulator acc[ROWS];
        float least[ROWS] = {};
        for (auto& a : acc) a = hn::Zero(kAcc);
        for (std::int64_t group = 0; group < groups; weights += bytes)
            for (int part = 0; part < parts; ++part, ++group) {
                unpack<T>(weights, part, g);
                for (int i = 0; i < ROWS; ++i) {
                    const std::int16_t* v = values + i * x.cols + 32 * group;
                    const float s = scales[i * groups + group];
                    acc[i] = addPairs(g.q, v, g.scale[0] * s, acc[i]);
                    acc[i] = addPairs(g.q + 16, v + 16, g.scale[1] * s, acc[i]);
                    const float* sum = sums + 2 * (i * groups + group);
                    least[i] += g.least[0] * sum[0] + g.least[1] * sum[1];
                }
            }
        for (int i = 0; i < ROWS; ++i) {
            const float value = hn::GetLane(hn::SumOfLanes(kAcc, acc[i])) - least[i];
            float& to = out[i * outStride + r];
            to = accumulate ? to + value : value;
        }
    }
}

template <BlockType T>
void productOf(const std::uint8_t* weights, std::int64_t rows, const QuantisedRows& x, float* out, std::int64_t outStride,
               bool accumulate) {
    std::int64_t done = 0;
    for (; done + 4 <= x.rows; done += 4)
        productRun<T, 4>(weights, rows, x, done, out + done * outStride, outStride, accumulate);
    for (; done < x.rows; ++done)
        productRun<T, 1>(weights, rows, x, done, out + done * outStride, outStride, accumulate);
}

#define MOA_FOR_BLOCK_TYPE(type, call)                  \
    switch (type) {                                     \
    case BlockType::Q4_0: return call(BlockType::Q4_0); \
    case BlockType::Q4_1: return call(BlockType::Q4_1); \
    case BlockType::Q5_0: return call(BlockType::Q5_0); \
    case BlockType::Q5_1: return call(BlockType::Q5_1); \
    case BlockType::Q8_0: return call(BlockType::Q8_0); \
    case BlockType::Q2_K: return call(BlockType::Q2_K); \
    case BlockType::Q3_K: return call(BlockType::Q3_K); \
    case BlockType::Q4_K: return call(BlockType::Q4_K); \
    case BlockType::Q5_K: return call(BlockType::Q5_K); \
    case BlockType::Q6_K: return call(BlockType::Q6_K); \
    case BlockType::IQ4_NL: return call(BlockType::IQ4_NL); \
    }

void dequantiseAll(BlockType type, const std::uint8_t* blocks, std::int64_t count, float* out) {
#define MOA_CALL(T) dequantiseRun<T>(blocks, count, out)
    MOA_FOR_BLOCK_TYPE(type, MOA_CALL)
#undef MOA_CALL
}

void productAll(BlockType type, const std::uint8_t* weights, std::int64_t rows, const QuantisedRows& x, float* out,
                std::int64_t outStride, bool accumulate) {
#define MOA_CALL(T) productOf<T>(weights, rows, x, out, outStride, accumulate)
    MOA_FOR_BLOCK_TYPE(type, MOA_CALL)
#undef MOA_CALL
}
#undef MOA_FOR_BLOCK_TYPE

void quantiseRow(const float* x, std::int64_t cols, std::int16_t* values, float* scales, float* sums) {
    for (std::int64_t group = 0; group < cols / 32; ++group, x += 32, values += 32) {
        float most = 0;
        for (int j = 0; j < 32; ++j) most = std::max(most, std::abs(x[j]));
        const float scale = most / 32767.0f, inverse = most > 0 ? 32767.0f / most : 0.0f;
        int sum[2] = {0, 0};
        for (int j = 0; j < 32; ++j) {
            values[j] = static_cast<std::int16_t>(std::lrint(x[j] * inverse));
            sum[j / 16] += values[j];
        }
        scales[group] = scale;
        for (int h = 0; h < 2; ++h) sums[2 * group + h] = scale * static_cast<float>(sum[h]);
    }
}

} // namespace HWY_NAMESPACE
} // namespace moa::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace moa::kernels {

HWY_EXPORT(dequantiseAll);
HWY_EXPORT(productAll);
HWY_EXPORT(quantiseRow);

std::size_t blockRowBytes(BlockType type, std::int64_t cols) {
    return static_cast<std::size_t>(cols / blockValues(type)) * blockBytes(type);
}

void dequantiseBlocks(BlockType type, const std::byte* blocks, std::int64_t count, float* out) {
    HWY_DYNAMIC_DISPATCH(dequantiseAll)(type, reinterpret_cast<const std::uint8_t*>(blocks), count, out);
}

void QuantisedRows::assign(const float* x, std::int64_t rowCount, std::int64_t colCount, std::int64_t stride) {
    rows = rowCount;
    cols = colCount;
    const std::int64_t groups = cols / 32;
    values.resize(static_cast<std::size_t>(rows * cols));
    scales.resize(static_cast<std::size_t>(rows * groups));
    sums.resize(static_cast<std::size_t>(rows * groups * 2));
    for (std::int64_t r = 0; r < rows; ++r)
        HWY_DYNAMIC_DISPATCH(quantiseRow)(x + r * stride, cols, values.data() + r * cols, scales.data() + r * groups,
                                          sums.data() + 2 * r * groups);
}

void blockProduct(BlockType type, const std::byte* weights, std::int64_t rows, const QuantisedRows& x, float* out,
                  std::int64_t outStride, bool accumulate) {
    HWY_DYNAMIC_DISPATCH(productAll)(type, reinterpret_cast<const std::uint8_t*>(weights), rows, x, out, outStride, accumulate);
}

} // namespace moa::kernels
#endif
