// Moving rows into the caches and values between types.
#pragma once

#include "moa_kernels/cuda/decode_attention.h"

namespace moa::kernels::cuda {

/// New rows of one sequence, in the key and value tensors; the first has position `held`.
struct NewRows {
    std::int32_t firstRow = 0, count = 0, held = 0;
};

/// Writes new rows to the slots of their positions. A row that a later one of the same chunk would overwrite
/// is skipped.
struct AppendParams {
    const void* k = nullptr; ///< rows of kvHeads · headDim, stride kStride elements, rotated
    const void* v = nullptr;
    std::int64_t kStride = 0, vStride = 0;
    const NewRows* items = nullptr;      ///< [sequences], in device memory
    const DecodeCache* caches = nullptr; ///< [sequences][kvHeads], in device memory
    int sequences = 0, kvHeads = 0, headDim = 0;
    int mostRows = 0; ///< the largest `count`
};
cudaError_t launchAppend(const AppendParams& params, cudaStream_t stream);

enum class ValueType { F32, F16, BF16 };

/// to[i] = from[i], rounded to nearest; nothing overlaps.
struct ConvertParams {
    const void* from = nullptr;
    ValueType fromType = ValueType::F32;
    void* to = nullptr;
    ValueType toType = ValueType::F16;
    std::int64_t count = 0;
};
cudaError_t launchConvert(const ConvertParams& params, cudaStream_t stream);

} // namespace moa::kernels::cuda
