// Strokes as pixels, each covered by as much as the stroke lies over it.
#include "engine/capture/canvas.h"
#include "engine/capture/glyphs.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

namespace moa {
namespace {

/// The code points of UTF-8 text; what is no UTF-8 becomes '?'.
std::vector<char32_t> codesOf(const std::string& text) {
    std::vector<char32_t> codes;
    for (std::size_t i = 0; i < text.size();) {
        const auto lead = static_cast<unsigned char>(text[i]);
        const std::size_t length = lead < 0x80 ? 1 : lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 0;
        if (length == 0 || i + length > text.size()) {
            codes.push_back(U'?');
            ++i;
            continue;
        }
        char32_t code = length == 1 ? lead : lead & (0x7Fu >> length);
        for (std::size_t k = 1; k < length; ++k) code = code << 6 | (static_cast<unsigned char>(text[i + k]) & 0x3Fu);
        codes.push_back(code);
        i += length;
    }
    return codes;
}

const Glyph& glyphOf(char32_t code) {
    const auto all = glyphs();
    const auto at = std::ranges::find(all, code, &Glyph::code);
    return at != all.end() ? *at : *std::ranges::find(all, U'?', &Glyph::code);
}

class PixelCanvas final : public Canvas {
public:
    PixelCanvas(int width, int height)
        : m_picture{std::size_t(width), std::size_t(height), std::vector<std::uint8_t>(std::size_t(width * height) * 3, 255)} {}

    void rectangle(double x, double y, double width, double height, Rgb fill) override {
        const auto over = [](double from, double length, double pixel) {
            return std::clamp(std::min(from + length, pixel + 1) - std::max(from, pixel), 0.0, 1.0);
        };
        cover(x, y, x + width, y + height, fill,
              [&](double px, double py) { return over(x, width, px) * over(y, height, py); });
    }
    void line(double x1, double y1, double x2, double y2, const Pen& pen) override {
        const double dx = x2 - x1, dy = y2 - y1, length = std::hypot(dx, dy), half = pen.width / 2;
        cover(std::min(x1, x2) - half - 1, std::min(y1, y2) - half - 1, std::max(x1, x2) + half + 1,
              std::max(y1, y2) + half + 1, pen.colour, [&](double px, double py) {
                  const double ax = px + 0.5 - x1, ay = py + 0.5 - y1;
                  const double along = length > 0 ? (ax * dx + ay * dy) / length : 0;
                  if (pen.dash > 0 && std::fmod(std::max(along, 0.0), 2 * pen.dash) > pen.dash) return 0.0;
                  const double beyond = std::max({0.0, -along, along - length});
                  const double aside = length > 0 ? std::abs(ax * dy - ay * dx) / length : std::hypot(ax, ay);
                  return std::clamp(half + 0.5 - std::hypot(aside, beyond), 0.0, 1.0);
              });
    }
    void dot(double x, double y, double radius, Rgb fill) override {
        cover(x - radius - 1, y - radius - 1, x + radius + 1, y + radius + 1, fill, [&](double px, double py) {
            return std::clamp(radius + 0.5 - std::hypot(px + 0.5 - x, py + 0.5 - y), 0.0, 1.0);
        });
    }
    void text(double x, double y, const std::string& text, Anchor anchor, Rgb colour) override {
        const std::vector<char32_t> codes = codesOf(text);
        int width = 0;
        for (const char32_t code : codes) width += glyphOf(code).advance;
        auto pen = static_cast<int>(std::lround(x - (anchor == Anchor::Middle ? width / 2.0 : anchor == Anchor::End ? width : 0)));
        const int top = static_cast<int>(std::lround(y)) - kGlyphBase;
        for (const char32_t code : codes) {
            const Glyph& glyph = glyphOf(code);
            for (int i = 0; i < kGlyphRows * glyph.width; ++i) {
                const char shade = glyph.shades[static_cast<std::size_t>(i)];
                const double share = (shade <= '9' ? shade - '0' : shade - 'a' + 10) / 15.0;
                blend(pen + glyph.left + i % glyph.width, top + i / glyph.width, colour, share);
            }
            pen += glyph.advance;
        }
    }
    std::string bytes() const override { return encodePng(m_picture); }

private:
    void blend(int x, int y, Rgb colour, double share) {
        if (share <= 0 || x < 0 || y < 0 || x >= static_cast<int>(m_picture.width) || y >= static_cast<int>(m_picture.height)) return;
        std::uint8_t* pixel = &m_picture.rgb[(static_cast<std::size_t>(y) * m_picture.width + static_cast<std::size_t>(x)) * 3];
        const std::uint8_t wanted[3] = {colour.r, colour.g, colour.b};
        for (int c = 0; c < 3; ++c)
            pixel[c] = static_cast<std::uint8_t>(std::lround(pixel[c] + share * (wanted[c] - pixel[c])));
    }
    void cover(double left, double top, double right, double bottom, Rgb colour,
               const std::function<double(double x, double y)>& share) {
        for (int y = static_cast<int>(std::floor(top)); y <= static_cast<int>(std::ceil(bottom)); ++y)
            for (int x = static_cast<int>(std::floor(left)); x <= static_cast<int>(std::ceil(right)); ++x)
                blend(x, y, colour, share(x, y));
    }

    Picture m_picture;
};

} // namespace

std::unique_ptr<Canvas> makePixelCanvas(int width, int height) { return std::make_unique<PixelCanvas>(width, height); }

} // namespace moa
