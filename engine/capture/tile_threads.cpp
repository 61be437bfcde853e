#include "engine/capture/tile_threads.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <thread>

namespace moa {

Completion runPieces(std::size_t count, int threads, const std::stop_token& stop, const TilePiece& piece) {
    std::atomic<std::size_t> next{0};
    std::atomic<bool> cancelled{false};
    std::mutex deliver, failing;
    std::exception_ptr failure;
    const auto work = [&] {
        TileWorkspace workspace;
        try {
            for (std::size_t i = next++; i < count && !cancelled; i = next++)
                if (stop.stop_requested() || !piece(i, workspace, deliver)) cancelled = true;
        } catch (...) {
            const std::lock_guard lock(failing);
            if (!failure) failure = std::current_exception();
            cancelled = true;
        }
    };
    {
        std::vector<std::jthread> helpers;
        const auto wanted = std::min<std::size_t>(count, static_cast<std::size_t>(std::max(threads, 1)));
        for (std::size_t t = 1; t < wanted; ++t) helpers.emplace_back(work);
        work();
    }
    if (failure) std::rethrow_exception(failure);
    return cancelled ? Completion::Cancelled : Completion::Done;
}

} // namespace moa
