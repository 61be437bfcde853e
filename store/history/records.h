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
};

struct ProfileRef {
    std::string path;
    std::string sha256;       ///< of the file; empty: not known
    std::vector<int> lengths; ///< tokens
    int samples = 0;          ///< per length
    std::string calibration;
};

struct PlanRef {
    std::string name;   ///< file name, or what the user called it
    std::string json;   ///< the plan file's text
    std::string sha256; ///< of that text; empty: not known
    std::string origin; ///< "search", "edit", "import", "uniform" …
    std::optional<PlanId> parent;
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
};

/// What is known when a run begins.
struct RunStart {
    std::string command;                ///< "score", "profile" …
    std::vector<std::string> arguments; ///< as typed, so that `rerun` can repeat them
    std::optional<ModelRef> model;
    std::optional<ProfileRef> profile;
    std::optional<PlanRef> plan;
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
    std::string arguments;                                         ///< JSON array of strings
    std::string programVersion, versions, settings, result, error; ///< versions, settings, result: JSON
    Machine machine;
    std::optional<ModelRef> model; ///< of the shape: what models.* holds
    std::optional<ProfileRef> profile;
    std::optional<PlanRef> plan;
    std::vector<Measurement> measurements;
    std::vector<SearchRecord> searches; ///< with their plans
};

struct RunFilter {
    std::string command{};         ///< empty: all
    std::string modelName{};       ///< empty: all
    int limit = 50;                ///< newest first; 0: all
    std::optional<RunId> before{}; ///< only older rows than this one: the next page
};

} // namespace moa
