#include "app/cli/versions.h"

#include "app/cli/parse_list.h"

#include "engine/core/error.h"
#include "store/sqlite/statement.h"

#include <CLI/Version.hpp>
#include <nlohmann/json.hpp>

namespace moa::cli {
namespace {

std::string sqliteVersion() {
    try {
        const Connection memory(":memory:", Connection::Access::Create, 0);
        Statement statement(memory, "SELECT sqlite_version()");
        return statement.step() ? statement.text(0) : "unknown";
    } catch (const Error&) {
        return "unusable";
    }
}

std::map<std::string, std::string> collect() {
    std::map<std::string, std::string> versions = {
        {"CLI11", CLI11_VERSION},
        {"nlohmann-json", std::to_string(NLOHMANN_JSON_VERSION_MAJOR) + "." +
                              std::to_string(NLOHMANN_JSON_VERSION_MINOR) + "." +
                              std::to_string(NLOHMANN_JSON_VERSION_PATCH)},
        {"SQLite", sqliteVersion()},
        {"compiler", MOA_COMPILER},
        {"build", MOA_BUILD_TYPE}};
    for (const std::string& entry : splitList(MOA_LIBRARIES)) { // "name version", as CMake found them
        const std::size_t space = entry.find(' ');
        versions[entry.substr(0, space)] = space == std::string::npos ? "unknown" : entry.substr(space + 1);
    }
    return versions;
}

} // namespace

std::string programVersion() {
    return MOA_VERSION;
}

const std::map<std::string, std::string>& libraryVersions() {
    static const std::map<std::string, std::string> versions = collect();
    return versions;
}

} // namespace moa::cli
