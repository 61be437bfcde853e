// Captured attention for the interface: Q, K and row log-sum-exp of one prompt, summaries of every head, tiles and rows
// on demand. Nothing here is N × N but what a view shows. Captured layers are immutable host memory, so tiles and rows
// are computed on a thread of their own and never wait for a job.
#pragma once

#include "engine/backend/tile_device.h"
#ifndef Q_MOC_RUN // moc 6.4 cannot read the specialisation of std::hash
#include "engine/capture/head_statistics.h"
#include "engine/capture/tile_cache.h"
#endif
#include "ui/jobs/device_worker.h"
#include "ui/jobs/engine_state.h"
#include "ui/jobs/influence.h"
#include "ui/jobs/values.h"

#include <QRect>

#include <atomic>
#include <mutex>
#include <optional>

namespace moa {

/// Whose attention: a query head of a KV head's group, or the group's mean (−1).
struct AttentionOf {
    int layer = 0, kvHead = 0, queryHead = -1;
    auto operator<=>(const AttentionOf&) const = default;
};

/// One query of one head over all keys, exact.
struct RowValue {
    AttentionOf of;
    int query = 0;
    std::vector<float> weights; ///< [query + 1]
};

class CaptureService : public QObject {
    Q_OBJECT
public:
    /// `jobs` owns the device; `views` computes tiles and rows.
    CaptureService(DeviceWorker& jobs, DeviceWorker& views, std::shared_ptr<EngineState> state,
                   QObject* parent = nullptr);

    /// Host memory a capture of this length takes.
    static quint64 bytesNeeded(const ModelConfig& config, std::int64_t tokens);

    /// Captures a prompt; the one before is dropped. Layers arrive one by one (layerReady), then the heads' statistics,
    /// those of `firstLayer` before the rest (headReady). What was captured before a cancel stays.
    Job* capture(const std::shared_ptr<const PromptValue>& prompt, int firstLayer);
    /// Influence of every head on this prompt: one backward pass, loss on its last `lossLast` tokens (0: on all).
    Job* measureInfluence(const std::shared_ptr<const PromptValue>& prompt, std::int64_t lossLast);
    void drop();
    /// Changes with every capture() and drop(); answers carry the generation they belong to.
    quint64 generation() const { return m_generation; }

    /// What the views need now, most urgent first; replaces earlier wishes. Answers with tileReady().
    void wantTiles(std::vector<TileKey> keys);
    /// Null while it is not there. Any thread.
    std::shared_ptr<const AttentionTile> cachedTile(const TileKey& key);
    void setCacheLimit(quint64 bytes) { m_tiles.setLimit(bytes); }
    quint64 cacheLimit() const { return m_tiles.limit(); }
    quint64 cacheBytes() const { return m_tiles.bytes(); }
    /// Cells of one head: `cells` are x key cells and y query cells of `block` tokens, within the prompt. Hands [rows][cols]
    /// to `then`, 0 where no key is at or before a query: the largest weight of a cell (`useMax`) or the mean over its
    /// causal pairs. Nothing: another prompt or model took this one's place, or memory was short. What views ask for
    /// meanwhile goes first. `then` is not called once `context` is gone.
    void pooled(const AttentionOf& of, int block, const QRect& cells, bool useMax, QObject* context,
                std::function<void(std::optional<std::vector<float>>)> then);
    /// Answers with rowReady().
    void wantRow(const AttentionOf& of, int query);

signals:
    void layerReady(quint64 generation, int layer);
    /// All layers of a prompt are there; seconds that reading it took the model.
    void prefilled(std::shared_ptr<const moa::PromptValue> prompt, double seconds);
    void headReady(quint64 generation, int layer, int queryHead, std::shared_ptr<const moa::HeadStatistics> statistics);
    void tileReady(quint64 generation, const moa::TileKey& key);
    void rowReady(quint64 generation, const moa::RowValue& row);
    void influenceReady(std::shared_ptr<const moa::PromptValue> prompt, std::shared_ptr<const moa::InfluenceCurves> influence);

private:
    std::shared_ptr<const CapturedLayer> layer(quint64 generation, int index) const;
    void compute(const CapturedLayer& layer, const std::vector<TileKey>& keys, const std::stop_token& stop, const TileReady& onTile);
    TileDevice* cardFor(const CapturedLayer& layer);
    void summarize(quint64 generation, int firstLayer, JobContext& context);

    DeviceWorker &m_jobs, &m_views;
    std::shared_ptr<EngineState> m_state;
    std::atomic<quint64> m_generation{0};
    mutable std::mutex m_mutex; ///< guards the layers
    std::vector<std::shared_ptr<const CapturedLayer>> m_layers;
    TileCache m_tiles;
    std::unique_ptr<TileDevice> m_card; ///< the views' thread
    bool m_cardFailed = false;
};

} // namespace moa
