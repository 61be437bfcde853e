// What the Inspect page shows beyond the shared selection: summaries of every head as they arrive, the row of the
// query pointed at, the mask and figures of the selected head.
#pragma once

#include "ui/viewmodels/head_attention.h"
#include "ui/viewmodels/workspace.h"

#include <memory>
#include <optional>
#include <vector>

namespace moa {

/// A KV head's summary: means over its query heads.
struct GroupSummary {
    int side = 0;                 ///< cells of the thumbnail, ≤ 64
    std::vector<float> thumbnail; ///< [side][side], the largest weight of each cell
    double entropy = 0, meanDistance = 0, sinkMass = 0;
};

/// Cumulative shares by distance, for charts: (tokens, share), distances ascending.
struct DistanceCurves {
    std::vector<std::pair<std::int64_t, double>> attention, influence; ///< influence empty: not known
};

class InspectModel : public QObject {
    Q_OBJECT
public:
    explicit InspectModel(Workspace& workspace, QObject* parent = nullptr);

    Workspace& workspace() { return m_workspace; }
    HeadAttention& attention() { return m_attention; }
    int tokens() const { return m_attention.tokens(); }
    bool hasCapture() const { return tokens() > 0; }
    /// Host memory that a capture of the present prompt takes; 0 without one.
    quint64 captureBytes() const;

    /// Null while not all query heads of the group are summarised.
    const GroupSummary* summary(HeadRef head) const;
    int headsSummarised() const { return m_summarised; }

    /// w and s of a head under the plan at the capture's length; w = 0 when dense shows everything.
    std::int64_t window(HeadRef head) const;
    int sink() const;
    /// Influence outside the window, scaled to the largest head; nothing without influence.
    std::optional<double> influenceOutside(HeadRef head) const;
    /// Σ of attention that the mask keeps, mean over rows and the group's query heads; nothing before it is summarised.
    std::optional<double> massKept(HeadRef head) const;
    DistanceCurves distanceCurves(HeadRef head) const;
    /// Least span that keeps 95% of each query head's influence (attention where influence is not known), with the head.
    std::vector<std::pair<int, std::int64_t>> spansNeeded(HeadRef head) const;

    /// The widest of them; 0 while none is known.
    std::int64_t widestSpanNeeded(HeadRef head) const;
    /// One undo step: the current head gets that span at n. Nothing while it is not known.
    void widenToNeeded(std::int64_t n);
    /// What α moves by at n: an eighth of it, as the grid of the search does (docs/method.md, "Search space").
    static std::int64_t gridStep(std::int64_t n);

    /// The exact row of the query pointed at; empty while it is on its way.
    const std::vector<float>& row() const { return m_row; }
    int rowQuery() const { return m_rowQuery; }

signals:
    void summaryReady(moa::HeadRef head);
    void rowChanged();
    void reset(); ///< another prompt or model: nothing summarised holds

private:
    void onCaptureBegan();
    void onSelection();
    void onHead(quint64 generation, int layer, int queryHead, std::shared_ptr<const HeadStatistics> statistics);
    void summarise(HeadRef head);
    int groupSize() const { return m_groupSize; }
    std::size_t index(HeadRef head) const { return std::size_t(head.layer) * std::size_t(m_kvHeads) + std::size_t(head.kvHead); }
    const HeadStatistics* statistics(HeadRef head, int inGroup) const;

    Workspace& m_workspace;
    HeadAttention m_attention;
    quint64 m_generation = 0;
    int m_layers = 0, m_kvHeads = 0, m_groupSize = 1, m_summarised = 0; ///< of the captured model
    std::vector<std::vector<std::shared_ptr<const HeadStatistics>>> m_statistics; ///< [L·G][group]
    std::vector<GroupSummary> m_summaries;                                        ///< [L·G]; side 0: not there
    std::vector<float> m_row;
    int m_rowQuery = -1;
    AttentionOf m_rowOf;
};

} // namespace moa
