// What the history promises when things go wrong for real: writers killed at any moment, a file system that
// is full, one that is read-only. MOA_KILLS sets how many writers are killed (200 in the slow run).
#include "store/query/run_search.h"
#include "tests/store/store_samples.h"

#include <csignal>
#include <cstdlib>
#include <map>
#include <random>
#include <sched.h>
#include <sys/mount.h>
#include <thread>

namespace moa {
namespace {

/// A row whose commit() returned, as its writer told over a pipe.
struct Acknowledged {
    std::int64_t id = 0, number = 0;
};

/// A process that writes runs until it is killed.
class Writer {
public:
    Writer(const std::string& path, std::int64_t first) {
        int ends[2];
        if (::pipe(ends) != 0) throw std::runtime_error("no pipe");
        m_child = ::fork();
        if (m_child == 0) {
            ::close(ends[0]);
            write(path, first, ends[1]);
        }
        ::close(ends[1]);
        m_read = ends[0];
    }
    ~Writer() {
        if (m_child > 0) kill();
        ::close(m_read);
    }
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;

    void kill() {
        ::kill(m_child, SIGKILL);
        int status = 0;
        ::waitpid(m_child, &status, 0);
        m_child = 0;
    }
    /// What it told before it died.
    std::vector<Acknowledged> told() const {
        std::vector<Acknowledged> list;
        for (Acknowledged a; ::read(m_read, &a, sizeof a) == sizeof a;) list.push_back(a);
        return list;
    }

private:
    [[noreturn]] static void write(const std::string& path, std::int64_t number, int out) {
        try {
            History own = History::open(path, OpenMode::ReadWrite, 60'000);
            for (;; ++number) {
                RunRecord run = sampleRun();
                run.seed = static_cast<std::uint64_t>(number);
                run.prompt = PromptRef{"prompt " + std::to_string(number), 1,
                                       "words of number" + std::to_string(number)};
                run.series = {{"kl", "nats", 0, std::vector<float>(64, static_cast<float>(number))}};
                RunId id;
                if (number % 3 == 0) {
                    id = own.begin(run);
                    own.finish(id, run);
                } else {
                    id = own.recordRun(run);
                }
                if (number % 5 == 0) own.setNote(id, "note of " + std::to_string(number));
                const Acknowledged told{id.value, number};
                if (::write(out, &told, sizeof told) != sizeof told) ::_exit(2);
            }
        } catch (...) {
            ::_exit(3);
        }
    }

    pid_t m_child = -1;
    int m_read = -1;
};

int killsAsked() {
    const char* text = std::getenv("MOA_KILLS");
    return text == nullptr ? 16 : std::atoi(text);
}

void expectAllThere(const std::string& path, const std::map<std::int64_t, std::int64_t>& acknowledged) {
    History history = History::open(path);
    EXPECT_TRUE(history.check().empty());
    std::map<std::int64_t, RunSummary> there;
    for (const RunSummary& run : history.list({.limit = 0})) there[run.id.value] = run;
    for (const auto& [id, number] : acknowledged) {
        const auto found = there.find(id);
        ASSERT_NE(found, there.end()) << "run " << id << " was acknowledged";
        EXPECT_EQ(found->second.seed, static_cast<std::uint64_t>(number));
        EXPECT_EQ(found->second.status, RunStatus::Done);
        EXPECT_EQ(found->second.measurements, 2);
    }
    for (const auto& [id, run] : there)
        if (run.status != RunStatus::Interrupted) {
            EXPECT_EQ(run.measurements, 2) << "half a run " << id;
        }
}

TEST(Durability, WritersKilledAtAnyMomentLoseNothingTheyAcknowledged) {
    const StoreFolder folder;
    const std::string path = folder.file("h.sqlite");
    std::mt19937 random(20260101);
    std::map<std::int64_t, std::int64_t> acknowledged;
    std::int64_t first = 0;
    const int kills = killsAsked();
    constexpr int kCheckEvery = 20;
    for (int killed = 0; killed < kills; killed += 2) {
        Writer a(path, first += 100'000), b(path, first += 100'000); // two write at once
        std::this_thread::sleep_for(std::chrono::microseconds(random() % 60'000));
        a.kill();
        std::this_thread::sleep_for(std::chrono::microseconds(random() % 20'000));
        b.kill();
        for (const Writer* writer : {&a, &b})
            for (const Acknowledged& told : writer->told()) {
                EXPECT_TRUE(acknowledged.emplace(told.id, told.number).second) << "two rows of one number";
            }
        if (killed % kCheckEvery == 0 || killed + 2 >= kills) expectAllThere(path, acknowledged);
        if (testing::Test::HasFatalFailure()) return;
    }
    ASSERT_GT(acknowledged.size(), static_cast<std::size_t>(kills) / 4) << "they did write";
    // The full-text index took part in every transaction.
    History history = History::open(path);
    RunSearch search(history);
    const auto& [id, number] = *acknowledged.rbegin();
    const RunList found = search.find(parseQuery("number" + std::to_string(number)));
    ASSERT_EQ(found.runs.size(), 1u);
    EXPECT_EQ(found.runs[0].value, id);
    EXPECT_EQ(search.find(parseQuery("\"words of\"")).runs.size(), history.list({.limit = 0}).size());
}

/// Runs `body` in a child with a tmpfs of 3 MiB at `folder`. Skips where mounting is not allowed.
enum class Mounted { Good, Bad, Refused };
template <class Body>
Mounted onSmallDisk(const std::string& folder, Body&& body) {
    const pid_t child = ::fork();
    if (child == 0) {
        if (::unshare(CLONE_NEWNS) != 0 || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
            ::mount("tmpfs", folder.c_str(), "tmpfs", 0, "size=3m") != 0)
            ::_exit(2);
        bool good = false;
        try {
            good = body();
        } catch (const std::exception& e) {
            std::fprintf(stderr, "%s\n", e.what());
        }
        ::_exit(good ? 0 : 1);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return !WIFEXITED(status)         ? Mounted::Bad
           : WEXITSTATUS(status) == 0 ? Mounted::Good
           : WEXITSTATUS(status) == 2 ? Mounted::Refused
                                      : Mounted::Bad;
}

#define EXPECT_ON_SMALL_DISK(...)                                                                            \
    switch (onSmallDisk(__VA_ARGS__)) {                                                                      \
    case Mounted::Refused:                                                                                   \
        GTEST_SKIP() << "this system lets no tmpfs be mounted";                                              \
    case Mounted::Bad:                                                                                       \
        FAIL() << "see above";                                                                               \
    case Mounted::Good:                                                                                      \
        break;                                                                                               \
    }

/// Says what was wrong: a child's failures are not the test's own.
bool holds(bool good, const char* what) {
    if (!good) std::fprintf(stderr, "not so: %s\n", what);
    return good;
}

TEST(Durability, AFullFileSystemKeepsWhatWasThereAndTheSessionGoesOn) {
    const StoreFolder folder;
    const std::string path = folder.file("h.sqlite");
    EXPECT_ON_SMALL_DISK(folder.path(), [&] {
        History history = History::open(path);
        folder.write("filler", std::string(1'500'000, 'x'));
        RunRecord run = sampleRun();
        run.result = "\"" + std::string(20'000, 'y') + "\"";
        std::int64_t written = 0;
        StoreProblem problem = StoreProblem::Failed;
        try {
            for (; written < 1000; ++written) history.recordRun(run);
        } catch (const StoreError& e) {
            problem = e.problem();
        }
        bool good = holds(problem == StoreProblem::Full, "the disk is said to be full") &&
                    holds(written > 0, "rows before that");
        History memory = History::inMemory(); // the session goes on
        memory.recordRun(run);
        good = good &&
               holds(std::int64_t(history.list({.limit = 0}).size()) == written,
                     "every acknowledged row is there") &&
               holds(history.check().empty(), "it is sound");
        std::filesystem::remove(folder.file("filler"));
        history.recordRun(run);
        return good && holds(history.importFrom(memory).runs == 1, "what memory kept is added") &&
               holds(std::int64_t(history.list({.limit = 0}).size()) == written + 2, "all of it");
    });
}

TEST(Durability, ABackupOntoAFullDiskLeavesNothing) {
    const StoreFolder folder, source;
    History history = History::open(source.file("h.sqlite"));
    RunRecord run = sampleRun();
    run.result = "\"" + std::string(4'000'000, 'y') + "\"";
    history.recordRun(run);
    EXPECT_ON_SMALL_DISK(folder.path(), [&] {
        History own = History::open(source.file("h.sqlite"), OpenMode::ReadOnly);
        StoreProblem problem = StoreProblem::Failed;
        try {
            own.backup(folder.file("copy.sqlite"));
        } catch (const StoreError& e) {
            problem = e.problem();
        }
        return holds(problem == StoreProblem::Full, "the disk is said to be full") &&
               holds(std::filesystem::is_empty(folder.path()), "nothing is left");
    });
}

TEST(Durability, AReadOnlyFileSystemIsReadAndSaysSo) {
    const StoreFolder folder;
    const std::string path = folder.file("h.sqlite");
    EXPECT_ON_SMALL_DISK(folder.path(), [&] {
        { History::open(path).recordRun(sampleRun()); }
        if (::mount("tmpfs", folder.path().c_str(), "tmpfs", MS_REMOUNT | MS_RDONLY, "size=3m") != 0)
            return false;
        History history = History::open(path);
        RunSearch search(history);
        StoreProblem problem = StoreProblem::Failed;
        try {
            history.recordRun(sampleRun());
        } catch (const StoreError& e) {
            problem = e.problem();
        }
        StoreProblem absent = StoreProblem::Full;
        try {
            History::open(folder.file("new.sqlite"));
        } catch (const StoreError& e) {
            absent = e.problem();
        }
        return holds(!history.writable(), "it knows") &&
               holds(history.outcome() == SchemaOutcome::ReadOnly, "its outcome") &&
               holds(search.find(parseQuery("half")).runs.size() == 1, "it can be searched") &&
               holds(problem == StoreProblem::ReadOnly, "writing names the reason") &&
               holds(absent != StoreProblem::Full, "a new one cannot be made");
    });
}

} // namespace
} // namespace moa
