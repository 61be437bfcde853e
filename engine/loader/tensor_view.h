// One tensor inside a mapped file: name, element type, shape and where its bytes are.
#pragma once

#include "engine/core/model_config.h"
#include "moa_kernels/blocks.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace moa {

/// Element types: those of the safetensors format, then the block types of GGUF, which hold 32 or 256 values of a row
/// in one block. F32, F16, BF16 and the block types can be weights of a model here; the others are readable so that an
/// unsupported model is refused by name.
enum class TensorType {
    Bool, U8, I8, F8E4M3, F8E5M2, U16, I16, F16, BF16, U32, I32, F32, U64, I64, F64,
    Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q2_K, Q3_K, Q4_K, Q5_K, Q6_K, IQ4_NL
};

/// "F32", "BF16", "Q4_K", …: the name used in files.
std::string_view tensorTypeName(TensorType type);
/// The safetensors type of that name; nothing when unknown.
std::optional<TensorType> tensorTypeFromName(std::string_view name);
/// Values of one block: 1 where elements stand alone.
std::size_t tensorBlockValues(TensorType type);
/// Bytes of one block, or of one element that stands alone.
std::size_t tensorTypeBytes(TensorType type);
/// The weight type as a core DType; nothing for block types and for types that are no weights.
std::optional<DType> weightType(TensorType type);
/// The block type as kernels know it; nothing for types of single elements.
std::optional<kernels::BlockType> blockType(TensorType type);
/// Whether a model's weights may have this type.
bool isWeightType(TensorType type);

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
    /// > 0: the rows of each of so many heads stand in rotary pairs (0, D/2), (1, D/2 + 1), … as llama's GGUF files have
    /// them; copyRows() gives them in the order of Hugging Face files.
    int interleavedHeads = 0;

    /// The bytes of row `index` of a matrix, in the order of Hugging Face files.
    std::span<const std::byte> row(std::int64_t index) const;
    std::size_t elements() const { return bytes / tensorTypeBytes(type) * tensorBlockValues(type); }
    /// The elements in place; T must match the element type's size.
    template <class T>
    std::span<const T> as() const {
        return {reinterpret_cast<const T*>(data), bytes / sizeof(T)};
    }
};

/// Rows [first, first + count) of a matrix, a view of the same bytes. `whole` has no interleaved heads.
TensorView rowsOf(const TensorView& whole, std::int64_t first, std::int64_t count);

/// Converts weights to float. `out` holds elements() values, rows in the order of Hugging Face files.
/// Throws Error for an element type that is no weight.
void copyToFloat(const TensorView& tensor, std::span<float> out);
/// The same for rows [first, first + out.size() / row length) of a tensor of at least one dimension.
void copyRows(const TensorView& tensor, std::int64_t first, std::span<float> out);
/// The same into a new vector.
std::vector<float> toFloat(const TensorView& tensor);

} // namespace moa
