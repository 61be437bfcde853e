// The whole history as JSON or CSV, each from one snapshot.
#include "store/history/history.h"

#include "store/history/json_text.h"
#include "store/schema/schema.h"
#include "store/sqlite/statement.h"
#include "store/sqlite/transaction.h"

#include <cmath>
#include <initializer_list>
#include <ostream>
#include <set>

namespace moa {
namespace {

namespace hj = historyjson;

/// A JSON object built key by key; values are JSON already.
class ObjectText {
public:
    ObjectText& add(const char* key, const std::string& json) {
        m_text += (m_text.empty() ? "" : ", ") + hj::quoted(key) + ": " + json;
        return *this;
    }
    ObjectText& text(const char* key, const std::string& value) { return add(key, hj::quoted(value)); }
    template <std::integral Int>
    ObjectText& integer(const char* key, Int value) {
        return add(key, std::to_string(value));
    }
    ObjectText& real(const char* key, const std::optional<double>& value) {
        return add(key, value ? hj::number(*value) : "null");
    }
    std::string str() const { return "{" + m_text + "}"; }

private:
    std::string m_text;
};

template <class Items, class ToText>
std::string listText(const Items& items, ToText&& toText) {
    std::string out;
    for (const auto& item : items) out += (out.empty() ? "" : ", ") + toText(item);
    return "[" + out + "]";
}

std::string modelText(const ModelRef& m) {
    return ObjectText()
        .text("name", m.name)
        .text("sha256", m.sha256)
        .text("architecture", m.shape.architecture)
        .integer("layers", m.shape.layers)
        .integer("heads", m.shape.heads)
        .integer("kv_heads", m.shape.kvHeads)
        .integer("head_dim", m.shape.headDim)
        .integer("hidden", m.shape.hidden)
        .integer("vocab", m.shape.vocab)
        .integer("context", m.shape.context)
        .text("quantisation", m.quantisation)
        .str();
}

std::string profileText(const ProfileRef& p) {
    return ObjectText()
        .text("path", p.path)
        .text("sha256", p.sha256)
        .add("lengths", hj::array(p.lengths))
        .integer("samples", p.samples)
        .text("calibration", p.calibration)
        .text("calibration_sha256", p.calibrationSha256)
        .add("calibration_seed", p.calibrationSeed ? std::to_string(*p.calibrationSeed) : "null")
        .add("bytes", p.bytes ? std::to_string(*p.bytes) : "null")
        .str();
}

std::string promptText(const PromptRef& p) {
    return ObjectText()
        .text("sha256", p.sha256)
        .integer("tokens", p.tokens)
        .add("text", p.text ? hj::quoted(*p.text) : "null")
        .str();
}

std::string acceleratorText(const Accelerator& a) {
    return ObjectText()
        .text("name", a.name)
        .integer("memory_bytes", a.memoryBytes)
        .text("driver", a.driver)
        .text("runtime", a.runtime)
        .str();
}

std::string seriesText(const Series& s) {
    std::string values;
    for (const float value : s.values) values += (values.empty() ? "" : ", ") + hj::number(value);
    return ObjectText()
        .text("name", s.name)
        .text("unit", s.unit)
        .integer("start", s.start)
        .add("values", "[" + values + "]")
        .str();
}

/// With its number and, `exactly`, its text to the byte: what its hash is of.
std::string planTextOf(const PlanRef& p, const std::optional<PlanId>& id = std::nullopt,
                       bool exactly = false) {
    ObjectText text;
    if (id) text.integer("id", id->value);
    if (exactly) text.text("text", p.json);
    return text.text("name", p.name)
        .text("sha256", p.sha256)
        .text("origin", p.origin)
        .add("parent", p.parent ? std::to_string(p.parent->value) : "null")
        .add("plan", p.json)
        .str();
}

std::string machineText(const Machine& m) {
    return ObjectText()
        .text("cpu", m.cpu)
        .integer("cores", m.cores)
        .integer("memory_bytes", m.memoryBytes)
        .text("os", m.os)
        .text("kernel", m.kernel)
        .str();
}

std::string measurementText(const Measurement& m) {
    return ObjectText()
        .text("name", m.name)
        .text("unit", m.unit)
        .real("value", m.value)
        .integer("samples", m.samples)
        .real("error", m.error)
        .add("context", m.context)
        .str();
}

std::string searchText(const SearchRecord& s) {
    return ObjectText()
        .text("status", s.status)
        .text("estimate", s.estimate)
        .text("granularity", s.granularity)
        .text("solver", s.solver)
        .integer("objective_length", s.objectiveLength)
        .real("density_bound", s.densityBound)
        .real("loss", s.loss)
        .real("bound", s.bound)
        .real("gap", s.gap)
        .real("seconds", s.seconds)
        .add("plan", s.plan ? planTextOf(*s.plan) : "null")
        .add("limits", s.limits)
        .str();
}

std::string runText(const RunDetail& r) {
    const RunSummary& s = r.summary;
    return ObjectText()
        .integer("id", s.id.value)
        .text("uid", r.uid)
        .text("command", s.command)
        .add("arguments", r.arguments)
        .text("status", toString(s.status))
        .text("started", isoTime(s.started))
        .add("finished", s.finished ? hj::quoted(isoTime(*s.finished)) : "null")
        .add("rerun_of", s.rerunOf ? std::to_string(s.rerunOf->value) : "null")
        .add("machine", machineText(r.machine))
        .text("device", s.device)
        .text("backend", s.backend)
        .text("program_version", r.programVersion)
        .add("versions", r.versions)
        .add("seed", s.seed ? std::to_string(*s.seed) : "null")
        .add("model", r.model ? modelText(*r.model) : "null")
        .add("profile", r.profile ? profileText(*r.profile) : "null")
        .add("plan", r.plan ? planTextOf(*r.plan, s.plan) : "null")
        .add("prompt", r.prompt ? promptText(*r.prompt) : "null")
        .add("accelerator", r.accelerator ? acceleratorText(*r.accelerator) : "null")
        .add("tags", hj::array(r.tags))
        .text("note", r.note)
        .add("settings", r.settings)
        .add("result", r.result)
        .text("error", r.error)
        .add("measurements", listText(r.measurements, measurementText))
        .add("searches", listText(r.searches, searchText))
        .add("series", listText(r.series, seriesText))
        .str();
}

/// A CSV field: quoted where RFC 4180 asks for it.
std::string field(const std::string& text) {
    if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
    std::string out = "\"";
    for (const char c : text) out += c == '"' ? "\"\"" : std::string(1, c);
    return out + "\"";
}

std::string line(const std::vector<std::string>& fields) {
    std::string out;
    for (std::size_t i = 0; i < fields.size(); ++i) out += (i == 0 ? "" : ",") + field(fields[i]);
    return out + "\r\n";
}

std::string realField(double value) {
    return std::isfinite(value) ? hj::number(value) : "";
}

std::vector<std::string> runFields(const RunDetail& r) {
    const RunSummary& s = r.summary;
    const std::string seconds =
        s.finished ? hj::number(static_cast<double>((*s.finished - s.started).count()) / 1000) : "";
    return {std::to_string(s.id.value),
            s.command,
            toString(s.status),
            isoTime(s.started),
            s.finished ? isoTime(*s.finished) : "",
            seconds,
            s.modelName,
            r.model ? r.model->sha256 : "",
            s.planName,
            s.device,
            s.backend,
            r.programVersion,
            r.machine.cpu,
            s.seed ? std::to_string(*s.seed) : ""};
}

void finishExport(std::ostream& out) {
    out.flush();
    if (!out) throw Error("history: the export could not be written");
}

} // namespace

void History::exportJson(std::ostream& out, std::span<const RunId> only) {
    Transaction snapshot(m_connection, Transaction::Kind::Read);
    requireRuns(only);
    out << "{\"schema\": " << historyMigrations().back().version << ", \"exported\": \""
        << isoTime(currentTime()) << "\", \"plans\": [";
    bool first = true;
    for (const PlanId plan : only.empty() ? allPlans() : plansOf(only)) {
        out << (first ? "\n" : ",\n") << hj::validUtf8(planTextOf(showPlan(plan).plan, plan, true));
        first = false;
    }
    out << "],\n\"runs\": [";
    first = true;
    for (const RunId run : only.empty() ? allRuns() : std::vector<RunId>(only.begin(), only.end())) {
        out << (first ? "\n" : ",\n") << hj::validUtf8(runText(show(run)));
        first = false;
    }
    out << "\n]}\n";
    finishExport(out);
}

std::vector<PlanId> History::plansOf(std::span<const RunId> runs) {
    std::set<PlanId> plans;
    Statement row(
        m_connection,
        "WITH RECURSIVE of (id) AS (SELECT plan_id FROM runs WHERE id = ?1 AND plan_id IS NOT NULL "
        "UNION SELECT plan_id FROM searches WHERE run_id = ?1 AND plan_id IS NOT NULL "
        "UNION SELECT p.parent_id FROM plans p JOIN of ON p.id = of.id WHERE p.parent_id IS NOT NULL) "
        "SELECT id FROM of");
    for (const RunId run : runs) {
        row.reset();
        for (row.bind(run.value); row.step();) plans.insert(PlanId(row.integer(0)));
    }
    return {plans.begin(), plans.end()};
}

void History::exportCsv(std::ostream& out, std::span<const RunId> only) {
    Transaction snapshot(m_connection, Transaction::Kind::Read);
    requireRuns(only);
    out << line({"run",          "command", "status", "started", "finished",        "seconds", "model",
                 "model_sha256", "plan",    "device", "backend", "program_version", "cpu",     "seed",
                 "measurement",  "unit",    "value",  "samples", "error",           "context"});
    for (const RunId run : only.empty() ? allRuns() : std::vector<RunId>(only.begin(), only.end())) {
        const RunDetail detail = show(run);
        const std::vector<std::string> start = runFields(detail);
        std::vector<Measurement> rows = detail.measurements;
        if (rows.empty()) {
            std::vector<std::string> fields = start;
            fields.resize(fields.size() + 6);
            out << line(fields);
        }
        for (const Measurement& m : rows) {
            std::vector<std::string> fields = start;
            for (const std::string& value : {m.name, m.unit, realField(m.value), std::to_string(m.samples),
                                             m.error ? realField(*m.error) : std::string(), m.context})
                fields.push_back(value);
            out << line(fields);
        }
    }
    finishExport(out);
}

} // namespace moa
