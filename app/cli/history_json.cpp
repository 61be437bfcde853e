#include "app/cli/history_json.h"

namespace moa::cli {
namespace {

using Json = nlohmann::json;

template <class T>
Json orNull(const std::optional<T>& value) {
    return value ? Json(*value) : Json(nullptr);
}

Json textOrNull(const std::string& text) {
    return text.empty() ? Json(nullptr) : Json(text);
}

Json idOrNull(const std::optional<RunId>& id) {
    return id ? Json(id->value) : Json(nullptr);
}

Json toJson(const Measurement& m) {
    return {{"name", m.name},       {"unit", m.unit},           {"value", m.value},
            {"samples", m.samples}, {"error", orNull(m.error)}, {"context", parseStored(m.context)}};
}

Json toJson(const Series& s) {
    return {{"name", s.name}, {"unit", s.unit}, {"start", s.start}, {"values", s.values}};
}

Json toJson(const PlanRef& plan) {
    return {{"name", plan.name},
            {"sha256", textOrNull(plan.sha256)},
            {"origin", plan.origin},
            {"file", parseStored(plan.json)}};
}

Json toJson(const SearchRecord& s) {
    return {{"plan", s.plan ? toJson(*s.plan) : Json(nullptr)},
            {"estimate", s.estimate},
            {"granularity", s.granularity},
            {"solver", s.solver},
            {"objective_length", s.objectiveLength},
            {"density_bound", orNull(s.densityBound)},
            {"loss", orNull(s.loss)},
            {"bound", orNull(s.bound)},
            {"gap", orNull(s.gap)},
            {"seconds", s.seconds},
            {"status", s.status},
            {"limits", parseStored(s.limits)}};
}

template <class T>
Json listOf(const std::vector<T>& values) {
    Json list = Json::array();
    for (const T& value : values) list.push_back(toJson(value));
    return list;
}

} // namespace

Json parseStored(const std::string& text) {
    const Json value = Json::parse(text, nullptr, false);
    return value.is_discarded() ? Json(nullptr) : value;
}

Json toJson(const RunSummary& run) {
    return {{"id", run.id.value},
            {"command", run.command},
            {"status", toString(run.status)},
            {"started", isoTime(run.started)},
            {"finished", run.finished ? Json(isoTime(*run.finished)) : Json(nullptr)},
            {"model", textOrNull(run.modelName)},
            {"plan", textOrNull(run.planName)},
            {"device", run.device},
            {"backend", run.backend},
            {"seed", orNull(run.seed)},
            {"rerun_of", idOrNull(run.rerunOf)},
            {"measurements", run.measurements}};
}

Json toJson(const RunDetail& run) {
    Json json = toJson(run.summary);
    json["uid"] = run.uid;
    json["arguments"] = parseStored(run.arguments);
    json["program_version"] = run.programVersion;
    json["versions"] = parseStored(run.versions);
    json["settings"] = parseStored(run.settings);
    json["result"] = parseStored(run.result);
    json["error"] = textOrNull(run.error);
    json["machine"] = {{"cpu", run.machine.cpu},
                       {"cores", run.machine.cores},
                       {"memory_bytes", run.machine.memoryBytes},
                       {"os", run.machine.os},
                       {"kernel", run.machine.kernel}};
    if (run.model)
        json["model"] = {{"name", run.model->name},
                         {"sha256", textOrNull(run.model->sha256)},
                         {"quantisation", textOrNull(run.model->quantisation)}};
    if (run.prompt)
        json["prompt"] = {{"sha256", run.prompt->sha256},
                          {"tokens", run.prompt->tokens},
                          {"text", orNull(run.prompt->text)}};
    if (run.accelerator)
        json["accelerator"] = {{"name", run.accelerator->name},
                               {"memory_bytes", run.accelerator->memoryBytes},
                               {"driver", run.accelerator->driver},
                               {"runtime", run.accelerator->runtime}};
    json["tags"] = run.tags;
    json["note"] = textOrNull(run.note);
    if (run.profile)
        json["profile"] = {{"path", run.profile->path},
                           {"sha256", textOrNull(run.profile->sha256)},
                           {"lengths", run.profile->lengths},
                           {"samples", run.profile->samples},
                           {"calibration", run.profile->calibration}};
    if (run.plan) json["plan"] = toJson(*run.plan);
    json["measurements"] = listOf(run.measurements);
    json["searches"] = listOf(run.searches);
    json["series"] = listOf(run.series);
    return json;
}

Json toJson(const RunDiff& diff) {
    Json fields = Json::array(), measurements = Json::array();
    for (const FieldDiff& f : diff.fields) fields.push_back({{"name", f.name}, {"a", f.a}, {"b", f.b}});
    for (const MeasurementDiff& m : diff.measurements)
        measurements.push_back({{"name", m.name},
                                {"unit", m.unit},
                                {"context", parseStored(m.context)},
                                {"a", orNull(m.a)},
                                {"b", orNull(m.b)},
                                {"change", orNull(m.change)},
                                {"relative", orNull(m.relative)},
                                {"error", orNull(m.error)},
                                {"verdict", m.verdict()}});
    return {{"a", diff.a.value}, {"b", diff.b.value}, {"fields", fields}, {"measurements", measurements}};
}

} // namespace moa::cli
