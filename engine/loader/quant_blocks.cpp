// See quant_blocks.h.
#include "engine/loader/quant_blocks.h"

#include "engine/core/error.h"
#include "engine/loader/half.h"

#include <array>
#include <cstring>

namespace moa {

namespace {

/// A half at any alignment.
float half(const std::uint8_t* at) {
    std::uint16_t bits = 0;
    std::memcpy(&bits, at, sizeof bits);
    return halfToFloat(bits);
}

int low(std::uint8_t byte) {
    return byte & 15;
}
int high(std::uint8_t byte) {
    return byte >> 4;
}
/// Bit `j` of little-endian bits, as 0 or 16: the fifth bit of a value.
int fifth(const std::uint8_t* bits, int j) {
    return ((bits[j / 8] >> (j % 8)) & 1) << 4;
}

/// Blocks of 32: bytes j hold values j and j + 16.
void q4_0(const std::uint8_t* b, float* out) {
    const float d = half(b);
    for (int j = 0; j < 16; ++j) {
        out[j] = d * static_cast<float>(low(b[2 + j]) - 8);
        out[j + 16] = d * static_cast<float>(high(b[2 + j]) - 8);
    }
}

void q4_1(const std::uint8_t* b, float* out) {
    const float d = half(b), m = half(b + 2);
    for (int j = 0; j < 16; ++j) {
        out[j] = d * static_cast<float>(low(b[4 + j])) + m;
        out[j + 16] = d * static_cast<float>(high(b[4 + j])) + m;
    }
}

void q5_0(const std::uint8_t* b, float* out) {
    const float d = half(b);
    for (int j = 0; j < 16; ++j) {
        out[j] = d * static_cast<float>((low(b[6 + j]) | fifth(b + 2, j)) - 16);
        out[j + 16] = d * static_cast<float>((high(b[6 + j]) | fifth(b + 2, j + 16)) - 16);
    }
}

void q5_1(const std::uint8_t* b, float* out) {
    const float d = half(b), m = half(b + 2);
    for (int j = 0; j < 16; ++j) {
        out[j] = d * static_cast<float>(low(b[8 + j]) | fifth(b + 4, j)) + m;
        out[j + 16] = d * static_cast<float>(high(b[8 + j]) | fifth(b + 4, j + 16)) + m;
    }
}

void q8_0(const std::uint8_t* b, float* out) {
    const float d = half(b);
    for (int j = 0; j < 32; ++j) out[j] = d * static_cast<float>(static_cast<std::int8_t>(b[2 + j]));
}

void iq4_nl(const std::uint8_t* b, float* out) {
    static constexpr std::array<float, 16> levels{-127, -104, -83, -65, -49, -35, -22, -10,
                                                  1,    13,   25,  38,  53,  69,  89,  113};
    const float d = half(b);
    for (int j = 0; j < 16; ++j) {
        out[j] = d * levels[static_cast<std::size_t>(low(b[2 + j]))];
        out[j + 16] = d * levels[static_cast<std::size_t>(high(b[2 + j]))];
    }
}

/// Blocks of 256, in sub-blocks of 16 or 32 values with scales of their own.
void q2_k(const std::uint8_t* b, float* out) {
    const std::uint8_t *scales = b, *q = b + 16;
    const float d = half(b + 80), least = half(b + 82);
    for (int i = 0; i < 256; ++i) {
        const int part = i / 128, shift = 2 * (i % 128 / 32), byte = 32 * part + i % 32;
        const std::uint8_t scale = scales[i / 16];
        out[i] = d * static_cast<float>(low(scale)) * static_cast<float>((q[byte] >> shift) & 3) -
                 least * static_cast<float>(high(scale));
    }
}

void q3_k(const std::uint8_t* b, float* out) {
    const std::uint8_t *mask = b, *q = b + 32, *packed = b + 96;
    const float d = half(b + 108);
    for (int i = 0; i < 256; ++i) {
        const int s = i / 16; // 16 scales of 6 bits: four low bits in 8 bytes, two high bits in 4
        const int lowBits = s < 8 ? low(packed[s]) : high(packed[s - 8]);
        const int scale = (lowBits | (((packed[8 + s % 4] >> (2 * (s / 4))) & 3) << 4)) - 32;
        const int part = i / 128, shift = 2 * (i % 128 / 32), byte = 32 * part + i % 32;
        const int value = ((q[byte] >> shift) & 3) - (((mask[i % 32] >> (i / 32)) & 1) ? 0 : 4);
        out[i] = d * static_cast<float>(scale) * static_cast<float>(value);
    }
}

/// Scale and minimum of sub-block s of Q4_K and Q5_K: 6 bits each, packed into 12 bytes.
struct ScaleMin {
    float scale, least;
};
ScaleMin scaleMin(const std::uint8_t* p, int s) {
    if (s < 4) return {static_cast<float>(p[s] & 63), static_cast<float>(p[s + 4] & 63)};
    return {static_cast<float>(low(p[s + 4]) | ((p[s - 4] >> 6) << 4)),
            static_cast<float>(high(p[s + 4]) | ((p[s] >> 6) << 4))};
}

void q4_k(const std::uint8_t* b, float* out) {
    const float d = half(b), least = half(b + 2);
    const std::uint8_t* q = b + 16;
    for (int s = 0; s < 8; ++s) {
        const ScaleMin sm = scaleMin(b + 4, s);
        for (int j = 0; j < 32; ++j) {
            const std::uint8_t byte = q[32 * (s / 2) + j];
            out[32 * s + j] = d * sm.scale * static_cast<float>(s % 2 ? high(byte) : low(byte)) - least * sm.least;
        }
    }
}

void q5_k(const std::uint8_t* b, float* out) {
    const float d = half(b), least = half(b + 2);
    const std::uint8_t *bits = b + 16, *q = b + 48;
    for (int s = 0; s < 8; ++s) {
        const ScaleMin sm = scaleMin(b + 4, s);
        for (int j = 0; j < 32; ++j) {
            const std::uint8_t byte = q[32 * (s / 2) + j];
            const int value = (s % 2 ? high(byte) : low(byte)) | (((bits[j] >> s) & 1) << 4);
            out[32 * s + j] = d * sm.scale * static_cast<float>(value) - least * sm.least;
        }
    }
}

void q6_k(const std::uint8_t* b, float* out) {
    const std::uint8_t *lowBits = b, *highBits = b + 128, *scales = b + 192;
    const float d = half(b + 208);
    for (int i = 0; i < 256; ++i) {
        const int part = i / 128, quarter = i % 128 / 32, j = i % 32;
        const std::uint8_t byte = lowBits[64 * part + 32 * (quarter % 2) + j];
        const int four = quarter < 2 ? low(byte) : high(byte);
        const int two = (highBits[32 * part + j] >> (2 * quarter)) & 3;
        out[i] = d * static_cast<float>(static_cast<std::int8_t>(scales[i / 16])) *
                 static_cast<float>((four | (two << 4)) - 32);
    }
}

using BlockFn = void (*)(const std::uint8_t* block, float* out);

BlockFn blockFn(TensorType type) {
    switch (type) {
    case TensorType::Q4_0: return q4_0;
    case TensorType::Q4_1: return q4_1;
    case TensorType::Q5_0: return q5_0;
    case TensorType::Q5_1: return q5_1;
    case TensorType::Q8_0: return q8_0;
    case TensorType::Q2_K: return q2_k;
    case TensorType::Q3_K: return q3_k;
    case TensorType::Q4_K: return q4_k;
    case TensorType::Q5_K: return q5_k;
    case TensorType::Q6_K: return q6_k;
    case TensorType::IQ4_NL: return iq4_nl;
    default: throw Error(std::string(tensorTypeName(type)) + " values do not come in blocks");
    }
}

} // namespace

void dequantise(TensorType type, const std::byte* data, std::span<float> out) {
    const BlockFn fn = blockFn(type);
    const std::size_t values = tensorBlockValues(type), bytes = tensorTypeBytes(type);
    const auto* block = reinterpret_cast<const std::uint8_t*>(data);
    for (std::size_t i = 0; i < out.size(); i += values, block += bytes) fn(block, out.data() + i);
}

} // namespace moa
