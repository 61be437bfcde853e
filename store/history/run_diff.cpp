#include "store/history/run_diff.h"

#include "store/history/json_text.h"

#include <cmath>

namespace moa {
namespace {

std::string hashed(const std::string& name, const std::string& sha256) {
    return sha256.empty() ? name : name + " " + sha256;
}

std::string describe(const std::optional<ModelRef>& model) {
    return model ? hashed(model->name, model->sha256) : "";
}

std::string describe(const std::optional<ProfileRef>& profile) {
    return profile ? hashed(profile->path, profile->sha256) : "";
}

std::string describe(const std::optional<PromptRef>& prompt) {
    return prompt ? prompt->sha256 : "";
}

std::string describe(const Machine& m) {
    return m.cpu + ", " + std::to_string(m.cores) + " cores, " + std::to_string(m.memoryBytes) + " bytes, " +
           m.os + ", " + m.kernel;
}

std::string describePlan(const RunDetail& run) {
    if (!run.plan) return "";
    // The id stands for the content: equal plans share a row.
    return run.plan->name + " (plan " + std::to_string(run.summary.plan->value) + ")";
}

std::optional<double> valueOf(const Measurement& m) {
    if (std::isnan(m.value)) return std::nullopt;
    return m.value;
}

MeasurementDiff sideBySide(const Measurement* a, const Measurement* b) {
    const Measurement& known = a != nullptr ? *a : *b;
    MeasurementDiff diff{known.name, known.unit, known.context, {}, {}, {}, {}, {}};
    if (a != nullptr) diff.a = valueOf(*a);
    if (b != nullptr) diff.b = valueOf(*b);
    if (diff.a && diff.b) {
        diff.change = *diff.b - *diff.a;
        if (*diff.a != 0) diff.relative = *diff.change / std::abs(*diff.a);
        if (a->error || b->error) diff.error = std::hypot(a->error.value_or(0), b->error.value_or(0));
    }
    return diff;
}

} // namespace

std::string MeasurementDiff::verdict() const {
    if (!a && !b) return "identical"; // both without a value
    if (!change) return "missing";
    if (*change == 0) return "identical";
    if (!error) return "changed";
    return std::abs(*change) <= *error ? "within_error" : "drifted";
}

RunDiff diffRuns(const RunDetail& a, const RunDetail& b) {
    RunDiff diff{a.summary.id, b.summary.id, {}, {}};
    const auto field = [&](const char* name, const std::string& of, const std::string& other) {
        if (of != other) diff.fields.push_back({name, of, other});
    };
    field("command", a.summary.command, b.summary.command);
    const auto document = [&](const char* name, const std::string& of, const std::string& other) {
        field(name, historyjson::compact(of), historyjson::compact(other));
    };
    document("arguments", a.arguments, b.arguments);
    field("status", toString(a.summary.status), toString(b.summary.status));
    field("model", describe(a.model), describe(b.model));
    field("profile", describe(a.profile), describe(b.profile));
    field("plan", describePlan(a), describePlan(b));
    field("prompt", describe(a.prompt), describe(b.prompt));
    field("device", a.summary.device, b.summary.device);
    field("backend", a.summary.backend, b.summary.backend);
    field("machine", describe(a.machine), describe(b.machine));
    field("card", a.accelerator ? a.accelerator->name : "", b.accelerator ? b.accelerator->name : "");
    field("driver", a.accelerator ? a.accelerator->driver : "", b.accelerator ? b.accelerator->driver : "");
    field("program_version", a.programVersion, b.programVersion);
    document("versions", a.versions, b.versions);
    field("seed", a.summary.seed ? std::to_string(*a.summary.seed) : "",
          b.summary.seed ? std::to_string(*b.summary.seed) : "");
    document("settings", a.settings, b.settings);

    std::vector<bool> used(b.measurements.size());
    for (const Measurement& m : a.measurements) {
        const Measurement* match = nullptr;
        for (std::size_t i = 0; i < used.size() && match == nullptr; ++i) {
            const Measurement& other = b.measurements[i];
            if (used[i] || other.name != m.name ||
                historyjson::compact(other.context) != historyjson::compact(m.context))
                continue;
            used[i] = true;
            match = &other;
        }
        diff.measurements.push_back(sideBySide(&m, match));
    }
    for (std::size_t i = 0; i < used.size(); ++i)
        if (!used[i]) diff.measurements.push_back(sideBySide(nullptr, &b.measurements[i]));
    return diff;
}

} // namespace moa
