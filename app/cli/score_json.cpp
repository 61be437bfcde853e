#include "app/cli/score_json.h"

#include "engine/core/format.h"

namespace moa::cli {

nlohmann::json scoreJson(const Score& score) {
    const Interval interval = score.interval95();
    return {{"accuracy", score.accuracy()},
            {"asked", score.asked},
            {"right", score.right},
            {"interval95", {interval.low, interval.high}}};
}

std::string shownScore(const nlohmann::json& score) {
    const auto number = [](const nlohmann::json& value, int decimals) { return formatFixed(value.get<double>(), decimals); };
    return number(score["accuracy"], 3) + " (" + number(score["interval95"][0], 2) + "–" + number(score["interval95"][1], 2) + ")";
}

} // namespace moa::cli
