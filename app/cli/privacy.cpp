#include "app/cli/privacy.h"

#include "engine/loader/sha256.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace moa::cli {
namespace {

/// Keys of results and settings that hold what was said.
constexpr std::array<std::string_view, 9> kTexts = {
    "text", "ids", "pieces", "response", "expected", "question", "answer", "answers", "context_text"};

} // namespace

std::vector<std::string> withoutTypedText(const std::vector<std::string>& arguments) {
    std::vector<std::string> kept;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        if (arguments[i] == "--text")
            ++i; // its value, whatever it looks like
        else if (!arguments[i].starts_with("--text="))
            kept.push_back(arguments[i]);
    }
    return kept;
}

nlohmann::json withoutTexts(const nlohmann::json& document) {
    if (document.is_array()) {
        nlohmann::json list = nlohmann::json::array();
        for (const auto& element : document) list.push_back(withoutTexts(element));
        return list;
    }
    if (!document.is_object()) return document;
    nlohmann::json object = nlohmann::json::object();
    for (const auto& [key, value] : document.items()) {
        if (std::ranges::find(kTexts, key) == kTexts.end())
            object[key] = withoutTexts(value);
        else
            object[key + "_sha256"] =
                sha256OfText(value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
    }
    return object;
}

} // namespace moa::cli
