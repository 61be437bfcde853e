// What the panels of the Compare page offer as numbers.
#pragma once

#ifndef Q_MOC_RUN // moc 6.4 cannot read what <compare> includes
#include "ui/viewmodels/compare_model.h"
#include "ui/viewmodels/needle_model.h"
#endif
#include "ui/views/panel_export.h"

namespace moa {

/// A row a token: both choices, divergences, step times.
PanelContent compareTokensContent(CompareModel& model);
/// A row a side: text, bytes, speed; and the first divergence.
PanelContent compareSummaryContent(CompareModel& model);
/// A row a blamed head.
PanelContent compareBlameContent(CompareModel& model);
/// A row a cell of the needle grid.
PanelContent needleContent(NeedleModel& model);

} // namespace moa
