// Collects the tiles of a rectangle of one head at one resolution, as they are computed, into one array: for files, not
// for views. It asks only while the views are quiet, since tiles are computed for one asker at a time.
#pragma once

#include "ui/jobs/capture_service.h"

#include <QElapsedTimer>
#include <QRect>
#include <QTimer>

#include <set>

namespace moa {

class TileGather : public QObject {
    Q_OBJECT
public:
    /// `cells`: x key cells, y query cells of `block` tokens, within the prompt. `useMax`: the largest weight of a cell,
    /// else the mean over its causal pairs. Begins by itself; deletes itself after its answer.
    TileGather(CaptureService& captures, const AttentionOf& of, int block, const QRect& cells, bool useMax,
               QObject* parent);

signals:
    /// [rows][cols], 0 where no key is at or before a query.
    void done(const std::vector<float>& values);
    /// Another prompt or model took the place of the one asked about, or nothing came for a minute.
    void gone();

private:
    void tick();
    void ask();
    bool take(const TileKey& key);

    CaptureService& m_captures;
    const quint64 m_generation;
    const QRect m_cells;
    const bool m_useMax;
    int m_patienceMs; ///< to wait for a tile before asking again
    std::set<TileKey> m_missing;
    std::vector<float> m_values;
    QTimer m_timer;
    QElapsedTimer m_quiet; ///< since a tile came, anybody's
};

} // namespace moa
