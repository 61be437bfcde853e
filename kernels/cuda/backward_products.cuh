// The two ways in which passes of attention backward multiply: mma.sync with 16 rows a warp, and Hopper's
// wgmma with 64 rows a warpgroup. Both leave a lane the same elements: rows lane / 4 and + 8 of its warp's
// 16, two columns of every eight. Products are begun and awaited, so that arithmetic runs beside them where
// the hardware allows.
#pragma once

#include "kernels/cuda/element.cuh"
#include "kernels/cuda/head_dims.cuh"
#include "kernels/cuda/hopper.cuh"
#include "kernels/cuda/ptx.cuh"
#include "kernels/cuda/wgmma.cuh"
#include "moa_kernels/cuda/attention_backward.h"

namespace moa::kernels::cuda {

inline constexpr int kBackwardWarps = 4, kBackwardThreads = kBackwardWarps * 32;
inline constexpr int kBackwardBlocks =
    2; ///< on a multiprocessor: one multiplies while the other does arithmetic
inline constexpr int kBackwardRows = kBackwardWarps * 16; ///< rows of a block, 16 a warp
inline constexpr int kBackwardTile = 64;                  ///< rows of the other side at once

/// Where a block's arrays lie in shared memory: two arrays of own rows, and for each stage two of the other
/// side's.
template <int RowsBytes, int TileBytes, int Stages>
struct BackwardLayout {
    static constexpr int kRowsBytes = RowsBytes, kTileBytes = TileBytes, kStages = Stages;
    static constexpr int kBytes = 2 * kRowsBytes + kStages * 2 * kTileBytes;
};

/// mma.sync: rows are padded so that ldmatrix meets no bank conflicts. One stage: cards of 8.6 and 8.9 have
/// little shared memory, and blocks hide each other's loads.
template <class T, int D>
struct WarpProducts : BackwardLayout<kBackwardRows*(2 * D + 16), kBackwardTile*(2 * D + 16), 1> {
    static constexpr int kPitch = 2 * D + 16;
    static constexpr bool kHopper = false;
    static constexpr int kUnit = 16; ///< rows that see a tile or skip it together

    template <int Rows>
    __device__ static std::uint32_t chunk(int row, int chunk) {
        return row * kPitch + chunk * 16;
    }
    /// Makes copies visible to the products of others, before a barrier.
    __device__ static void publish() {}

    /// c [16][64] = own rows · (rows of the tile)ᵀ. The first of two products is there at once.
    __device__ static void begin(float (&first)[8][4], float (&)[8][4], std::uint32_t rows,
                                 std::uint32_t tile) {
        multiply(first, rows, tile);
    }
    __device__ static void awaitFirst(float (&)[8][4]) {}
    /// Behind: products begun since, which need not be there.
    template <int Behind = 0>
    __device__ static void awaitSecond(float (&second)[8][4], std::uint32_t rows, std::uint32_t tile) {
        multiply(second, rows + WarpProducts::kRowsBytes, tile + WarpProducts::kTileBytes);
    }
    /// o [16][D] += x [16][64] · (rows of the tile); x is rounded to elements.
    __device__ static void accumulate(float (&o)[D / 8][4], const float (&x)[8][4], std::uint32_t tile) {
        const int lane = threadIdx.x % 32;
        const std::uint32_t from = tile + (lane & 15) * kPitch + (lane >> 4) * 16;
#pragma unroll
        for (int step = 0; step < 4; ++step) {
            const float(&y)[4] = x[2 * step];
            const float(&z)[4] = x[2 * step + 1];
            const std::uint32_t a[4] = {packPair<T>(y[0], y[1]), packPair<T>(y[2], y[3]),
                                        packPair<T>(z[0], z[1]), packPair<T>(z[2], z[3])};
#pragma unroll
            for (int pair = 0; pair < D / 16; ++pair) {
                std::uint32_t b[4];
                loadMatrix4Transposed(b, from + step * 16 * kPitch + pair * 32);
                mma16816<T>(o[2 * pair], a, b[0], b[1]);
                mma16816<T>(o[2 * pair + 1], a, b[2], b[3]);
            }
        }
    }
    __device__ static void awaitAccumulate(float (&)[D / 8][4]) {}

private:
    __device__ static void multiply(float (&c)[8][4], std::uint32_t rows, std::uint32_t tile) {
        const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
        const std::uint32_t left = rows + (warp * 16 + (lane & 15)) * kPitch + (lane >> 4) * 16;
        const std::uint32_t right = tile + ((lane & 7) + (lane >> 4) * 8) * kPitch + ((lane >> 3) & 1) * 16;
#pragma unroll
        for (int n = 0; n < 8; ++n) c[n][0] = c[n][1] = c[n][2] = c[n][3] = 0;
#pragma unroll
        for (int step = 0; step < D / 16; ++step) {
            std::uint32_t a[4];
            loadMatrix4(a, left + step * 32);
#pragma unroll
            for (int pair = 0; pair < 4; ++pair) {
                std::uint32_t b[4];
                loadMatrix4(b, right + pair * 16 * kPitch + step * 32);
                mma16816<T>(c[2 * pair], a, b[0], b[1]);
                mma16816<T>(c[2 * pair + 1], a, b[2], b[3]);
            }
        }
    }
};

/// wgmma: arrays are panels of 64 columns, 128-byte rows swizzled by 128 bytes; both warpgroups multiply
/// alike.
template <class T, int D>
struct GroupProducts : BackwardLayout<kBackwardRows * 2 * D, kBackwardTile * 2 * D, 2> {
    static constexpr bool kHopper = true;
    static constexpr int kUnit = 64;
    static constexpr int kRowsPanel = kBackwardRows * 128, kTilePanel = kBackwardTile * 128;

    template <int Rows>
    __device__ static std::uint32_t chunk(int row, int chunk) {
        return chunk / 8 * (Rows * 128) + row * 128 + ((chunk ^ row) & 7) * 16;
    }
    __device__ static void publish() { asm volatile("fence.proxy.async.shared::cta;" ::: "memory"); }

    __device__ static void begin(float (&first)[8][4], float (&second)[8][4], std::uint32_t rows,
                                 std::uint32_t tile) {
        fence(first), fence(second);
        wgmmaFence();
        multiply(first, rows, tile);
        wgmmaCommit();
        multiply(second, rows + GroupProducts::kRowsBytes, tile + GroupProducts::kTileBytes);
        wgmmaCommit();
    }
    __device__ static void awaitFirst(float (&first)[8][4]) {
        wgmmaWait<1>();
        fence(first);
    }
    template <int Behind = 0>
    __device__ static void awaitSecond(float (&second)[8][4], std::uint32_t, std::uint32_t) {
        wgmmaWait<Behind>();
        fence(second);
    }
    __device__ static void accumulate(float (&o)[D / 8][4], const float (&x)[8][4], std::uint32_t tile) {
        std::uint32_t a[4][4];
#pragma unroll
        for (int step = 0; step < 4; ++step) {
            const float(&y)[4] = x[2 * step];
            const float(&z)[4] = x[2 * step + 1];
            a[step][0] = packPair<T>(y[0], y[1]), a[step][1] = packPair<T>(y[2], y[3]);
            a[step][2] = packPair<T>(z[0], z[1]), a[step][3] = packPair<T>(z[2], z[3]);
#pragma unroll
            for (int i = 0; i < 4; ++i) asm volatile("" : "+r"(a[step][i])::"memory");
        }
        fence(o);
        wgmmaFence();
#pragma unroll
        for (int step = 0; step < 4; ++step)
            Wgmma<T, D>::registers(flat(o), a[step], tileDescriptor(tile + step * 16 * 128, kTilePanel));
        wgmmaCommit();
    }
    __device__ static void awaitAccumulate(float (&o)[D / 8][4]) {
        wgmmaWait<0>();
        fence(o);
    }

private:
    template <int N>
    __device__ static float (&flat(float (&c)[N][4]))[N * 4] {
        return reinterpret_cast<float(&)[N * 4]>(c);
    }
    /// Keeps the compiler from moving accesses to accumulators across the waits for the products that make
    /// them.
    template <int N>
    __device__ static void fence(float (&c)[N][4]) {
#pragma unroll
        for (int n = 0; n < N; ++n)
#pragma unroll
            for (int i = 0; i < 4; ++i) asm volatile("" : "+f"(c[n][i])::"memory");
    }
    __device__ static void multiply(float (&c)[8][4], std::uint32_t rows, std::uint32_t tile) {
        const int group = threadIdx.x / 128;
#pragma unroll
        for (int step = 0; step < D / 16; ++step) {
            const int within = step % 4 * 32;
            Wgmma<T, 64>::shared(flat(c),
                                 tileDescriptor(rows + step / 4 * kRowsPanel + group * 64 * 128 + within),
                                 tileDescriptor(tile + step / 4 * kTilePanel + within), step > 0);
        }
    }
};

/// Whether code of a kernel with these products exists for the architecture being compiled.
#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
template <class P>
inline constexpr bool kCompiledHere = true;
#else
template <class P>
inline constexpr bool kCompiledHere = !P::kHopper;
#endif

template <class Element_, int HeadDim, class Products_>
struct BackwardKind {
    using T = Element_;
    using P = Products_;
    static constexpr int D = HeadDim;
};

/// Calls f with the element, the head dimension and the products that the current device is served with.
template <class F>
cudaError_t withBackwardKind(const AttentionBackwardParams& p, F&& f) {
    int device = 0, major = 0;
    if (const auto e = cudaGetDevice(&device); e != cudaSuccess) return e;
    cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, device);
    return withElement(p.element, [&]<class T>(T) {
        return withHeadDim(p.headDim, [&]<int D>(std::integral_constant<int, D>) {
#ifdef MOA_CUDA_HAS_90A
            if constexpr (D == 64 || D == 128)
                if (major == 9 && !p.portable) return f(BackwardKind<T, D, GroupProducts<T, D>>{});
#endif
            return f(BackwardKind<T, D, WarpProducts<T, D>>{});
        });
    });
}

} // namespace moa::kernels::cuda
