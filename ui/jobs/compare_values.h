// What a comparison of dense and sparse hands to the interface: immutable values, texts and numbers alone.
#pragma once

#include "engine/core/plan.h"

#include <QList>
#include <QString>

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace moa {

/// Which tokens the sparse side is fed; the dense one always gets its own.
enum class CompareFeed { Own, Dense };

struct CompareRequest {
    QString name;          ///< of the prompt
    std::vector<int> ids;  ///< prompt
    QString planName;
    SparsePlan plan;
    int maxNew = 64;       ///< tokens
    CompareFeed feed = CompareFeed::Own;
    bool apart = false;    ///< one cache after the other, where both do not fit
};

/// When a run comes to rest by itself.
struct CompareGoal {
    int tokens = 0;               ///< new ones; 0: as many as there is room for
    bool untilDivergence = false; ///< after the first token that dense and sparse choose differently
};

/// What is laid out now.
struct CompareSetup {
    std::int64_t promptTokens = 0;
    std::int64_t n = 0; ///< the plan's rules are taken at
    quint64 denseBytes = 0, sparseBytes = 0; ///< of the caches, allocated
    WindowMap windows;
};

/// A token that one side may have chosen.
struct CompareAlternative {
    int token = 0;
    QString text;
    double dense = 0, sparse = 0; ///< probabilities
};

/// What decided one token of both texts.
struct CompareToken {
    int dense = 0, sparse = 0; ///< choices, or what both were told
    QString denseText, sparseText;
    bool denseEnds = false, sparseEnds = false; ///< the choice ends an answer
    double kl = 0, js = 0;     ///< KL(dense‖sparse), Jensen–Shannon; nats
    int rank = 1;              ///< of the dense choice under sparse
    bool isForced = false;     ///< both were told this token
    bool sameContext = true;   ///< both had seen the same tokens: only then the divergence is the plan's doing alone
    double denseSeconds = 0, sparseSeconds = 0; ///< each cache's step; 0: a prompt or a refill decided
    QList<CompareAlternative> alternatives{}; ///< the likeliest of both sides, by the larger probability

    bool differs() const { return dense != sparse; }
    double probability(bool ofDense) const {
        for (const CompareAlternative& one : alternatives)
            if (one.token == (ofDense ? dense : sparse)) return ofDense ? one.dense : one.sparse;
        return 0;
    }
};

enum class CompareRest { Paused, Diverged, Ended, Full, Reached }; ///< why a run came to rest

/// What an action costs before it is taken.
struct CompareCost {
    std::int64_t tokens = 0; ///< to be read again; 0: nothing
    double seconds = 0;      ///< estimate
};

/// A KV head that hid something a token may have needed.
struct CompareBlameRow {
    int layer = 0, kvHead = 0;
    std::int64_t window = 0;   ///< w, tokens
    double hiddenMass = 0;     ///< attention that the rule hides, 0 … 1
    double influence = 0;      ///< first-order cost of the rule for the token, nats
    std::vector<float> hidden; ///< by key, of the worst rows
};

struct CompareBlame {
    int token = 0;
    QList<CompareBlameRow> rows; ///< worst first
    std::vector<int> seenBy;     ///< KV heads that still see each key
    int heads = 0;               ///< KV heads in all
    QStringList keys;            ///< texts of the keys behind the prompt
    double seconds = 0;
};

/// A token and those after it, re-scored with heads that read the dense cache.
struct CompareScore {
    int token = 0;
    QList<std::pair<int, int>> heads;      ///< (layer, KV head) widened
    std::vector<double> klBefore, klAfter; ///< from `token` on, nats
    double seconds = 0;
    std::optional<double> klRerun{}; ///< of an exact re-run, once asked for
    bool isMending = false;          ///< the answer to "which heads mend it"
};

/// What the plan saves, measured on one clock after warm-up; medians.
struct CompareSaving {
    std::int64_t tokens = 0; ///< held
    double density = 1;      ///< nominal
    struct Side {
        quint64 kvBytes = 0;
        double attentionSeconds = 0, stepSeconds = 0; ///< of one step
    };
    Side dense, sparse;
};

} // namespace moa
