// Several processes and threads with one history: every run arrives, once and whole.
#include "tests/store/store_samples.h"

#include <atomic>
#include <csignal>
#include <set>
#include <thread>

namespace moa {
namespace {

TEST(HistoryParallel, ProcessesThatCreateItTogetherLoseNothing) {
    const StoreFolder folder;
    const std::string path = folder.file("h.sqlite");
    constexpr int kProcesses = 4, kRuns = 8;
    std::vector<pid_t> children;
    for (int p = 0; p < kProcesses; ++p) {
        const pid_t child = ::fork();
        if (child == 0) {
            int done = 0;
            try {
                History own = History::open(path, OpenMode::ReadWrite, 60'000);
                for (; done < kRuns; ++done) own.recordRun(sampleRun());
            } catch (...) {
            }
            ::_exit(done == kRuns ? 0 : 1);
        }
        children.push_back(child);
    }
    for (const pid_t child : children) {
        int status = 0;
        ASSERT_EQ(::waitpid(child, &status, 0), child);
        EXPECT_EQ(status, 0);
    }
    History history = History::open(path);
    const auto runs = history.list({.limit = 0});
    EXPECT_EQ(runs.size(), std::size_t(kProcesses * kRuns));
    for (const RunSummary& r : runs) EXPECT_EQ(r.measurements, 2);
    EXPECT_TRUE(history.check().empty());
}

TEST(HistoryParallel, ThreadsWriteWhileOthersRead) {
    const StoreFolder folder;
    const std::string path = folder.file("h.sqlite");
    History history = History::open(path);
    std::atomic<int> writing{2}, failures{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 2; ++t)
        threads.emplace_back([&] {
            try {
                History own = History::open(path, OpenMode::ReadWrite, 60'000);
                for (int i = 0; i < 10; ++i) {
                    const RunId id = own.begin(sampleRun());
                    RunEnd end = sampleRun();
                    own.finish(id, end);
                }
            } catch (const std::exception&) {
                ++failures;
            }
            --writing;
        });
    while (writing > 0)
        for (const RunSummary& r : history.list({.limit = 0}))
            EXPECT_EQ(r.measurements, r.status == RunStatus::Running ? 0 : 2) << "half a run";
    for (std::thread& t : threads) t.join();
    EXPECT_EQ(failures, 0);
    EXPECT_EQ(history.list({.limit = 0}).size(), 20u);
}

TEST(HistoryParallel, AKilledWriterLeavesWholeRunsOnly) {
    const StoreFolder folder;
    const std::string path = folder.file("h.sqlite");
    { History::open(path); }
    for (int round = 0; round < 5; ++round) {
        const pid_t child = ::fork();
        if (child == 0) {
            History own = History::open(path);
            for (;;) own.recordRun(sampleRun());
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(20 + 15 * round));
        ::kill(child, SIGKILL);
        int status = 0;
        ASSERT_EQ(::waitpid(child, &status, 0), child);
        History history = History::open(path);
        EXPECT_TRUE(history.check().empty());
        for (const RunSummary& r : history.list({.limit = 0})) {
            EXPECT_EQ(r.status, RunStatus::Done);
            EXPECT_EQ(r.measurements, 2);
        }
    }
}

} // namespace
} // namespace moa
