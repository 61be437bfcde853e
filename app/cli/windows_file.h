// "--windows FILE": a mask given window by window, instead of a plan.
#pragma once

#include "engine/core/model_config.h"
#include "engine/core/plan.h"

#include <nlohmann/json.hpp>

#include <string>

namespace moa::cli {

/// JSON [L][G] of windows w in tokens (null: everything), or {"sink": tokens, "windows": [L][G]}; the sink is
/// 64 unless given, a multiple of 64 in 0 … 256. Throws FileError.
WindowMap readWindows(const std::string& path, const ModelConfig& config);
/// Σ min(s + w, d(n)) / Σ d(n) over all KV heads: the share of a dense cache that the mask keeps at `n`
/// tokens.
double densityOf(const WindowMap& map, std::int64_t n);
/// The same document: {"sink", "windows"}.
nlohmann::json windowsJson(const WindowMap& map);

} // namespace moa::cli
