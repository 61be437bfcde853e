// What charts are drawn on: a page of pixels (PNG) or SVG, with the same few strokes. Units are pixels, y downwards.
#pragma once

#include "engine/capture/picture.h"

#include <memory>
#include <string>

namespace moa {

enum class Anchor { Start, Middle, End };

/// A line's pen; dash 0: solid, else the length of strokes and gaps, pixels.
struct Pen {
    Rgb colour;
    double width = 1;
    double dash = 0;
};

class Canvas {
public:
    virtual ~Canvas() = default;
    virtual void rectangle(double x, double y, double width, double height, Rgb fill) = 0;
    virtual void line(double x1, double y1, double x2, double y2, const Pen& pen) = 0;
    virtual void dot(double x, double y, double radius, Rgb fill) = 0;
    /// `y`: the base line.
    virtual void text(double x, double y, const std::string& text, Anchor anchor, Rgb colour) = 0;
    /// The finished file.
    virtual std::string bytes() const = 0;
};

/// White pages of this size.
std::unique_ptr<Canvas> makeSvgCanvas(int width, int height);
std::unique_ptr<Canvas> makePixelCanvas(int width, int height);

} // namespace moa
