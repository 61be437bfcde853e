// A plan given on the command line, checked against the model it is for.
#pragma once

#include "app/cli/cli_context.h"

#include "engine/model/sequence.h"

#include <optional>
#include <string>

namespace moa::cli {

/// "--plan F" of a command; an empty path means dense.
struct PlanChoice {
    std::string path;
    std::optional<PlanFile> file;

    const PlanFile* get() const { return file ? &*file : nullptr; }
    /// Keys kept at the length a sequence is laid out for.
    MaskSource mask() const { return file ? MaskSource::plan(file->plan) : MaskSource::dense(); }
    /// The mask at exactly `n` tokens, for inputs whose length is known (docs/method.md, "Which N").
    MaskSource maskAt(std::int64_t n) const {
        return file ? MaskSource::fixed(windowsAt(file->plan, n)) : MaskSource::dense();
    }
    /// 1 without a plan.
    double density(std::int64_t n) const { return file ? file->plan.density(n) : 1.0; }
};

/// Reads the plan and refuses one that cannot run on `model` (FileError); whatever else is odd about it
/// becomes a warning. Nothing is read for an empty path.
PlanChoice choosePlan(const std::string& path, const Model& model, CliContext& context);

} // namespace moa::cli
