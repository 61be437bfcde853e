// sRGB ⇄ CIE Lab (D65) and the interpolation between stops.
#include "engine/core/colour_ramp.h"

#include <algorithm>
#include <cmath>

namespace moa {
namespace {

struct Lab {
    double l, a, b;
};

// White of sRGB under D65, and the constants of CIE 15 for L*a*b*.
constexpr double kWhiteX = 0.95047, kWhiteZ = 1.08883, kDelta = 6.0 / 29.0;

double toLinear(std::uint8_t value) {
    const double v = value / 255.0;
    return v <= 0.04045 ? v / 12.92 : std::pow((v + 0.055) / 1.055, 2.4);
}

std::uint8_t fromLinear(double v) {
    const double s = v <= 0.0031308 ? 12.92 * v : 1.055 * std::pow(v, 1 / 2.4) - 0.055;
    return std::uint8_t(std::lround(255 * std::clamp(s, 0.0, 1.0)));
}

double labForward(double t) {
    return t > kDelta * kDelta * kDelta ? std::cbrt(t) : t / (3 * kDelta * kDelta) + 4.0 / 29.0;
}

double labInverse(double t) {
    return t > kDelta ? t * t * t : 3 * kDelta * kDelta * (t - 4.0 / 29.0);
}

Lab toLab(Rgb colour) {
    const double r = toLinear(colour.r), g = toLinear(colour.g), b = toLinear(colour.b);
    const double x = labForward((0.4124564 * r + 0.3575761 * g + 0.1804375 * b) / kWhiteX);
    const double y = labForward(0.2126729 * r + 0.7151522 * g + 0.0721750 * b);
    const double z = labForward((0.0193339 * r + 0.1191920 * g + 0.9503041 * b) / kWhiteZ);
    return {116 * y - 16, 500 * (x - y), 200 * (y - z)};
}

Rgb fromLab(Lab lab) {
    const double fy = (lab.l + 16) / 116;
    const double x = kWhiteX * labInverse(fy + lab.a / 500);
    const double y = labInverse(fy);
    const double z = kWhiteZ * labInverse(fy - lab.b / 200);
    return {fromLinear(3.2404542 * x - 1.5371385 * y - 0.4985314 * z),
            fromLinear(-0.9692660 * x + 1.8760108 * y + 0.0415560 * z),
            fromLinear(0.0556434 * x - 0.2040259 * y + 1.0572252 * z)};
}

} // namespace

std::array<Rgb, kMapColours> interpolateLab(std::span<const Rgb> stops) {
    std::array<Rgb, kMapColours> colours;
    for (int i = 0; i < kMapColours; ++i) {
        const double at = double(i) / (kMapColours - 1) * double(stops.size() - 1);
        const auto left = std::min(std::size_t(at), stops.size() - 2);
        const double t = at - double(left);
        const Lab a = toLab(stops[left]), b = toLab(stops[left + 1]);
        colours[std::size_t(i)] =
            fromLab({a.l + t * (b.l - a.l), a.a + t * (b.a - a.a), a.b + t * (b.b - a.b)});
    }
    return colours;
}

} // namespace moa
