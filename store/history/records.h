// What goes into the history and comes out of it, as plain values. JSON travels as text: the store checks
// that it is JSON and knows nothing of its keys.
#pragma once

#include "engine/core/model_config.h"
#include "store/history/machine.h"
#include "store/history/row_id.h"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace moa {

using TimePoint = std::chrono::sys_time<std::chrono::milliseconds>;
TimePoint currentTime();
/// "2024-05-01T12:00:00.123Z".
std::string isoTime(TimePoint time);
/// What isoTime() writes, the milliseconds optional.
std::optional<TimePoint> parseIsoTime(const std::string& text);

enum class RunStatus {
    Running,
    Done,
    Failed,
    Cancelled,   ///< by the user; partial results are in the row
    Infeasible,  ///< a search without a plan
    TimeLimit,   ///< a search stopped by its limit, with a plan
    Interrupted, ///< only read, never stored: still "running", but its process on this machine is gone
};
/// "running", "done", …
std::string toString(RunStatus status);

struct ModelRef {
    std::string name;
    std::string sha256; ///< of the weights; empty: not known
    ModelConfig shape;
    std::string quantisation{}; ///< "F32", "Q4_K" …; empty: not known
};

/// What was typed or read, whole or as a hash.
struct PromptRef {
    std::string sha256; ///< of the token ids, as 32-bit little-endian numbers; never empty
    std::int64_t tokens = 0;
    std::optional<std::string> text{}; ///< none: only the hash is to be kept
};

/// The card a run used.
struct Accelerator {
    std::string name;
    std::int64_t memoryBytes = 0;
    std::string driver, runtime; ///< versions; empty: not known
    bool operator==(const Accelerator&) const = default;
};

/// One number per token of a run. Kept as 32-bit floats.
struct Series {
    std::string name;       ///< "kl", "rank" …
    std::string unit;       ///< "nats", "" …
    std::int64_t start = 0; ///< token index of the first value
    std::vector<float> values;
};

struct ProfileRef {
    std::string path;
    std::string sha256;              ///< of the file; empty: not known
    std::vector<int> lengths;        ///< tokens
    int samples = 0;                 ///< per length
    std::string calibration;         ///< its sources: "lines,facts"
    std::string calibrationSha256{}; ///< of their texts; empty: not known
    std::optional<std::uint64_t> calibrationSeed{};
    std::optional<std::int64_t> bytes{}; ///< size of the file: what makes a moved one quick to find
};

struct PlanRef {
    std::string name;   ///< file name, or what the user called it
    std::string json;   ///< the plan file's text
    std::string sha256; ///< of that text; empty: not known
    std::string origin; ///< "search", "edit", "import", "uniform", "file" …
    std::optional<PlanId> parent;
    std::string parentSha256{}; ///< names the parent where its id is not known; empty: none
};

struct Measurement {
    std::string name; ///< "retrieval", "decode_tok_s" …
    std::string unit; ///< "", "s", "nats", "tok/s" …
    double value = 0; ///< a NaN is kept as "no value"
    std::int64_t samples = 1;
    std::optional<double> error; ///< standard error or half interval
    std::string context = "{}";  ///< JSON object: length, density, task …
};

/// One solve of a search.
struct SearchRecord {
    std::optional<PlanRef> plan; ///< none when infeasible
    std::string estimate, granularity, solver;
    int objectiveLength = 0; ///< tokens
    std::optional<double> densityBound, loss, bound, gap;
    double seconds = 0;
    std::string status;
    std::string limits{"{}"}; ///< JSON object: every bound it was given
};

/// What is known when a run begins.
struct RunStart {
    std::string command;                ///< "score", "profile" …
    std::vector<std::string> arguments; ///< as typed, so that `rerun` can repeat them
    std::optional<ModelRef> model;
    std::optional<ProfileRef> profile;
    std::optional<PlanRef> plan;
    std::optional<PromptRef> prompt;
    std::optional<Accelerator> accelerator;
    std::string device;                          ///< "cpu", "cuda:0 NVIDIA …"
    std::string backend;                         ///< "cpu", "cuda"
    std::string programVersion;                  ///< empty: this build's
    std::map<std::string, std::string> versions; ///< of libraries and drivers
    std::optional<std::uint64_t> seed;
    std::string settings = "{}"; ///< JSON
    std::optional<RunId> rerunOf;
    std::optional<TimePoint> started; ///< none: now
};

/// What is known when it ends, in whatever way.
struct RunEnd {
    RunStatus status = RunStatus::Done;
    std::string result = "{}"; ///< JSON
    std::string error;         ///< one line when it failed
    std::vector<Measurement> measurements;
    std::vector<SearchRecord> searches;
    std::vector<Series> series{};
    std::optional<ProfileRef> writtenProfile{}; ///< the file it wrote, where it wrote one
};

/// A whole run, recorded at once.
struct RunRecord : RunStart, RunEnd {};

/// A line of `moa history list`.
struct RunSummary {
    RunId id;
    std::string command;
    RunStatus status = RunStatus::Done;
    TimePoint started;
    std::optional<TimePoint> finished;
    std::string modelName, planName, device, backend; ///< empty: none
    std::optional<PlanId> plan;
    std::optional<std::uint64_t> seed;
    std::optional<RunId> rerunOf;
    std::int64_t measurements = 0; ///< how many
};

/// Everything of one run.
struct RunDetail {
    RunSummary summary;
    std::string uid;                                               ///< the same in every copy of the history
    std::string arguments;                                         ///< JSON array of strings
    std::string programVersion, versions, settings, result, error; ///< versions, settings, result: JSON
    Machine machine;
    std::optional<ModelRef> model; ///< of the shape: what models.* holds
    std::optional<ProfileRef> profile;
    std::optional<PlanRef> plan;
    std::optional<PromptRef> prompt;
    std::optional<Accelerator> accelerator;
    std::vector<Measurement> measurements;
    std::vector<SearchRecord> searches; ///< with their plans
    std::vector<Series> series;
    std::vector<std::string> tags; ///< sorted
    std::string note;              ///< empty: none
};

/// A plan of its own, used or not.
struct PlanDetail {
    PlanId id;
    PlanRef plan;
    TimePoint created;
    std::string modelName; ///< empty: not known
    std::int64_t runs = 0; ///< how many used it
};

struct RunFilter {
    std::string command{};         ///< empty: all
    std::string modelName{};       ///< empty: all
    int limit = 50;                ///< newest first; 0: all
    std::optional<RunId> before{}; ///< only older rows than this one: the next page
};

} // namespace moa
