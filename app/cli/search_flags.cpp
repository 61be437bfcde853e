#include "app/cli/search_flags.h"

#include "app/cli/parse_list.h"

#include "engine/core/error.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <fstream>

namespace moa::cli {

namespace {

/// "A=B" in two; UsageError where there is no '='.
std::pair<std::string, std::string> assignment(const std::string& flag, const std::string& text,
                                               const std::string& form) {
    const std::size_t at = text.find('=');
    if (at == std::string::npos) throw UsageError(flag + ": expected " + form + ", found \"" + text + "\"");
    return {text.substr(0, at), text.substr(at + 1)};
}

int index(const std::string& flag, const std::string& text) {
    if (text == "all" || text == "*") return -1;
    return parseIntegers(flag, text, 0, 1 << 20).at(0);
}

/// "G", "all", or "qH": the KV head that query head H reads.
int headIndex(const std::string& flag, const std::string& text, const SearchSubject& subject) {
    if (text.empty() || text[0] != 'q') return index(flag, text);
    if (subject.heads < 1 || subject.kvHeads < 1)
        throw UsageError(flag + ": query heads are not known here, name a KV head instead of " + text);
    const int head = parseIntegers(flag, text.substr(1), 0, subject.heads - 1).at(0);
    return head / (subject.heads / subject.kvHeads);
}

/// "L:G=value" or "L=value" (all KV heads of the layer); L and G may be "all", G may be "qH".
Pin parsePin(const std::string& flag, const std::string& text, Pin::Kind kind, const SearchSubject& subject) {
    const auto [place, value] = assignment(flag, text, kind == Pin::Kind::Exact ? "L:G=α,β" : "L:G=tokens");
    Pin pin;
    pin.kind = kind;
    const std::size_t colon = place.find(':');
    pin.layer = index(flag, place.substr(0, colon));
    pin.kvHead = colon == std::string::npos ? -1 : headIndex(flag, place.substr(colon + 1), subject);
    if (kind == Pin::Kind::Exact) {
        const auto parts = splitList(value);
        if (parts.size() != 2) throw UsageError(flag + ": expected L:G=α,β, found \"" + text + "\"");
        pin.rule = {parseNumber(flag, parts[0]), parseNumber(flag, parts[1])};
    } else {
        pin.span = parseIntegers(flag, value, 0, std::int64_t(1) << 30).at(0);
    }
    return pin;
}

std::vector<double> parseNumbers(const std::string& flag, const std::string& text) {
    std::vector<double> numbers;
    for (const std::string& part : splitList(text)) numbers.push_back(parseNumber(flag, part));
    return numbers;
}

/// "N=X,…" as a map; `form` for errors.
std::map<int, double> parseByLength(const std::string& flag, const std::string& text) {
    std::map<int, double> values;
    for (const std::string& part : splitList(text)) {
        const auto [length, value] = assignment(flag, part, "N=X");
        values[parseIntegers(flag, length, 1, 1 << 24).at(0)] = parseNumber(flag, value);
    }
    return values;
}

/// "N=X" in nats, or "N=X%" over the least loss there.
void parseLossLimit(const std::string& text, SearchOptions& options) {
    const std::string flag = "--max-loss";
    auto [length, value] = assignment(flag, text, "N=X or N=X%");
    LossLimit& limit = options.lossLimits[parseIntegers(flag, length, 1, 1 << 24).at(0)];
    if (!value.empty() && value.back() == '%') {
        value.pop_back();
        limit.overBest = parseNumber(flag, value) / 100;
    } else {
        limit.upper = parseNumber(flag, value);
    }
}

/// [[span, seconds], …] as measured on a device.
std::vector<std::pair<std::int64_t, double>> readSpanTimes(const std::string& path) {
    const std::string expected = "a JSON list of [span in tokens, seconds], spans ascending";
    std::ifstream file(path);
    if (!file) throw FileError(path, "", "a readable file");
    std::vector<std::pair<std::int64_t, double>> points;
    try {
        for (const nlohmann::json& point : nlohmann::json::parse(file)) {
            if (!point.is_array() || point.size() != 2) throw FileError(path, "", expected);
            points.push_back({point[0].get<std::int64_t>(), point[1].get<double>()});
        }
    } catch (const nlohmann::json::exception&) {
        throw FileError(path, "", expected);
    }
    return points;
}

void addLimitFlags(CLI::App& command, SearchFlags& f) {
    command.add_option("--density-at", f.densityAt,
                       "N=D,…: bounds for single lengths, in place of --density");
    command.add_option("--min-density-share-at", f.minDensityShareAt,
                       "N=S,…: least shares for single lengths, in place of --min-density-share");
    command
        .add_option("--decode-time", f.decodeTime,
                    "most seconds that attention of all heads may take per decoded token (with --span-times)")
        ->check(CLI::PositiveNumber);
    command.add_option("--span-times", f.spanTimes,
                       "JSON file [[span, seconds], …]: what one KV head of that span takes on the device");
}

void addModeFlags(CLI::App& command, SearchFlags& f) {
    command.add_flag("--sweep", f.sweep, "loss against density, from 10% to 100%");
    command
        .add_option("--gap", f.gap,
                    "stop at this distance from the bound (default 1e-6; with --pareto and "
                    "--sweep 5e-3)")
        ->check(CLI::Range(0.0, 1.0));
    command.add_option("--target-loss", f.targetLoss,
                       "nats: the least density whose plan loses no more, in place of --density");
    command.add_flag("--heads", f.heads, "for each KV head, what its next wider and narrower rule changes");
    command.add_option("--state", f.state,
                       "what a search learnt: read if the file is there, written at the end");
    command
        .add_option("--refine", f.refine, "measure the K best plans and swaps between them (with --model)")
        ->check(CLI::Range(1, 1000));
    command
        .add_option("--refine-samples", f.refineSamples,
                    "calibration samples that choose; as many confirm and judge")
        ->check(CLI::Range(1, 10000))
        ->capture_default_str();
    command.add_option("--data", f.data, "of --refine: lines, facts, passkey or JSONL files")
        ->capture_default_str();
    command
        .add_option("--prompts", f.prompts,
                    "with --granularity all --model: prompts per task and length that measure retrieval")
        ->check(CLI::Range(1, 10000))
        ->capture_default_str();
}

} // namespace

void addSearchFlags(CLI::App& command, SearchFlags& f) {
    command.add_option("PROFILE", f.profile, "profile file of moa profile");
    command.add_option("--tables", f.tables, "a bare search instance (JSON) instead of a profile");
    command.add_option("-o,--out", f.out, "plan file to write (with --pareto: NAME-1.json, NAME-2.json, …)");
    command
        .add_option("--density", f.density,
                    "most density(N) at every profiled length and at twice the longest (default 0.5)")
        ->check(CLI::Range(0.0, 1.0));
    command.add_option("--objective", f.objective,
                       "length whose loss is minimised, tokens (default: the longest profiled)");
    command.add_option("--max-loss", f.maxLoss,
                       "loss limits: N=X,… in nats, or N=X% over the least possible there");
    command.add_option("--rules-per-layer", f.rulesPerLayer, "most distinct rules in a layer (0: no limit)")
        ->check(CLI::NonNegativeNumber);
    command
        .add_option("--granularity", f.granularity, "elastic, head, layer, uniform, or all of them in turn")
        ->capture_default_str();
    command.add_option("--estimate", f.estimate, "joint, joint-rows, joint-signed, joint-se or published")
        ->capture_default_str();
    command
        .add_option("--min-density-share", f.minDensityShare, "density must reach this share of its bound")
        ->check(CLI::Range(0.0, 1.0))
        ->capture_default_str();
    command.add_option("--sink", f.sink, "sink tokens, 64·k for k = 0…4 (default: the profile's)");
    command.add_option("--alphas", f.alphas, "α values in tokens, in place of the grid");
    command.add_option("--betas", f.betas, "β values, in place of 0, 1/8, …, 1");
    command.add_option("--pin", f.pins,
                       "L:G=α,β fixes the rule of a KV head (L or G: all; G: qH for a query head)");
    command.add_option("--min-span", f.minSpans, "L:G=S: at least S tokens at the longest profiled length");
    command.add_option("--max-span", f.maxSpans, "L:G=S: at most S tokens at the longest profiled length");
    command.add_option("--kv-bytes", f.kvBytes, "most KV bytes (FP16) of a batch, in place of a density")
        ->check(CLI::PositiveNumber);
    command.add_option("--batch", f.batch, "sequences of that batch")->check(CLI::Range(1, 1 << 20));
    addLimitFlags(command, f);
    addModeFlags(command, f);
    command.add_flag("--pareto", f.pareto, "the Pareto set over the losses at all profiled lengths");
    command.add_option("--solver", f.solver, "lagrangian, cbc or both")->capture_default_str();
    command.add_option("--time-limit", f.timeLimit, "seconds")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
}

SearchOptions searchOptions(const SearchFlags& f, const SearchSubject& subject, std::uint64_t seed) {
    SearchOptions o;
    const bool otherBound = f.kvBytes > 0 || f.decodeTime > 0;
    o.density = f.density ? f.density : otherBound ? std::nullopt : std::optional(0.5);
    o.densityAt = parseByLength("--density-at", f.densityAt);
    o.minDensityShare = f.minDensityShare;
    o.minDensityShareAt = parseByLength("--min-density-share-at", f.minDensityShareAt);
    o.objectiveLength = f.objective;
    o.rulesPerLayer = f.rulesPerLayer;
    if (!f.everyGranularity()) o.granularity = parseGranularity(f.granularity);
    o.solver = parseSolver(f.solver);
    o.timeLimit = f.timeLimit;
    o.gapTarget = f.gap.value_or(f.pareto || f.sweep ? 5e-3 : 1e-6);
    o.seed = seed;
    for (const std::string& limit : splitList(f.maxLoss)) parseLossLimit(limit, o);
    for (const std::string& pin : f.pins) o.pins.push_back(parsePin("--pin", pin, Pin::Kind::Exact, subject));
    for (const std::string& pin : f.minSpans)
        o.pins.push_back(parsePin("--min-span", pin, Pin::Kind::MinSpan, subject));
    for (const std::string& pin : f.maxSpans)
        o.pins.push_back(parsePin("--max-span", pin, Pin::Kind::MaxSpan, subject));
    if (f.kvBytes > 0) {
        if (subject.headDim <= 0)
            throw UsageError("--kv-bytes needs to know head_dim: give --head-dim or --model");
        o.kvLimit = KvLimit{f.kvBytes, f.batch, subject.headDim};
    }
    if ((f.decodeTime > 0) != !f.spanTimes.empty())
        throw UsageError("--decode-time and --span-times belong together");
    if (f.decodeTime > 0) o.decodeTime = DecodeTimeLimit{f.decodeTime, readSpanTimes(f.spanTimes), 0};
    return o;
}

LossTableOptions tableOptions(const SearchFlags& f, const SearchOptions& options) {
    LossTableOptions t;
    t.estimate = parseEstimate(f.estimate);
    if (f.sink >= 0) t.sink = f.sink;
    t.grid = {parseNumbers("--alphas", f.alphas), parseNumbers("--betas", f.betas)};
    for (const Pin& pin : options.pins)
        if (pin.kind == Pin::Kind::Exact) t.pinnedRules.push_back(pin.rule);
    return t;
}

} // namespace moa::cli
