#include "engine/backend/cpu/thread_pool.h"

#include <chrono>

namespace moa {

namespace {

// A decode step starts dozens of loops a millisecond: workers look for the next one a while before they sleep.
constexpr std::chrono::microseconds kSpin{100};

template <class Ready>
bool spinUntil(Ready ready) {
    const auto end = std::chrono::steady_clock::now() + kSpin;
    do {
        for (int i = 0; i < 64; ++i) {
            if (ready()) return true;
#if defined(__x86_64__)
            __builtin_ia32_pause();
#endif
        }
    } while (std::chrono::steady_clock::now() < end);
    return ready();
}

} // namespace

ThreadPool::ThreadPool(int threads) {
    for (int w = 1; w < threads; ++w) m_workers.emplace_back([this, w] { work(w); });
}

ThreadPool::~ThreadPool() {
    {
        const std::lock_guard lock(m_mutex);
        m_stop = true;
        ++m_generation;
    }
    m_wake.notify_all();
    for (auto& worker : m_workers) worker.join();
}

void ThreadPool::claimItems(int worker) {
    for (;;) {
        const std::int64_t item = m_next.fetch_add(1);
        if (item >= m_count) return;
        (*m_task)(item, worker);
    }
}

void ThreadPool::run(std::int64_t count, const std::function<void(std::int64_t, int)>& task) {
    if (m_workers.empty() || count <= 1) {
        for (std::int64_t i = 0; i < count; ++i) task(i, 0);
        return;
    }
    {
        const std::lock_guard lock(m_mutex);
        m_task = &task;
        m_count = count;
        m_next = 0;
        m_busy = static_cast<int>(m_workers.size());
        ++m_generation;
    }
    m_wake.notify_all();
    claimItems(0);
    // Workers finish their last item in microseconds; yielding lets them run where cores are scarce.
    while (m_busy.load() != 0)
        if (!spinUntil([this] { return m_busy.load() == 0; })) std::this_thread::yield();
}

void ThreadPool::work(int worker) {
    std::uint64_t seen = 0;
    for (;;) {
        if (!spinUntil([&] { return m_generation.load() != seen; })) {
            std::unique_lock lock(m_mutex);
            m_wake.wait(lock, [&] { return m_generation.load() != seen; });
        }
        seen = m_generation.load();
        if (m_stop) return;
        {
            // The loop's fields were written under the mutex.
            const std::lock_guard lock(m_mutex);
        }
        claimItems(worker);
        --m_busy;
    }
}

} // namespace moa
