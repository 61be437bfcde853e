#include "store/query/measures.h"

#include <algorithm>
#include <array>
#include <iterator>

namespace moa {
namespace {

/// In the order in which they speak for a run.
constexpr std::array<std::string_view, 14> kFirst = {
    "kl",           "retrieval",    "effective_context", "answer_nll", "nll_mean",  "search_loss", "loss",
    "search_frame", "decode_tok_s", "agreement",         "prefill_s",  "capture_s", "influence_s", "seconds"};

} // namespace

Direction directionOf(std::string_view m) {
    const auto ends = [&](std::string_view end) { return m.ends_with(end); };
    const auto holds = [&](std::string_view part) { return m.find(part) != std::string_view::npos; };
    if (holds("tok_s") || holds("TFLOPs") || holds("TBps") || holds("retrieval") || holds("accuracy") ||
        holds("agreement") || holds("effective_context") || holds("correlation"))
        return Direction::HigherIsBetter;
    if (holds("kl") || holds("nll") || holds("loss") || holds("seconds") || holds("bytes") || ends("_s") ||
        ends("_ms") || m == "search_frame" || m == "gap" || holds("error"))
        return Direction::LowerIsBetter;
    return Direction::None;
}

int measureRank(std::string_view measure) {
    const auto* found = std::ranges::find(kFirst, measure);
    constexpr int kUnknown = 19; // after agreement (18), before plain durations (20 and on)
    return found == kFirst.end() ? kUnknown : 2 * static_cast<int>(found - kFirst.begin());
}

} // namespace moa
