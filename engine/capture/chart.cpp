// Layout: a panel is a title, a legend or nothing, the plot, and labels around it.
#include "engine/capture/chart.h"

#include "engine/capture/atomic_file.h"
#include "engine/capture/canvas.h"
#include "engine/capture/colour_map.h"
#include "engine/core/error.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>

namespace moa {
namespace {

constexpr Rgb kText{0x1A, 0x1E, 0x25}, kQuiet{0x4C, 0x54, 0x62}, kGrid{0xE6, 0xE9, 0xED}, kWhite{0xFF, 0xFF, 0xFF};
constexpr int kGap = 24, kLeft = 88, kTop = 72, kBottom = 56, kRight = 24;
constexpr int kPlotWidth = 400, kPlotHeight = 260, kCellWidth = 56, kCellHeight = 30;
constexpr int kTicks = 5;
constexpr double kAside = 6; // pixels between the points of two series

struct Size {
    int width = 0, height = 0; ///< of the plot
};

Size sizeOf(const Panel& panel) {
    const auto* grid = std::get_if<GridPanel>(&panel);
    if (!grid) return {kPlotWidth, kPlotHeight};
    return {std::max<int>(3, static_cast<int>(grid->columns.size())) * kCellWidth,
            std::max<int>(3, static_cast<int>(grid->rows.size())) * kCellHeight};
}

std::string shortNumber(double value, bool percent) {
    char text[32];
    if (percent) std::snprintf(text, sizeof text, "%.0f%%", 100 * value);
    else std::snprintf(text, sizeof text, "%.4g", value);
    return text;
}

/// The next 1, 2 or 5 times a power of ten.
double roundStep(double step) {
    const double power = std::pow(10, std::floor(std::log10(step)));
    for (const double times : {1.0, 2.0, 5.0, 10.0})
        if (times * power >= step * (1 - 1e-9)) return times * power;
    return 10 * power;
}

/// Black or white, whichever reads on `fill`.
Rgb textOn(Rgb fill) {
    return 0.299 * fill.r + 0.587 * fill.g + 0.114 * fill.b < 140 ? kWhite : Rgb{0x14, 0x18, 0x1D};
}

Rgb cellColour(double value, GridColours colours) {
    if (colours == GridColours::Share)
        return mapColours(ColourMap::Attention)[std::size_t(std::lround(std::clamp(value, 0.0, 1.0) * (kMapColours - 1)))];
    // vik, turned round: red-brown is worse.
    static constexpr Rgb kStops[] = {{0x59, 0x00, 0x08}, {0x91, 0x2D, 0x06}, {0xC2, 0x70, 0x41}, {0xDB, 0xAA, 0x8D},
                                     {0xEC, 0xE5, 0xE0}, {0x94, 0xBE, 0xD2}, {0x30, 0x7D, 0xA6}, {0x03, 0x44, 0x81},
                                     {0x00, 0x12, 0x61}};
    static const auto ramp = interpolateLab(kStops);
    return ramp[std::size_t(std::lround((std::clamp(value, -1.0, 1.0) + 1) / 2 * (kMapColours - 1)))];
}

/// One line chart at (x0, y0), the plot's upper left corner.
class LineDrawing {
public:
    LineDrawing(Canvas& canvas, const LinePanel& panel, double x0, double y0) : m_canvas(canvas), m_panel(panel), m_x0(x0), m_y0(y0) {
        bool first = true;
        for (const ChartSeries& series : panel.series)
            for (std::size_t i = 0; i < series.x.size(); ++i) {
                m_xLow = first ? series.x[i] : std::min(m_xLow, series.x[i]);
                m_xHigh = first ? series.x[i] : std::max(m_xHigh, series.x[i]);
                m_yTop = std::max({m_yTop, series.y[i], i < series.high.size() ? series.high[i] : 0.0});
                first = false;
            }
        if (panel.yMost > 0) m_yTop = panel.yMost;
        m_step = roundStep(std::max(m_yTop, 1e-9) / kTicks);
        if (panel.yMost <= 0) m_yTop = m_step * std::ceil(m_yTop * 1.02 / m_step);
        if (m_xHigh <= m_xLow) m_xHigh = m_xLow + 1;
    }

    void draw() {
        axes();
        if (m_panel.yMark > 0) {
            m_canvas.line(m_x0, y(m_panel.yMark), m_x0 + kPlotWidth, y(m_panel.yMark), {kQuiet, 1, 4});
            m_canvas.text(m_x0 + kPlotWidth, y(m_panel.yMark) + 16, shortNumber(m_panel.yMark, m_panel.percent), Anchor::End, kQuiet);
        }
        double legend = m_x0;
        // Side by side by a few pixels, so that whiskers of equal points stay apart.
        double aside = -kAside * static_cast<double>(m_panel.series.size() - 1) / 2;
        for (const ChartSeries& series : m_panel.series) {
            const double dash = series.dashed ? 5 : 0;
            m_canvas.line(legend, m_y0 - 18, legend + 22, m_y0 - 18, {series.colour, 2, dash});
            m_canvas.text(legend + 28, m_y0 - 14, series.name, Anchor::Start, kText);
            legend += 44 + 8.0 * static_cast<double>(series.name.size());
            drawSeries(series, dash, aside);
            aside += kAside;
        }
    }

private:
    /// Named points stand evenly, a little inside.
    double x(std::size_t i, double value) const {
        if (m_panel.xNames.empty()) return m_x0 + 12 + (value - m_xLow) / (m_xHigh - m_xLow) * (kPlotWidth - 24);
        const auto count = static_cast<double>(m_panel.xNames.size());
        return m_x0 + (static_cast<double>(i) + 0.5) / count * kPlotWidth;
    }
    double y(double value) const { return m_y0 + kPlotHeight * (1 - std::min(value, m_yTop) / m_yTop); }

    void axes() {
        for (double value = 0; value <= m_yTop * (1 + 1e-9); value += m_step) {
            m_canvas.line(m_x0, y(value), m_x0 + kPlotWidth, y(value), {kGrid, 1, 0});
            m_canvas.text(m_x0 - 8, y(value) + 4, shortNumber(value, m_panel.percent), Anchor::End, kQuiet);
        }
        m_canvas.text(m_x0 - 8, m_y0 - 14, m_panel.yLabel, Anchor::End, kQuiet);
        const double below = m_y0 + kPlotHeight + 20;
        if (!m_panel.xNames.empty()) {
            for (std::size_t i = 0; i < m_panel.xNames.size(); ++i)
                m_canvas.text(x(i, 0), below, m_panel.xNames[i], Anchor::Middle, kQuiet);
            return;
        }
        const double step = roundStep((m_xHigh - m_xLow) / kTicks);
        for (double value = std::ceil(m_xLow / step - 1e-9) * step; value <= m_xHigh + step * 1e-6; value += step)
            m_canvas.text(x(0, value), below, shortNumber(value, m_xHigh <= 1 && m_xLow >= 0), Anchor::Middle, kQuiet);
    }

    void drawSeries(const ChartSeries& series, double dash, double aside) {
        for (std::size_t i = 0; i < series.x.size(); ++i) {
            const double px = x(i, series.x[i]) + aside, py = y(series.y[i]);
            if (i > 0) m_canvas.line(x(i - 1, series.x[i - 1]) + aside, y(series.y[i - 1]), px, py, {series.colour, 2, dash});
            if (i < series.low.size() && i < series.high.size()) {
                m_canvas.line(px, y(series.low[i]), px, y(series.high[i]), {series.colour, 1, 0});
                for (const double end : {series.low[i], series.high[i]})
                    m_canvas.line(px - 4, y(end), px + 4, y(end), {series.colour, 1, 0});
            }
            m_canvas.dot(px, py, 3.5, series.colour);
        }
    }

    Canvas& m_canvas;
    const LinePanel& m_panel;
    double m_x0, m_y0, m_xLow = 0, m_xHigh = 1, m_yTop = 0, m_step = 1;
};

void drawGrid(Canvas& canvas, const GridPanel& panel, double x0, double y0) {
    for (std::size_t c = 0; c < panel.columns.size(); ++c)
        canvas.text(x0 + (static_cast<double>(c) + 0.5) * kCellWidth, y0 + static_cast<double>(panel.rows.size()) * kCellHeight + 20,
                    panel.columns[c], Anchor::Middle, kQuiet);
    for (std::size_t r = 0; r < panel.rows.size(); ++r) {
        const double top = y0 + static_cast<double>(r) * kCellHeight;
        canvas.text(x0 - 8, top + kCellHeight / 2.0 + 5, panel.rows[r], Anchor::End, kQuiet);
        for (std::size_t c = 0; c < panel.columns.size(); ++c) {
            const double value = panel.values[r * panel.columns.size() + c], left = x0 + static_cast<double>(c) * kCellWidth;
            const bool there = std::isfinite(value);
            const Rgb fill = there ? cellColour(value, panel.colours) : kGapColour;
            canvas.rectangle(left, top, kCellWidth - 1, kCellHeight - 1, fill);
            if (!there) continue;
            char text[16];
            std::snprintf(text, sizeof text, panel.colours == GridColours::Change && std::abs(value) >= 0.005 ? "%+.0f" : "%.0f",
                          100 * value + 0.0);
            canvas.text(left + kCellWidth / 2.0, top + kCellHeight / 2.0 + 4, text, Anchor::Middle, textOn(fill));
        }
    }
    canvas.text(x0 - 8, y0 - 14, panel.yLabel, Anchor::End, kQuiet);
}

void drawPanel(Canvas& canvas, const Panel& panel, double x0, double y0) {
    const Size size = sizeOf(panel);
    std::visit(
        [&](const auto& p) {
            canvas.text(x0, y0 - 44, p.title, Anchor::Start, kText);
            canvas.text(x0 + size.width / 2.0, y0 + size.height + 44, p.xLabel, Anchor::Middle, kQuiet);
        },
        panel);
    if (const auto* grid = std::get_if<GridPanel>(&panel)) drawGrid(canvas, *grid, x0, y0);
    else LineDrawing(canvas, std::get<LinePanel>(panel), x0, y0).draw();
}

} // namespace

void writeFigure(const std::string& path, const std::vector<Panel>& panels) {
    const std::string ending = std::filesystem::path(path).extension().string();
    if (ending != ".png" && ending != ".svg")
        throw UsageError("unknown ending of '" + path + "': a picture is .png or .svg");
    if (panels.empty()) throw UsageError("there is nothing to draw");
    int width = 0, height = 0;
    for (const Panel& panel : panels) {
        width += kLeft + sizeOf(panel).width + kRight + (width ? kGap : 0);
        height = std::max(height, kTop + sizeOf(panel).height + kBottom);
    }
    const auto canvas = ending == ".png" ? makePixelCanvas(width, height) : makeSvgCanvas(width, height);
    double x = kLeft;
    for (const Panel& panel : panels) {
        drawPanel(*canvas, panel, x, kTop);
        x += sizeOf(panel).width + kRight + kGap + kLeft;
    }
    AtomicFile file(path);
    file.write(canvas->bytes());
    file.commit();
}

} // namespace moa
