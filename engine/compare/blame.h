// Which KV heads hid what one token needed: the first-order cost of each head's rule for that token, the attention that
// it hid, and where in the text.
// Non-goals: what the token becomes without them (engine/compare/lockstep_session.h).
#pragma once

#include "engine/core/ids.h"
#include "engine/core/plan.h"
#include "engine/model/language_model.h"

#include <compare>
#include <span>
#include <stop_token>
#include <vector>

namespace moa {

/// One KV head.
struct HeadId {
    LayerIndex layer;
    KvHeadIndex kvHead;
    auto operator<=>(const HeadId&) const = default;
};

/// What a KV head had to do with one token.
struct BlameRow {
    HeadId head;
    double hiddenMass = 0; ///< attention of the deciding query on what the rule hides, mean over its query heads
    double influence = 0;  ///< first-order cost of the rule for the token's log-probability, nats
    /// That attention by key, [keys before the token], 0 where the rule shows the key. Of the kEvidenceHeads worst rows;
    /// empty for the others.
    std::vector<float> hidden{};
};

/// Heads whose hidden attention is kept key by key: memory stays O(tokens).
inline constexpr std::size_t kEvidenceHeads = 16;

/// Every KV head whose window hides something from the query that decides the last token of `ids`, worst first; empty
/// when stopped. One backward pass whose loss is that token, one forward pass. Throws Error on a device without
/// gradients, UsageError below two tokens.
std::vector<BlameRow> blameToken(LanguageModel& model, std::span<const int> ids, const WindowMap& windows,
                                 std::stop_token stop);

} // namespace moa
