#include "app/cli/commands/bench_history.h"

#include "app/cli/text_table.h"

#include "engine/core/format.h"
#include "store/query/run_search.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <random>

namespace moa::cli {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

double msSince(Clock::time_point start) {
    return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

/// A folder that vanishes with what is in it.
class BenchFolder {
public:
    BenchFolder() {
        std::string name = (fs::temp_directory_path() / "moa-bench-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) throw Error("cannot make a temporary folder for the bench");
        m_path = name;
    }
    ~BenchFolder() {
        std::error_code none;
        fs::remove_all(m_path, none);
    }
    BenchFolder(const BenchFolder&) = delete;
    BenchFolder& operator=(const BenchFolder&) = delete;
    std::string file() const { return (m_path / "history.sqlite").string(); }

private:
    fs::path m_path;
};

/// Runs as people make them: few models and plans, many prompts of common and rare words, some notes and
/// tags.
class RunMaker {
public:
    explicit RunMaker(std::uint64_t seed) : m_random(seed) {
        for (int i = 0; i < kWords; ++i) m_words.push_back("w" + std::to_string(i * 7919 % 100'003));
    }

    RunRecord next(int number, int of) {
        RunRecord run;
        run.command = std::array{"compare", "retrieval", "validate", "search", "score"}[below(5)];
        run.arguments = {run.command, "model", "plan.json", "--text-file", "prompt.txt"};
        run.started =
            kFirst + std::chrono::minutes(static_cast<std::int64_t>(kYears * 525'600.0 * number / of));
        const int model = below(6);
        run.model =
            ModelRef{"model-" + std::to_string(model), std::string(64, static_cast<char>('a' + model)), {}};
        run.plan = planOf(below(60));
        run.device = below(4) == 0 ? "cpu Example" : "cuda:0 Example Card";
        run.backend = run.device.substr(0, run.device.find_first_of(": "));
        run.seed = m_random();
        run.settings =
            R"({"max_new": 256, "prompt_tokens": 4096, "sampling": {"temperature": 0, "top_k": 0}})";
        run.result =
            "{\"first_divergence\": " + std::to_string(below(300)) + ", \"text\": \"" + text(40) + "\"}";
        run.prompt = promptOf(below(of / 5 + 1));
        run.status = below(40) == 0 ? RunStatus::Failed : RunStatus::Done;
        if (run.status == RunStatus::Failed)
            run.error = "out of memory: needs " + std::to_string(below(90)) + " GiB";
        const std::string context =
            "{\"length\": " + std::to_string(1024 << below(6)) + ", \"density\": 0.5}";
        run.measurements = {{"kl", "nats", share() * share(), 256, 0.01, context},
                            {"decode_tok_s", "tok/s", 60 + 40 * share(), 256, 1.5, context},
                            {"retrieval", "", share(), 60, 0.03, context}};
        run.series = {{"kl", "nats", 0, numbers()}, {"rank", "", 0, numbers()}};
        return run;
    }
    int below(int n) { return static_cast<int>(m_random() % static_cast<std::uint64_t>(n)); }
    const std::string& word(int n) const { return m_words[static_cast<std::size_t>(n)]; }

private:
    static constexpr int kWords = 5000, kYears = 3;
    static constexpr TimePoint kFirst{std::chrono::milliseconds(1'700'000'000'000)};

    double share() { return static_cast<double>(m_random() % 1'000'000) / 1e6; }
    std::vector<float> numbers() {
        std::vector<float> values(64);
        for (float& v : values) v = static_cast<float>(share());
        return values;
    }
    /// Low words are common, as in any language.
    std::string text(int words) {
        std::string out;
        for (int i = 0; i < words; ++i) out += (i == 0 ? "" : " ") + word(below(1 + below(kWords)));
        return out;
    }
    static PlanRef planOf(int n) {
        const std::string number = std::to_string(n);
        return {"plan-" + number + ".json", "{\"alphas\": [[" + number + "]], \"betas\": [[0]]}",
                "plan" + number, "search", std::nullopt};
    }
    PromptRef promptOf(int n) { return {"prompt" + std::to_string(n), 4096, text(60)}; }

    std::mt19937_64 m_random;
    std::vector<std::string> m_words;
};

void fill(History& history, int runs, RunMaker& maker, CliContext& cli) {
    const ProgressFn progress = cli.progress();
    constexpr int kBatch = 1000;
    for (int done = 0; done < runs;) {
        cli.throwIfCancelled();
        std::vector<RunRecord> batch;
        for (; batch.size() < kBatch && done < runs; ++done) batch.push_back(maker.next(done, runs));
        const std::vector<RunId> ids = history.recordRuns(batch);
        std::vector<RunId> tagged;
        for (const RunId id : ids)
            if (maker.below(20) == 0) tagged.push_back(id);
        const std::string tag = "tag-" + std::to_string(maker.below(8));
        history.addTags(tagged, std::span(&tag, 1));
        for (std::size_t i = 0; i < tagged.size(); i += 8)
            history.setNote(tagged[i], "a note about " + maker.word(maker.below(5000)));
        progress({"write runs", done, runs});
    }
}

/// Milliseconds of `work`, again and again.
template <class Work>
Json timesOf(int times, Work&& work) {
    std::vector<double> ms;
    for (int i = 0; i < times; ++i) {
        const auto start = Clock::now();
        work(i);
        ms.push_back(msSince(start));
    }
    std::ranges::sort(ms);
    return {{"median_ms", ms[ms.size() / 2]}, {"worst_ms", ms.back()}};
}

/// Finds with facets, as every key stroke of the page does. Each time another number or word, so that nothing
/// is remembered.
Json benchQueries(RunSearch& search, RunMaker& maker) {
    const auto number = [](int i) { return std::to_string(0.01 * i); };
    const std::pair<const char*, std::function<std::string(int)>> queries[] = {
        {"measure", [&](int i) { return "kl>" + number(i); }},
        {"measure_and_plan",
         [&](int i) {
             return "kl<0." + std::to_string(10 + i) + " plan:plan-" + std::to_string(i) + " command:compare";
         }},
        {"date_and_status",
         [&](int i) {
             return "after:2025-0" + std::to_string(1 + i % 9) +
                    " -status:failed n>=" + std::to_string(2000 + i);
         }},
        {"tag_and_device",
         [&](int i) {
             return "tag:tag-" + std::to_string(i % 8) + " device:cuda density<" + number(60 + i);
         }},
        {"text_common", [&](int i) { return maker.word(i); }},
        {"text_rare", [&](int i) { return maker.word(3000 + 17 * i); }},
        {"text_phrase", [&](int i) { return "\"" + maker.word(i) + " " + maker.word(i + 1) + "\""; }},
        {"text_beginning", [&](int i) { return "w" + std::to_string(1 + i % 9); }},
    };
    Json result = Json::object();
    constexpr int kTimes = 15;
    for (const auto& [name, text] : queries) {
        std::size_t found = 0;
        result[name] = timesOf(kTimes, [&](int i) {
            const Query query = parseQuery(text(i));
            found = search.find(query).runs.size();
        });
        result[name]["found"] = found;
        result[name]["facets"] = timesOf(kTimes, [&](int i) {
            search.facets(parseQuery(text(i) + " run:1-" + std::to_string(1'000'000 + i)));
        });
    }
    return result;
}

Json measure(const std::string& file, RunMaker& maker, int runs) {
    constexpr int kTimes = 9, kPage = 60, kPages = 200;
    Json result;
    result["open"] = timesOf(kTimes, [&](int) {
        History history = History::open(file);
        RunSearch search(history);
        const RunList list = search.find({});
        search.rows(std::span(list.runs).first(std::min<std::size_t>(kPage, list.runs.size())));
    });
    History history = History::open(file);
    RunSearch search(history);
    const RunList all = search.find({});
    result["facets"] = timesOf(kTimes, [&](int) { search.facets({}); });
    result["queries"] = benchQueries(search, maker);
    result["page"] = timesOf(kPages, [&](int) {
        const auto most = static_cast<int>(std::max<std::size_t>(1, all.runs.size() - kPage));
        search.rows(std::span(all.runs).subspan(static_cast<std::size_t>(maker.below(most)),
                                                std::min<std::size_t>(kPage, all.runs.size())));
    });
    result["sort_by_measure"] = timesOf(kTimes, [&](int) { search.find({}, {RunKey::Measure, true, "kl"}); });
    result["record_run"] = timesOf(kTimes, [&](int i) { history.recordRun(maker.next(i, runs)); });
    result["refresh_after_write"] = timesOf(kTimes, [&](int i) {
        History other = History::open(file);
        other.recordRun(maker.next(i, runs));
        search.find({});
    });
    return result;
}

std::string describe(const Json& result) {
    TextTable table({"", "median, ms", "worst, ms", "found"});
    const auto add = [&](const std::string& name, const Json& row) {
        table.add({name, formatFixed(row["median_ms"].get<double>(), 1),
                   formatFixed(row["worst_ms"].get<double>(), 1),
                   row.contains("found") ? row["found"].dump() : ""});
    };
    for (const char* name :
         {"open", "facets", "page", "sort_by_measure", "record_run", "refresh_after_write"})
        add(name, result[name]);
    for (const auto& [name, row] : result["queries"].items()) {
        add(name, row);
        add(name + ", facets", row["facets"]);
    }
    return table.text() +
           keyValueLines({{"runs", result["runs"].dump()},
                          {"file", formatBytes(result["bytes"].get<std::uint64_t>())},
                          {"written in", formatFixed(result["write_seconds"].get<double>(), 1) + " s"}});
}

} // namespace

ExitCode runBenchHistory(int runs, CliContext& cli) {
    cli.beginRun({.command = "bench", .settings = {{"what", "history"}, {"runs", runs}}});
    const BenchFolder folder;
    RunMaker maker(cli.options.seed + 1);
    const auto start = Clock::now();
    {
        History history = History::open(folder.file());
        fill(history, runs, maker, cli);
    }
    const double seconds = msSince(start) / 1000;
    Json result = measure(folder.file(), maker, runs);
    result.update({{"what", "history"},
                   {"runs", runs},
                   {"write_seconds", seconds},
                   {"bytes", fs::file_size(folder.file())}});
    std::vector<Measurement> measurements;
    const std::string context = Json{{"runs", runs}}.dump();
    for (const char* name : {"open", "page", "facets"})
        measurements.push_back({std::string("history_") + name + "_ms", "ms",
                                result[name]["median_ms"].get<double>(), 1, std::nullopt, context});
    return cli.conclude(
        {.result = result, .text = describe(result), .measurements = std::move(measurements)});
}

} // namespace moa::cli
