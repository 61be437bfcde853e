#include "app/cli/doctor_checks.h"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <memory>
#include <set>
#include <sstream>

namespace moa::cli {
namespace {

namespace fs = std::filesystem;

bool isUbuntu() {
    std::ifstream file("/etc/os-release");
    for (std::string line; std::getline(file, line);)
        if (line == "ID=ubuntu") return true;
    return false;
}

/// Only characters that Debian package names have: the names go through a shell.
bool isPackageName(const std::string& name) {
    return !name.empty() &&
           name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789+.-") == std::string::npos;
}

/// Names for this system out of lines "need debian-name ubuntu-name # why"; "=" is the same name.
std::vector<std::string> packagesOf(const fs::path& list) {
    std::ifstream file(list);
    std::vector<std::string> names;
    const bool ubuntu = isUbuntu();
    for (std::string line; std::getline(file, line);) {
        std::istringstream words(line.substr(0, line.find('#')));
        std::string need, debian, other;
        if (!(words >> need >> debian >> other)) continue;
        const std::string& name = ubuntu && other != "=" ? other : debian;
        if (isPackageName(name)) names.push_back(name);
    }
    return names;
}

std::string outputOf(const std::string& command) {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> pipe(::popen(command.c_str(), "r"), ::pclose);
    std::string text;
    char buffer[4096];
    while (pipe)
        if (const std::size_t got = std::fread(buffer, 1, sizeof buffer, pipe.get()); got > 0)
            text.append(buffer, got);
        else
            break;
    return text;
}

} // namespace

PackageCheck checkPackages(const fs::path& list) {
    PackageCheck check;
    const std::vector<std::string> names = packagesOf(list);
    std::error_code ignored;
    if (names.empty() || !fs::exists("/var/lib/dpkg/status", ignored)) return check;
    std::string command = "dpkg-query -W -f='${Package} ${db:Status-Status}\\n'";
    for (const std::string& name : names) command += " " + name;
    std::istringstream lines(outputOf(command + " 2>/dev/null"));
    std::set<std::string> installed;
    for (std::string package, status; lines >> package >> status;)
        if (status == "installed") installed.insert(package);
    check.possible = true;
    std::copy_if(names.begin(), names.end(), std::back_inserter(check.missing),
                 [&](const std::string& name) { return !installed.contains(name); });
    return check;
}

std::vector<std::string> nvidiaCards() {
    std::vector<std::string> cards;
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator("/proc/driver/nvidia/gpus", ignored)) {
        std::ifstream file(entry.path() / "information");
        for (std::string line; std::getline(file, line);)
            if (line.starts_with("Model:")) cards.push_back(line.substr(line.find_first_not_of(" \t", 6)));
    }
    return cards;
}

std::string aptCommand(const std::vector<std::string>& packages) {
    std::string command = "apt-get install --no-install-recommends";
    for (const std::string& package : packages) command += " " + package;
    return command;
}

} // namespace moa::cli
