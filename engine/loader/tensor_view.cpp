// See tensor_view.h.
#include "engine/loader/tensor_view.h"

#include "engine/core/error.h"
#include "engine/loader/half.h"
#include "engine/loader/quant_blocks.h"

#include <array>
#include <cstring>

namespace moa {

namespace {

struct TypeRow {
    TensorType type;
    std::string_view name;
    std::size_t bytes;
    std::size_t values = 1; ///< of a block
};

/// In the order of the enumeration.
constexpr std::array<TypeRow, 26> kTypes{{
    {TensorType::Bool, "BOOL", 1},        {TensorType::U8, "U8", 1},           {TensorType::I8, "I8", 1},
    {TensorType::F8E4M3, "F8_E4M3", 1},   {TensorType::F8E5M2, "F8_E5M2", 1},  {TensorType::U16, "U16", 2},
    {TensorType::I16, "I16", 2},          {TensorType::F16, "F16", 2},         {TensorType::BF16, "BF16", 2},
    {TensorType::U32, "U32", 4},          {TensorType::I32, "I32", 4},         {TensorType::F32, "F32", 4},
    {TensorType::U64, "U64", 8},          {TensorType::I64, "I64", 8},         {TensorType::F64, "F64", 8},
    {TensorType::Q4_0, "Q4_0", 18, 32},   {TensorType::Q4_1, "Q4_1", 20, 32},  {TensorType::Q5_0, "Q5_0", 22, 32},
    {TensorType::Q5_1, "Q5_1", 24, 32},   {TensorType::Q8_0, "Q8_0", 34, 32},  {TensorType::Q2_K, "Q2_K", 84, 256},
    {TensorType::Q3_K, "Q3_K", 110, 256}, {TensorType::Q4_K, "Q4_K", 144, 256}, {TensorType::Q5_K, "Q5_K", 176, 256},
    {TensorType::Q6_K, "Q6_K", 210, 256}, {TensorType::IQ4_NL, "IQ4_NL", 18, 32},
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
        if (tensorBlockValues(tensor.type) == 1)
            throw Error(tensor.name + ": " + std::string(tensorTypeName(tensor.type)) +
                        " values cannot be read as numbers of a model");
        dequantise(tensor.type, data, out);
    }
}

} // namespace

std::string_view tensorTypeName(TensorType type) {
    return rowOf(type).name;
}

std::optional<TensorType> tensorTypeFromName(std::string_view name) {
    for (const TypeRow& row : kTypes)
        if (row.name == name && row.values == 1) return row.type;
    return std::nullopt;
}

std::size_t tensorBlockValues(TensorType type) {
    return rowOf(type).values;
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

bool isWeightType(TensorType type) {
    return weightType(type) || tensorBlockValues(type) > 1;
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

void copyRows(const TensorView& tensor, std::int64_t first, std::span<float> out) {
    const auto rows = static_cast<std::size_t>(tensor.shape.front());
    const std::size_t cols = tensor.elements() / rows, rowBytes = tensor.bytes / rows;
    const auto begin = static_cast<std::size_t>(first);
    if (tensor.interleavedHeads == 0) return convert(tensor, tensor.data + begin * rowBytes, out);
    const std::size_t headRows = rows / static_cast<std::size_t>(tensor.interleavedHeads), half = headRows / 2;
    for (std::size_t r = begin; r * cols < begin * cols + out.size(); ++r) {
        const std::size_t head = r / headRows, within = r % headRows;
        const std::size_t stored = head * headRows + 2 * (within % half) + within / half;
        convert(tensor, tensor.data + stored * rowBytes, out.subspan((r - begin) * cols, cols));
    }
}

std::vector<float> toFloat(const TensorView& tensor) {
    std::vector<float> values(tensor.elements());
    copyToFloat(tensor, values);
    return values;
}

} // namespace moa
