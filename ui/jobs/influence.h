// What hiding a head's far keys costs, as lookups quick enough for every frame of a drag: from a stored profile or
// from one backward pass over the present prompt. Definitions: docs/method.md, "What a rule costs".
#pragma once

#include "engine/core/plan.h"
#include "engine/core/profile_data.h"

#include <QString>

#include <memory>
#include <span>
#include <vector>

namespace moa {

/// One profiled length. Sinks are tokens, 64·k for k = 0…4; others read as the nearest of these.
class InfluenceCurves {
public:
    /// Throws Error where the profile's arrays do not have their stated sizes.
    InfluenceCurves(const ProfileData& profile, const ProfileLength& at, QString origin);

    const QString& origin() const { return m_origin; } ///< "moa-tiny.profile, 24 samples" or the prompt's name
    int length() const { return m_length; }
    int samples() const { return m_samples; }
    int sink() const { return m_sink; } ///< the profile's own, of its samples
    int layers() const { return m_layers; }
    int kvHeads() const { return m_kvHeads; }
    int groupSize() const { return m_heads / m_kvHeads; }

    /// Estimated loss increase of one KV head under window w, nats. Samples hold it for the profile's own sink; for
    /// another it is scaled by what the sums over rows, which every sink has, say of the two.
    double loss(LayerIndex layer, KvHeadIndex kvHead, std::int64_t window, int sink) const;
    /// Of a whole plan at this length.
    double loss(const WindowMap& windows) const;
    /// Σ|E| of keys at distance ≥ w beyond the sink, over the group, as a share of the largest group's total at the
    /// profile's own sink.
    double outside(LayerIndex layer, KvHeadIndex kvHead, std::int64_t window, int sink) const;
    /// The same of one query head, as a share of that head's own total. 1 for window 0.
    double headShareOutside(LayerIndex layer, HeadIndex head, std::int64_t window, int sink) const;
    /// Least span (sink included, tokens, a multiple of 64) that keeps `share` of a query head's influence.
    std::int64_t spanKeeping(LayerIndex layer, HeadIndex head, double share, int sink) const;

    int mapCells() const { return m_mapCells; }
    /// Σ|E| per cell of a query head at profile resolution, [m][m], query × key; empty: no maps stored.
    std::span<const float> map(LayerIndex layer, HeadIndex head) const;

private:
    double headOutside(int layer, int head, std::int64_t window, int sink) const;
    void readLosses(const ProfileData& profile, const ProfileLength& at);
    void readTails(const ProfileLength& at);
    std::int64_t lossRow(int sink, int layer, int kvHead) const { return (std::int64_t(sink) * m_layers + layer) * m_kvHeads + kvHead; }

    QString m_origin;
    int m_length = 0, m_samples = 0, m_sink = 0, m_layers = 0, m_heads = 0, m_kvHeads = 0, m_windows = 0, m_mapCells = 0;
    std::vector<float> m_loss; ///< [sinks][L][G][T+1] by windows of 64 tokens
    std::vector<float> m_tail; ///< [L][H][sinks][T+1]: Σ|E| of the buckets from b on
    std::vector<float> m_maps; ///< [L][H][m][m]
    double m_largest = 0;      ///< total of the largest group
};

} // namespace moa
