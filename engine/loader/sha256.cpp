// See sha256.h.
#include "engine/loader/sha256.h"

#include "engine/core/error.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <fstream>
#include <vector>

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#endif

namespace moa {

namespace {

alignas(64) constexpr std::array<std::uint32_t, 64> kRound{
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

std::uint32_t loadBigEndian(const std::byte* p) {
    return (std::uint32_t(p[0]) << 24) | (std::uint32_t(p[1]) << 16) | (std::uint32_t(p[2]) << 8) |
           std::uint32_t(p[3]);
}

void compressPlain(std::uint32_t* state, const std::byte* data, std::size_t blocks) {
    for (; blocks > 0; --blocks, data += 64) {
        std::array<std::uint32_t, 64> w;
        for (std::size_t i = 0; i < 16; ++i) w[i] = loadBigEndian(data + 4 * i);
        for (std::size_t i = 16; i < 64; ++i) {
            const std::uint32_t a = w[i - 15], b = w[i - 2];
            const std::uint32_t s0 = std::rotr(a, 7) ^ std::rotr(a, 18) ^ (a >> 3);
            const std::uint32_t s1 = std::rotr(b, 17) ^ std::rotr(b, 19) ^ (b >> 10);
            w[i] = w[i - 16] + s0 + w[i - 7] + s1;
        }
        std::array<std::uint32_t, 8> v;
        std::copy_n(state, 8, v.begin());
        for (std::size_t i = 0; i < 64; ++i) {
            const std::uint32_t s1 = std::rotr(v[4], 6) ^ std::rotr(v[4], 11) ^ std::rotr(v[4], 25);
            const std::uint32_t choice = (v[4] & v[5]) ^ (~v[4] & v[6]);
            const std::uint32_t t1 = v[7] + s1 + choice + kRound[i] + w[i];
            const std::uint32_t s0 = std::rotr(v[0], 2) ^ std::rotr(v[0], 13) ^ std::rotr(v[0], 22);
            const std::uint32_t majority = (v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]);
            v = {t1 + s0 + majority, v[0], v[1], v[2], v[3] + t1, v[4], v[5], v[6]};
        }
        for (std::size_t i = 0; i < 8; ++i) state[i] += v[i];
    }
}

#if defined(__x86_64__)
bool hasShaInstructions() {
    static const bool has = [] {
        unsigned a = 0, b = 0, c = 0, d = 0;
        return __builtin_cpu_supports("sse4.1") && __get_cpuid_count(7, 0, &a, &b, &c, &d) &&
               ((b >> 29) & 1u);
    }();
    return has;
}

/// The same rounds, four at a time: the instructions keep the state as ABEF and CDGH.
__attribute__((target("sha,sse4.1"))) void compressSha(std::uint32_t* state, const std::byte* data,
                                                       std::size_t blocks) {
    const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0bLL, 0x0405060700010203LL);
    const __m128i dcba = _mm_loadu_si128(reinterpret_cast<const __m128i*>(state));
    const __m128i hgfe = _mm_loadu_si128(reinterpret_cast<const __m128i*>(state + 4));
    const __m128i cdab = _mm_shuffle_epi32(dcba, 0xb1), efgh = _mm_shuffle_epi32(hgfe, 0x1b);
    __m128i abef = _mm_alignr_epi8(cdab, efgh, 8), cdgh = _mm_blend_epi16(efgh, cdab, 0xf0);
    for (; blocks > 0; --blocks, data += 64) {
        const __m128i abef0 = abef, cdgh0 = cdgh;
        __m128i w[4];
        for (int i = 0; i < 16; ++i) {
            __m128i& now = w[i & 3];
            if (i < 4) {
                now =
                    _mm_shuffle_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(data + 16 * i)), swap);
            } else {
                const __m128i last = w[(i + 3) & 3];
                const __m128i seventh = _mm_alignr_epi8(last, w[(i + 2) & 3], 4);
                now = _mm_sha256msg2_epu32(_mm_add_epi32(_mm_sha256msg1_epu32(now, w[(i + 1) & 3]), seventh),
                                           last);
            }
            const __m128i k = _mm_load_si128(reinterpret_cast<const __m128i*>(kRound.data() + 4 * i));
            const __m128i sum = _mm_add_epi32(now, k);
            cdgh = _mm_sha256rnds2_epu32(cdgh, abef, sum);
            abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(sum, 0x0e));
        }
        abef = _mm_add_epi32(abef, abef0);
        cdgh = _mm_add_epi32(cdgh, cdgh0);
    }
    const __m128i feba = _mm_shuffle_epi32(abef, 0x1b), dchg = _mm_shuffle_epi32(cdgh, 0xb1);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(state), _mm_blend_epi16(feba, dchg, 0xf0));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(state + 4), _mm_alignr_epi8(dchg, feba, 8));
}
#else
bool hasShaInstructions() {
    return false;
}
void compressSha(std::uint32_t* state, const std::byte* data, std::size_t blocks) {
    compressPlain(state, data, blocks);
}
#endif

void compress(std::uint32_t* state, const std::byte* data, std::size_t blocks) {
    if (hasShaInstructions())
        compressSha(state, data, blocks);
    else
        compressPlain(state, data, blocks);
}

} // namespace

void Sha256::update(std::span<const std::byte> bytes) {
    m_total += bytes.size();
    if (m_held > 0) {
        const std::size_t take = std::min(bytes.size(), m_block.size() - m_held);
        std::copy_n(bytes.begin(), take, m_block.begin() + static_cast<std::ptrdiff_t>(m_held));
        m_held += take;
        bytes = bytes.subspan(take);
        if (m_held < m_block.size()) return;
        compress(m_state.data(), m_block.data(), 1);
        m_held = 0;
    }
    const std::size_t blocks = bytes.size() / m_block.size();
    compress(m_state.data(), bytes.data(), blocks);
    bytes = bytes.subspan(blocks * m_block.size());
    std::copy(bytes.begin(), bytes.end(), m_block.begin());
    m_held = bytes.size();
}

std::string Sha256::finish() {
    const std::uint64_t bits = m_total * 8;
    std::array<std::byte, 128> tail{};
    std::copy_n(m_block.begin(), m_held, tail.begin());
    tail[m_held] = std::byte{0x80};
    const std::size_t size = m_held + 9 <= 64 ? 64 : 128;
    for (std::size_t i = 0; i < 8; ++i) tail[size - 1 - i] = static_cast<std::byte>(bits >> (8 * i));
    compress(m_state.data(), tail.data(), size / 64);
    std::string hex;
    for (std::uint32_t word : m_state)
        for (int shift = 28; shift >= 0; shift -= 4) hex += "0123456789abcdef"[(word >> shift) & 0xfu];
    return hex;
}

std::string sha256OfText(std::string_view text) {
    Sha256 hash;
    hash.update(std::as_bytes(std::span(text)));
    return hash.finish();
}

std::string sha256OfFile(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    if (!in) throw FileError(path, "", "a readable file");
    Sha256 hash;
    std::vector<char> piece(1 << 20);
    while (in) {
        in.read(piece.data(), static_cast<std::streamsize>(piece.size()));
        hash.update(std::as_bytes(std::span(piece.data(), static_cast<std::size_t>(in.gcount()))));
    }
    if (!in.eof()) throw FileError(path, "", "a readable file");
    return hash.finish();
}

} // namespace moa
