// What the machine offers: processors, memory, names.
#include "engine/backend/cpu/system.h"

#include "engine/backend/cpu/cpu_backend.h"

#include <algorithm>
#include <fstream>
#include <limits>
#include <string>
#include <thread>

#include <sched.h>

namespace moa {

namespace {

/// Value of a "Key: number kB" line of /proc/meminfo in bytes; 0 when it is not there.
std::uint64_t memInfo(const std::string& key) {
    std::ifstream in("/proc/meminfo");
    std::string line;
    while (std::getline(in, line))
        if (line.rfind(key + ":", 0) == 0) {
            const std::string digits = line.substr(key.size() + 1);
            return std::strtoull(digits.c_str(), nullptr, 10) * 1024;
        }
    return 0;
}

/// The number in a cgroup file; the largest number when it says "max" or is not there.
std::uint64_t cgroupValue(const std::string& file) {
    std::ifstream in("/sys/fs/cgroup/" + file);
    std::uint64_t value = 0;
    return in >> value ? value : std::numeric_limits<std::uint64_t>::max();
}

} // namespace

int availableThreads() {
    cpu_set_t set;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof(set), &set) == 0) return std::max(1, CPU_COUNT(&set));
    return static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
}

std::uint64_t availableMemory() {
    std::uint64_t free = memInfo("MemAvailable");
    const std::uint64_t limit = cgroupValue("memory.max"), used = cgroupValue("memory.current");
    if (limit != std::numeric_limits<std::uint64_t>::max() && used != std::numeric_limits<std::uint64_t>::max())
        free = std::min(free, limit > used ? limit - used : 0);
    return free;
}

std::uint64_t totalMemory() { return std::min(memInfo("MemTotal"), cgroupValue("memory.max")); }

std::string processorName() {
    std::ifstream in("/proc/cpuinfo");
    std::string line;
    while (std::getline(in, line))
        if (line.rfind("model name", 0) == 0) {
            const auto colon = line.find(": ");
            if (colon != std::string::npos) return line.substr(colon + 2);
        }
    return "unknown processor";
}

} // namespace moa
