#include "store/history/json_import.h"

#include "store/history/json_text.h"
#include "store/history/run_status.h"
#include "store/schema/schema.h"
#include "store/sqlite/statement.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>

namespace moa {
namespace {

constexpr std::uintmax_t kMostBytes = 900'000'000; // SQLite's longest text is a little more

[[noreturn]] void refuse(const std::string& path, const std::string& where, const std::string& expected) {
    throw StoreError(path, where, expected, StoreProblem::Foreign);
}

std::string readAll(const std::string& path) {
    std::error_code failed;
    const auto size =
        std::filesystem::is_regular_file(path, failed) ? std::filesystem::file_size(path, failed) : 0;
    std::ifstream in(path, std::ios::binary);
    if (failed || !in) throw StoreError(path, "", "there is no such file", StoreProblem::Missing);
    if (size > kMostBytes)
        refuse(path, "", "expected at most 900 MB of JSON; import the history file itself");
    return {std::istreambuf_iterator<char>(in), {}};
}

/// Parts of one JSON object. Numbers of 64 unsigned bits are read as text, because SQLite would round them.
class Part {
public:
    Part(const Connection& c, std::string json) : m_c(c), m_json(std::move(json)) {}

    explicit operator bool() const { return m_json != "null" && !m_json.empty(); }
    std::string text(const char* path) const { return ask("SELECT json_extract(?1, ?2)", path).value_or(""); }
    /// The JSON at `path`; empty: nothing there.
    std::string json(const char* path) const { return ask("SELECT ?1 -> ?2", path).value_or(""); }
    Part part(const char* path) const { return {m_c, json(path)}; }
    std::int64_t integer(const char* path) const { return optionalInteger(path).value_or(0); }
    std::optional<std::int64_t> optionalInteger(const char* path) const { return number<std::int64_t>(path); }
    std::optional<std::uint64_t> unsignedInteger(const char* path) const {
        return number<std::uint64_t>(path);
    }
    std::optional<double> real(const char* path) const { return number<double>(path); }
    std::vector<Part> list(const char* path) const {
        std::vector<Part> parts;
        // Elements that are no objects are taken as they are; they have no parts.
        for (Statement row(m_c, "SELECT value FROM json_each(?, ?)", m_json, path); row.step();)
            if (!row.isNull(0)) parts.emplace_back(m_c, row.text(0));
        return parts;
    }
    const std::string& raw() const { return m_json; }

private:
    std::optional<std::string> ask(const char* sql, const char* path) const {
        Statement row(m_c, sql, m_json, path);
        if (!row.step() || row.isNull(0)) return std::nullopt;
        return row.text(0);
    }
    template <class Number>
    std::optional<Number> number(const char* path) const {
        const std::string value = json(path);
        Number parsed{};
        const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), parsed);
        if (value.empty() || error != std::errc() || end != value.data() + value.size()) return std::nullopt;
        return parsed;
    }

    const Connection& m_c;
    std::string m_json;
};

std::string objectOr(const std::string& json, const char* other) {
    return json.empty() || json == "null" ? other : json;
}

std::optional<PlanRef> planOf(const Part& p) {
    if (!p) return std::nullopt;
    return PlanRef{p.text("$.name"), objectOr(p.json("$.plan"), "{}"), p.text("$.sha256"), p.text("$.origin"),
                   std::nullopt};
}

std::optional<ModelRef> modelOf(const Part& p) {
    if (!p) return std::nullopt;
    ModelRef model{p.text("$.name"), p.text("$.sha256"), {}, p.text("$.quantisation")};
    ModelConfig& s = model.shape;
    s.architecture = p.text("$.architecture");
    const std::pair<const char*, int*> fields[] = {{"$.layers", &s.layers},    {"$.heads", &s.heads},
                                                   {"$.kv_heads", &s.kvHeads}, {"$.head_dim", &s.headDim},
                                                   {"$.hidden", &s.hidden},    {"$.vocab", &s.vocab},
                                                   {"$.context", &s.context}};
    for (const auto& [path, field] : fields) *field = static_cast<int>(p.integer(path));
    return model;
}

std::optional<ProfileRef> profileOf(const Part& p) {
    if (!p) return std::nullopt;
    return ProfileRef{p.text("$.path"),
                      p.text("$.sha256"),
                      historyjson::integersOf(p.json("$.lengths")),
                      static_cast<int>(p.integer("$.samples")),
                      p.text("$.calibration"),
                      p.text("$.calibration_sha256"),
                      p.unsignedInteger("$.calibration_seed"),
                      p.optionalInteger("$.bytes")};
}

std::optional<PromptRef> promptOf(const Part& p) {
    if (!p) return std::nullopt;
    PromptRef prompt{p.text("$.sha256"), p.integer("$.tokens")};
    if (!p.json("$.text").empty() && p.json("$.text") != "null") prompt.text = p.text("$.text");
    return prompt;
}

Measurement measurementOf(const Part& p) {
    return {p.text("$.name"),
            p.text("$.unit"),
            p.real("$.value").value_or(std::numeric_limits<double>::quiet_NaN()),
            p.integer("$.samples"),
            p.real("$.error"),
            objectOr(p.json("$.context"), "{}")};
}

SearchRecord searchOf(const Part& p) {
    SearchRecord s;
    s.plan = planOf(p.part("$.plan"));
    s.estimate = p.text("$.estimate");
    s.granularity = p.text("$.granularity");
    s.solver = p.text("$.solver");
    s.objectiveLength = static_cast<int>(p.integer("$.objective_length"));
    s.densityBound = p.real("$.density_bound");
    s.loss = p.real("$.loss");
    s.bound = p.real("$.bound");
    s.gap = p.real("$.gap");
    s.seconds = p.real("$.seconds").value_or(0);
    s.status = p.text("$.status");
    s.limits = objectOr(p.json("$.limits"), "{}");
    return s;
}

Series seriesOf(const Connection& c, const Part& p) {
    Series s{p.text("$.name"), p.text("$.unit"), p.integer("$.start"), {}};
    for (Statement row(c, "SELECT value FROM json_each(?, '$.values')", p.raw()); row.step();)
        s.values.push_back(row.isNull(0) ? std::numeric_limits<float>::quiet_NaN()
                                         : static_cast<float>(row.real(0)));
    return s;
}

void readSummary(const Part& p, RunSummary& s) {
    s.command = p.text("$.command");
    s.status = statusNamed(p.text("$.status"));
    s.device = p.text("$.device");
    s.backend = p.text("$.backend");
    s.seed = p.unsignedInteger("$.seed");
    s.id = RunId(p.integer("$.id"));
    if (const auto of = p.optionalInteger("$.rerun_of")) s.rerunOf = RunId(*of);
    s.started = parseIsoTime(p.text("$.started")).value_or(TimePoint{});
    s.finished = parseIsoTime(p.text("$.finished"));
}

} // namespace

JsonImport::JsonImport(const std::string& path)
    : m_path(path), m_memory(":memory:", Connection::Access::Create, 0) {
    const std::string text = readAll(path);
    const char* const expected = "expected a history, or what moa history export writes";
    Statement valid(m_memory, "SELECT json_valid(?)", text);
    if (!valid.step() || valid.integer(0) != 1) refuse(path, "", expected);
    Statement kind(m_memory, "SELECT json_type(?1, '$.runs'), json_extract(?1, '$.schema')", text);
    if (!kind.step() || kind.text(0) != "array") refuse(path, "$.runs", expected);
    if (kind.integer(1) > historyMigrations().back().version)
        throw StoreError(path, "schema " + kind.text(1),
                         "it was exported by a newer program; import it there", StoreProblem::Newer);
    m_memory.execute(
        "CREATE TABLE runs (id INTEGER PRIMARY KEY, json TEXT); CREATE TABLE plans (json TEXT);");
    Statement(m_memory, "INSERT INTO runs SELECT key, value FROM json_each(?, '$.runs')", text).run();
    Statement(m_memory, "INSERT INTO plans SELECT value FROM json_each(?, '$.plans')", text).run();
    Statement count(m_memory, "SELECT count(*) FROM runs");
    count.step();
    m_runs = count.integer(0);
}

std::vector<ExportedPlan> JsonImport::plans() {
    std::vector<ExportedPlan> list;
    for (Statement row(m_memory, "SELECT json FROM plans WHERE json_type(json) = 'object'"); row.step();) {
        const Part part(m_memory, row.text(0));
        ExportedPlan plan{part.integer("$.id"), planOf(part).value_or(PlanRef{})};
        if (const auto parent = part.optionalInteger("$.parent")) plan.plan.parent = PlanId(*parent);
        // SQLite gives the document without its spaces; the hash is of the text with them.
        if (const std::string text = part.text("$.text"); !text.empty()) {
            m_texts[{plan.plan.name, plan.plan.json}] = text;
            plan.plan.json = text;
        }
        list.push_back(std::move(plan));
    }
    return list;
}

void JsonImport::restoreText(std::optional<PlanRef>& plan) const {
    if (!plan) return;
    const auto text = m_texts.find({plan->name, plan->json});
    if (text != m_texts.end()) plan->json = text->second;
}

RunDetail JsonImport::run(std::int64_t index) {
    const std::string where = "$.runs[" + std::to_string(index) + "]";
    try {
        RunDetail run = readRun(index, where);
        restoreText(run.plan);
        for (SearchRecord& search : run.searches) restoreText(search.plan);
        return run;
    } catch (const StoreError& e) {
        if (e.path() == m_path) throw;
        throw StoreError(m_path, where, "expected a run: " + e.expected(), StoreProblem::BadValue);
    }
}

RunDetail JsonImport::readRun(std::int64_t index, const std::string& where) {
    Statement row(m_memory,
                  "SELECT json FROM runs WHERE id = ? AND json_valid(json) AND json_type(json) = 'object'",
                  index);
    if (!row.step()) throw StoreError(m_path, where, "expected a run", StoreProblem::BadValue);
    const Part p(m_memory, row.text(0));
    RunDetail d;
    readSummary(p, d.summary);
    if (d.summary.command.empty() || d.summary.started == TimePoint{})
        throw StoreError(m_path, where, "expected a run with a command and the time it started",
                         StoreProblem::BadValue);
    d.uid = p.text("$.uid");
    d.arguments = objectOr(p.json("$.arguments"), "[]");
    d.programVersion = p.text("$.program_version");
    d.versions = objectOr(p.json("$.versions"), "{}");
    d.settings = objectOr(p.json("$.settings"), "{}");
    d.result = objectOr(p.json("$.result"), "{}");
    d.error = p.text("$.error");
    const Part machine = p.part("$.machine");
    d.machine = {machine.text("$.cpu"), static_cast<int>(machine.integer("$.cores")),
                 machine.integer("$.memory_bytes"), machine.text("$.os"), machine.text("$.kernel")};
    if (const Part card = p.part("$.accelerator"))
        d.accelerator = Accelerator{card.text("$.name"), card.integer("$.memory_bytes"),
                                    card.text("$.driver"), card.text("$.runtime")};
    d.model = modelOf(p.part("$.model"));
    d.profile = profileOf(p.part("$.profile"));
    d.plan = planOf(p.part("$.plan"));
    d.prompt = promptOf(p.part("$.prompt"));
    for (const Part& m : p.list("$.measurements")) d.measurements.push_back(measurementOf(m));
    for (const Part& s : p.list("$.searches")) d.searches.push_back(searchOf(s));
    for (const Part& s : p.list("$.series")) d.series.push_back(seriesOf(m_memory, s));
    for (const Part& tag : p.list("$.tags")) d.tags.push_back(tag.raw());
    d.note = p.text("$.note");
    return d;
}

} // namespace moa
