// `moa doctor`: what this installation has, what it lacks, and the command that brings it.
#include "app/cli/commands/commands.h"
#include "app/cli/doctor_checks.h"
#include "engine/core/resources.h"
#include "app/cli/text_table.h"
#include "app/cli/versions.h"

#include "engine/backend/cpu/cpu_backend.h"
#include "engine/backend/cuda/cuda_module.h"
#include "engine/core/format.h"

#include <filesystem>

namespace moa::cli {
namespace {

namespace fs = std::filesystem;

void miss(Json& missing, const std::string& what, const std::string& command) {
    missing.push_back({{"what", what}, {"command", command}});
}

Json devicesJson(CliContext& cli, Json& missing) {
    const std::unique_ptr<Backend> cpu = makeCpuBackend(cli.options.threads);
    const DeviceInfo info = cpu->device();
    Json devices = Json::array();
    devices.push_back({{"kind", info.kind},
                       {"name", info.name},
                       {"usable", true},
                       {"threads", info.threads},
                       {"memory_bytes", info.memoryBytes},
                       {"free_bytes", info.freeBytes}});
    std::string why;
    const std::vector<DeviceInfo> cards = cudaDevices(&why);
    for (const DeviceInfo& card : cards)
        devices.push_back({{"kind", "cuda"}, {"name", card.name}, {"usable", true}, {"memory_bytes", card.memoryBytes}});
    if (!cards.empty()) return devices;
    for (const std::string& card : nvidiaCards())
        devices.push_back({{"kind", "cuda"}, {"name", card}, {"usable", false}});
    if (devices.size() > 1) miss(missing, "the CUDA backend, the CPU serves: " + why, "");
    return devices;
}

Json resourcesJson(Json& missing) {
    try {
        const fs::path folder = resourcesFolder();
        Json models = Json::array();
        std::error_code ignored;
        for (const auto& entry : fs::directory_iterator(folder / "models", ignored))
            if (entry.is_directory(ignored)) models.push_back(entry.path().filename().string());
        std::sort(models.begin(), models.end());
        for (const char* file : {"texts/words.txt", "texts/sqlite-docs.txt"})
            if (!fs::exists(folder / file, ignored))
                miss(missing, (folder / file).string() + ": the built-in tasks need it", "");
        return {{"folder", folder.string()}, {"models", models}};
    } catch (const Error& e) {
        miss(missing, e.what(), "");
        return {{"folder", nullptr}, {"models", Json::array()}};
    }
}

/// Looks without making anything: a history that does not exist yet is fine.
Json historyJson(const CliContext& cli, Json& missing) {
    Json json = {{"file", nullptr}, {"state", "missing"}, {"runs", 0}, {"writable", false}};
    try {
        const std::string path = cli.options.db.empty() ? History::defaultPath() : cli.options.db;
        json["file"] = path;
        std::error_code ignored;
        if (!fs::exists(path, ignored)) {
            json["state"] = "not made yet";
            return json;
        }
        History history = History::open(path, OpenMode::ReadWrite);
        json["writable"] = history.writable();
        json["state"] = history.writable() ? "usable" : "read-only";
        json["runs"] = history.list({.limit = 0}).size();
    } catch (const Error& e) {
        json["state"] = "unusable";
        miss(missing, std::string("the history: ") + e.what(), "");
    }
    return json;
}

void checkSystem(const Json& resources, Json& missing) {
    if (resources["folder"].is_null()) return;
    // The list is beside the resources in the source tree; an installed program needs no compiler.
    const fs::path list = fs::path(resources["folder"].get<std::string>()) / "../packaging/dependencies.txt";
    const PackageCheck packages = checkPackages(list);
    if (packages.possible && !packages.missing.empty())
        miss(missing, std::to_string(packages.missing.size()) + " packages that building and testing need",
             aptCommand(packages.missing));
}

std::string describe(const Json& r) {
    std::vector<std::pair<std::string, std::string>> lines = {{"moa", r["version"].get<std::string>()}};
    for (const Json& d : r["devices"])
        lines.push_back(
            {d["kind"].get<std::string>() + (d["usable"].get<bool>() ? "" : " (unused)"),
             d["name"].get<std::string>() +
                 (d.contains("threads") ? ", " + d["threads"].dump() + " threads, " +
                                              formatBytes(d["free_bytes"].get<std::uint64_t>()) + " of " +
                                              formatBytes(d["memory_bytes"].get<std::uint64_t>()) + " free"
                  : d.contains("memory_bytes") ? ", " + formatBytes(d["memory_bytes"].get<std::uint64_t>())
                                               : "")});
    lines.push_back({"backend", r["backend"].get<std::string>()});
    const Json& folder = r["resources"]["folder"];
    lines.push_back({"resources", folder.is_null() ? "not found" : folder.get<std::string>()});
    std::string models;
    for (const Json& name : r["resources"]["models"])
        models += (models.empty() ? "" : ", ") + name.get<std::string>();
    lines.push_back({"models", models.empty() ? "none" : models});
    const Json& history = r["history"];
    lines.push_back(
        {"history", (history["file"].is_null() ? std::string("–") : history["file"].get<std::string>()) +
                        ", " + history["state"].get<std::string>() + ", " + history["runs"].dump() +
                        " runs"});
    for (const auto& [name, version] : r["versions"].items())
        lines.push_back({name, version.get<std::string>()});
    std::string text = keyValueLines(lines) + "\n";
    if (r["missing"].empty()) return text + "nothing is missing";
    for (const Json& m : r["missing"]) {
        text += "missing: " + m["what"].get<std::string>() + "\n";
        if (const auto command = m["command"].get<std::string>(); !command.empty())
            text += "  " + command + "\n";
    }
    return text;
}

ExitCode runDoctor(CliContext& cli) {
    Json missing = Json::array();
    const Json devices = devicesJson(cli, missing), resources = resourcesJson(missing);
    Json backends = {"cpu"};
    if (!cudaDevices().empty()) backends.push_back("cuda");
    const Json history = historyJson(cli, missing);
    checkSystem(resources, missing);
    const Json result = {{"version", programVersion()},
                         {"devices", devices},
                         {"backend", backends.back()},
                         {"backends", backends},
                         {"versions", libraryVersions()},
                         {"resources", resources},
                         {"history", history},
                         {"missing", missing}};
    return cli.conclude({.result = result, .text = describe(result)});
}

} // namespace

void addDoctorCommand(CLI::App& app, CliContext& cli) {
    CLI::App& command = cli.addCommand(app, "doctor", "What is here, what is missing and how to get it",
                                       "  moa doctor\n"
                                       "  moa doctor --json");
    cli.onRun(command, [&cli] { return runDoctor(cli); });
}

} // namespace moa::cli
