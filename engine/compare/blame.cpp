// Costs from the backward pass, attention from a capture of the same text.
#include "engine/compare/blame.h"

#include "engine/capture/attention_capture.h"
#include "engine/capture/attention_tile.h"
#include "engine/compare/head_costs.h"
#include "engine/core/error.h"

#include <algorithm>
#include <functional>

namespace moa {

namespace {

/// Attention of one query on what (sink, window) hides from it: by key, and in all.
void lookAtHidden(const CapturedLayer& layer, std::int64_t query, std::int64_t sink, std::int64_t window, bool keepKeys,
                  BlameRow& row) {
    std::vector<float> weights = attentionRow(layer, row.head.kvHead, -1, query);
    const std::int64_t shown = query - window + 1; // the first key of the window
    for (std::int64_t j = 0; j <= query; ++j) {
        float& weight = weights[static_cast<std::size_t>(j)];
        if (j >= sink && j < shown)
            row.hiddenMass += double(weight);
        else
            weight = 0;
    }
    if (keepKeys) row.hidden = std::move(weights);
}

} // namespace

std::vector<BlameRow> blameToken(LanguageModel& model, std::span<const int> ids, const WindowMap& windows,
                                 std::stop_token stop) {
    if (ids.size() < 2) throw UsageError("a token is decided by what precedes it: at least two tokens are needed");
    const ModelConfig& c = model.config();
    const auto n = static_cast<std::int64_t>(ids.size());
    SampleCosts costs(c.layers, c.heads, n);
    BackwardSample sample;
    sample.ids = ids;
    sample.lossBegin = n - 1; // this token's log-probability alone
    sample.costs = &costs;
    if (model.backward(sample, stop).completion == Completion::Cancelled) return {};
    const std::vector<double> influence = headCosts(costs, c.groupSize(), windows, n);
    std::vector<BlameRow> rows;
    for (int l = 0; l < c.layers; ++l)
        for (int g = 0; g < c.kvHeads; ++g) {
            const HeadId head{LayerIndex(l), KvHeadIndex(g)};
            if (windows.window(head.layer, head.kvHead) + windows.sink >= n - 1) continue; // hides nothing
            rows.push_back({head, 0, influence[static_cast<std::size_t>(l * c.kvHeads + g)]});
        }
    std::ranges::stable_sort(rows, std::greater{}, &BlameRow::influence);
    const auto look = [&](LayerIndex l, const std::shared_ptr<const CapturedLayer>& layer) {
        for (std::size_t i = 0; i < rows.size(); ++i)
            if (rows[i].head.layer == l)
                lookAtHidden(*layer, n - 2, windows.sink, windows.window(l, rows[i].head.kvHead), i < kEvidenceHeads, rows[i]);
    };
    if (captureLayers(model, ids.first(static_cast<std::size_t>(n - 1)), nullptr, {}, look, stop) == Completion::Cancelled)
        return {};
    return rows;
}

} // namespace moa
