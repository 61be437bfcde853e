#include "tests/ui/history/history_samples.h"

#include <algorithm>
#include <cmath>

namespace moa::test {
namespace {

const char* const kCommands[] = {"score", "retrieval", "compare", "validate", "generate"};
const char* const kPlans[] = {"balanced-50", "uniform-50", "balanced-25"};

std::string planJson(int number) {
    return R"({"alphas": [[0, 0], [0, 0]], "betas": [[0.5, 0.5], [0.5, )" + std::to_string(0.25 + 0.01 * number) +
           R"(]], "moa_workbench": {"version": 1, "kv_heads": 2, "sink": 64, "block": 64}})";
}

ModelRef model(int i) {
    ModelRef ref{i % 7 == 0 ? "smollm2" : "moa-tiny", std::string(64, i % 7 == 0 ? 'b' : 'a'), {}};
    ref.shape.layers = 2;
    ref.shape.heads = ref.shape.kvHeads = 2;
    ref.shape.headDim = 32;
    ref.shape.context = 16384;
    return ref;
}

RunRecord sample(int i, TimePoint when) {
    RunRecord run;
    run.command = kCommands[i % 5];
    run.arguments = {run.command, "moa-tiny", "--seed", std::to_string(i % 9)};
    run.model = model(i);
    run.device = "cpu";
    run.backend = "cpu";
    run.seed = std::uint64_t(i % 9);
    run.started = when;
    run.prompt = PromptRef{std::string(60, 'c') + std::to_string(1000 + i % 20), 1024, "Line " + std::to_string(i) + ": the harbor is closed."};
    const int plan = i % 4;
    if (plan > 0) run.plan = PlanRef{kPlans[plan - 1], planJson(plan), std::string(63, 'd') + std::to_string(plan), plan == 2 ? "uniform" : "search", std::nullopt};
    const double density = plan == 0 ? 1.0 : plan == 3 ? 0.25 : 0.5;
    const std::string at = R"({"length": )" + std::to_string(1024 << (i % 4)) + R"(, "density": )" + std::to_string(density) + "}";
    run.measurements = {{run.command == "compare" ? "kl" : "nll_mean", "nats", 0.01 + (1 - density) * 0.1 + 0.01 * std::sin(i), 20, 0.004, at},
                        {"decode_tok_s", "tok/s", 120 + 20 * (1 - density) + 3 * std::cos(i), 5, 1.5, "{}"},
                        {"kv_bytes", "bytes", 8e6 * density, 1, std::nullopt, "{}"}};
    if (run.command == "compare") {
        run.result = i % 3 == 0 ? R"({"first_divergence": null})" : R"({"first_divergence": )" + std::to_string(3 + i % 40) + "}";
        Series kl{"kl", "nats", 0, {}};
        for (int t = 0; t < 64; ++t) kl.values.push_back(float(0.01 * std::abs(std::sin(t * 0.7 + i))));
        run.series = {kl};
    }
    if (i % 23 == 11) {
        run.status = RunStatus::Failed;
        run.error = "does not fit in memory: needs 4.0 GiB, 2.1 GiB is free";
        run.measurements.clear();
    }
    return run;
}

} // namespace

void fillHistory(const QString& path, int runs) {
    History history = History::open(path.toStdString());
    const TimePoint now = currentTime();
    std::vector<RunRecord> batch;
    for (int i = 1; i <= runs; ++i) {
        RunRecord run = sample(i, now - std::chrono::minutes(runs - i));
        if (i == 4 || i == 2) {
            run.command = i == 2 ? "profile" : "search";
            run.arguments = {run.command};
            run.plan.reset();
            run.profile = ProfileRef{"calibrated.moaprofile", std::string(64, 'e'), {1024, 4096}, 12, "lines,facts"};
            run.error.clear();
            run.status = RunStatus::Done;
        }
        if (i == 4)
            run.searches = {{PlanRef{"balanced-50", planJson(1), std::string(63, 'd') + "1", "search", std::nullopt}, "elastic", "head", "lagrangian", 4096, 0.5, 0.0152,
                             0.0151, 0.0021, 0.4, "optimal", R"({"density": 0.5})"}};
        if (i == 6 || i == 8) {
            run = sample(5, now - std::chrono::minutes(runs - i)); // the same but for what it measured
            run.plan = PlanRef{"balanced-50", planJson(1), std::string(63, 'd') + "1", "search", std::nullopt};
        }
        if (i == 8) run.measurements[0].value *= 1.25;
        batch.push_back(std::move(run));
    }
    // One by one up to the repetition, whose original must have a number first.
    const auto head = std::min<std::size_t>(batch.size(), 8);
    for (std::size_t i = 0; i < head; ++i) {
        if (i == 7) batch[i].rerunOf = RunId(6);
        history.recordRun(batch[i]);
    }
    constexpr std::size_t kAtOnce = 2000;
    for (std::size_t i = head; i < batch.size(); i += kAtOnce)
        history.recordRuns(std::span(batch).subspan(i, std::min(kAtOnce, batch.size() - i)));
    const std::vector<RunId> tagged = {RunId(1), RunId(6)};
    const std::vector<std::string> tags = {"baseline"};
    history.addTags(tagged, tags);
    history.setNote(RunId(6), "Kept for the report.\nCompare it with the uniform plan.");
}

std::vector<std::string> hostileTexts() {
    return {"<b>bold</b><img src=x onerror=alert(1)>",
            "'; DROP TABLE runs; --",
            "two\nlines\tand a tab",
            std::string("nul\0inside", 10),
            "\xE2\x80\xAEright to left\xE2\x80\xAC",
            "broken \xFF\xFE utf-8",
            "%s %1 %n {0} &amp; &lt;",
            std::string(20'000, 'x')};
}

void addHostileRuns(const QString& path) {
    History history = History::open(path.toStdString());
    for (const std::string& text : hostileTexts()) {
        RunRecord run = sample(5, currentTime());
        run.model = model(1);
        run.model->name = text;
        run.plan = PlanRef{text, planJson(1), "", "import", std::nullopt};
        run.device = text;
        run.status = RunStatus::Failed;
        run.error = text;
        run.measurements[0].name = "nll_mean";
        const std::vector<RunId> runs = {history.recordRun(run)};
        history.setNote(runs[0], text);
        const bool mayBeTag = text.size() <= 64 && std::ranges::none_of(text, [](unsigned char c) { return c < 0x20 || c >= 0x80; });
        if (mayBeTag) history.addTags(runs, std::vector<std::string>{text});
    }
}

void markNewer(const QString& path) {
    History history = History::open(path.toStdString());
    history.connection().execute("UPDATE schema_meta SET version = 99");
}

} // namespace moa::test
