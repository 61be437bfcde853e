// The rotary part of config.json: "rope_theta", "rope_scaling" (older) or "rope_parameters" (newer).
#pragma once

#include "engine/core/model_config.h"
#include "engine/loader/json_reader.h"

namespace moa {

/// Fills the rope… members; needs headDim and context. linear, dynamic (up to the trained context, where it does
/// nothing), llama3, yarn, longrope ("su"). Throws FileError naming the key: another scaling, partial rotary embeddings.
void readHfRope(const JsonView& root, ModelConfig& config);

} // namespace moa
