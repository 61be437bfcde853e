#include "engine/backend/cuda/attention_gradients.h"

#include "engine/backend/cuda/card.h"
#include "engine/backend/cuda/decode_cache.h"
#include "engine/core/error.h"

#include <algorithm>
#include <cmath>

namespace moa::cuda {

namespace k = kernels::cuda;

namespace {

constexpr std::size_t kSinks = 5;
constexpr std::int64_t kFinest = 64; ///< tokens of the largest cell that the kernel sums

/// Where one layer's sums lie behind each other, doubles first.
struct SumsLayout {
    std::size_t cost, hist, map; ///< values of each array

    SumsLayout(int heads, const HeadCostSums& sums)
        : cost(static_cast<std::size_t>(heads) * kSinks * (static_cast<std::size_t>(sums.tiles) + 1)),
          hist(static_cast<std::size_t>(heads) * kSinks * static_cast<std::size_t>(sums.tiles)),
          map(static_cast<std::size_t>(heads) * static_cast<std::size_t>(sums.mapCells) *
              static_cast<std::size_t>(sums.mapCells)) {}
    std::size_t bytes() const { return (2 * cost + hist) * sizeof(double) + 2 * map * sizeof(float); }
};

template <class From, class To>
void addTo(std::span<To> to, const From*& from) {
    for (To& x : to) x += *from++;
}

void reserve(DeviceMemory& memory, std::size_t bytes, const char* what) {
    if (memory.bytes() < bytes) memory = DeviceMemory(bytes, what);
}

} // namespace

AttentionGradients::AttentionGradients(cudaStream_t stream, Staging& staging, k::Element element)
    : m_stream(stream), m_staging(staging), m_element(element) {}

k::AttentionBackwardParams AttentionGradients::layer(const AttentionShape& shape, const Tensor& q,
                                                     const Tensor& keys, const Tensor& values,
                                                     const Tensor& lse, std::span<const std::int64_t> windows,
                                                     std::int64_t sink) {
    const std::int64_t n = q.rows;
    reserve(m_delta, (static_cast<std::size_t>(n * shape.heads) + 1) * sizeof(float),
            "workspace of gradients");
    k::AttentionBackwardParams p;
    p.q = q.data, p.k = keys.data, p.v = values.data;
    p.qStride = q.stride, p.kStride = keys.stride, p.vStride = values.stride;
    p.lse = static_cast<const float*>(lse.data), p.lseStride = lse.stride;
    p.delta = m_delta.as<float>();
    if (std::any_of(windows.begin(), windows.end(), [&](std::int64_t w) { return w < n; })) {
        std::vector<std::int32_t> narrow;
        for (const std::int64_t w : windows) narrow.push_back(int32(std::min(w, n)));
        p.windows = m_staging.put(narrow), p.sink = int32(sink);
    }
    p.n = int32(n), p.heads = shape.heads, p.kvHeads = shape.kvHeads, p.headDim = shape.headDim;
    p.scale = 1.f / std::sqrt(static_cast<float>(shape.headDim));
    p.element = m_element;
    return p;
}

void AttentionGradients::backward(const AttentionBackwardArgs& args) {
    k::AttentionBackwardParams p =
        layer(args.shape, args.q, args.k, args.v, args.lse, args.windows, args.sink);
    p.out = args.out.data, p.outStride = args.out.stride;
    p.dOut = args.dOut.data, p.dOutStride = args.dOut.stride;
    p.dQ = args.dQ.data, p.dQStride = args.dQ.stride;
    p.dK = args.dK.data, p.dKStride = args.dK.stride;
    p.dV = args.dV.data, p.dVStride = args.dV.stride;
    if (!args.sums) {
        check(k::launchAttentionBackward(p, nullptr, m_stream), "attention backward");
        return;
    }
    if (p.windows) throw UsageError("rule costs are measured under a mask that shows everything");
    const HeadCostSums& sums = *args.sums;
    const SumsLayout at(p.heads, sums);
    reserve(m_sums, at.bytes(), "rule costs");
    reserve(m_workspace,
            k::ruleCostWorkspaceBytes(p.n, p.heads, sums.tiles, sums.mapCells, multiprocessors()),
            "workspace of rule costs");
    k::RuleCostParams costs;
    costs.tiles = sums.tiles, costs.mapCells = sums.mapCells, costs.factor = args.factor;
    costs.cost = m_sums.as<double>();
    costs.costSigned = costs.cost + at.cost;
    costs.hist = costs.costSigned + at.cost;
    costs.influenceMap = reinterpret_cast<float*>(costs.hist + at.hist);
    costs.attentionMap = costs.influenceMap + at.map;
    costs.workspace = m_workspace.as();
    check(k::launchAttentionBackward(p, &costs, m_stream), "attention backward");
    sendSums(sums, p.heads);
}

void AttentionGradients::sendSums(const HeadCostSums& sums, int heads) {
    Arrival& arrival = m_arrivals[m_next];
    const std::size_t bytes = SumsLayout(heads, sums).bytes();
    if (arrival.bytes < bytes) {
        void* memory = nullptr;
        check(cudaMallocHost(&memory, bytes), "allocating page-locked memory");
        arrival.memory = {static_cast<std::byte*>(memory), [](void* p) { cudaFreeHost(p); }};
        arrival.bytes = bytes;
    }
    check(cudaMemcpyAsync(arrival.memory.get(), m_sums.as(), bytes, cudaMemcpyDeviceToHost, m_stream),
          "reading rule costs");
    arrival.ready.record(m_stream);
    arrival.pending = true, arrival.heads = heads, arrival.to = sums;
    m_next ^= 1;
    arrive(m_arrivals[m_next]);
}

void AttentionGradients::arrive(Arrival& arrival) {
    if (!arrival.pending) return;
    arrival.pending = false;
    arrival.ready.wait();
    const auto* values = reinterpret_cast<const double*>(arrival.memory.get());
    addTo(arrival.to.cost, values);
    addTo(arrival.to.costSigned, values);
    addTo(arrival.to.hist, values);
    const auto* cells = reinterpret_cast<const float*>(values);
    addTo(arrival.to.influenceMap, cells);
    addTo(arrival.to.attentionMap, cells);
}

void AttentionGradients::settle() {
    for (std::size_t i = 0; i < m_arrivals.size(); ++i) arrive(m_arrivals[(m_next + i) % m_arrivals.size()]);
    m_delta = DeviceMemory();
    m_workspace = DeviceMemory();
    m_sums = DeviceMemory();
}

void AttentionGradients::influence(const AttentionMapArgs& args) {
    if (args.block < 1 || (args.block & (args.block - 1)) != 0)
        throw UsageError("on the GPU a cell of an influence map is a power of two of tokens, not " +
                         std::to_string(args.block));
    const std::int64_t n = args.q.rows, fine = std::min(args.block, kFinest);
    const std::int64_t fineSide = (n + fine - 1) / fine, side = (n + args.block - 1) / args.block;
    DeviceMemory cells(static_cast<std::size_t>(fineSide * fineSide) * sizeof(float), "influence map");
    std::vector<float> host(static_cast<std::size_t>(fineSide * fineSide));
    k::InfluenceCellsParams p;
    p.pass = layer(args.shape, args.q, args.k, args.v, args.lse, args.windows, args.sink);
    p.pass.out = args.out.data, p.pass.outStride = args.out.stride;
    p.pass.dOut = args.dOut.data, p.pass.dOutStride = args.dOut.stride;
    p.block = static_cast<int>(fine), p.factor = args.factor, p.cells = cells.as<float>();
    for (std::size_t i = 0; i < args.heads.size() && !args.stop.stop_requested(); ++i) {
        p.head = args.heads[i];
        check(cudaMemsetAsync(p.cells, 0, cells.bytes(), m_stream), "clearing a map");
        check(k::launchInfluenceCells(p, m_stream), "influence map");
        check(cudaMemcpyAsync(host.data(), p.cells, cells.bytes(), cudaMemcpyDeviceToHost, m_stream),
              "reading a map");
        check(cudaStreamSynchronize(m_stream), "reading a map");
        float* to = args.cells.data() + static_cast<std::int64_t>(i) * side * side;
        if (fine == args.block) {
            std::copy(host.begin(), host.end(), to);
            continue;
        }
        std::vector<double> sums(static_cast<std::size_t>(side * side));
        const std::int64_t ratio = args.block / fine;
        for (std::int64_t row = 0; row < fineSide; ++row)
            for (std::int64_t col = 0; col <= row; ++col)
                sums[static_cast<std::size_t>(row / ratio * side + col / ratio)] +=
                    static_cast<double>(host[static_cast<std::size_t>(row * fineSide + col)]);
        std::transform(sums.begin(), sums.end(), to, [](double x) { return static_cast<float>(x); });
    }
}

} // namespace moa::cuda
