// Pooling and colouring of thumbnails.
#include "ui/widgets/inspect/head_thumbnail.h"

#include "ui/widgets/theme.h"

#include <algorithm>
#include <cmath>

namespace moa {
namespace {

/// Largest value among the cells that a pixel covers, at least one cell.
float pooled(const Thumbnail& t, int x, int y, QSize size) {
    const auto range = [&](int p, int pixels) {
        const int first = p * t.side / pixels, end = ((p + 1) * t.side + pixels - 1) / pixels;
        return std::pair{first, std::clamp(end, first + 1, t.side)};
    };
    const auto [c0, c1] = range(x, size.width());
    const auto [r0, r1] = range(y, size.height());
    float most = 0;
    for (int r = r0; r < r1; ++r)
        for (int c = c0; c < c1; ++c)
            most = std::max(most, t.values[std::size_t(r) * std::size_t(t.side) + std::size_t(c)]);
    return most;
}

} // namespace

QImage thumbnailImage(const Thumbnail& t, const ThumbnailMask& mask, const HeatLook& look, QSize size) {
    QImage image(size.expandedTo({1, 1}), QImage::Format_ARGB32_Premultiplied);
    image.fill(Qt::transparent);
    if (t.side <= 0 || t.values.size() != std::size_t(t.side) * std::size_t(t.side)) return image;
    const auto& grey = Theme::instance().ramp(Ramp::Masked);
    for (int y = 0; y < image.height(); ++y) {
        auto* line = reinterpret_cast<QRgb*>(image.scanLine(y));
        const double query = (y + 0.5) / image.height();
        for (int x = 0; x < image.width(); ++x) {
            const double key = (x + 0.5) / image.width();
            if (key > query + 0.5 / image.width()) break;
            const double weight = double(pooled(t, x, y, image.size())), position = look.position(weight);
            if (!mask.hides(query, key)) {
                line[x] = look.attentionColour(position);
                continue;
            }
            const double evidence = look.evidence ? look.evidencePosition(weight) : -1;
            line[x] = evidence >= 0
                          ? look.evidenceColour(evidence)
                          : grey[std::size_t(std::lround((1 + 2 * position) / 3 * (kMapColours - 1)))];
        }
    }
    return image;
}

} // namespace moa
