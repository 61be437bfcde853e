// 16-bit floats over all their values, and SHA-256 against published vectors.
#include "engine/loader/half.h"
#include "engine/loader/sha256.h"

#include <gtest/gtest.h>

#include <bit>
#include <chrono>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

namespace moa {
namespace {

/// Value of a half from its definition.
double halfValue(unsigned bits) {
    const double sign = bits & 0x8000 ? -1 : 1;
    const int exponent = (bits >> 10) & 31, mantissa = bits & 1023;
    if (exponent == 31) return mantissa ? std::nan("") : sign * std::numeric_limits<double>::infinity();
    if (exponent == 0) return sign * std::ldexp(mantissa, -24);
    return sign * std::ldexp(1024 + mantissa, exponent - 25);
}

TEST(Half, everyValueConvertsBothWays) {
    std::vector<std::uint16_t> all(65536);
    for (unsigned i = 0; i < all.size(); ++i) all[i] = static_cast<std::uint16_t>(i);
    std::vector<float> floats(all.size());
    halfToFloat(all, floats);
    std::vector<std::uint16_t> back(all.size());
    floatToHalf(floats, back);
    for (unsigned i = 0; i < all.size(); ++i) {
        const double expected = halfValue(i);
        const float single = halfToFloat(all[i]);
        ASSERT_EQ(std::bit_cast<std::uint32_t>(single), std::bit_cast<std::uint32_t>(floats[i])) << i;
        ASSERT_EQ(floatToHalf(single), back[i]) << i;
        if (std::isnan(expected)) {
            ASSERT_TRUE(std::isnan(single)) << i;
            ASSERT_TRUE(std::isnan(halfToFloat(back[i]))) << i;
            continue;
        }
        ASSERT_EQ(static_cast<double>(single), expected) << i;
        ASSERT_EQ(std::signbit(single), (i & 0x8000) != 0) << i;
        ASSERT_EQ(back[i], i);
    }
}

/// Between two neighbours: below the middle rounds down, above up, the middle to the even one.
TEST(Half, roundsToNearestEven) {
    for (unsigned low = 0; low < 0x7bff; ++low) {
        const auto middle = static_cast<float>((halfValue(low) + halfValue(low + 1)) / 2);
        const unsigned even = low % 2 == 0 ? low : low + 1;
        ASSERT_EQ(floatToHalf(middle), even) << low;
        ASSERT_EQ(floatToHalf(std::nextafter(middle, 0.0f)), low);
        ASSERT_EQ(floatToHalf(std::nextafter(middle, 1e9f)), low + 1);
        ASSERT_EQ(floatToHalf(-middle), even | 0x8000);
    }
    EXPECT_EQ(floatToHalf(65519.99f), 0x7bff);
    EXPECT_EQ(floatToHalf(65520.0f), 0x7c00);
    EXPECT_EQ(floatToHalf(1e30f), 0x7c00);
    EXPECT_EQ(floatToHalf(std::numeric_limits<float>::denorm_min()), 0);
}

TEST(Half, arraysEqualSinglesAtEveryLength) {
    for (std::size_t n = 0; n < 20; ++n) {
        std::vector<float> in(n), out(n);
        for (std::size_t i = 0; i < n; ++i) in[i] = static_cast<float>(i) * 0.3f - 2;
        std::vector<std::uint16_t> half(n), bfloat(n);
        floatToHalf(in, half);
        floatToBfloat(in, bfloat);
        for (std::size_t i = 0; i < n; ++i) {
            EXPECT_EQ(half[i], floatToHalf(in[i]));
            EXPECT_EQ(bfloat[i], floatToBfloat(in[i]));
        }
        bfloatToFloat(bfloat, out);
        for (std::size_t i = 0; i < n; ++i) EXPECT_EQ(out[i], bfloatToFloat(bfloat[i]));
    }
}

TEST(Bfloat, keepsEveryValueAndRoundsToNearestEven) {
    for (unsigned i = 0; i < 65536; ++i) {
        const auto bits = static_cast<std::uint16_t>(i);
        const float value = bfloatToFloat(bits);
        if (std::isnan(value)) {
            ASSERT_TRUE(std::isnan(bfloatToFloat(floatToBfloat(value))));
            continue;
        }
        ASSERT_EQ(std::bit_cast<std::uint32_t>(value), i << 16);
        ASSERT_EQ(floatToBfloat(value), i);
        if ((i & 0x7f80) == 0x7f80) continue;
        const float middle = std::bit_cast<float>((i << 16) | 0x8000u);
        ASSERT_EQ(floatToBfloat(middle), i % 2 == 0 ? i : i + 1);
        ASSERT_EQ(floatToBfloat(std::bit_cast<float>((i << 16) | 0x7fffu)), i);
        ASSERT_EQ(floatToBfloat(std::bit_cast<float>((i << 16) | 0x8001u)), i + 1);
    }
}

TEST(Bfloat, nanWithLowPayloadStaysNan) {
    const float nan = std::bit_cast<float>(0x7f800001u);
    EXPECT_TRUE(std::isnan(bfloatToFloat(floatToBfloat(nan))));
    EXPECT_TRUE(std::isnan(halfToFloat(floatToHalf(nan))));
}

std::string hashOf(std::string_view text, std::size_t step = 1 << 20) {
    Sha256 hash;
    for (std::size_t i = 0; i < text.size(); i += step) {
        const std::string_view part = text.substr(i, step);
        hash.update({reinterpret_cast<const std::byte*>(part.data()), part.size()});
    }
    return hash.finish();
}

TEST(Sha256, publishedVectors) {
    EXPECT_EQ(hashOf(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(hashOf("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(hashOf("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
              "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    EXPECT_EQ(hashOf(std::string(1000000, 'a')),
              "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, partsMakeNoDifference) {
    std::string text;
    for (int i = 0; i < 1000; ++i) text += static_cast<char>(i * 7);
    const std::string whole = hashOf(text);
    for (std::size_t step : {1, 3, 55, 56, 63, 64, 65, 127, 128, 129})
        EXPECT_EQ(hashOf(text, step), whole) << step;
    // Every length around the padding's edges must differ from its neighbour.
    for (std::size_t n = 50; n < 140; ++n)
        EXPECT_NE(hashOf(text.substr(0, n)), hashOf(text.substr(0, n + 1)));
}

} // namespace
} // namespace moa
