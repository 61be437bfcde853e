#include "engine/search/sensitivity.h"

#include "engine/core/error.h"
#include "engine/core/format.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace moa {

namespace {

/// A share of a limit that people would call a little: a round step of its unit.
double stepOf(const Row& row) {
    if (row.unit == "density") return 0.01;
    const double limit = std::abs((std::isinf(row.askedHi) ? row.askedLo : row.askedHi) * row.perUnit);
    if (!(limit > 0) || std::isinf(limit)) return 1;
    return std::pow(10, std::floor(std::log10(limit)) - 1);
}

/// Enough digits for the step, without trailing noise.
std::string shortNumber(double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.3g", value);
    return text;
}

std::string sentence(const ShadowPrice& price) {
    const std::string step = shortNumber(price.step);
    // A limit's name begins with what it limits: "density at 8192".
    const bool named = price.unit == "density";
    const std::string what =
        named ? step + " " + price.limit : step + " " + price.unit + " of " + price.limit;
    return (price.upper ? "+" : "−") + what + (price.upper ? "" : " (its lower limit)") + " saves " +
           shortNumber(price.nats) + " nats";
}

/// Whether `a` is the better neighbour: nearer in width, then cheaper, then first.
struct Neighbour {
    int rule = -1;
    std::int64_t distance = 0;
    double loss = 0;
    bool before(const Neighbour& other) const {
        if (other.rule < 0) return true;
        if (distance != other.distance) return distance < other.distance;
        return loss < other.loss;
    }
};

} // namespace

std::vector<ShadowPrice> pricesOf(const Problem& problem, const std::vector<double>& multipliers) {
    std::vector<ShadowPrice> prices;
    double largest = 0;
    for (double v : multipliers) largest = std::max(largest, std::abs(v));
    for (std::size_t i = 0; i < multipliers.size(); ++i) {
        const Row& row = problem.rows[i];
        if (std::abs(multipliers[i]) <= 1e-9 * largest) continue;
        ShadowPrice price;
        price.limit = row.name;
        price.length = row.length;
        price.upper = multipliers[i] > 0;
        price.unit = row.unit;
        price.step = stepOf(row);
        price.nats = std::abs(multipliers[i]) / row.scale * price.step / row.perUnit;
        price.text = sentence(price);
        prices.push_back(std::move(price));
    }
    std::stable_sort(prices.begin(), prices.end(),
                     [](const ShadowPrice& a, const ShadowPrice& b) { return a.nats > b.nats; });
    return prices;
}

std::vector<HeadSensitivity> sensitivitiesOf(const SearchInstance& instance, const SearchOptions& options,
                                             const Problem& problem, const std::vector<int>& choice) {
    if (static_cast<int>(choice.size()) != instance.groups())
        throw UsageError("a choice for each of " + std::to_string(instance.groups()) + " groups expected");
    const int length = instance.lengthIndex(objectiveLengthOf(instance, options));
    const std::vector<std::int64_t>& blocks = instance.cacheBlocks[length];
    const double dense = static_cast<double>(instance.denseBlocks[length]) * instance.groups();
    std::vector<HeadSensitivity> heads(choice.size());
    for (int g = 0; g < instance.groups(); ++g) {
        const int now = choice[g];
        if (now < 0 || now >= instance.ruleCount()) throw UsageError("a choice names rules of the instance");
        Neighbour wider, narrower;
        for (int r = 0; r < instance.ruleCount(); ++r) {
            if (!problem.allowed[problem.at(problem.unitOfGroup[g], r)] || blocks[r] == blocks[now]) continue;
            const Neighbour candidate{r, std::abs(blocks[r] - blocks[now]),
                                      instance.loss[length][g][r] - instance.loss[length][g][now]};
            Neighbour& side = blocks[r] > blocks[now] ? wider : narrower;
            if (candidate.before(side)) side = candidate;
        }
        const auto step = [&](const Neighbour& n) {
            return RuleStep{n.rule, n.loss, static_cast<double>(blocks[n.rule] - blocks[now]) / dense};
        };
        if (wider.rule >= 0) heads[g].wider = step(wider);
        if (narrower.rule >= 0) heads[g].narrower = step(narrower);
    }
    return heads;
}

} // namespace moa
