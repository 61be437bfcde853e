// SHA-256 (FIPS 180-4), used to name weight files. Uses the processor's SHA instructions where it has them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace moa {

/// Feed with update(), then take the digest once with finish().
class Sha256 {
public:
    void update(std::span<const std::byte> bytes);
    /// 64 lower-case hexadecimal digits. The object must not be used afterwards.
    std::string finish();

private:
    std::array<std::uint32_t, 8> m_state{0x6a09e667u, 0xbb67ae85u, 0x3c6ef372u, 0xa54ff53au,
                                         0x510e527fu, 0x9b05688cu, 0x1f83d9abu, 0x5be0cd19u};
    std::array<std::byte, 64> m_block{}; ///< bytes not yet worked on
    std::size_t m_held = 0;              ///< of them
    std::uint64_t m_total = 0;           ///< bytes seen
};

/// Of a text's bytes.
std::string sha256OfText(std::string_view text);
/// Of a file's content. Throws FileError when it cannot be read.
std::string sha256OfFile(const std::string& path);

} // namespace moa
