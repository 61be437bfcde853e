#include "engine/search/problem.h"

#include "engine/core/error.h"
#include "engine/core/format.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace moa {

namespace {

/// Guards ⌊bound · dense⌋ against the binary rounding of bound.
constexpr double kRoundingSlack = 1e-7;
/// A dense KV head's decode time in whole units.
constexpr double kTimeUnits = 10'000;

void checkLossLimit(const SearchInstance& instance, int length, const LossLimit& limit) {
    const std::string name = "loss limit at " + std::to_string(length);
    if (instance.lengthIndex(length) < 0) throw UsageError(name + ": that length is not profiled");
    for (const std::optional<double>& side : {limit.lower, limit.upper})
        if (side && !std::isfinite(*side)) throw UsageError(name + ": a finite number expected");
    if (limit.lower && limit.upper && *limit.lower > *limit.upper)
        throw UsageError(name + ": its lower side is above its upper side");
    if (limit.overBest && !(*limit.overBest >= 0 && std::isfinite(*limit.overBest)))
        throw UsageError(name + ": a share of at least 0 over the best expected");
}

void checkOptions(const SearchInstance& instance, const SearchOptions& options) {
    const auto share = [](double v) { return v > 0 && v <= 1; };
    if (options.density && !share(*options.density)) throw UsageError("a density in (0, 1] expected");
    const std::vector<int> lengths = instance.densityLengths();
    for (const auto& [n, bound] : options.densityAt) {
        if (std::find(lengths.begin(), lengths.end(), n) == lengths.end())
            throw UsageError("density at " + std::to_string(n) + ": no such length in the instance");
        if (!share(bound)) throw UsageError("a density in (0, 1] expected at " + std::to_string(n));
    }
    if (!(options.minDensityShare >= 0 && options.minDensityShare <= 1))
        throw UsageError("a least share of the density bound in [0, 1] expected");
    for (const auto& [n, least] : options.minDensityShareAt) {
        if (std::find(lengths.begin(), lengths.end(), n) == lengths.end())
            throw UsageError("least density share at " + std::to_string(n) +
                             ": no such length in the instance");
        if (!(least >= 0 && least <= 1))
            throw UsageError("a least share of the density bound in [0, 1] expected at " + std::to_string(n));
    }
    for (const auto& [n, limit] : options.lossLimits) checkLossLimit(instance, n, limit);
    if (options.rulesPerLayer < 0) throw UsageError("rules per layer: 0 (no limit) or more expected");
    if (!(options.timeLimit > 0)) throw UsageError("a time limit above 0 seconds expected");
    if (!(options.gapTarget >= 0)) throw UsageError("a gap target of at least 0 expected");
}

/// Maps groups to units and units to layers.
void placeUnits(Problem& problem, const SearchInstance& instance, Granularity granularity) {
    const int groups = instance.groups();
    problem.unitOfGroup.resize(groups);
    for (int g = 0; g < groups; ++g)
        problem.unitOfGroup[g] = granularity == Granularity::Uniform ? 0
                                 : granularity == Granularity::Layer ? g / instance.kvHeads
                                                                     : g;
    const bool perHead = granularity == Granularity::Elastic || granularity == Granularity::Head;
    const int layers = granularity == Granularity::Uniform ? 1 : instance.layers;
    const int perLayer = perHead ? instance.kvHeads : 1;
    problem.units = layers * perLayer;
    for (int l = 0; l <= layers; ++l) problem.layerStart.push_back(l * perLayer);
}

/// [units][rules] sums over the groups of a unit of one length's losses.
std::vector<double> unitLosses(const Problem& problem, const SearchInstance& instance, int lengthIndex) {
    std::vector<double> sums(std::size_t(problem.units) * problem.options, 0.0);
    for (int g = 0; g < instance.groups(); ++g)
        for (int r = 0; r < problem.options; ++r)
            sums[problem.at(problem.unitOfGroup[g], r)] += instance.loss[lengthIndex][g][r];
    return sums;
}

/// The bound on density at the i-th density length, none where it is free.
std::optional<double> densityBound(const SearchInstance& instance, const SearchOptions& options, int length) {
    if (const auto own = options.densityAt.find(length); own != options.densityAt.end()) return own->second;
    const bool one = options.granularity == Granularity::Head;
    if (one && length != objectiveLengthOf(instance, options)) return std::nullopt;
    return options.density;
}

/// Spans are often multiples of many blocks, and so are their sums: the limits move in to such sums. Exact,
/// and the relaxation cannot use the fraction of a step that no plan can have.
void moveToSteps(Row& row, const std::vector<double>& perOption, int units) {
    const double least = *std::min_element(perOption.begin(), perOption.end());
    std::int64_t step = 0;
    for (double b : perOption) step = std::gcd(step, static_cast<std::int64_t>(b - least));
    if (step < 2) return;
    const double base = least * units, size = static_cast<double>(step);
    if (row.hi < kInfinity) row.hi = base + size * std::floor((row.hi - base) / size);
    if (row.lo > -kInfinity) row.lo = base + size * std::ceil((row.lo - base) / size);
}

void addBlockRow(Problem& problem, Row row, const std::vector<double>& perOption, double dense) {
    row.scale = dense;
    row.askedLo = row.lo;
    row.askedHi = row.hi;
    if (row.tolerance == 0) moveToSteps(row, perOption, problem.units);
    if (row.unit == "density") row.perUnit = 1 / dense;
    problem.rows.push_back(std::move(row));
    problem.blocks.insert(problem.blocks.end(), perOption.begin(), perOption.end());
    ++problem.densityRows;
}

void addDensityRows(Problem& problem, const SearchInstance& instance, const SearchOptions& options) {
    const std::vector<int> lengths = instance.densityLengths();
    const int perUnit = instance.groups() / problem.units;
    for (std::size_t i = 0; i < lengths.size(); ++i) {
        const std::optional<double> bound = densityBound(instance, options, lengths[i]);
        if (!bound) continue;
        const double dense = static_cast<double>(instance.denseBlocks[i]) * instance.groups();
        Row row;
        row.name = "density at " + std::to_string(lengths[i]);
        row.length = lengths[i];
        row.hi = std::floor(*bound * dense * (1 + 1e-12) + kRoundingSlack);
        const auto own = options.minDensityShareAt.find(lengths[i]);
        const double share = own == options.minDensityShareAt.end() ? options.minDensityShare : own->second;
        if (share > 0) row.lo = std::ceil(share * *bound * dense * (1 - 1e-12) - kRoundingSlack);
        std::vector<double> blocks;
        for (std::int64_t b : instance.cacheBlocks[i]) blocks.push_back(static_cast<double>(b) * perUnit);
        // Tables whose densities are no whole blocks are kept to nine decimals, and compared to as many.
        if (instance.denseBlocks[i] >= 1'000'000'000) row.tolerance = 1e-9 * dense;
        addBlockRow(problem, row, blocks, dense);
    }
}

void addKvRow(Problem& problem, const SearchInstance& instance, const SearchOptions& options) {
    if (!options.kvLimit) return;
    const KvLimit& limit = *options.kvLimit;
    if (limit.bytes < 1 || limit.batch < 1 || limit.headDim < 1 || limit.bytesPerValue < 1 ||
        limit.length < 0)
        throw UsageError("a limit on KV bytes needs bytes, a batch, a head dimension and a length above 0");
    const int length = limit.length > 0 ? limit.length : objectiveLengthOf(instance, options);
    const double perBlock = 2.0 * kBlock * limit.headDim * limit.bytesPerValue * limit.batch;
    std::vector<double> blocks;
    for (const Rule& rule : instance.rules)
        blocks.push_back(static_cast<double>(cacheOf(rule, length, instance.sink) / kBlock) *
                         instance.groups() / problem.units);
    Row row;
    row.name = "KV bytes at " + std::to_string(length);
    row.length = length;
    row.unit = "bytes";
    row.perUnit = perBlock;
    row.hi = std::floor(static_cast<double>(limit.bytes) / perBlock);
    addBlockRow(problem, row, blocks,
                static_cast<double>(denseCache(length, instance.sink) / kBlock) * instance.groups());
}

/// Seconds of one KV head whose cache holds `span` tokens: linear between the measured points, never below 0.
double secondsAt(const DecodeTimeLimit& limit, double span) {
    const auto& points = limit.secondsBySpan;
    if (points.size() == 1) return points[0].second;
    std::size_t k = 1;
    while (k + 1 < points.size() && span > static_cast<double>(points[k].first)) ++k;
    const auto [s0, t0] = points[k - 1];
    const auto [s1, t1] = points[k];
    const double share = (span - static_cast<double>(s0)) / static_cast<double>(s1 - s0);
    return std::max(0.0, t0 + share * (t1 - t0));
}

void checkDecodeTime(const DecodeTimeLimit& limit) {
    bool sound = limit.seconds > 0 && std::isfinite(limit.seconds) && limit.length >= 0 &&
                 !limit.secondsBySpan.empty();
    for (std::size_t k = 0; k < limit.secondsBySpan.size(); ++k) {
        const auto [span, seconds] = limit.secondsBySpan[k];
        sound = sound && seconds >= 0 && std::isfinite(seconds) && span >= 0 &&
                (k == 0 || span > limit.secondsBySpan[k - 1].first);
    }
    if (!sound)
        throw UsageError("a limit on decode time needs seconds above 0 and a table of spans, ascending, with "
                         "seconds of at least 0");
}

/// Whole units make sums exact; every rule's time is rounded up, so that no limit is broken.
void addTimeRow(Problem& problem, const SearchInstance& instance, const SearchOptions& options) {
    if (!options.decodeTime) return;
    const DecodeTimeLimit& limit = *options.decodeTime;
    checkDecodeTime(limit);
    const int length = limit.length > 0 ? limit.length : objectiveLengthOf(instance, options);
    std::vector<double> seconds;
    for (const Rule& rule : instance.rules)
        seconds.push_back(secondsAt(limit, static_cast<double>(cacheOf(rule, length, instance.sink))));
    const double dense = secondsAt(limit, static_cast<double>(denseCache(length, instance.sink)));
    const double unit =
        std::max({dense, *std::max_element(seconds.begin(), seconds.end()), 1e-15}) / kTimeUnits;
    std::vector<double> units;
    for (double s : seconds) units.push_back(std::ceil(s / unit - 1e-9) * instance.groups() / problem.units);
    Row row;
    row.name = "decode time at " + std::to_string(length);
    row.length = length;
    row.unit = "s";
    row.perUnit = unit;
    row.hi = std::floor(limit.seconds / unit + 1e-9);
    addBlockRow(problem, row, units, kTimeUnits * instance.groups());
}

/// Every row whose coefficients depend on the option alone.
void addBlockRows(Problem& problem, const SearchInstance& instance, const SearchOptions& options) {
    addDensityRows(problem, instance, options);
    addKvRow(problem, instance, options);
    addTimeRow(problem, instance, options);
}

void limitLoss(Row& row, const LossLimit& limit) {
    row.lo = limit.lower.value_or(-kInfinity);
    row.hi = limit.upper.value_or(kInfinity);
    row.askedLo = row.lo;
    row.askedHi = row.hi;
}

void addLossRows(Problem& problem, const SearchInstance& instance, const SearchOptions& options) {
    for (const auto& [length, limit] : options.lossLimits) {
        if (!limit.lower && !limit.upper) continue;
        Row row;
        row.name = "loss at " + std::to_string(length);
        row.length = length;
        row.density = false;
        row.unit = "nats";
        limitLoss(row, limit);
        const std::vector<double> sums = unitLosses(problem, instance, instance.lengthIndex(length));
        double largest = 0;
        for (int u = 0; u < problem.units; ++u) {
            double most = 0;
            for (int r = 0; r < problem.options; ++r) most = std::max(most, std::abs(sums[problem.at(u, r)]));
            largest += most;
        }
        row.tolerance = 1e-9 * std::max(largest, 1e-12);
        // Sums end up near the limits, which can be far below the largest sum there is.
        row.scale = std::max({std::isinf(row.hi) ? 0 : std::abs(row.hi),
                              std::isinf(row.lo) ? 0 : std::abs(row.lo), 1e-4 * largest, 1e-12});
        problem.rows.push_back(row);
        problem.losses.insert(problem.losses.end(), sums.begin(), sums.end());
    }
}

/// The length a span pin speaks of.
int pinLength(const SearchInstance& instance, const Pin& pin) {
    return pin.length ? pin.length : instance.lengths.back();
}

bool pinAllows(const SearchInstance& instance, const Pin& pin, const Rule& rule) {
    if (pin.kind == Pin::Kind::Exact) return rule == pin.rule;
    const int n = pinLength(instance, pin);
    // The wanted span as a cache: rounded up to blocks, never beyond dense nor under sink + one block.
    const std::int64_t wanted = cacheOf({static_cast<double>(pin.span), 0}, n, instance.sink);
    const std::int64_t cache = cacheOf(rule, n, instance.sink);
    return pin.kind == Pin::Kind::MinSpan ? cache >= wanted : cache <= wanted;
}

void checkPin(const SearchInstance& instance, const Pin& pin) {
    const std::string name = "pin " + std::to_string(pin.layer) + ":" + std::to_string(pin.kvHead);
    if (pin.layer < -1 || pin.layer >= instance.layers || pin.kvHead < -1 || pin.kvHead >= instance.kvHeads)
        throw UsageError(name + ": layer 0 to " + std::to_string(instance.layers - 1) + " and KV head 0 to " +
                         std::to_string(instance.kvHeads - 1) + " expected, -1 for all");
    if (pin.length < 0) throw UsageError(name + ": a length of at least 0 expected");
    const auto& rules = instance.rules;
    if (pin.kind == Pin::Kind::Exact && std::find(rules.begin(), rules.end(), pin.rule) == rules.end())
        throw UsageError(name + ": the rule (" + formatFixed(pin.rule.alpha, 3) + ", " +
                         formatFixed(pin.rule.beta, 3) + ") is not one of the instance");
}

void applyPins(Problem& problem, const SearchInstance& instance, const SearchOptions& options) {
    problem.allowed.assign(std::size_t(problem.units) * problem.options, 0);
    // A rule outside the free ones, or one that follows the length under granularity head, needs an exact
    // pin.
    std::vector<char> named(problem.allowed.size(), 0);
    for (const Pin& pin : options.pins) checkPin(instance, pin);
    const auto eachUnit = [&](const Pin& pin, auto&& visit) {
        for (int g = 0; g < instance.groups(); ++g)
            if ((pin.layer < 0 || g / instance.kvHeads == pin.layer) &&
                (pin.kvHead < 0 || g % instance.kvHeads == pin.kvHead))
                visit(problem.unitOfGroup[g]);
    };
    for (const Pin& pin : options.pins)
        for (int r = 0; r < problem.options && pin.kind == Pin::Kind::Exact; ++r)
            if (instance.rules[r] == pin.rule) eachUnit(pin, [&](int u) { named[problem.at(u, r)] = 1; });
    const int freeRules = instance.freeRules < 0 ? instance.ruleCount() : instance.freeRules;
    for (int u = 0; u < problem.units; ++u)
        for (int r = 0; r < problem.options; ++r) {
            const bool follows = options.granularity == Granularity::Head && instance.rules[r].beta != 0;
            problem.allowed[problem.at(u, r)] = named[problem.at(u, r)] || (r < freeRules && !follows);
        }
    for (const Pin& pin : options.pins)
        for (int r = 0; r < problem.options; ++r)
            if (!pinAllows(instance, pin, instance.rules[r]))
                eachUnit(pin, [&](int u) { problem.allowed[problem.at(u, r)] = 0; });
}

} // namespace

std::vector<double> Problem::sums(const std::vector<int>& choice) const {
    std::vector<double> total(rows.size(), 0.0);
    for (int i = 0; i < rowCount(); ++i)
        for (int u = 0; u < units; ++u) total[i] += coefficient(i, u, choice[u]);
    return total;
}

double Problem::objective(const std::vector<int>& choice) const {
    double total = 0;
    for (int u = 0; u < units; ++u) total += cost[at(u, choice[u])];
    return total;
}

double Problem::violation(int row, double sum) const {
    const Row& r = rows[row];
    if (sum > r.hi + r.tolerance) return sum - r.hi;
    if (sum < r.lo - r.tolerance) return r.lo - sum;
    return 0;
}

int Problem::emptyRow() const {
    for (int i = 0; i < rowCount(); ++i)
        if (rows[i].lo > rows[i].hi + 2 * rows[i].tolerance) return i;
    return -1;
}

bool Problem::feasible(const std::vector<int>& choice) const {
    for (int u = 0; u < units; ++u)
        if (!allowed[at(u, choice[u])]) return false;
    const std::vector<double> total = sums(choice);
    for (int i = 0; i < rowCount(); ++i)
        if (violation(i, total[i]) > 0) return false;
    for (int l = 0; l < layers() && rulesPerLayer > 0; ++l) {
        std::vector<int> used(choice.begin() + layerStart[l], choice.begin() + layerStart[l + 1]);
        std::sort(used.begin(), used.end());
        if (std::unique(used.begin(), used.end()) - used.begin() > rulesPerLayer) return false;
    }
    return true;
}

Problem makeProblem(const SearchInstance& instance, const SearchOptions& options) {
    checkOptions(instance, options);
    Problem problem;
    problem.options = instance.ruleCount();
    placeUnits(problem, instance, options.granularity);
    const int perLayer = problem.layerStart[1];
    problem.rulesPerLayer = options.rulesPerLayer < perLayer ? options.rulesPerLayer : 0;
    problem.cost = unitLosses(problem, instance, instance.lengthIndex(objectiveLengthOf(instance, options)));
    addBlockRows(problem, instance, options);
    addLossRows(problem, instance, options);
    if (problem.rowCount() > kMaxRows)
        throw UsageError("at most " + std::to_string(kMaxRows) +
                         " limits on densities and losses together expected");
    applyPins(problem, instance, options);
    return problem;
}

bool moveLimits(Problem& problem, const SearchInstance& instance, const SearchOptions& options) {
    checkOptions(instance, options);
    Problem moved;
    moved.units = problem.units;
    moved.options = problem.options;
    addBlockRows(moved, instance, options);
    std::size_t losses = 0;
    for (const auto& [length, limit] : options.lossLimits) losses += limit.lower || limit.upper;
    const std::size_t fixed = moved.rows.size();
    if (fixed + losses != problem.rows.size() || moved.blocks != problem.blocks) return false;
    for (std::size_t i = 0; i < fixed; ++i)
        if (moved.rows[i].name != problem.rows[i].name) return false;
    for (std::size_t i = fixed; i < problem.rows.size(); ++i) {
        const auto limit = options.lossLimits.find(problem.rows[i].length);
        if (limit == options.lossLimits.end()) return false;
        moved.rows.push_back(problem.rows[i]);
        limitLoss(moved.rows.back(), limit->second);
    }
    problem.rows = std::move(moved.rows);
    return true;
}

int objectiveLengthOf(const SearchInstance& instance, const SearchOptions& options) {
    if (options.objectiveLength == 0) return instance.lengths.back();
    if (instance.lengthIndex(options.objectiveLength) < 0)
        throw UsageError("objective " + std::to_string(options.objectiveLength) +
                         ": that length is not profiled");
    return options.objectiveLength;
}

} // namespace moa
