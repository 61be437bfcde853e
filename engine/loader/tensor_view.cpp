// See tensor_view.h.
#include "engine/loader/tensor_view.h"

#include "engine/core/error.h"
#include "engine/loader/half.h"

#include <array>
#include <cstring>

namespace moa {

namespace {

using kernels::BlockType;

struct TypeRow {
    TensorType type;
    std::string_view name;
    std::size_t bytes; ///< of an element, or of a block
    std::optional<BlockType> block;

    constexpr TypeRow(TensorType t, std::string_view n, std::size_t elementBytes) : type(t), name(n), bytes(elementBytes) {}
    constexpr TypeRow(TensorType t, std::string_view n, BlockType b)
        : type(t), name(n), bytes(kernels::blockBytes(b)), block(b) {}
};

/// In the order of the enumeration.
constexpr std::array<TypeRow, 26> kTypes{{
    {TensorType::Bool, "BOOL", 1},
    {TensorType::U8, "U8", 1},
    {TensorType::I8, "I8", 1},
    {TensorType::F8E4M3, "F8_E4M3", 1},
    {TensorType::F8E5M2, "F8_E5M2", 1},
    {TensorType::U16, "U16", 2},
    {TensorType::I16, "I16", 2},
    {TensorType::F16, "F16", 2},
    {TensorType::BF16, "BF16", 2},
    {TensorType::U32, "U32", 4},
    {TensorType::I32, "I32", 4},
    {TensorType::F32, "F32", 4},
    {TensorType::U64, "U64", 8},
    {TensorType::I64, "I64", 8},
    {TensorType::F64, "F64", 8},
    {TensorType::Q4_0, "Q4_0", BlockType::Q4_0},
    {TensorType::Q4_1, "Q4_1", BlockType::Q4_1},
    {TensorType::Q5_0, "Q5_0", BlockType::Q5_0},
    {TensorType::Q5_1, "Q5_1", BlockType::Q5_1},
    {TensorType::Q8_0, "Q8_0", BlockType::Q8_0},
    {TensorType::Q2_K, "Q2_K", BlockType::Q2_K},
    {TensorType::Q3_K, "Q3_K", BlockType::Q3_K},
    {TensorType::Q4_K, "Q4_K", BlockType::Q4_K},
    {TensorType::Q5_K, "Q5_K", BlockType::Q5_K},
    {TensorType::Q6_K, "Q6_K", BlockType::Q6_K},
    {TensorType::IQ4_NL, "IQ4_NL", BlockType::IQ4_NL},
}};

const TypeRow& rowOf(TensorType type) {
    return kTypes[static_cast<std::size_t>(type)];
}

/// `values` of one run of `tensor`, beginning at `data`, to float.
void convert(const TensorView& tensor, const std::byte* data, std::span<float> out) {
    const auto halves = [&] { return std::span(reinterpret_cast<const std::uint16_t*>(data), out.size()); };
    switch (tensor.type) {
    case TensorType::F32:
        std::memcpy(out.data(), data, out.size_bytes());
        return;
    case TensorType::F16:
        halfToFloat(halves(), out);
        return;
    case TensorType::BF16:
        bfloatToFloat(halves(), out);
        return;
    default:
        if (const auto block = blockType(tensor.type))
            return kernels::dequantiseBlocks(*block, data, static_cast<std::int64_t>(out.size()), out.data());
        throw Error(tensor.name + ": " + std::string(tensorTypeName(tensor.type)) +
                    " values cannot be read as numbers of a model");
    }
}

} // namespace

std::string_view tensorTypeName(TensorType type) {
    return rowOf(type).name;
}

std::optional<TensorType> tensorTypeFromName(std::string_view name) {
    for (const TypeRow& row : kTypes)
        if (row.name == name && !row.block) return row.type;
    return std::nullopt;
}

std::size_t tensorBlockValues(TensorType type) {
    const auto block = rowOf(type).block;
    return block ? static_cast<std::size_t>(kernels::blockValues(*block)) : 1;
}

std::size_t tensorTypeBytes(TensorType type) {
    return rowOf(type).bytes;
}

std::optional<DType> weightType(TensorType type) {
    switch (type) {
    case TensorType::F32:
        return DType::F32;
    case TensorType::F16:
        return DType::F16;
    case TensorType::BF16:
        return DType::BF16;
    default:
        return std::nullopt;
    }
}

std::optional<BlockType> blockType(TensorType type) {
    return rowOf(type).block;
}

bool isWeightType(TensorType type) {
    return weightType(type) || blockType(type);
}

std::string shapeText(std::span<const std::int64_t> shape) {
    std::string text = "[";
    for (std::size_t i = 0; i < shape.size(); ++i) text += (i ? ", " : "") + std::to_string(shape[i]);
    return text + "]";
}

TensorView rowsOf(const TensorView& whole, std::int64_t first, std::int64_t count) {
    TensorView part = whole;
    const std::size_t rowBytes = whole.bytes / static_cast<std::size_t>(whole.shape.front());
    part.shape.front() = count;
    part.data = whole.data + static_cast<std::size_t>(first) * rowBytes;
    part.bytes = static_cast<std::size_t>(count) * rowBytes;
    return part;
}

void copyToFloat(const TensorView& tensor, std::span<float> out) {
    if (out.size() != tensor.elements())
        throw Error(tensor.name + ": room for " + std::to_string(out.size()) + " of " +
                    std::to_string(tensor.elements()) + " values");
    if (out.empty()) return;
    if (tensor.interleavedHeads > 0) return copyRows(tensor, 0, out);
    convert(tensor, tensor.data, out);
}

std::span<const std::byte> TensorView::row(std::int64_t index) const {
    const auto rows = static_cast<std::size_t>(shape.front());
    auto stored = static_cast<std::size_t>(index);
    if (interleavedHeads > 0) {
        const std::size_t headRows = rows / static_cast<std::size_t>(interleavedHeads), half = headRows / 2;
        const std::size_t within = stored % headRows;
        stored = stored - within + 2 * (within % half) + within / half;
    }
    return {data + stored * (bytes / rows), bytes / rows};
}

void copyRows(const TensorView& tensor, std::int64_t first, std::span<float> out) {
    const std::size_t cols = tensor.elements() / static_cast<std::size_t>(tensor.shape.front());
    if (tensor.interleavedHeads == 0) return convert(tensor, tensor.row(first).data(), out);
    for (std::size_t done = 0; done < out.size(); done += cols)
        convert(tensor, tensor.row(first++).data(), out.subspan(done, cols));
}

std::vector<float> toFloat(const TensorView& tensor) {
    std::vector<float> values(tensor.elements());
    copyToFloat(tensor, values);
    return values;
}

} // namespace moa
