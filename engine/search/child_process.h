// Work that cannot be interrupted, run in a child process that can. Private to engine/search.
// The child is a fork: it sees the caller's memory as it was, returns bytes through a pipe, and its standard
// output and error lead nowhere. Threads of the caller do not exist in it, so the work must not wait for any.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <stop_token>
#include <vector>

namespace moa {

/// Runs `work` in a child. When `stop` is requested or `deadline` passes, the child gets SIGINT (ignored
/// unless the work handles it), and is ended after `grace`. Returns its bytes; none where it was ended or
/// died. Throws Error where no child can be made.
std::optional<std::vector<std::byte>> runInChild(const std::function<std::vector<std::byte>()>& work,
                                                 std::stop_token stop,
                                                 std::chrono::steady_clock::time_point deadline,
                                                 std::chrono::milliseconds grace);

} // namespace moa
