// The numbers behind the views of the Inspect page, as files hold them. What is exported is what is shown: the same head,
// pooling, block and plan.
#pragma once

#include "ui/viewmodels/inspect_model.h"
#include "ui/views/panel_export.h"

namespace moa {

class HeatmapCanvas;

/// Thumbnails [L, G, side, side], the shown statistic [L, G] and all statistics as a table. `shown`: its name for files
/// and its value of a head; an empty name: thumbnails are shown.
struct ShownStatistic {
    QString name, stem;
    std::function<std::optional<double>(HeadRef)> value;
};
PanelContent headsContent(InspectModel& model, const ShownStatistic& shown);

/// The visible rectangle at the shown block, the whole head at the blocks whose array is of bearable size, and the row
/// of the query pointed at.
PanelContent heatmapContent(InspectModel& model, HeatmapCanvas& canvas);

/// Exact weights of the query pointed at, over keys 0 … query.
PanelContent rowContent(InspectModel& model);

/// Cumulative shares of attention and influence by distance.
PanelContent distanceContent(InspectModel& model);
/// The span every query head of the group needs.
PanelContent groupContent(InspectModel& model);
/// The rule of the selected head and what it costs.
PanelContent ruleContent(InspectModel& model);

} // namespace moa
