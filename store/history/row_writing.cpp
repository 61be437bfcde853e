#include "store/history/row_writing.h"

#include "store/history/json_text.h"
#include "store/history/series_blob.h"
#include "store/sqlite/statement.h"

namespace moa::rows {
namespace {

/// Runs `find`, else `insert` with the same values; the id either way.
template <class... Values>
std::int64_t findOrInsert(Connection& c, std::string_view find, std::string_view insert,
                          const Values&... values) {
    Statement found(c, find, values...);
    if (found.step()) return found.integer(0);
    Statement(c, insert, values...).run();
    return c.lastInsertId();
}

OptionalRow onCalibration(Connection& c, const ProfileRef& p) {
    if (p.calibration.empty()) return std::nullopt;
    return findOrInsert(c, "SELECT id FROM calibrations WHERE name = ? AND sha256 = ? AND seed IS ?",
                        "INSERT INTO calibrations (name, sha256, seed) VALUES (?, ?, ?)", p.calibration,
                        p.calibrationSha256, wrapped(p.calibrationSeed));
}

OptionalRow parentOf(Connection& c, const PlanRef& plan) {
    if (plan.parent) return plan.parent->value;
    if (plan.parentSha256.empty()) return std::nullopt;
    Statement found(c, "SELECT id FROM plans WHERE sha256 = ? ORDER BY id DESC LIMIT 1", plan.parentSha256);
    return found.step() ? OptionalRow(found.integer(0)) : std::nullopt;
}

} // namespace

void requireJson(const Connection& c, const std::string& text, const std::string& what) {
    Statement valid(c, "SELECT json_valid(?)", text);
    // SQLite's parser stops at a NUL and would call the rest valid.
    if (!valid.step() || valid.integer(0) != 1 || text.find('\0') != std::string::npos)
        throw StoreError(c.path(), what, "expected a JSON document", StoreProblem::BadValue);
}

std::int64_t onMachine(Connection& c, const Machine& m) {
    return findOrInsert(
        c,
        "SELECT id FROM machines WHERE cpu = ? AND cores = ? AND memory_bytes = ? AND os = ? AND kernel = ?",
        "INSERT INTO machines (cpu, cores, memory_bytes, os, kernel) VALUES (?, ?, ?, ?, ?)", m.cpu, m.cores,
        m.memoryBytes, m.os, m.kernel);
}

OptionalRow onAccelerator(Connection& c, const std::optional<Accelerator>& a) {
    if (!a) return std::nullopt;
    return findOrInsert(
        c, "SELECT id FROM accelerators WHERE name = ? AND memory_bytes = ? AND driver = ? AND runtime = ?",
        "INSERT INTO accelerators (name, memory_bytes, driver, runtime) VALUES (?, ?, ?, ?)", a->name,
        a->memoryBytes, a->driver, a->runtime);
}

OptionalRow onModel(Connection& c, const std::optional<ModelRef>& model) {
    if (!model) return std::nullopt;
    const ModelConfig& s = model->shape;
    const std::int64_t id = findOrInsert(
        c,
        "SELECT id FROM models WHERE name = ? AND sha256 = ? AND architecture = ? AND layers = ? AND "
        "heads = ? AND kv_heads = ? AND head_dim = ? AND hidden = ? AND vocab = ? AND context = ?",
        "INSERT INTO models (name, sha256, architecture, layers, heads, kv_heads, head_dim, hidden, "
        "vocab, context) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        model->name, model->sha256, s.architecture, s.layers, s.heads, s.kvHeads, s.headDim, s.hidden,
        s.vocab, s.context);
    if (!model->quantisation.empty())
        Statement(c, "UPDATE models SET quantisation = ? WHERE id = ? AND quantisation = ''",
                  model->quantisation, id)
            .run();
    return id;
}

OptionalRow onProfile(Connection& c, const std::optional<ProfileRef>& p, OptionalRow model) {
    if (!p) return std::nullopt;
    const std::int64_t id = findOrInsert(
        c,
        "SELECT id FROM profiles WHERE path = ? AND sha256 = ? AND lengths = ? AND samples = ? AND "
        "calibration = ?",
        "INSERT INTO profiles (path, sha256, lengths, samples, calibration) VALUES (?, ?, ?, ?, ?)", p->path,
        p->sha256, historyjson::array(p->lengths), p->samples, p->calibration);
    // One that says more about its texts takes the place of one that says less.
    const bool detailed = !p->calibrationSha256.empty() || p->calibrationSeed;
    Statement(c,
              "UPDATE profiles SET model_id = coalesce(model_id, ?1), bytes = coalesce(bytes, ?2), "
              "calibration_id = iif(?4, ?3, coalesce(calibration_id, ?3)) WHERE id = ?5",
              model, p->bytes, onCalibration(c, *p), detailed ? 1 : 0, id)
        .run();
    ;
    return id;
}

OptionalRow onPlan(Connection& c, const std::optional<PlanRef>& plan, OptionalRow model) {
    if (!plan) return std::nullopt;
    requireJson(c, plan->json, "plan");
    const OptionalRow parent = parentOf(c, *plan);
    // Equal text under an equal name is the same plan. Its length finds it: the text itself is in no index.
    Statement found(c, "SELECT id FROM plans WHERE length(json) = length(?1) AND json = ?1 AND name = ?2",
                    plan->json, plan->name);
    if (found.step()) {
        const std::int64_t id = found.integer(0);
        // What was not known when it was first seen. "file" only says that it came from a file.
        Statement(
            c,
            "UPDATE plans SET sha256 = iif(sha256 = '', ?2, sha256), origin = iif(origin IN ('', 'file') AND "
            "?3 <> '', ?3, origin), parent_id = iif(?4 <> ?1, coalesce(parent_id, ?4), parent_id), model_id "
            "= "
            "coalesce(model_id, ?5) WHERE id = ?1",
            id, plan->sha256, plan->origin, parent, model)
            .run();
        return id;
    }
    Statement(c,
              "INSERT INTO plans (name, json, sha256, origin, parent_id, model_id, created_at) "
              "VALUES (?, ?, ?, ?, ?, ?, ?)",
              plan->name, plan->json, plan->sha256, plan->origin, parent, model,
              currentTime().time_since_epoch().count())
        .run();
    return c.lastInsertId();
}

OptionalRow onPrompt(Connection& c, const std::optional<PromptRef>& prompt) {
    if (!prompt) return std::nullopt;
    if (prompt->sha256.empty())
        throw StoreError(c.path(), "prompt", "expected its hash", StoreProblem::BadValue);
    Statement found(c, "SELECT id, text IS NULL FROM prompts WHERE sha256 = ?", prompt->sha256);
    if (found.step()) {
        const std::int64_t id = found.integer(0);
        if (found.integer(1) != 0 && prompt->text)
            Statement(c, "UPDATE prompts SET text = ? WHERE id = ?", *prompt->text, id).run();
        return id;
    }
    Statement(c, "INSERT INTO prompts (sha256, tokens, text) VALUES (?, ?, ?)", prompt->sha256,
              prompt->tokens, prompt->text)
        .run();
    return c.lastInsertId();
}

void onMeasurements(Connection& c, RunId run, const std::vector<Measurement>& measurements) {
    if (measurements.empty()) return;
    // Length and density are what people filter by, under whatever name the command has for the length.
    Statement insert(
        c, "INSERT INTO measurements (run_id, name, unit, value, samples, error, context, length, density) "
           "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, CAST(coalesce(json_extract(?7, '$.length'), "
           "json_extract(?7, '$.tokens'), json_extract(?7, '$.prompt_tokens')) AS INTEGER), "
           "CAST(json_extract(?7, '$.density') AS REAL))");
    for (const Measurement& m : measurements) {
        requireJson(c, m.context, "measurement " + m.name + ", context");
        insert.bind(run.value, m.name, m.unit, m.value, m.samples, m.error, m.context).run();
    }
}

void onSearches(Connection& c, RunId run, const std::vector<SearchRecord>& searches, OptionalRow model) {
    for (const SearchRecord& s : searches) {
        requireJson(c, s.limits, "search, limits");
        Statement(c,
                  "INSERT INTO searches (run_id, plan_id, estimate, granularity, solver, objective_length, "
                  "density_bound, loss, bound, gap, seconds, status, limits) "
                  "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                  run.value, onPlan(c, s.plan, model), s.estimate, s.granularity, s.solver, s.objectiveLength,
                  s.densityBound, s.loss, s.bound, s.gap, s.seconds, s.status, s.limits)
            .run();
    }
}

void onSeries(Connection& c, RunId run, const std::vector<Series>& series) {
    if (series.empty()) return;
    Statement insert(c, "INSERT INTO series (run_id, name, unit, start, data) VALUES (?, ?, ?, ?, ?)");
    for (const Series& s : series)
        insert.bind(run.value, s.name, s.unit, s.start, seriesBytes(s.values)).run();
}

void onTags(Connection& c, RunId run, std::span<const std::string> tags) {
    for (const std::string& tag : tags) {
        const std::int64_t id =
            findOrInsert(c, "SELECT id FROM tags WHERE name = ?", "INSERT INTO tags (name) VALUES (?)", tag);
        Statement(c, "INSERT OR IGNORE INTO run_tags (run_id, tag_id) VALUES (?, ?)", run.value, id).run();
    }
}

void onNote(Connection& c, RunId run, const std::string& text) {
    if (text.empty())
        Statement(c, "DELETE FROM notes WHERE run_id = ?", run.value).run();
    else
        Statement(c,
                  "INSERT INTO notes (run_id, text, changed_at) VALUES (?, ?, ?) ON CONFLICT (run_id) DO "
                  "UPDATE SET "
                  "text = excluded.text, changed_at = excluded.changed_at",
                  run.value, text, currentTime().time_since_epoch().count())
            .run();
}

} // namespace moa::rows
