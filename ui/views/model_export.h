// The numbers behind the panels of the Model page, as files hold them: bytes and tokens, never rounded.
#pragma once

#include "ui/jobs/estimate.h"
#include "ui/views/panel_export.h"

namespace moa {

class ModelList;

/// What the page's estimate is made from: the model, plan, N and batch in use, and what the device could give.
/// A model must be chosen.
EstimateInput estimateInput(Workspace& workspace);

/// Bytes by part, dense and under the plan, with what the device has.
PanelContent memoryContent(Workspace& workspace);
/// Bytes by length, dense and under the plan.
PanelContent fitContent(Workspace& workspace);
/// KV bytes by layer: dense, under the plan, and allocated where the model is loaded.
PanelContent layersContent(Workspace& workspace);
/// Estimated and allocated bytes by part; `estimate`: the one that stood before the load.
PanelContent allocationContent(Workspace& workspace, const RunEstimate& estimate);
PanelContent deviceContent(Workspace& workspace);
PanelContent architectureContent(Workspace& workspace);
PanelContent modelsContent(const ModelList& models);

} // namespace moa
