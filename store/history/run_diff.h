// Two runs side by side: what `moa history diff` and a rerun's drift are made of.
#pragma once

#include "store/history/records.h"

#include <optional>
#include <string>
#include <vector>

namespace moa {

/// A setting the runs do not share, as text.
struct FieldDiff {
    std::string name, a, b;
};

/// One measurement of either run, matched by name and context (in order where both repeat).
struct MeasurementDiff {
    std::string name, unit, context;
    std::optional<double> a, b;     ///< none: that run has no such measurement, or no value
    std::optional<double> change;   ///< b − a
    std::optional<double> relative; ///< (b − a) / |a|; none where a is 0
    std::optional<double> error;    ///< of the change: those of both, combined; none where neither is known
    /// "identical", "within_error", "drifted" (beyond it), "changed" (no error known), "missing".
    std::string verdict() const;
};

struct RunDiff {
    RunId a, b;
    std::vector<FieldDiff> fields;
    std::vector<MeasurementDiff> measurements;
};

RunDiff diffRuns(const RunDetail& a, const RunDetail& b);

} // namespace moa
