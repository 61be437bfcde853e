// Lays out the picture: title, y axis, cells, x axis, colour scale.
#include "engine/capture/svg.h"

#include "engine/core/format.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

namespace moa {

std::string svgNumber(double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.6g", value);
    return text;
}

std::string svgColour(Rgb colour) {
    char text[8];
    std::snprintf(text, sizeof text, "#%02X%02X%02X", colour.r, colour.g, colour.b);
    return text;
}

std::string svgEscaped(const std::string& text) {
    std::string out;
    for (char c : text) switch (c) {
        case '&':
            out += "&amp;";
            break;
        case '<':
            out += "&lt;";
            break;
        case '>':
            out += "&gt;";
            break;
        case '"':
            out += "&quot;";
            break;
        default:
            if (static_cast<unsigned char>(c) >= 0x20) out += c; // XML 1.0 has no other control characters
        }
    return out;
}

namespace {

constexpr std::size_t kMostRectangles = 4096;
constexpr std::size_t kMostTicks = 8;
constexpr int kLeft = 72, kTop = 40, kBottom = 48, kRight = 96, kScaleWidth = 12;
constexpr const char* kText = "#1A1E25";
constexpr const char* kQuiet = "#4C5462";

std::string base64(const std::string& bytes) {
    constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    out.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const std::size_t have = std::min<std::size_t>(3, bytes.size() - i);
        unsigned group = 0;
        for (std::size_t k = 0; k < 3; ++k)
            group = group << 8 | (k < have ? static_cast<unsigned char>(bytes[i + k]) : 0u);
        for (std::size_t k = 0; k < 4; ++k) out += k <= have ? kDigits[group >> (18 - 6 * k) & 63] : '=';
    }
    return out;
}

struct Anchor {
    const char* name; ///< start, middle or end
    const char* colour = kQuiet;
    const char* more = "";
};

std::string label(double x, double y, const std::string& text, Anchor anchor) {
    return "<text x=\"" + svgNumber(x) + "\" y=\"" + svgNumber(y) + "\" text-anchor=\"" + anchor.name +
           "\" fill=\"" + anchor.colour + "\"" + anchor.more + ">" + svgEscaped(text) + "</text>\n";
}

std::string rectangle(double x, double y, double width, double height, const std::string& fill) {
    return "<rect x=\"" + svgNumber(x) + "\" y=\"" + svgNumber(y) + "\" width=\"" + svgNumber(width) + "\" height=\"" +
           svgNumber(height) + "\" fill=\"" + fill + "\"/>\n";
}

struct Tick {
    double cell; ///< position in cells
    std::string text;
};

/// Every 1, 2 or 4 … cells, so that at most kMostTicks + 1 fit; token numbers of one map's axis.
std::vector<Tick> tokenTicks(std::size_t cells, int block) {
    std::size_t step = 1;
    while (cells / step > kMostTicks) step *= 2;
    std::vector<Tick> ticks;
    for (std::size_t cell = 0; cell <= cells; cell += step)
        ticks.push_back({double(cell), std::to_string(cell * std::size_t(block))});
    return ticks;
}

/// The middle of each map of a sheet, some left out when there are many.
std::vector<Tick> mapTicks(std::size_t maps, std::size_t cellsEach) {
    const std::size_t step = (maps + 31) / 32;
    std::vector<Tick> ticks;
    for (std::size_t i = 0; i < maps; i += step)
        ticks.push_back({double(i * (cellsEach + 1)) + double(cellsEach) / 2, std::to_string(i)});
    return ticks;
}

std::string drawAxes(const CellGrid& grid, const HeatmapLook& look, double scale) {
    const bool sheet = grid.isSheet();
    const double width = double(grid.cols) * scale, height = double(grid.rows) * scale;
    std::string out;
    for (const Tick& t : sheet ? mapTicks(grid.heads, grid.mapCols) : tokenTicks(grid.cols, look.block))
        out += label(kLeft + t.cell * scale, kTop + height + 16, t.text, {"middle"});
    for (const Tick& t : sheet ? mapTicks(grid.layers, grid.mapRows) : tokenTicks(grid.rows, look.block))
        out += label(kLeft - 6, kTop + t.cell * scale + 4, t.text, {"end"});
    out +=
        label(kLeft + width / 2, kTop + height + 36, sheet ? "query head" : "key token", {"middle", kText});
    const double middle = kTop + height / 2;
    const std::string turned = " transform=\"rotate(-90 16 " + svgNumber(middle) + ")\"";
    out += label(16, middle, sheet ? "layer" : "query token", {"middle", kText, turned.c_str()});
    return out;
}

std::string drawScale(const CellGrid& grid, const HeatmapLook& look, double x, double height) {
    const auto& colours = mapColours(look.map);
    constexpr int kSteps = 64;
    std::string out;
    for (int i = 0; i < kSteps; ++i)
        out += rectangle(x, kTop + height * i / kSteps, kScaleWidth, height / kSteps + 0.5,
                         svgColour(colours[std::size_t((kSteps - 1 - i) * (kMapColours - 1) / (kSteps - 1))]));
    const float largest = largestValue(grid);
    out += label(x + kScaleWidth + 4, kTop + 8, svgNumber(double(largest)), {"start"});
    out += label(x + kScaleWidth + 4, kTop + height,
                 look.logScale ? "≤ " + svgNumber(double(largest) * 1e-4) : "0", {"start"});
    return out;
}

std::string drawGrid(const CellGrid& grid, const HeatmapLook& look, double scale) {
    if (grid.rows * grid.cols > kMostRectangles)
        return "<image x=\"" + std::to_string(kLeft) + "\" y=\"" + std::to_string(kTop) + "\" width=\"" +
               svgNumber(double(grid.cols) * scale) + "\" height=\"" + svgNumber(double(grid.rows) * scale) +
               "\" style=\"image-rendering:pixelated\" preserveAspectRatio=\"none\" "
               "href=\"data:image/png;base64," +
               base64(encodePng(drawCells(grid, look, 1))) + "\"/>\n";
    const float largest = largestValue(grid);
    std::string out = "<g shape-rendering=\"crispEdges\">\n";
    for (std::size_t r = 0; r < grid.rows; ++r)
        for (std::size_t c = 0; c < grid.cols; ++c) {
            const Rgb colour = cellColour(grid.values[r * grid.cols + c], largest, look);
            out += rectangle(kLeft + double(c) * scale, kTop + double(r) * scale, scale, scale, svgColour(colour));
        }
    return out + "</g>\n";
}

} // namespace

std::string svgText(const CellGrid& grid, const HeatmapLook& look) {
    // Pictures that have more cells than pixels are shown smaller; the embedded image keeps every cell.
    const double scale =
        std::min(double(pixelsPerCell(grid)), 1024.0 / double(std::max(grid.rows, grid.cols)));
    const double width = double(grid.cols) * scale, height = double(grid.rows) * scale;
    const std::string full = svgNumber(kLeft + width + kRight), tall = svgNumber(kTop + height + kBottom);
    std::string out =
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" +
        full + "\" height=\"" + tall + "\" viewBox=\"0 0 " + full + " " + tall +
        "\" font-family=\"Inter, Noto Sans, DejaVu Sans, sans-serif\" font-size=\"11\">\n";
    out += "<rect width=\"100%\" height=\"100%\" fill=\"#FFFFFF\"/>\n";
    if (!look.title.empty())
        out += label(kLeft, 24, look.title, {"start", kText, " font-size=\"13\" font-weight=\"600\""});
    out += drawGrid(grid, look, scale);
    out += drawAxes(grid, look, scale);
    out += drawScale(grid, look, kLeft + width + 16, height);
    return out + "</svg>\n";
}

} // namespace moa
