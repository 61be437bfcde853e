// History rows as JSON documents: what `moa history` prints.
#pragma once

#include "store/history/records.h"
#include "store/history/run_diff.h"

#include <nlohmann/json.hpp>

namespace moa::cli {

/// {id, command, status, started, finished, model, plan, device, backend, seed, rerun_of, measurements:
/// count}; null where there is none.
nlohmann::json toJson(const RunSummary& run);
/// The same with uid, arguments, settings, result, versions, machine, accelerator, model, profile, plan, prompt,
/// tags, note, measurements, searches, series.
nlohmann::json toJson(const RunDetail& run);
/// {a, b, fields: [{name, a, b}], measurements: [{name, unit, context, a, b, change, relative, error, verdict}]}.
nlohmann::json toJson(const RunDiff& diff);
/// JSON text of the store; null should it not parse.
nlohmann::json parseStored(const std::string& text);

} // namespace moa::cli
