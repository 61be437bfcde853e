// Block types of GGUF files to float: each block holds 32 or 256 values of a row as small integers with shared scales.
// Layouts and formulas: ggml (ggml-common.h, dequantize_row_*); golden values from the `gguf` package of Python.
#pragma once

#include "engine/loader/tensor_view.h"

#include <span>

namespace moa {

/// Whole blocks at `data` to float; out.size() is a multiple of tensorBlockValues(type). `type` is a block type.
void dequantise(TensorType type, const std::byte* data, std::span<float> out);

} // namespace moa
