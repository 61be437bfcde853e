// Summaries per group, and the rows and tiles that follow the selection.
#include "ui/viewmodels/inspect_model.h"

#include <algorithm>

namespace moa {
namespace {

constexpr double kKept = 0.95; ///< share of a head's influence that its needed span keeps

} // namespace

InspectModel::InspectModel(Workspace& workspace, QObject* parent)
    : QObject(parent), m_workspace(workspace), m_attention(workspace.engine().captures) {
    CaptureService& captures = workspace.engine().captures;
    connect(&captures, &CaptureService::headReady, this, &InspectModel::onHead);
    connect(&captures, &CaptureService::rowReady, this, [this](quint64 generation, const RowValue& row) {
        const bool isWanted = row.of == m_rowOf && row.query == m_workspace.selection().now().query;
        if (generation != m_workspace.engine().captures.generation() || !isWanted) return;
        m_row = row.weights;
        m_rowQuery = row.query;
        emit rowChanged();
    });
    connect(&captures, &CaptureService::layerReady, this, [this](quint64, int layer) {
        if (layer == m_workspace.selection().now().current.layer) onSelection();
    });
    connect(&workspace, &Workspace::captureChanged, this, &InspectModel::onCaptureBegan);
    connect(&workspace, &Workspace::promptChanged, this, &InspectModel::onCaptureBegan);
    connect(&workspace.selection(), &SelectionModel::changed, this, &InspectModel::onSelection);
    // What was captured is of the loaded model: it is hidden while another one is chosen, and shown again afterwards.
    connect(&workspace, &Workspace::modelChanged, this, [this] {
        emit reset();
        onSelection();
    });
}

quint64 InspectModel::captureBytes() const {
    if (!m_workspace.prompt() || !m_workspace.model()) return 0;
    return CaptureService::bytesNeeded(m_workspace.model()->config, std::int64_t(m_workspace.prompt()->ids.size()));
}

void InspectModel::onCaptureBegan() {
    const quint64 generation = m_workspace.engine().captures.generation();
    if (generation == m_generation) return;
    m_generation = generation;
    m_layers = m_workspace.model() ? m_workspace.model()->config.layers : 0;
    m_kvHeads = m_workspace.model() ? m_workspace.model()->config.kvHeads : 0;
    m_groupSize = m_workspace.model() ? m_workspace.model()->config.groupSize() : 1;
    const std::size_t groups = std::size_t(m_layers) * std::size_t(m_kvHeads);
    m_statistics.assign(groups, std::vector<std::shared_ptr<const HeadStatistics>>(std::size_t(groupSize())));
    m_summaries.assign(groups, {});
    m_summarised = 0;
    m_row.clear();
    m_rowQuery = -1;
    m_attention.show({}, 0);
    emit reset();
    onSelection();
}

void InspectModel::onSelection() {
    const Selection& now = m_workspace.selection().now();
    const bool has = m_workspace.prompt() && m_workspace.isLoaded();
    const int tokens = has ? int(m_workspace.prompt()->ids.size()) : 0;
    const int queryHead = now.queryHead < 0 ? -1 : now.current.kvHead * groupSize() + now.queryHead;
    const AttentionOf of{now.current.layer, now.current.kvHead, queryHead};
    m_attention.show(of, tokens);
    if (tokens == 0 || now.query < 0) {
        if (!m_row.empty()) {
            m_row.clear();
            m_rowQuery = -1;
            emit rowChanged();
        }
        return;
    }
    if (of == m_rowOf && now.query == m_rowQuery) return;
    m_rowOf = of;
    m_workspace.engine().captures.wantRow(of, now.query);
}

void InspectModel::onHead(quint64 generation, int layer, int queryHead, std::shared_ptr<const HeadStatistics> statistics) {
    if (generation != m_generation || layer >= m_layers) return;
    const HeadRef head{layer, queryHead / groupSize()};
    auto& group = m_statistics[index(head)];
    group[std::size_t(queryHead % groupSize())] = std::move(statistics);
    if (std::ranges::all_of(group, [](const auto& s) { return s != nullptr; })) {
        summarise(head);
        m_summarised += groupSize();
        emit summaryReady(head);
    }
}

void InspectModel::summarise(HeadRef head) {
    const auto& group = m_statistics[index(head)];
    GroupSummary& summary = m_summaries[index(head)];
    summary = {};
    summary.side = std::max(group.front()->thumbnail.rows, 1);
    const std::size_t side = std::size_t(summary.side);
    summary.thumbnail.assign(side * side, 0.f);
    const double share = 1.0 / double(group.size());
    for (const auto& statistics : group) {
        summary.entropy += share * statistics->entropy;
        summary.meanDistance += share * statistics->meanDistance;
        summary.sinkMass += share * statistics->sinkMass;
        if (statistics->thumbnail.blank()) continue;
        for (std::size_t y = 0; y < side; ++y)
            for (std::size_t x = 0; x < side; ++x)
                summary.thumbnail[y * side + x] +=
                    float(share) * statistics->thumbnail.max[y * std::size_t(TileKey::kCells) + x];
    }
}

const GroupSummary* InspectModel::summary(HeadRef head) const {
    if (!m_workspace.isLoaded() || head.layer >= m_layers || head.kvHead >= m_kvHeads) return nullptr;
    const GroupSummary& summary = m_summaries[index(head)];
    return summary.side > 0 ? &summary : nullptr;
}

const HeadStatistics* InspectModel::statistics(HeadRef head, int inGroup) const {
    if (!m_workspace.isLoaded() || head.layer >= m_layers || head.kvHead >= m_kvHeads) return nullptr;
    return m_statistics[index(head)][std::size_t(inGroup)].get();
}

std::int64_t InspectModel::window(HeadRef head) const {
    const PlanDocument& plan = m_workspace.plan();
    if (head.layer >= plan.plan().layers || head.kvHead >= plan.plan().kvHeads) return 0;
    const std::int64_t n = tokens() > 0 ? tokens() : m_workspace.length();
    const std::int64_t cache = plan.span(head, n);
    if (plan.isDense() && !plan.isInGesture()) return 0;
    return std::max<std::int64_t>(1, cache - plan.plan().sink);
}

int InspectModel::sink() const {
    return m_workspace.plan().plan().sink;
}

std::optional<double> InspectModel::influenceOutside(HeadRef head) const {
    const auto curves = m_workspace.influence();
    if (!curves) return {};
    const std::int64_t w = window(head);
    if (w == 0) return 0;
    return curves->outside(LayerIndex(head.layer), KvHeadIndex(head.kvHead), w, sink());
}

std::optional<double> InspectModel::massKept(HeadRef head) const {
    if (summary(head) == nullptr) return {};
    const std::int64_t w = window(head);
    if (w == 0) return 1.0;
    double kept = 0;
    const std::int64_t rounded = (w + kBlock - 1) / kBlock * kBlock;
    for (int i = 0; i < groupSize(); ++i) kept += statistics(head, i)->massKept(sink(), rounded);
    return std::min(1.0, kept / groupSize()); // sums of rounded shares
}

DistanceCurves InspectModel::distanceCurves(HeadRef head) const {
    DistanceCurves curves;
    if (summary(head) == nullptr) return curves;
    const std::int64_t buckets = statistics(head, 0)->buckets();
    const int shown = m_workspace.selection().now().queryHead;
    const int first = shown < 0 ? 0 : shown, last = shown < 0 ? groupSize() - 1 : shown;
    for (std::int64_t b = 1; b <= buckets; ++b) {
        double within = 0;
        for (int i = first; i <= last; ++i) within += statistics(head, i)->massKept(0, b * kBlock);
        curves.attention.emplace_back(b * kBlock, within / (last - first + 1));
    }
    if (const auto influence = m_workspace.influence()) {
        for (std::int64_t b = 1; b * kBlock <= influence->length(); ++b) {
            double outside = 0;
            for (int i = first; i <= last; ++i)
                outside += influence->headShareOutside(LayerIndex(head.layer), HeadIndex(head.kvHead * groupSize() + i),
                                                       b * kBlock, sink());
            curves.influence.emplace_back(b * kBlock, 1 - outside / (last - first + 1));
        }
    }
    return curves;
}

std::vector<std::pair<int, std::int64_t>> InspectModel::spansNeeded(HeadRef head) const {
    std::vector<std::pair<int, std::int64_t>> spans;
    const auto influence = m_workspace.influence();
    const int group = influence ? influence->groupSize() : groupSize();
    for (int i = 0; i < group; ++i) {
        const int queryHead = head.kvHead * group + i;
        if (influence) {
            spans.emplace_back(queryHead, influence->spanKeeping(LayerIndex(head.layer), HeadIndex(queryHead), kKept, sink()));
        } else if (const HeadStatistics* s = statistics(head, i)) {
            std::int64_t b = 1;
            while (b < s->buckets() && s->massKept(sink(), b * kBlock) < kKept) ++b;
            spans.emplace_back(queryHead, sink() + b * kBlock);
        }
    }
    return spans;
}

std::int64_t InspectModel::widestSpanNeeded(HeadRef head) const {
    std::int64_t widest = 0;
    for (const auto& [queryHead, span] : spansNeeded(head)) widest = std::max(widest, span);
    return widest;
}

void InspectModel::widenToNeeded(std::int64_t n) {
    PlanDocument& plan = m_workspace.plan();
    const HeadRef head = m_workspace.selection().now().current;
    const std::int64_t widest = widestSpanNeeded(head);
    if (widest > 0) plan.setRule({head}, plan.ruleWithSpan(head, widest, n, false), tr("Widen to influence span"));
}

std::int64_t InspectModel::gridStep(std::int64_t n) {
    return std::max<std::int64_t>(kBlock, n / 8 / kBlock * kBlock);
}

} // namespace moa
