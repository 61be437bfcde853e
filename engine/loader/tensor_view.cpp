// See tensor_view.h.
#include "engine/loader/tensor_view.h"

#include "engine/core/error.h"
#include "engine/loader/half.h"

#include <array>
#include <cstring>

namespace moa {

namespace {

struct TypeRow {
    TensorType type;
    std::string_view name;
    std::size_t bytes;
};

/// In the order of the enumeration.
constexpr std::array<TypeRow, 15> kTypes{{
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
}};

} // namespace

std::string_view tensorTypeName(TensorType type) {
    return kTypes[static_cast<std::size_t>(type)].name;
}

std::optional<TensorType> tensorTypeFromName(std::string_view name) {
    for (const TypeRow& row : kTypes)
        if (row.name == name) return row.type;
    return std::nullopt;
}

std::size_t tensorTypeBytes(TensorType type) {
    return kTypes[static_cast<std::size_t>(type)].bytes;
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

std::string shapeText(std::span<const std::int64_t> shape) {
    std::string text = "[";
    for (std::size_t i = 0; i < shape.size(); ++i) text += (i ? ", " : "") + std::to_string(shape[i]);
    return text + "]";
}

void copyToFloat(const TensorView& tensor, std::span<float> out) {
    if (out.size() != tensor.elements())
        throw Error(tensor.name + ": room for " + std::to_string(out.size()) + " of " +
                    std::to_string(tensor.elements()) + " values");
    if (out.empty()) return;
    switch (tensor.type) {
    case TensorType::F32:
        std::memcpy(out.data(), tensor.data, tensor.bytes);
        return;
    case TensorType::F16:
        halfToFloat(tensor.as<std::uint16_t>(), out);
        return;
    case TensorType::BF16:
        bfloatToFloat(tensor.as<std::uint16_t>(), out);
        return;
    default:
        throw Error(tensor.name + ": " + std::string(tensorTypeName(tensor.type)) +
                    " values cannot be read as numbers of a model");
    }
}

std::vector<float> toFloat(const TensorView& tensor) {
    std::vector<float> values(tensor.elements());
    copyToFloat(tensor, values);
    return values;
}

} // namespace moa
