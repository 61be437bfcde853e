// What `moa doctor` looks at: system packages against packaging/dependencies.txt, and NVIDIA devices.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace moa::cli {

struct PackageCheck {
    bool possible = false;            ///< the list and dpkg are both there
    std::vector<std::string> missing; ///< package names of this system
};

/// Compares `list` (packaging/dependencies.txt) with what dpkg says is installed.
PackageCheck checkPackages(const std::filesystem::path& list);

/// Names of NVIDIA cards the kernel's driver knows; empty without one.
std::vector<std::string> nvidiaCards();

/// "apt-get install --no-install-recommends a b c".
std::string aptCommand(const std::vector<std::string>& packages);

} // namespace moa::cli
