// Arranging, colouring and PNG encoding (libpng).
#include "engine/capture/picture.h"

#include "engine/core/error.h"

#include <png.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace moa {
namespace {

constexpr std::size_t kPictureSide = 512;  // pixels, of a small map
constexpr std::size_t kLargestSide = 8192; // pixels; 200 MB of RGB when square
constexpr double kDecades = 4;             // of the logarithmic scale

} // namespace

CellGrid layOutCells(const std::vector<std::size_t>& shape) {
    if (shape.size() != 2 && shape.size() != 4)
        throw UsageError(
            "a picture needs an array of [rows, cols] or [layers, heads, rows, cols]; this one has " +
            std::to_string(shape.size()) + " axes");
    CellGrid grid;
    grid.mapRows = shape[shape.size() - 2];
    grid.mapCols = shape.back();
    if (shape.size() == 4) grid.layers = shape[0], grid.heads = shape[1];
    if (grid.layers * grid.heads * grid.mapRows * grid.mapCols == 0)
        throw UsageError("there is nothing to draw: the array is empty");
    grid.rows = grid.layers * (grid.mapRows + 1) - 1;
    grid.cols = grid.heads * (grid.mapCols + 1) - 1;
    if (std::max(grid.rows, grid.cols) > kLargestSide)
        throw UsageError("a picture of " + std::to_string(grid.cols) + " × " + std::to_string(grid.rows) +
                         " cells is too large (at most " + std::to_string(kLargestSide) +
                         " a side): use a larger block, or .npy");
    return grid;
}

CellGrid arrangeCells(const ArrayView& array) {
    CellGrid grid = layOutCells(array.shape);
    const std::size_t total = grid.layers * grid.heads * grid.mapRows * grid.mapCols;
    if (total != array.values.size()) throw Error("array shape and number of values disagree");

    grid.values.assign(grid.rows * grid.cols, std::numeric_limits<float>::quiet_NaN());
    auto source = array.values.begin();
    for (std::size_t l = 0; l < grid.layers; ++l)
        for (std::size_t h = 0; h < grid.heads; ++h)
            for (std::size_t r = 0; r < grid.mapRows; ++r, source += std::ptrdiff_t(grid.mapCols)) {
                const std::size_t row = l * (grid.mapRows + 1) + r, col = h * (grid.mapCols + 1);
                std::copy_n(source, grid.mapCols,
                            grid.values.begin() + std::ptrdiff_t(row * grid.cols + col));
            }
    return grid;
}

float largestValue(const CellGrid& grid) {
    float largest = 0;
    for (float v : grid.values)
        if (std::isfinite(v)) largest = std::max(largest, v);
    return largest;
}

Rgb cellColour(float value, float largest, const HeatmapLook& look) {
    if (std::isnan(value)) return kGapColour;
    double t = largest > 0 ? std::clamp(double(value) / double(largest), 0.0, 1.0) : 0;
    if (look.logScale) t = t > 0 ? std::max(0.0, 1 + std::log10(t) / kDecades) : 0;
    return mapColours(look.map)[std::size_t(std::lround(t * (kMapColours - 1)))];
}

Picture drawCells(const CellGrid& grid, const HeatmapLook& look, std::size_t scale) {
    Picture picture{grid.cols * scale, grid.rows * scale, {}};
    picture.rgb.resize(picture.width * picture.height * 3);
    const float largest = largestValue(grid);
    auto pixel = picture.rgb.begin();
    for (std::size_t r = 0; r < grid.rows; ++r) {
        const auto line = pixel;
        for (std::size_t c = 0; c < grid.cols; ++c) {
            const Rgb colour = cellColour(grid.values[r * grid.cols + c], largest, look);
            for (std::size_t s = 0; s < scale; ++s)
                *pixel++ = colour.r, *pixel++ = colour.g, *pixel++ = colour.b;
        }
        for (std::size_t s = 1; s < scale; ++s) pixel = std::copy_n(line, picture.width * 3, pixel);
    }
    return picture;
}

std::size_t pixelsPerCell(const CellGrid& grid) {
    return std::max<std::size_t>(1, kPictureSide / std::max(grid.rows, grid.cols));
}

std::string encodePng(const Picture& picture) {
    png_image image{};
    image.version = PNG_IMAGE_VERSION;
    image.width = png_uint_32(picture.width);
    image.height = png_uint_32(picture.height);
    image.format = PNG_FORMAT_RGB;
    // The bound is a little over the raw size; with less room libpng would have to encode twice.
    png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(image);
    std::string bytes(size, '\0');
    if (!png_image_write_to_memory(&image, bytes.data(), &size, 0, picture.rgb.data(), 0, nullptr))
        throw Error(std::string("PNG encoding failed: ") + image.message);
    bytes.resize(size);
    return bytes;
}

} // namespace moa
