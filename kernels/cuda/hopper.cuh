// Hopper's asynchronous machinery, one thin function each: barriers in shared memory, the tensor copy engine,
// warpgroup fences, register hand-over, descriptors of swizzled tiles.
#pragma once

#include "kernels/cuda/ptx.cuh"

#include <cuda.h>

namespace moa::kernels::cuda {

/// A barrier in shared memory by its address.
struct Barrier {
    std::uint32_t address;

    __device__ void init(int arrivals) const {
        asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(address), "r"(arrivals));
    }
    __device__ void arrive() const {
        asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(address) : "memory");
    }
    /// Arrives and announces `bytes` of copies that complete on this barrier.
    __device__ void expect(int bytes) const {
        asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(address), "r"(bytes)
                     : "memory");
    }
    /// Until the phase of this parity has completed.
    __device__ void wait(int parity) const {
        asm volatile("{\n.reg .pred done;\nAGAIN:\n"
                     "mbarrier.try_wait.parity.shared::cta.b64 done, [%0], %1;\n"
                     "@done bra DONE;\nbra AGAIN;\nDONE:\n}\n" ::"r"(address),
                     "r"(parity)
                     : "memory");
    }
};

/// One box of a four-dimensional tensor (column, token, head, sequence) to shared memory.
__device__ inline void copyBox(const CUtensorMap* map, std::uint32_t shared, Barrier barrier, int column,
                               int token, int head, int sequence) {
    asm volatile(
        "cp.async.bulk.tensor.4d.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1, {%3, %4, %5, "
        "%6}], [%2];" ::"r"(shared),
        "l"(map), "r"(barrier.address), "r"(column), "r"(token), "r"(head), "r"(sequence)
        : "memory");
}

__device__ inline void prefetchMap(const CUtensorMap* map) {
    asm volatile("prefetch.tensormap [%0];" ::"l"(map) : "memory");
}

__device__ inline void wgmmaFence() {
    asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
}
__device__ inline void wgmmaCommit() {
    asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");
}
template <int Pending>
__device__ inline void wgmmaWait() {
    asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(Pending) : "memory");
}

template <int Registers>
__device__ inline void takeRegisters() {
    asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;" ::"n"(Registers));
}
template <int Registers>
__device__ inline void giveRegisters() {
    asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;" ::"n"(Registers));
}

__device__ inline void namedBarrierSync(int id, int threads) {
    asm volatile("bar.sync %0, %1;" ::"r"(id), "r"(threads) : "memory");
}
__device__ inline void namedBarrierArrive(int id, int threads) {
    asm volatile("bar.arrive %0, %1;" ::"r"(id), "r"(threads) : "memory");
}

/// Descriptor of a tile of 128-byte rows, swizzled by 128 bytes, eight rows every 1,024 bytes. For an N-major
/// operand `panelBytes` is the distance between panels of 64 columns.
__device__ inline std::uint64_t tileDescriptor(std::uint32_t shared, int panelBytes = 16) {
    return static_cast<std::uint64_t>((shared & 0x3ffff) >> 4) |
           static_cast<std::uint64_t>(panelBytes >> 4) << 16 | static_cast<std::uint64_t>(1024 >> 4) << 32 |
           static_cast<std::uint64_t>(1) << 62;
}

} // namespace moa::kernels::cuda
