#include "store/report/svg_chart.h"

#include "store/report/html_report.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <limits>

namespace moa {
namespace {

constexpr double kWidth = 760, kHeight = 240, kLeft = 64, kRight = 12, kTop = 12, kBottom = 30;
constexpr int kColours = 6;

std::string at(double pixels) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.1f", pixels);
    return text.data();
}

/// 1, 2 or 5 times a power of ten, about a fifth of the range.
double niceStep(double range) {
    const double raw = range / 5, power = std::pow(10.0, std::floor(std::log10(raw)));
    const double share = raw / power;
    return power * (share <= 1 ? 1 : share <= 2 ? 2 : share <= 5 ? 5 : 10);
}

struct Frame {
    double x0 = 0, x1 = 1, y0 = 0, y1 = 1;
    double x(double value) const { return kLeft + (value - x0) / (x1 - x0) * (kWidth - kLeft - kRight); }
    double y(double value) const {
        return kHeight - kBottom - (value - y0) / (y1 - y0) * (kHeight - kTop - kBottom);
    }
};

std::optional<Frame> frameOf(const std::vector<ChartLine>& lines) {
    constexpr double kEnd = std::numeric_limits<double>::infinity();
    Frame f{kEnd, -kEnd, kEnd, -kEnd};
    for (const ChartLine& line : lines)
        for (std::size_t i = 0; i < line.values.size(); ++i) {
            if (!std::isfinite(line.values[i])) continue;
            const double x = static_cast<double>(line.start) + static_cast<double>(i), y = line.values[i];
            f = {std::min(f.x0, x), std::max(f.x1, x), std::min(f.y0, y), std::max(f.y1, y)};
        }
    if (f.x0 > f.x1) return std::nullopt;
    if (f.x0 == f.x1) f.x1 = f.x0 + 1;
    if (f.y0 > 0 && f.y0 < 0.5 * f.y1) f.y0 = 0; // zero is near enough to be shown
    if (f.y0 == f.y1) f = {f.x0, f.x1, f.y0 - 0.5, f.y1 + 0.5};
    return f;
}

std::string axes(const Frame& f, const std::string& unit) {
    std::string out;
    const double stepY = niceStep(f.y1 - f.y0), stepX = std::max(1.0, niceStep(f.x1 - f.x0));
    for (double v = std::ceil(f.y0 / stepY) * stepY; v <= f.y1 + stepY * 1e-9; v += stepY) {
        const std::string y = at(f.y(v));
        out += "<line class=\"grid\" x1=\"" + at(kLeft) + "\" x2=\"" + at(kWidth - kRight) + "\" y1=\"" + y +
               "\" y2=\"" + y + "\"/><text class=\"tick\" text-anchor=\"end\" x=\"" + at(kLeft - 6) +
               "\" y=\"" + at(f.y(v) + 4) + "\">" + shortNumber(std::abs(v) < stepY * 1e-9 ? 0 : v) +
               "</text>";
    }
    for (double v = std::ceil(f.x0 / stepX) * stepX; v <= f.x1 + stepX * 1e-9; v += stepX)
        out += "<text class=\"tick\" text-anchor=\"middle\" x=\"" + at(f.x(v)) + "\" y=\"" +
               at(kHeight - kBottom + 16) + "\">" + shortNumber(v) + "</text>";
    return out + "<text class=\"tick\" text-anchor=\"end\" x=\"" + at(kWidth - kRight) + "\" y=\"" +
           at(kHeight - 2) + "\">token" + (unit.empty() ? "" : ", values in " + htmlEscaped(unit)) +
           "</text>";
}

/// Two points a pixel are enough: least and greatest of what falls there, in their order.
std::vector<std::size_t> shownOf(const ChartLine& line) {
    constexpr std::size_t kBuckets = 700;
    std::vector<std::size_t> shown;
    const std::size_t n = line.values.size(), buckets = std::min(n, kBuckets);
    for (std::size_t b = 0; b < buckets; ++b) {
        const std::size_t from = b * n / buckets, to = (b + 1) * n / buckets;
        std::size_t least = from, most = from;
        for (std::size_t i = from; i < to; ++i) {
            if (!(line.values[i] >= line.values[least])) least = i;
            if (!(line.values[i] <= line.values[most])) most = i;
        }
        shown.push_back(std::min(least, most));
        if (least != most) shown.push_back(std::max(least, most));
    }
    return shown;
}

std::string pathOf(const ChartLine& line, const Frame& f) {
    std::string path;
    bool pen = false;
    for (const std::size_t i : shownOf(line)) {
        if (!std::isfinite(line.values[i])) {
            pen = false;
            continue;
        }
        path += (pen ? "L" : "M") + at(f.x(static_cast<double>(line.start) + static_cast<double>(i))) + " " +
                at(f.y(line.values[i]));
        pen = true;
    }
    return "<path class=\"line c" + std::to_string(line.colour % kColours) + "\" d=\"" + path + "\"/>";
}

std::string open(double height, const std::string& name) {
    return "<svg role=\"img\" aria-label=\"" + htmlEscaped(name) + "\" viewBox=\"0 0 " + at(kWidth) + " " +
           at(height) + "\">";
}

} // namespace

std::string shortNumber(double value) {
    std::array<char, 32> text{};
    const double size = std::abs(value);
    std::snprintf(text.data(), text.size(), size != 0 && (size < 1e-3 || size >= 1e7) ? "%.3g" : "%.5g",
                  value);
    return text.data();
}

std::string lineChart(const std::vector<ChartLine>& lines, const std::string& unit) {
    const auto frame = frameOf(lines);
    if (!frame) return "";
    std::string svg = open(kHeight, "values per token"), legend;
    svg += axes(*frame, unit);
    for (const ChartLine& line : lines) {
        svg += pathOf(line, *frame);
        legend += "<span class=\"key c" + std::to_string(line.colour % kColours) + "\">" +
                  htmlEscaped(line.label) + "</span> ";
    }
    return svg + "</svg>" + (lines.size() > 1 ? "<p class=\"legend\">" + legend + "</p>" : "");
}

std::string barChart(const std::vector<ChartBar>& bars) {
    constexpr double kRow = 24, kNames = 250, kValues = 190;
    double most = 0;
    for (const ChartBar& bar : bars)
        if (std::isfinite(bar.value)) most = std::max(most, std::abs(bar.value) + bar.error.value_or(0));
    if (most == 0) return "";
    const double scale = (kWidth - kNames - kValues) / most;
    std::string svg = open(kRow * static_cast<double>(bars.size()) + 4, "measures");
    for (std::size_t i = 0; i < bars.size(); ++i) {
        const ChartBar& bar = bars[i];
        if (!std::isfinite(bar.value)) continue;
        const double top = kRow * static_cast<double>(i) + 4, end = kNames + std::abs(bar.value) * scale;
        svg += "<text class=\"name\" text-anchor=\"end\" x=\"" + at(kNames - 8) + "\" y=\"" + at(top + 13) +
               "\">" + htmlEscaped(bar.label) + "</text><rect class=\"bar c" +
               std::to_string(bar.colour % kColours) + "\" x=\"" + at(kNames) + "\" y=\"" + at(top) +
               "\" width=\"" + at(std::max(1.0, end - kNames)) + "\" height=\"16\"/>";
        double text = end;
        if (bar.error) {
            text += *bar.error * scale;
            svg += "<line class=\"error\" x1=\"" + at(std::max(kNames, end - *bar.error * scale)) +
                   "\" x2=\"" + at(text) + "\" y1=\"" + at(top + 8) + "\" y2=\"" + at(top + 8) + "\"/>";
        }
        svg += "<text class=\"value\" x=\"" + at(text + 6) + "\" y=\"" + at(top + 13) + "\">" +
               shortNumber(bar.value) + (bar.error ? " ± " + shortNumber(*bar.error) : "") + "</text>";
    }
    return svg + "</svg>";
}

} // namespace moa
