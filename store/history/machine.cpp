#include "store/history/machine.h"

#include <fstream>
#include <sys/utsname.h>
#include <unistd.h>

namespace moa {
namespace {

/// The value of the first line of `path` that starts with `key`, after `separator`, without quotes.
std::string valueIn(const char* path, const std::string& key, char separator) {
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) {
        if (line.compare(0, key.size(), key) != 0) continue;
        const auto at = line.find(separator);
        const auto first = at == std::string::npos ? at : line.find_first_not_of(" \t\"", at + 1);
        if (first == std::string::npos) continue;
        return line.substr(first, line.find_last_not_of(" \t\"") - first + 1);
    }
    return "unknown";
}

} // namespace

Machine currentMachine() {
    Machine machine;
    machine.cpu = valueIn("/proc/cpuinfo", "model name", ':');
    machine.os = valueIn("/etc/os-release", "PRETTY_NAME", '=');
    machine.cores = static_cast<int>(::sysconf(_SC_NPROCESSORS_ONLN));
    machine.memoryBytes = std::int64_t(::sysconf(_SC_PHYS_PAGES)) * ::sysconf(_SC_PAGESIZE);
    utsname system{};
    machine.kernel = ::uname(&system) == 0
                         ? std::string(system.sysname) + " " + system.release + " " + system.machine
                         : "unknown";
    return machine;
}

std::string cardDriverVersion() {
    // "NVRM version: NVIDIA UNIX x86_64 Kernel Module  580.65.06  Sun Jul …": the first word of digits and
    // dots.
    std::ifstream file("/proc/driver/nvidia/version");
    for (std::string word; file >> word;)
        if (word.find('.') != std::string::npos && word.find_first_not_of("0123456789.") == std::string::npos)
            return word;
    return "";
}

} // namespace moa
