#include "app/cli/result_file.h"

#include "engine/core/error.h"
#include "engine/core/format.h"
#include "engine/plan/json_file.h"

#include <algorithm>
#include <filesystem>

namespace moa::cli {
namespace {

using Json = nlohmann::json;
using Cells = std::vector<std::pair<std::string, std::string>>; ///< name and text, in order

std::string endingOf(const std::string& path) { return std::filesystem::path(path).extension().string(); }

std::string csvText(const Json& value) {
    if (value.is_null()) return "";
    if (!value.is_string()) return value.dump();
    std::string text = value.get<std::string>();
    if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
    for (std::size_t at = 0; (at = text.find('"', at)) != std::string::npos; at += 2) text.insert(at, 1, '"');
    return '"' + text + '"';
}

void flatten(const std::string& name, const Json& value, Cells& cells) {
    if (value.is_structured()) {
        if (value.is_array() && !value.empty() && value.front().is_structured()) return;
        for (const auto& [key, part] : value.items()) flatten(name.empty() ? key : name + "." + key, part, cells);
    } else {
        cells.emplace_back(name, csvText(value));
    }
}

std::string csv(const Json& rows) {
    std::vector<Cells> lines;
    std::vector<std::string> names;
    for (const Json& row : rows) {
        flatten("", row, lines.emplace_back());
        for (const auto& [name, text] : lines.back())
            if (std::ranges::find(names, name) == names.end()) names.push_back(name);
    }
    // "plan": null in one row and {…} in another: the name alone says nothing.
    std::erase_if(names, [&](const std::string& name) {
        return std::ranges::any_of(names, [&](const std::string& other) { return other.starts_with(name + "."); });
    });
    std::string text;
    for (std::size_t i = 0; i < names.size(); ++i) text += (i ? "," : "") + csvText(names[i]);
    for (const Cells& line : lines) {
        text += '\n';
        for (std::size_t i = 0; i < names.size(); ++i) {
            const auto at = std::ranges::find(line, names[i], &Cells::value_type::first);
            text += (i ? "," : "") + (at == line.end() ? "" : at->second);
        }
    }
    return text + "\n";
}

} // namespace

void checkResultEnding(const std::string& path) {
    static const std::vector<std::string> kEndings{".json", ".csv", ".png", ".svg"};
    if (!path.empty() && std::ranges::find(kEndings, endingOf(path)) == kEndings.end())
        throw UsageError("unknown ending of '" + path + "': expected .json, .csv, .png or .svg");
}

void writeResult(const std::string& path, const Json& result, const std::function<std::vector<Panel>()>& panels) {
    if (path.empty()) return;
    checkResultEnding(path);
    const std::string ending = endingOf(path);
    if (ending == ".json") return jsonfile::writeAtomically(path, jsonfile::text(result) + "\n");
    if (ending == ".csv") return jsonfile::writeAtomically(path, csv(result["rows"]));
    writeFigure(path, panels());
}

std::string shortLength(int tokens) {
    if (tokens < 1024) return std::to_string(tokens);
    return tokens % 1024 == 0 ? std::to_string(tokens / 1024) + "k" : formatFixed(tokens / 1024.0, 1) + "k";
}

} // namespace moa::cli
