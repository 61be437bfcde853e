#include "app/cli/search_flags.h"

#include "app/cli/parse_list.h"

#include "engine/core/error.h"

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

/// "L:G=value" or "L=value" (all KV heads of the layer); L and G may be "all".
Pin parsePin(const std::string& flag, const std::string& text, Pin::Kind kind) {
    const auto [place, value] = assignment(flag, text, kind == Pin::Kind::Exact ? "L:G=α,β" : "L:G=tokens");
    Pin pin;
    pin.kind = kind;
    const std::size_t colon = place.find(':');
    pin.layer = index(flag, place.substr(0, colon));
    pin.kvHead = colon == std::string::npos ? -1 : index(flag, place.substr(colon + 1));
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
    command.add_option("--max-loss", f.maxLoss, "loss limits at other lengths: N=X,… in nats");
    command.add_option("--rules-per-layer", f.rulesPerLayer, "most distinct rules in a layer (0: no limit)")
        ->check(CLI::NonNegativeNumber);
    command.add_option("--granularity", f.granularity, "elastic, head, layer or uniform")
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
    command.add_option("--pin", f.pins, "L:G=α,β fixes the rule of a KV head (L or G: all)");
    command.add_option("--min-span", f.minSpans, "L:G=S: at least S tokens at the longest profiled length");
    command.add_option("--max-span", f.maxSpans, "L:G=S: at most S tokens at the longest profiled length");
    command.add_option("--kv-bytes", f.kvBytes, "most KV bytes (FP16) of a batch, in place of a density")
        ->check(CLI::PositiveNumber);
    command.add_option("--batch", f.batch, "sequences of that batch")->check(CLI::Range(1, 1 << 20));
    command.add_flag("--pareto", f.pareto, "the Pareto set over the losses at all profiled lengths");
    command.add_option("--solver", f.solver, "lagrangian, cbc or both")->capture_default_str();
    command.add_option("--time-limit", f.timeLimit, "seconds")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
}

SearchOptions searchOptions(const SearchFlags& f, int headDim, std::uint64_t seed) {
    SearchOptions o;
    o.density = f.density ? f.density : f.kvBytes > 0 ? std::nullopt : std::optional(0.5);
    o.minDensityShare = f.minDensityShare;
    o.objectiveLength = f.objective;
    o.rulesPerLayer = f.rulesPerLayer;
    o.granularity = parseGranularity(f.granularity);
    o.solver = parseSolver(f.solver);
    o.timeLimit = f.timeLimit;
    o.seed = seed;
    for (const std::string& limit : splitList(f.maxLoss)) {
        const auto [length, value] = assignment("--max-loss", limit, "N=X");
        o.lossLimits[parseIntegers("--max-loss", length, 1, 1 << 24).at(0)].upper =
            parseNumber("--max-loss", value);
    }
    for (const std::string& pin : f.pins) o.pins.push_back(parsePin("--pin", pin, Pin::Kind::Exact));
    for (const std::string& pin : f.minSpans)
        o.pins.push_back(parsePin("--min-span", pin, Pin::Kind::MinSpan));
    for (const std::string& pin : f.maxSpans)
        o.pins.push_back(parsePin("--max-span", pin, Pin::Kind::MaxSpan));
    if (f.kvBytes > 0) {
        if (headDim <= 0) throw UsageError("--kv-bytes needs to know head_dim: give --head-dim or --model");
        o.kvLimit = KvLimit{f.kvBytes, f.batch, headDim};
    }
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
