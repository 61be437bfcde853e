// A fixed set of threads that share the items of one loop at a time. Items are claimed one by one, so uneven
// items balance; results must not depend on who runs what.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace moa {

class ThreadPool {
public:
    explicit ThreadPool(int threads);
    ~ThreadPool();
    ThreadPool(const ThreadPool&) = delete;
    ThreadPool& operator=(const ThreadPool&) = delete;

    int threads() const { return static_cast<int>(m_workers.size()) + 1; }
    /// Runs task(item, worker) for every item in [0, count); the caller is worker 0. Not reentrant; `task` must
    /// not throw.
    void run(std::int64_t count, const std::function<void(std::int64_t item, int worker)>& task);

private:
    void work(int worker);
    void claimItems(int worker);

    std::vector<std::thread> m_workers;
    std::mutex m_mutex;
    std::condition_variable m_wake;
    const std::function<void(std::int64_t, int)>* m_task = nullptr;
    std::int64_t m_count = 0;
    std::atomic<std::int64_t> m_next{0};
    std::atomic<std::uint64_t> m_generation{0};
    std::atomic<int> m_busy{0};
    std::atomic<bool> m_stop{false};
};

} // namespace moa
