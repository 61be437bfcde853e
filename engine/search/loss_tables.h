// From a profile to a search instance: what every rule would cost every KV head at every profiled length.
// Definitions: docs/method.md, "What a rule costs".
#pragma once

#include "engine/core/profile_data.h"
#include "engine/search/search_instance.h"
#include "engine/search/search_space.h"

#include <optional>
#include <string>
#include <vector>

namespace moa {

/// Which stored number stands for the loss of a rule.
enum class Estimate {
    Joint,       ///< mean over samples of |Σ_i C_i|: the default, at the profile's default sink only
    JointRows,   ///< Σ_i |C_i|
    JointSigned, ///< Σ_i C_i, may be negative
    JointSe,     ///< mean of Σ_i C_i plus one standard error, at least 0; default sink only
    Published,   ///< Σ|E| over hidden keys
};

/// "joint", "joint-rows", "joint-signed", "joint-se", "published"; UsageError for anything else.
Estimate parseEstimate(const std::string& name);
std::string toString(Estimate estimate);

struct LossTableOptions {
    Estimate estimate = Estimate::Joint;
    /// Tokens, 64·k for k = 0…4. Unset: the profile's default sink.
    std::optional<int> sink;
    /// Profiled lengths to use, tokens. Empty: all of them.
    std::vector<int> lengths;
    /// Further lengths whose density is bounded. Unset: 2·N_max.
    std::optional<std::vector<int>> extraDensityLengths;
    /// α and β of the rules. Empty vectors: the default grid of these lengths.
    RuleGrid grid;
    /// Rules outside the grid that pins name; no unpinned group may take them.
    std::vector<Rule> pinnedRules;
};

/// Loss of one rule for one KV head at one length, nats: 0 where c(N) ≥ d(N).
/// `windows`: w(N)/64; out-of-range values are clipped to [1, T].
double ruleLoss(const ProfileData& profile, const ProfileLength& at, Estimate estimate, int sink,
                LayerIndex layer, KvHeadIndex kvHead, std::int64_t windows);

/// The instance, completed. Throws UsageError where the options ask for what the profile does not hold (a
/// length, a sink, single samples) and Error where the profile's arrays do not have their stated sizes.
SearchInstance makeInstance(const ProfileData& profile, const LossTableOptions& options);

} // namespace moa
