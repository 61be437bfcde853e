// The pool: every item once, loops one after the other without a gap, ends cleanly. Run under `tsan` too.
#include "engine/backend/cpu/thread_pool.h"

#include <gtest/gtest.h>

#include <chrono>
#include <numeric>

namespace moa {
namespace {

TEST(ThreadPool, RunsEveryItemOnceAndTellsWhoRanIt) {
    for (const int threads : {1, 2, 3, 8}) {
        ThreadPool pool(threads);
        EXPECT_EQ(pool.threads(), threads);
        for (const std::int64_t count : {0, 1, 2, 7, 1000}) {
            std::vector<int> runs(static_cast<std::size_t>(count)), workers(runs.size(), -1);
            pool.run(count, [&](std::int64_t item, int worker) {
                ++runs[static_cast<std::size_t>(item)]; // plain: no two workers share an item
                workers[static_cast<std::size_t>(item)] = worker;
            });
            for (std::size_t i = 0; i < runs.size(); ++i) {
                EXPECT_EQ(runs[i], 1);
                EXPECT_TRUE(workers[i] >= 0 && workers[i] < threads);
            }
        }
    }
}

TEST(ThreadPool, ALoopSeesWhatTheOneBeforeItWrote) {
    // Plain memory, shared from loop to loop: the pool itself has to order them.
    ThreadPool pool(3);
    std::vector<std::int64_t> values(64);
    for (int round = 0; round < 2000; ++round)
        pool.run(64, [&](std::int64_t item, int) {
            const auto from = static_cast<std::size_t>((item + 1) % 64), at = static_cast<std::size_t>(item);
            if (round % 2 == 0)
                values[at] = item + round;
            else
                EXPECT_EQ(values[from], static_cast<std::int64_t>(from) + round - 1);
        });
}

TEST(ThreadPool, WorkersThatSleptWakeUp) {
    ThreadPool pool(2);
    for (int round = 0; round < 3; ++round) {
        std::this_thread::sleep_for(std::chrono::milliseconds(5)); // longer than the workers look for work
        std::atomic<std::int64_t> sum = 0;
        pool.run(100, [&](std::int64_t item, int) { sum += item; });
        EXPECT_EQ(sum, 4950);
    }
}

TEST(ThreadPool, BothThreadsWorkOnLongItems) {
    ThreadPool pool(2);
    std::vector<int> workers(2, -1);
    std::atomic<int> inside = 0;
    // Each item waits for the other: only two threads can finish this.
    pool.run(2, [&](std::int64_t item, int worker) {
        workers[static_cast<std::size_t>(item)] = worker;
        ++inside;
        while (inside < 2) std::this_thread::yield();
    });
    EXPECT_NE(workers[0], workers[1]);
}

TEST(ThreadPool, EndsWithoutEverRunning) {
    for (int i = 0; i < 50; ++i) ThreadPool pool(3);
}

} // namespace
} // namespace moa
