// The engine's options of a grid that the interface asks for.
#pragma once

#include "engine/compare/needle_grid.h"
#include "ui/jobs/needle_service.h"

namespace moa {

NeedleOptions needleOptions(const NeedleQuestion& question, const std::filesystem::path& resources);

} // namespace moa
