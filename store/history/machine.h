// The machine this process runs on, as far as it explains a timing.
#pragma once

#include <compare>
#include <cstdint>
#include <string>

namespace moa {

struct Machine {
    std::string cpu;              ///< model name, "unknown" where the system does not say
    int cores = 0;                ///< online processors
    std::int64_t memoryBytes = 0; ///< physical memory
    std::string os;               ///< distribution and version
    std::string kernel;           ///< name, release, architecture
    auto operator<=>(const Machine&) const = default;
};

/// Reads /proc/cpuinfo, /etc/os-release and uname. Never throws: what is missing says "unknown".
Machine currentMachine();

/// Version of NVIDIA's kernel driver; empty: none is loaded.
std::string cardDriverVersion();

} // namespace moa
