// The numbers of the Search page as tables to save and paste.
#pragma once

#include "ui/viewmodels/search_measurements.h"
#include "ui/views/panel_export.h"

namespace moa {

/// Every candidate plan: density and estimated loss by length, rules, gap, which bound it breaks.
PanelContent searchCandidatesContent(const SearchModel& model);
/// The bounds and, for the best plan under them, what limits it.
PanelContent searchLimitsContent(const SearchModel& model);

} // namespace moa
