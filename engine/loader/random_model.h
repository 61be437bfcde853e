// A model of a given shape without any file, for measuring: what it says is noise.
#pragma once

#include "engine/loader/model_files.h"

namespace moa {

/// Weights are F16 and share one block of noise (norms are ones), so that a large shape takes little memory before
/// it is on a device. The tokenizer knows one token. Equal for equal shapes.
std::shared_ptr<const Model> randomModel(const ModelConfig& config);

} // namespace moa
