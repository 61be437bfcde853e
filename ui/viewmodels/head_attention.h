// The attention of the selected head (or its group's mean) as a source for heatmaps.
#pragma once

#include "ui/jobs/capture_service.h"
#include "ui/viewmodels/heatmap_source.h"

#include <map>
#include <memory>

namespace moa {

class HeadAttention : public HeatmapSource {
    Q_OBJECT
public:
    explicit HeadAttention(CaptureService& captures, QObject* parent = nullptr);

    /// `tokens`: of the captured prompt; 0: nothing is captured.
    void show(const AttentionOf& of, int tokens);
    const AttentionOf& shown() const { return m_of; }

    int tokens() const override { return m_tokens; }
    std::vector<int> ladder() const override { return {256, 64, 16, 4, 1}; }
    const HeatTile* tile(TileId id) const override;
    void want(std::vector<TileId> inOrderOfUrgency) override;

private:
    TileKey keyOf(TileId id) const;

    CaptureService& m_captures;
    AttentionOf m_of;
    int m_tokens = 0;
    std::vector<TileId> m_wanted;
    mutable std::map<TileId, HeatTile> m_tiles; ///< of the present head: what views were given lately
};

} // namespace moa
