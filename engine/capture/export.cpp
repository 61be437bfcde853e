// The writers, and the choice among them by file ending.
#include "engine/capture/export.h"

#include "engine/capture/atomic_file.h"
#include "engine/capture/picture.h"
#include "engine/capture/svg.h"
#include "engine/core/error.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <filesystem>
#include <functional>
#include <numeric>

namespace moa {
namespace {

constexpr std::size_t kNpyAlignment = 64; // bytes; numpy maps the values in place

void checkShape(const ArrayView& array) {
    const auto total =
        std::accumulate(array.shape.begin(), array.shape.end(), std::size_t(1), std::multiplies<>());
    if (total != array.values.size()) throw Error("array shape and number of values disagree");
}

std::string npyHeader(const ArrayView& array) {
    std::string shape = "(";
    for (std::size_t i = 0; i < array.shape.size(); ++i)
        shape += (i ? ", " : "") + std::to_string(array.shape[i]);
    shape += array.shape.size() == 1 ? ",)" : ")";
    std::string dict = "{'descr': '<f4', 'fortran_order': False, 'shape': " + shape + ", }";
    std::string head("\x93NUMPY\x01\x00", 8);
    const std::size_t used = head.size() + 2 + dict.size() + 1;
    dict.append((kNpyAlignment - used % kNpyAlignment) % kNpyAlignment, ' ');
    dict += '\n';
    head += char(dict.size() & 0xFF);
    head += char(dict.size() >> 8);
    return head + dict;
}

void writeLittleEndian(AtomicFile& file, std::span<const float> values) {
    if constexpr (std::endian::native == std::endian::little) {
        file.write({reinterpret_cast<const char*>(values.data()), values.size_bytes()});
    } else {
        for (const float& value : values) {
            std::string bytes(reinterpret_cast<const char*>(&value), sizeof value);
            std::reverse(bytes.begin(), bytes.end());
            file.write(bytes);
        }
    }
}

void appendNumber(std::string& line, auto value) {
    char text[64];
    const auto end = std::to_chars(text, text + sizeof text, value).ptr;
    line.append(text, end);
}

/// Indices of the leading axes (all but the last two) of row `row`, each followed by a comma.
std::string leadingIndices(const std::vector<std::size_t>& shape, std::size_t row) {
    std::string text;
    row /= shape[shape.size() - 2];
    for (std::size_t axis = shape.size() - 2; axis-- > 0; row /= shape[axis])
        text = std::to_string(row % shape[axis]) + "," + text;
    return text;
}

std::string ending(const std::string& path) {
    return std::filesystem::path(path).extension().string();
}

} // namespace

void writeNpy(const std::string& path, const ArrayView& array) {
    checkShape(array);
    AtomicFile file(path);
    file.write(npyHeader(array));
    writeLittleEndian(file, array.values);
    file.commit();
}

void writeCsv(const std::string& path, const ArrayView& array) {
    checkShape(array);
    AtomicFile file(path);
    const std::size_t cols = array.shape.empty() ? 1 : array.shape.back();
    const std::size_t rows = cols ? array.values.size() / cols : 0;
    for (std::size_t row = 0; row < rows; ++row) {
        std::string line = array.shape.size() > 2 ? leadingIndices(array.shape, row) : "";
        for (std::size_t col = 0; col < cols; ++col) {
            if (col > 0) line += ',';
            appendNumber(line, array.values[row * cols + col]);
        }
        file.write(line + "\n");
    }
    file.commit();
}

void writePng(const std::string& path, const ArrayView& array, const HeatmapLook& look) {
    const CellGrid grid = arrangeCells(array);
    const std::string bytes = encodePng(drawCells(grid, look, pixelsPerCell(grid)));
    AtomicFile file(path);
    file.write(bytes);
    file.commit();
}

void writeSvg(const std::string& path, const ArrayView& array, const HeatmapLook& look) {
    const std::string text = svgText(arrangeCells(array), look);
    AtomicFile file(path);
    file.write(text);
    file.commit();
}

void checkArrayEnding(const std::string& path) {
    const std::string end = ending(path);
    if (end != ".npy" && end != ".csv" && end != ".png" && end != ".svg")
        throw UsageError("unknown ending of '" + path + "': expected .npy, .csv, .png or .svg");
}

void checkArrayShape(const std::string& path, const std::vector<std::size_t>& shape) {
    checkArrayEnding(path);
    const std::string end = ending(path);
    if (end == ".png" || end == ".svg") layOutCells(shape);
}

void writeArray(const std::string& path, const ArrayView& array, const HeatmapLook& look) {
    checkArrayEnding(path);
    const std::string end = ending(path);
    if (end == ".npy") return writeNpy(path, array);
    if (end == ".csv") return writeCsv(path, array);
    if (end == ".png") return writePng(path, array, look);
    writeSvg(path, array, look);
}

} // namespace moa
