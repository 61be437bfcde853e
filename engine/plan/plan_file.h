// Plan files: JSON with the published keys "alphas" and "betas" [L][H] (arXiv 2406.14909's own format) and
// our passport "moa_workbench" that says which model, profile and search a plan came from. Goals: published
// tools read what we write; whatever else a file holds survives a load and save; no plan that lies about its
// shape gets past reading. Non-goal: judging a plan against a model (plan_check.h).
#pragma once

#include "engine/core/plan.h"

#include <nlohmann/json.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace moa {

/// Version of the passport this program writes, and the newest it reads. A newer file may say
/// "readable_from": v when readers of version v still understand it.
inline constexpr int kPassportVersion = 1;
inline constexpr const char* kPassportKey = "moa_workbench";

/// A plan with the document it came from. `plan` is what counts: writing puts its rules, sink and KV heads
/// over the document's; every other key of the document is kept.
struct PlanFile {
    SparsePlan plan;
    nlohmann::json document = nlohmann::json::object();
    bool kvHeadsKnown =
        true; ///< false: a published file read with no model at hand; every query head stands alone

    bool hasPassport() const { return document.contains(kPassportKey); }
    /// A value of the passport, or null: passport("model"), passport("search").
    nlohmann::json passport(std::string_view key) const;
    /// Name, hash and head dimension of the model the passport names; empty and 0 where it does not say.
    std::string modelName() const;
    std::string modelSha256() const;
    int headDim() const;
};

/// What a passport says beyond the plan itself. Objects and arrays are written as they are.
struct Passport {
    std::string modelName, modelSha256;
    int headDim = 0;                                   ///< 0: not known
    nlohmann::json profile = nlohmann::json::object(); ///< file, sha256, lengths, samples, calibration …
    nlohmann::json search = nlohmann::json::object();  ///< density, estimate, loss, bound, gap …
    nlohmann::json measurements = nlohmann::json::array(); ///< one object per measurement
};

/// A new plan file: `plan` with a full passport.
PlanFile makePlanFile(const SparsePlan& plan, const Passport& passport);

/// Appends one object to the passport's measurements, making a passport where there is none. Throws
/// UsageError while the KV heads are not known: a measured plan always is.
void addMeasurement(PlanFile& file, nlohmann::json measurement);

/// Reads and checks a plan. `kvHeads` is used for files without a passport (published ones, which do not say
/// how many KV heads the model has); without it every query head counts as a KV head of its own. Throws
/// FileError (file, JSON path, expected) for: no JSON, rows of unequal length, non-finite numbers, more than
/// 4,096 layers or heads, KV heads that do not divide the heads, a sink that is no multiple of 64 in 0 … 256,
/// a block other than 64, a passport of a newer version.
PlanFile readPlan(const std::string& path, std::optional<int> kvHeads = std::nullopt);

/// The same from text; `name` stands for the file in errors.
PlanFile parsePlan(std::string_view text, const std::string& name, std::optional<int> kvHeads = std::nullopt);

/// The document with the plan's present rules in it: what writePlan() writes and the history keeps.
nlohmann::json planDocument(const PlanFile& file);
std::string planText(const PlanFile& file);

/// Writes atomically (temporary name in the same folder, fsync, rename). Throws FileError; the old file
/// stays.
void writePlan(const std::string& path, const PlanFile& file);

/// Throws UsageError when `plan` has no consistent shape or a non-finite rule: such a plan is never written.
void requireWellFormed(const SparsePlan& plan);

} // namespace moa
