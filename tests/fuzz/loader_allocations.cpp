// See loader_allocations.h. In a file of its own so that no call is inlined away from its counterpart.
#include "tests/fuzz/loader_allocations.h"

#include <atomic>
#include <cstdlib>
#include <new>

namespace {
std::atomic<std::size_t> g_largest{0};
}

void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
    std::size_t seen = g_largest.load();
    while (seen < bytes && !g_largest.compare_exchange_weak(seen, bytes)) {
    }
    return std::malloc(bytes > 0 ? bytes : 1);
}

void* operator new(std::size_t bytes) {
    if (void* memory = operator new(bytes, std::nothrow)) return memory;
    throw std::bad_alloc();
}

void operator delete(void* memory) noexcept {
    std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
    std::free(memory);
}
void operator delete(void* memory, const std::nothrow_t&) noexcept {
    std::free(memory);
}

namespace moa {

void resetLargestAllocation() {
    g_largest = 0;
}
std::size_t largestAllocation() {
    return g_largest;
}

} // namespace moa
