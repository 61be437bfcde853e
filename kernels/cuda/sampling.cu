// One block a row of logits: arg max, choice by a random number from what top-k, top-p and min-p keep, KL
// divergence. What is kept is always "all logits at or above a cut", found by bisecting the ordered bits of
// the logits.
#include "moa_kernels/cuda/sampling.h"

#include "kernels/cuda/launch.h"
#include "kernels/cuda/ptx.cuh"
#include "kernels/cuda/vector.cuh"

#include <cmath>

namespace moa::kernels::cuda {

namespace {

constexpr int kThreads = 1024;

/// Bits that order like the values.
__device__ std::uint32_t keyOf(float x) {
    const std::uint32_t bits = __float_as_uint(x);
    return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}

struct Best {
    float value;
    int id;
};

__device__ Best better(Best a, Best b) {
    return b.value > a.value || (b.value == a.value && b.id < a.id) ? b : a;
}

__device__ Best blockArgMax(const float* logits, int vocab) {
    __shared__ Best scratch[32];
    Best best{-INFINITY, 0x7fffffff};
    for (int i = threadIdx.x; i < vocab; i += kThreads) best = better(best, {logits[i], i});
    const auto reduce = [&] {
        for (int step = 16; step > 0; step /= 2)
            best =
                better(best, {__shfl_xor_sync(~0u, best.value, step), __shfl_xor_sync(~0u, best.id, step)});
    };
    reduce();
    if (threadIdx.x % 32 == 0) scratch[threadIdx.x / 32] = best;
    __syncthreads();
    best = scratch[threadIdx.x % 32];
    reduce();
    __syncthreads();
    if (best.id == 0x7fffffff) best.id = 0; // nothing but NaN
    return best;
}

struct Kept {
    float weight = 0, count = 0;
};

/// Sum of weights and number of the logits with key ≥ cut.
__device__ Kept keptFrom(const SampleParams& p, const float* logits, float top, std::uint32_t cut,
                         float* scratch) {
    float weight = 0, count = 0;
    for (int i = threadIdx.x; i < p.vocab; i += kThreads)
        if (keyOf(logits[i]) >= cut) weight += expf((logits[i] - top) / p.temperature), count += 1;
    return {blockSum(weight, scratch), blockSum(count, scratch)};
}

/// The highest cut ≥ `floor` for which enough is kept.
template <class Enough>
__device__ std::uint32_t highestCut(const SampleParams& p, const float* logits, float top,
                                    std::uint32_t floor, float* scratch, Enough enough) {
    std::uint32_t low = floor, high = keyOf(top);
    while (low < high) {
        const std::uint32_t middle = low + (high - low) / 2 + 1;
        if (enough(keptFrom(p, logits, top, middle, scratch)))
            low = middle;
        else
            high = middle - 1;
    }
    return low;
}

__device__ float nextUniform(std::uint64_t* state) {
    std::uint64_t z = *state += 0x9e3779b97f4a7c15ull;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return static_cast<float>((z ^ (z >> 31)) >> 40) * 0x1p-24f;
}

/// The token at which the running sum of the kept weights, by id, passes `left`.
__device__ int pick(const SampleParams& p, const float* logits, float top, std::uint32_t cut, float left,
                    int fallback) {
    __shared__ float warpSums[32];
    __shared__ int chosen;
    if (threadIdx.x == 0) chosen = 0x7fffffff;
    const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    float before = 0;
    for (int base = 0; base < p.vocab; base += kThreads) {
        const int i = base + threadIdx.x;
        const bool kept = i < p.vocab && keyOf(logits[i]) >= cut;
        const float weight = kept ? expf((logits[i] - top) / p.temperature) : 0.f;
        float sum = weight;
        for (int step = 1; step < 32; step *= 2) {
            const float other = __shfl_up_sync(~0u, sum, step);
            if (lane >= step) sum += other;
        }
        if (lane == 31) warpSums[warp] = sum;
        __syncthreads();
        float offset = before, all = before;
        for (int w = 0; w < kThreads / 32; ++w) offset += w < warp ? warpSums[w] : 0.f, all += warpSums[w];
        if (weight > 0 && offset + sum > left) atomicMin(&chosen, i);
        before = all;
        __syncthreads();
        if (chosen != 0x7fffffff) return chosen;
    }
    return fallback; // rounding left a trace over: the most likely token
}

__global__ void __launch_bounds__(kThreads) sampleRows(const SampleParams p) {
    __shared__ float scratch[32];
    __shared__ float uniform;
    waitForPreviousKernel();
    letNextKernelStart();
    const float* logits = p.logits + blockIdx.x * p.logitsStride;
    const Best best = blockArgMax(logits, p.vocab);
    if (p.temperature <= 0) {
        if (threadIdx.x == 0) p.ids[blockIdx.x] = best.id;
        return;
    }
    if (threadIdx.x == 0) uniform = nextUniform(p.randomState + blockIdx.x);
    __syncthreads();
    const float top = best.value;
    std::uint32_t cut = p.minP > 0 ? keyOf(top + p.temperature * logf(p.minP)) : 0u;
    if (p.topK > 0)
        cut = highestCut(p, logits, top, cut, scratch,
                         [&](Kept k) { return k.count >= static_cast<float>(p.topK); });
    if (p.topP < 1) {
        const float target = p.topP * keptFrom(p, logits, top, cut, scratch).weight;
        cut = highestCut(p, logits, top, cut, scratch, [&](Kept k) { return k.weight >= target; });
    }
    const float left = uniform * keptFrom(p, logits, top, cut, scratch).weight;
    const int id = pick(p, logits, top, cut, left, best.id);
    if (threadIdx.x == 0) p.ids[blockIdx.x] = id;
}

__global__ void __launch_bounds__(kThreads) klRows(const KlParams params) {
    __shared__ float scratch[32];
    const float* p = params.p + static_cast<std::int64_t>(blockIdx.x) * params.vocab;
    const float* q = params.q + static_cast<std::int64_t>(blockIdx.x) * params.vocab;
    const float topP = blockArgMax(p, params.vocab).value, topQ = blockArgMax(q, params.vocab).value;
    float sumP = 0, sumQ = 0;
    for (int i = threadIdx.x; i < params.vocab; i += kThreads)
        sumP += expf(p[i] - topP), sumQ += expf(q[i] - topQ);
    const float lseP = topP + logf(blockSum(sumP, scratch)), lseQ = topQ + logf(blockSum(sumQ, scratch));
    float kl = 0;
    for (int i = threadIdx.x; i < params.vocab; i += kThreads) {
        const float logP = p[i] - lseP, weight = expf(logP);
        if (weight > 0) kl += weight * (logP - (q[i] - lseQ)); // 0 · log 0 is 0
    }
    kl = blockSum(kl, scratch);
    if (threadIdx.x == 0) params.out[blockIdx.x] = fmaxf(kl, 0.f);
}

} // namespace

cudaError_t launchSample(const SampleParams& p, cudaStream_t stream) {
    const bool random = p.temperature > 0;
    if (p.rows <= 0 || p.vocab <= 0 || (random && !p.randomState) || p.topK < 0 || !(p.topP > 0) ||
        !(p.minP >= 0))
        return cudaErrorInvalidValue;
    return launchKernel(sampleRows, dim3(p.rows), dim3(kThreads), 0, stream, p.overlapPrevious, p);
}

cudaError_t launchKl(const KlParams& p, cudaStream_t stream) {
    if (p.rows <= 0 || p.vocab <= 0) return cudaErrorInvalidValue;
    return launchKernel(klRows, dim3(p.rows), dim3(kThreads), 0, stream, false, p);
}

} // namespace moa::kernels::cuda
