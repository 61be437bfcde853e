#include "engine/core/heap_use.h"

#include <cstddef>

#include <malloc.h>

// Sanitizers bring their own allocator, which mallinfo2() knows nothing of; elsewhere the symbol is null.
extern "C" std::size_t __sanitizer_get_current_allocated_bytes() __attribute__((weak));

namespace moa {

std::uint64_t heapBytes() {
    if (&__sanitizer_get_current_allocated_bytes != nullptr) return __sanitizer_get_current_allocated_bytes();
    const struct mallinfo2 info = ::mallinfo2();
    return static_cast<std::uint64_t>(info.uordblks) + static_cast<std::uint64_t>(info.hblkhd);
}

} // namespace moa
