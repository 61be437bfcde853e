#include "app/cli/commands/bench_search.h"

#include "app/cli/text_table.h"

#include "engine/core/format.h"
#include "engine/search/loss_tables.h"
#include "engine/search/pareto.h"
#include "engine/search/search_session.h"
#include "engine/search/synthetic_instance.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>

namespace moa::cli {
namespace {

using Clock = std::chrono::steady_clock;
constexpr double kFrameGap = 5e-3, kProofGap = 1e-4, kFrameSeconds = 0.016, kProofSeconds = 20,
                 kGridSeconds = 1;
constexpr int kColdSeeds = 3;

double secondsSince(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

/// Value below which a share of the sorted values lies.
double quantile(std::vector<double> values, double share) {
    if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
    std::sort(values.begin(), values.end());
    const auto at = static_cast<std::size_t>(std::ceil(share * static_cast<double>(values.size())));
    return values[std::clamp<std::size_t>(at, 1, values.size()) - 1];
}

Json timesMs(const std::vector<double>& seconds) {
    return {{"median_ms", 1e3 * quantile(seconds, 0.5)},
            {"p99_ms", 1e3 * quantile(seconds, 0.99)},
            {"worst_ms", 1e3 * quantile(seconds, 1)}};
}

SearchOptions optionsAt(double density, int rulesPerLayer) {
    SearchOptions options;
    options.density = density;
    options.rulesPerLayer = rulesPerLayer;
    options.explain = false;
    return options;
}

/// Cold solves: time to the first plan within 0.5%, and to the proof of 1e-4.
Json benchCold(const SyntheticShape& shape, int rulesPerLayer, CliContext& cli) {
    std::vector<double> first, proof, gaps;
    int unproven = 0;
    for (int seed = 1; seed <= kColdSeeds; ++seed)
        for (double density : {0.25, 0.5, 0.75}) {
            cli.throwIfCancelled();
            SearchSession session(syntheticInstance(shape, static_cast<std::uint64_t>(seed)));
            double toFirst = kProofSeconds;
            const auto start = Clock::now();
            const SearchOutcome outcome =
                session.solve(optionsAt(density, rulesPerLayer), {kProofSeconds, kProofGap}, cli.stopToken(),
                              [&](const SearchOutcome& better) {
                                  if (better.gap <= kFrameGap)
                                      toFirst = std::min(toFirst, secondsSince(start));
                              });
            proof.push_back(secondsSince(start));
            first.push_back(toFirst);
            gaps.push_back(outcome.gap);
            unproven += outcome.status != SearchStatus::Optimal && outcome.status != SearchStatus::Infeasible;
        }
    return {{"solves", first.size()},
            {"first_plan", timesMs(first)},
            {"proof", timesMs(proof)},
            {"unproven", unproven},
            {"worst_gap", quantile(gaps, 1)}};
}

/// 240 frames: density 0.2 → 0.8 → 0.2 in steps of 0.005, then the exact step after the last move.
Json benchSlider(const SearchInstance& instance, int rulesPerLayer, CliContext& cli) {
    SearchSession session(instance);
    std::vector<double> seconds, gaps;
    int late = 0, without = 0;
    session.solve(optionsAt(0.2, rulesPerLayer), {1, kFrameGap}, cli.stopToken());
    for (int frame = 1; frame <= 240; ++frame) {
        cli.throwIfCancelled();
        const double density = 0.2 + 0.005 * (frame <= 120 ? frame : 240 - frame);
        const auto start = Clock::now();
        const SearchOutcome outcome =
            session.solve(optionsAt(density, rulesPerLayer), {kFrameSeconds, kFrameGap}, cli.stopToken());
        seconds.push_back(secondsSince(start));
        gaps.push_back(outcome.gap);
        late += outcome.status != SearchStatus::Optimal;
        without += !outcome.hasPlan();
    }
    const auto start = Clock::now();
    const SearchOutcome exact =
        session.solve(optionsAt(0.2, rulesPerLayer), {kProofSeconds, kProofGap}, cli.stopToken());
    Json result = timesMs(seconds);
    result.update({{"frames", seconds.size()},
                   {"frames_over_gap", late},
                   {"frames_without_plan", without},
                   {"median_gap", quantile(gaps, 0.5)},
                   {"worst_gap", std::isfinite(quantile(gaps, 1)) ? Json(quantile(gaps, 1)) : Json()},
                   {"exact_after_ms", 1e3 * secondsSince(start)},
                   {"exact_gap", exact.gap}});
    return result;
}

Json benchGrid(const SearchInstance& instance, int rulesPerLayer, CliContext& cli) {
    SearchOptions options = optionsAt(0.5, rulesPerLayer);
    options.gapTarget = kFrameGap;
    options.timeLimit = kGridSeconds;
    const auto start = Clock::now();
    const ParetoSet set = paretoSet(instance, options, 5, cli.stopToken());
    double worst = 0;
    for (const ParetoPoint& point : set.points) worst = std::max(worst, point.outcome.gap);
    return {{"seconds", secondsSince(start)},
            {"solves", set.solves},
            {"feasible", set.feasible},
            {"points", set.points.size()},
            {"worst_gap", std::isfinite(worst) ? Json(worst) : Json()},
            {"out_of_time", set.outOfTime}};
}

/// A profile of that shape with losses that fall with the window: what building the tables reads.
ProfileData syntheticProfile(const SyntheticShape& shape, const std::vector<int>& lengths, int samples) {
    ProfileData profile;
    profile.layers = shape.layers;
    profile.heads = profile.kvHeads = shape.kvHeads;
    for (int n : lengths) {
        ProfileLength& at = profile.lengths[n];
        at.length = n;
        at.samples = samples;
        at.windows = n / static_cast<int>(kBlock);
        const std::size_t row = static_cast<std::size_t>(at.windows) + 1;
        at.costSamples.resize(row * static_cast<std::size_t>(samples) *
                              static_cast<std::size_t>(shape.groups()));
        for (std::size_t i = 0; i < at.costSamples.size(); ++i)
            at.costSamples[i] = static_cast<float>(row - i % row) * ((i / row) % 3 == 0 ? -1e-4F : 2e-4F);
    }
    return profile;
}

Json benchTables(const SyntheticShape& shape) {
    const ProfileData profile = syntheticProfile(shape, {2048, 4096, 8192}, 50);
    std::vector<double> seconds;
    std::size_t rules = 0;
    for (int k = 0; k < 5; ++k) {
        const auto start = Clock::now();
        rules = makeInstance(profile, {}).rules.size();
        seconds.push_back(secondsSince(start));
    }
    Json result = timesMs(seconds);
    result.update({{"rules", rules}, {"samples", 50}});
    return result;
}

std::string ms(const Json& times, const char* key) {
    return formatFixed(times[key].get<double>(), 2);
}

std::string describe(const Json& result) {
    TextTable table({"rules a layer", "first plan ms", "worst", "proof ms", "worst", "unproven", "frame ms",
                     "99%", "worst", "over gap", "no plan", "exact after ms", "grid s"});
    for (const Json& row : result["rows"]) {
        const Json &cold = row["cold"], &slider = row["slider"];
        const int k = row["rules_per_layer"].get<int>();
        table.add({k ? std::to_string(k) : "any", ms(cold["first_plan"], "median_ms"),
                   ms(cold["first_plan"], "worst_ms"), ms(cold["proof"], "median_ms"),
                   ms(cold["proof"], "worst_ms"), cold["unproven"].dump(), ms(slider, "median_ms"),
                   ms(slider, "p99_ms"), ms(slider, "worst_ms"), slider["frames_over_gap"].dump(),
                   slider["frames_without_plan"].dump(), ms(slider, "exact_after_ms"),
                   formatFixed(row["grid"]["seconds"].get<double>(), 2)});
    }
    return table.text() + keyValueLines({{"groups", result["groups"].dump()},
                                         {"tables ms", ms(result["tables"], "median_ms")}});
}

} // namespace

ExitCode runBenchSearch(const std::string& name, CliContext& cli) {
    const SyntheticShape& shape = syntheticShape(name);
    cli.beginRun({.command = "bench", .settings = {{"what", "search"}, {"shape", name}}});
    Json result = {{"what", "search"}, {"shape", name}, {"groups", shape.groups()}, {"rows", Json::array()}};
    const SearchInstance instance = syntheticInstance(shape, 1);
    const auto start = Clock::now();
    for (int rulesPerLayer : {2, 0}) {
        Json row = {{"rules_per_layer", rulesPerLayer}};
        row["cold"] = benchCold(shape, rulesPerLayer, cli);
        row["slider"] = benchSlider(instance, rulesPerLayer, cli);
        row["grid"] = benchGrid(instance, rulesPerLayer, cli);
        result["rows"].push_back(std::move(row));
    }
    result["tables"] = benchTables(shape);
    result["seconds"] = secondsSince(start);
    std::vector<Measurement> measurements;
    for (const Json& row : result["rows"])
        measurements.push_back({"search_frame", "ms", row["slider"]["median_ms"].get<double>(), 1,
                                std::nullopt, Json{{"rules_per_layer", row["rules_per_layer"]}}.dump()});
    return cli.conclude(
        {.result = result, .text = describe(result), .measurements = std::move(measurements)});
}

} // namespace moa::cli
