#include "app/cli/windows_file.h"

#include "engine/loader/json_reader.h"

#include <algorithm>

namespace moa::cli {
namespace {

constexpr std::uint64_t kMostBytes = 16ull << 20;

} // namespace

WindowMap readWindows(const std::string& path, const ModelConfig& config) {
    const Json document = readJsonFile(path, kMostBytes);
    const JsonView root(document, path);
    WindowMap map = denseWindows(config.layers, config.kvHeads);
    const bool bare = root.isArray();
    if (!bare)
        if (const auto sink = root.find("sink")) {
            map.sink = static_cast<int>(sink->integer(0, kMaxSinkBlocks * kBlock));
            if (map.sink % kBlock != 0) sink->fail("expected a multiple of " + std::to_string(kBlock));
        }
    const JsonView rows = bare ? root : root.at("windows");
    const auto layers = static_cast<std::size_t>(config.layers),
               kvHeads = static_cast<std::size_t>(config.kvHeads);
    if (rows.size() != layers)
        rows.fail("expected " + std::to_string(layers) + " layers, found " + std::to_string(rows.size()));
    for (std::size_t l = 0; l < layers; ++l) {
        const JsonView row = rows[l];
        if (row.size() != kvHeads)
            row.fail("expected " + std::to_string(kvHeads) + " KV heads, found " +
                     std::to_string(row.size()));
        for (std::size_t g = 0; g < kvHeads; ++g)
            if (const JsonView cell = row[g]; !cell.isNull())
                map.windows[l * kvHeads + g] = cell.integer(1, WindowMap::kFullWindow);
    }
    return map;
}

double densityOf(const WindowMap& map, std::int64_t n) {
    const std::int64_t dense = denseCache(n, map.sink);
    double held = 0;
    for (const std::int64_t w : map.windows) held += static_cast<double>(std::min(dense, map.sink + w));
    return held / (static_cast<double>(dense) * static_cast<double>(map.windows.size()));
}

nlohmann::json windowsJson(const WindowMap& map) {
    nlohmann::json rows = nlohmann::json::array();
    for (int l = 0; l < map.layers; ++l) {
        nlohmann::json row = nlohmann::json::array();
        for (int g = 0; g < map.kvHeads; ++g) {
            const std::int64_t w = map.window(LayerIndex(l), KvHeadIndex(g));
            row.push_back(w >= WindowMap::kFullWindow ? nlohmann::json(nullptr) : nlohmann::json(w));
        }
        rows.push_back(std::move(row));
    }
    return {{"sink", map.sink}, {"windows", std::move(rows)}};
}

} // namespace moa::cli
