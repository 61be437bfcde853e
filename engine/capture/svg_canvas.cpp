// Strokes as SVG elements.
#include "engine/capture/canvas.h"
#include "engine/capture/svg.h"

namespace moa {
namespace {

class SvgCanvas final : public Canvas {
public:
    SvgCanvas(int width, int height) {
        const std::string w = std::to_string(width), h = std::to_string(height);
        m_text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" + w +
                 "\" height=\"" + h + "\" viewBox=\"0 0 " + w + " " + h +
                 "\" font-family=\"Inter, Noto Sans, DejaVu Sans, sans-serif\" font-size=\"13\">\n"
                 "<rect width=\"100%\" height=\"100%\" fill=\"#FFFFFF\"/>\n";
    }
    void rectangle(double x, double y, double width, double height, Rgb fill) override {
        m_text += "<rect" + pair("x", x) + pair("y", y) + pair("width", width) + pair("height", height) +
                  " fill=\"" + svgColour(fill) + "\"/>\n";
    }
    void line(double x1, double y1, double x2, double y2, const Pen& pen) override {
        m_text += "<line" + pair("x1", x1) + pair("y1", y1) + pair("x2", x2) + pair("y2", y2) + " stroke=\"" +
                  svgColour(pen.colour) + "\"" + pair("stroke-width", pen.width);
        if (pen.dash > 0) m_text += pair("stroke-dasharray", pen.dash);
        m_text += "/>\n";
    }
    void dot(double x, double y, double radius, Rgb fill) override {
        m_text += "<circle" + pair("cx", x) + pair("cy", y) + pair("r", radius) + " fill=\"" + svgColour(fill) + "\"/>\n";
    }
    void text(double x, double y, const std::string& text, Anchor anchor, Rgb colour) override {
        constexpr const char* kNames[] = {"start", "middle", "end"};
        m_text += "<text" + pair("x", x) + pair("y", y) + " text-anchor=\"" + kNames[static_cast<int>(anchor)] +
                  "\" fill=\"" + svgColour(colour) + "\">" + svgEscaped(text) + "</text>\n";
    }
    std::string bytes() const override { return m_text + "</svg>\n"; }

private:
    static std::string pair(const char* name, double value) {
        return std::string(" ") + name + "=\"" + svgNumber(value) + "\"";
    }
    std::string m_text;
};

} // namespace

std::unique_ptr<Canvas> makeSvgCanvas(int width, int height) { return std::make_unique<SvgCanvas>(width, height); }

} // namespace moa
