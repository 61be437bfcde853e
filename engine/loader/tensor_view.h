// One tensor inside a mapped file: name, element type, shape and where its bytes are.
#pragma once

#include "engine/core/model_config.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace moa {

/// Element types of the safetensors format. Only F32, F16 and BF16 can be weights of a model here; the
/// others are readable so that an unsupported model is refused by name.
enum class TensorType { Bool, U8, I8, F8E4M3, F8E5M2, U16, I16, F16, BF16, U32, I32, F32, U64, I64, F64 };

/// "F32", "BF16", …: the name used in files.
std::string_view tensorTypeName(TensorType type);
/// The type of that name; nothing when unknown.
std::optional<TensorType> tensorTypeFromName(std::string_view name);
/// Bytes of one element.
std::size_t tensorTypeBytes(TensorType type);
/// The weight type as a core DType; nothing for types that are no weights.
std::optional<DType> weightType(TensorType type);

/// "[2048, 256]".
std::string shapeText(std::span<const std::int64_t> shape);

/// A view, valid as long as the file object that gave it. `data` is row-major, little-endian and aligned for
/// its element type; `bytes` = elements() × element size.
struct TensorView {
    std::string name;
    TensorType type = TensorType::F32;
    std::vector<std::int64_t> shape; ///< outermost first; empty for a scalar
    const std::byte* data = nullptr;
    std::size_t bytes = 0;

    std::size_t elements() const { return bytes / tensorTypeBytes(type); }
    /// The elements in place; T must match the element type's size.
    template <class T>
    std::span<const T> as() const {
        return {reinterpret_cast<const T*>(data), bytes / sizeof(T)};
    }
};

/// Converts F32, F16 or BF16 elements to float. `out` holds elements() values.
/// Throws Error for any other element type.
void copyToFloat(const TensorView& tensor, std::span<float> out);
/// The same into a new vector.
std::vector<float> toFloat(const TensorView& tensor);

} // namespace moa
