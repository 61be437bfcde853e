#include "engine/plan/plan_io_duo.h"

#include "engine/core/error.h"
#include "engine/core/format.h"
#include "engine/plan/json_file.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <map>
#include <numeric>

namespace moa {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr const char* kScoresName = "full_attention_heads.tsv";
constexpr const char* kConfigName = "config.json";
constexpr std::uint64_t kMaxScoresBytes = 16u << 20, kMaxConfigBytes = 1u << 20;
constexpr std::size_t kMaxSide = 4096;     ///< layers, KV heads
constexpr std::int64_t kMaxSize = 1 << 27; ///< tokens
constexpr double kOvershoot = 0.01;        ///< published scores reach −1.2e−4
constexpr double kDefaultThreshold = 0.5;
constexpr std::int64_t kFarLength = 1 << 28; ///< tokens; any rule has shown its growth by then

std::string_view trimmed(std::string_view s) {
    const auto first = s.find_first_not_of(" \r");
    if (first == std::string_view::npos) return {};
    return s.substr(first, s.find_last_not_of(" \r") - first + 1);
}

double readScore(std::string_view field, const std::string& path, std::size_t line, std::size_t column) {
    field = trimmed(field);
    double score = 0;
    const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), score);
    const bool number = error == std::errc() && end == field.data() + field.size();
    if (!number || !(score >= -kOvershoot && score <= 1 + kOvershoot))
        throw FileError(path, "line " + std::to_string(line) + ", column " + std::to_string(column),
                        "expected a score from 0 to 1");
    return std::clamp(score, 0.0, 1.0);
}

/// Scores of one line, or none for a blank one.
std::vector<double> readLine(std::string_view line, const std::string& path, std::size_t number) {
    std::vector<double> scores;
    if (trimmed(line).empty()) return scores;
    for (std::size_t begin = 0; begin <= line.size();) {
        const std::size_t end = std::min(line.find('\t', begin), line.size());
        if (scores.size() == kMaxSide)
            throw FileError(path, "line " + std::to_string(number), "expected at most 4096 KV heads");
        scores.push_back(readScore(line.substr(begin, end - begin), path, number, scores.size() + 1));
        begin = end + 1;
    }
    return scores;
}

void readScores(const std::string& path, DuoPattern& pattern) {
    const std::string text = jsonfile::readText(path, kMaxScoresBytes);
    const std::string_view view = text;
    std::size_t number = 0;
    for (std::size_t begin = 0; begin < view.size();) {
        const std::size_t end = std::min(view.find('\n', begin), view.size());
        const auto scores = readLine(view.substr(begin, end - begin), path, ++number);
        begin = end + 1;
        if (scores.empty()) continue;
        if (pattern.layers == 0) pattern.kvHeads = static_cast<int>(scores.size());
        if (scores.size() != std::size_t(pattern.kvHeads))
            throw FileError(path, "line " + std::to_string(number),
                            "expected " + std::to_string(pattern.kvHeads) +
                                " scores as in the first line, it has " + std::to_string(scores.size()));
        if (std::size_t(++pattern.layers) > kMaxSide)
            throw FileError(path, "", "expected at most 4096 layers");
        pattern.scores.insert(pattern.scores.end(), scores.begin(), scores.end());
    }
    if (pattern.layers == 0) throw FileError(path, "", "expected one line of scores per layer, it is empty");
}

void readConfig(const std::string& path, DuoPattern& pattern) {
    const Json config = jsonfile::parse(jsonfile::readText(path, kMaxConfigBytes), path);
    const jsonfile::Place root(path);
    pattern.sinkSize =
        (root / "sink_size").integer(root.member(config, "sink_size", "sink tokens"), 0, kMaxSize);
    pattern.recentSize =
        (root / "recent_size").integer(root.member(config, "recent_size", "recent tokens"), 1, kMaxSize);
}

/// Which of the scores stay full.
std::vector<bool> selectFull(const DuoPattern& pattern, const DuoSelection& selection) {
    const auto inRange = [](double x) { return x >= 0 && x <= 1; };
    if (selection.threshold && selection.share)
        throw UsageError("import: expected a threshold or a share, not both");
    if (!inRange(selection.threshold.value_or(0)) || !inRange(selection.share.value_or(0)))
        throw UsageError("import: expected a threshold or share from 0 to 1");
    const std::size_t count = pattern.scores.size();
    std::vector<bool> full(count);
    if (!selection.share) {
        const double threshold = selection.threshold.value_or(kDefaultThreshold);
        for (std::size_t i = 0; i < count; ++i) full[i] = pattern.scores[i] >= threshold;
        return full;
    }
    std::vector<std::size_t> order(count);
    std::iota(order.begin(), order.end(), std::size_t(0));
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return pattern.scores[a] > pattern.scores[b]; });
    const auto keep = static_cast<std::size_t>(std::llround(*selection.share * static_cast<double>(count)));
    for (std::size_t i = 0; i < keep; ++i) full[order[i]] = true;
    return full;
}

/// The sink our plans can have that covers `sinkSize`, and what that changes.
int planSink(const DuoPattern& pattern, std::vector<std::string>& notes) {
    const std::int64_t most = kMaxSinkBlocks * kBlock;
    const auto sink = static_cast<int>(std::min(roundUpToBlock(pattern.sinkSize), most));
    if (sink != pattern.sinkSize)
        notes.push_back("a sink of " + std::to_string(pattern.sinkSize) + " tokens becomes " +
                        std::to_string(sink) + ": sinks are multiples of 64 up to 256");
    const std::int64_t window =
        cacheOf({double(pattern.sinkSize + pattern.recentSize), 0}, kFarLength, sink) - sink;
    if (window != pattern.recentSize)
        notes.push_back("a recent window of " + std::to_string(pattern.recentSize) + " tokens becomes " +
                        std::to_string(window) + ": caches are whole blocks of 64");
    return sink;
}

std::vector<std::int64_t> checkedLengths(std::span<const std::int64_t> lengths) {
    if (lengths.empty()) throw UsageError("export: expected at least one length");
    for (const std::int64_t n : lengths)
        if (n < 1) throw UsageError("lengths: expected tokens from 1 up, got " + std::to_string(n));
    return {lengths.begin(), lengths.end()};
}

enum class Shape { Full, Streaming, Growing };

/// What a KV head does as the input grows without end.
Shape shapeOf(const SparsePlan& plan, LayerIndex l, KvHeadIndex g, std::span<const std::int64_t> lengths) {
    const auto dense = [&](std::int64_t n) { return plan.cache(l, g, n) == denseCache(n, plan.sink); };
    if (dense(kFarLength) && std::all_of(lengths.begin(), lengths.end(), dense)) return Shape::Full;
    const bool constant =
        plan.cache(l, g, kFarLength) == plan.cache(l, g, 2 * kFarLength) &&
        std::all_of(lengths.begin(), lengths.end(), [&](std::int64_t n) {
            return plan.cache(l, g, n) == std::min(plan.cache(l, g, kFarLength), denseCache(n, plan.sink));
        });
    return constant ? Shape::Streaming : Shape::Growing;
}

/// Shapes of all KV heads, and the most frequent window of the streaming ones (the larger of equals).
struct Shapes {
    std::vector<Shape> of; ///< [L][G]
    std::int64_t window = kBlock;
};

Shapes allShapes(const SparsePlan& plan, std::span<const std::int64_t> lengths) {
    Shapes shapes;
    std::map<std::int64_t, int> windows;
    for (int l = 0; l < plan.layers; ++l)
        for (int g = 0; g < plan.kvHeads; ++g) {
            shapes.of.push_back(shapeOf(plan, LayerIndex(l), KvHeadIndex(g), lengths));
            if (shapes.of.back() == Shape::Streaming)
                ++windows[plan.cache(LayerIndex(l), KvHeadIndex(g), kFarLength) - plan.sink];
        }
    int most = 0;
    for (const auto& [window, count] : windows)
        if (count >= most) {
            most = count;
            shapes.window = window;
        }
    return shapes;
}

double scoreOf(const SparsePlan& plan, Shape shape, LayerIndex l, KvHeadIndex g, std::int64_t n) {
    if (shape == Shape::Full) return 1;
    if (shape == Shape::Streaming) return 0;
    return static_cast<double>(plan.cache(l, g, n)) / static_cast<double>(denseCache(n, plan.sink));
}

} // namespace

DuoPattern readDuo(const std::string& path) {
    std::error_code ignored;
    const bool folder = fs::is_directory(path, ignored);
    const fs::path scores = folder ? fs::path(path) / kScoresName : fs::path(path);
    DuoPattern pattern;
    readScores(scores.string(), pattern);
    readConfig((scores.parent_path() / kConfigName).string(), pattern);
    return pattern;
}

DuoImport importDuo(const DuoPattern& pattern, const DuoSelection& selection, std::optional<int> heads,
                    const Passport& passport) {
    const int queryHeads = heads.value_or(pattern.kvHeads);
    if (queryHeads < 1 || queryHeads % pattern.kvHeads != 0)
        throw UsageError("import: expected query heads that are a multiple of the pattern's " +
                         std::to_string(pattern.kvHeads) + " KV heads, got " + std::to_string(queryHeads));
    const std::vector<bool> full = selectFull(pattern, selection);
    DuoImport result;
    const int sink = planSink(pattern, result.notes);
    const Rule streaming{static_cast<double>(pattern.sinkSize + pattern.recentSize), 0};
    SparsePlan plan = uniformPlan(pattern.layers, queryHeads, pattern.kvHeads, streaming, sink);
    const std::size_t group = std::size_t(queryHeads / pattern.kvHeads);
    for (std::size_t i = 0; i < full.size(); ++i) {
        if (!full[i]) continue;
        ++result.fullHeads;
        std::fill_n(plan.rules.begin() + static_cast<std::ptrdiff_t>(i * group), group, Rule{0, 1});
    }
    Passport origin = passport;
    origin.search["imported"] = "DuoAttention";
    origin.search["sink_size"] = pattern.sinkSize;
    origin.search["recent_size"] = pattern.recentSize;
    origin.search["full_kv_heads"] = result.fullHeads;
    if (selection.share)
        origin.search["share"] = *selection.share;
    else
        origin.search["threshold"] = selection.threshold.value_or(kDefaultThreshold);
    result.file = makePlanFile(plan, origin);
    return result;
}

DuoExport exportDuo(const SparsePlan& plan, std::span<const std::int64_t> lengths) {
    requireWellFormed(plan);
    const std::vector<std::int64_t> at = checkedLengths(lengths);
    const std::int64_t longest = *std::max_element(at.begin(), at.end());
    const Shapes shapes = allShapes(plan, at);
    DuoExport result;
    DuoPattern& pattern = result.pattern;
    pattern = {plan.layers, plan.kvHeads, {}, plan.sink, shapes.window};
    for (int l = 0; l < plan.layers; ++l)
        for (int g = 0; g < plan.kvHeads; ++g)
            pattern.scores.push_back(
                scoreOf(plan, shapes.of[pattern.scores.size()], LayerIndex(l), KvHeadIndex(g), longest));
    const SparsePlan exported = importDuo(pattern, {kDefaultThreshold, std::nullopt}, plan.heads).file.plan;

    Json heads = Json::array(), density = Json::object();
    for (const std::int64_t n : at) density[std::to_string(n)] = {plan.density(n), exported.density(n)};
    for (std::size_t i = 0; i < pattern.scores.size(); ++i) {
        const LayerIndex l(int(i) / plan.kvHeads);
        const KvHeadIndex g(int(i) % plan.kvHeads);
        const bool grows = shapes.of[i] == Shape::Growing;
        if (!grows && plan.cache(l, g, kFarLength) == exported.cache(l, g, kFarLength)) continue;
        Json cache = Json::object();
        for (const std::int64_t n : at)
            cache[std::to_string(n)] = {plan.cache(l, g, n), exported.cache(l, g, n)};
        heads.push_back(
            {{"layer", l.value},
             {"kv_head", g.value},
             {"why", grows ? "its span grows with the input" : "its window differs from recent_size"},
             {"exported_as", pattern.scores[i] >= kDefaultThreshold ? "full" : "streaming"},
             {"score", pattern.scores[i]},
             {"cache", std::move(cache)}});
    }
    result.report = {{"kv_heads", pattern.scores.size()},
                     {"represented", pattern.scores.size() - heads.size()},
                     {"lost", heads.size()},
                     {"sink_size", pattern.sinkSize},
                     {"recent_size", pattern.recentSize},
                     {"threshold", kDefaultThreshold},
                     {"density", std::move(density)},
                     {"heads", std::move(heads)}};
    return result;
}

void writeDuo(const std::string& folder, const DuoPattern& pattern) {
    std::error_code failed;
    fs::create_directories(folder, failed);
    if (failed) throw FileError(folder, "", "cannot be made: " + failed.message());
    std::string text;
    for (std::size_t i = 0; i < pattern.scores.size(); ++i) {
        text += Json(pattern.scores[i]).dump();
        text += (i + 1) % std::size_t(pattern.kvHeads) == 0 ? '\n' : '\t';
    }
    const Json config = {{"sink_size", pattern.sinkSize}, {"recent_size", pattern.recentSize}};
    jsonfile::writeAtomically((fs::path(folder) / kConfigName).string(), jsonfile::text(config));
    jsonfile::writeAtomically((fs::path(folder) / kScoresName).string(), text);
}

} // namespace moa
