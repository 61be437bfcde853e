// What this program was built with.
#pragma once

#include <map>
#include <string>

namespace moa::cli {

/// "0.1.0".
std::string programVersion();
/// Name → version of every library, SQLite's as it runs.
const std::map<std::string, std::string>& libraryVersions();

} // namespace moa::cli
