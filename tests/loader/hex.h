// Bytes of golden files, which hold texts that are no UTF-8 as hexadecimal digits.
#pragma once

#include <string>

namespace moa::test {

inline std::string fromHex(const std::string& hex) {
    std::string bytes;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2) bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
    return bytes;
}

} // namespace moa::test
