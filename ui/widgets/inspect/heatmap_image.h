// Turns the tiles of a HeatmapSource into the pixels of a view. Every frame is composed afresh from the
// tiles' numbers through a colour table: a moved window edge, another scale or another theme costs no more
// than a pan, and no picture is cached that could go stale. Where a tile is missing its coarsest-but-present
// ancestor stands in.
#pragma once

#include "ui/viewmodels/heatmap_source.h"
#include "ui/widgets/inspect/heatmap_geometry.h"

#include <QElapsedTimer>
#include <QImage>

#include <array>
#include <map>
#include <vector>

namespace moa {

/// What a cell of several tokens shows.
enum class Pooling { Max, Mean };

/// How weights become colours.
struct HeatLook {
    bool attention = true; ///< else only the shape of the mask
    bool evidence = true;  ///< hidden weights of at least `evidenceFloor` in the evidence ramp
    bool log = true;
    bool hideSink = false;
    Pooling pooling = Pooling::Max;
    double floor = 1e-4, top = 1; ///< weights at the ends of the attention ramp
    double evidenceFloor = 0.01, evidenceTop = 1;
    bool operator==(const HeatLook&) const = default;

    /// Place of a weight on the attention ramp, 0 … 1.
    double position(double weight) const;
    /// Place of a hidden weight on the evidence ramp, 0 … 1; negative below its floor.
    double evidencePosition(double weight) const;
    /// Colours by current theme; the evidence ramp starts where it stands out from the masked grey.
    QRgb attentionColour(double position) const;
    QRgb evidenceColour(double position) const;
};

class HeatmapImage {
public:
    /// Weights are looked up by the leading bits of their float: 256 steps an octave over 24 octaves, and
    /// zero.
    static constexpr int kOctaves = 24, kSteps = 256, kLevels = kOctaves * kSteps + 2;

    /// Null: an empty picture.
    void setSource(const HeatmapSource* source);
    /// A tile came just now: where a coarser one stood in, it fades in.
    void noteArrival(TileId id);
    /// Whether the last picture has a tile that is still fading in: compose again soon.
    bool isFading() const { return m_fading; }
    /// Builds the colour tables; call when the look or the theme is another.
    void setLook(const HeatLook& look);

    /// The view in device pixels. Valid until the next call.
    const QImage& compose(const HeatmapGeometry& geometry, const MaskShape& mask, double devicePixelRatio);
    /// Share of the causal pixels of the last picture that came from the block suiting the zoom.
    double exactShare() const { return m_exactShare; }
    /// Tokens a cell that suited the last picture.
    int block() const { return m_block; }

    /// Tiles a view needs and lacks: the coarsest level first, then the suiting block from `centre` (px)
    /// outwards, then a margin of half a tile's ring for the next pan.
    std::vector<TileId> wishes(const HeatmapGeometry& geometry, double devicePixelRatio,
                               QPointF centre) const;

    /// Weight at a token pair from the finest tile at hand no finer than `block`; `usedBlock` says which.
    /// Negative: none.
    float valueAt(int query, int key, int block, int* usedBlock = nullptr) const;

private:
    struct Level {
        int block = 0;
        std::vector<int> cellOfX, cellOfY; ///< absolute cell per device pixel
    };
    struct Row {
        int sinkEnd = 0, maskEnd = 0, causalEnd = 0; ///< first pixel past each part
    };
    struct Found {
        const HeatTile* tile = nullptr;
        TileId id;
    };

    void mapPixels(const HeatmapGeometry& geometry, double dpr, QSize size);
    void findParts(const MaskShape& mask);
    const Level& level(int block);
    /// The finest tile that covers `id` and has blocks of at least `leastBlock` tokens.
    Found best(TileId id, const std::vector<int>& ladder, int leastBlock) const;
    double fadeOf(TileId id) const;
    void paintTiles(TileId id, const std::vector<int>& ladder, const QRect& pixels);
    void paintTile(const Found& found, const QRect& pixels, double opacity);
    void paintMissing(const QRect& pixels);
    double causalPixels(const QRect& pixels) const;

    const HeatmapSource* m_source = nullptr;
    HeatLook m_look;
    std::array<QRgb, kLevels> m_plain{}, m_masked{};
    QRgb m_background = 0, m_missing = 0;
    QImage m_image;
    std::vector<int> m_keyOfX, m_queryOfY;
    std::vector<Row> m_rows;
    std::vector<Level> m_levels;
    int m_block = 1;
    double m_exactShare = 0, m_exactPixels = 0;
    bool m_fading = false;
    QElapsedTimer m_clock;
    std::map<TileId, qint64> m_arrivals; ///< ms by m_clock, of tiles not long there
};

} // namespace moa
