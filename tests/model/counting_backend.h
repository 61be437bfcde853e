// The CPU backend with a meter: bytes of the buffers that are alive, and the most there were.
#pragma once

#include "engine/backend/cpu/cpu_backend.h"

#include <algorithm>

namespace moa::test {

class CountingBackend : public Backend {
public:
    std::uint64_t live() const { return *m_live; }
    std::uint64_t peak() const { return m_peak; }

    DeviceInfo device() const override { return m_inner->device(); }
    std::uint64_t usedBytes() const override { return live(); }
    Buffer allocate(std::size_t bytes, const std::string& what) override {
        return counted(m_inner->allocate(bytes, what));
    }
    void uploadWeight(void* device, const void* values, DType type, std::int64_t count) override {
        m_inner->uploadWeight(device, values, type, count);
    }
    void upload(void* device, const void* host, std::size_t bytes) override {
        m_inner->upload(device, host, bytes);
    }
    void download(void* host, const void* device, std::size_t bytes) override {
        m_inner->download(host, device, bytes);
    }
    void downloadRows(void* host, const Tensor& rows) override { m_inner->downloadRows(host, rows); }
    void copy(void* to, const void* from, std::size_t bytes) override { m_inner->copy(to, from, bytes); }
    DType dtype() const override { return m_inner->dtype(); }
    std::int64_t rowsPerStop() const override { return m_inner->rowsPerStop(); }
    void embed(const Tensor& out, std::span<const int> ids, const Tensor& table) override {
        m_inner->embed(out, ids, table);
    }
    void rmsNorm(const Tensor& out, const Tensor& x, const Tensor& weight, float eps) override {
        m_inner->rmsNorm(out, x, weight, eps);
    }
    void rmsNormBackward(const Tensor& dX, const Tensor& x, const Tensor& weight, float eps,
                         const Tensor& dOut, const float* factor) override {
        m_inner->rmsNormBackward(dX, x, weight, eps, dOut, factor);
    }
    void narrowGradient(const Tensor& narrow, const Tensor& dX, float* factor) override {
        m_inner->narrowGradient(narrow, dX, factor);
    }
    void crossEntropy(const Tensor& dLogits, const Tensor& logits, std::span<const int> targets, float scale,
                      std::span<double> losses) override {
        m_inner->crossEntropy(dLogits, logits, targets, scale, losses);
    }
    void linear(const Tensor& out, const Tensor& x, const Tensor& weight, bool accumulate) override {
        m_inner->linear(out, x, weight, accumulate);
    }
    void linearBackward(const Tensor& dX, const Tensor& dOut, const Tensor& weight,
                        bool accumulate) override {
        m_inner->linearBackward(dX, dOut, weight, accumulate);
    }
    void rope(const Tensor& x, int heads, std::span<const std::int64_t> positions, const Tensor& cosine,
              const Tensor& sine, bool inverse) override {
        m_inner->rope(x, heads, positions, cosine, sine, inverse);
    }
    void swiGlu(const Tensor& out, const Tensor& gate, const Tensor& up) override {
        m_inner->swiGlu(out, gate, up);
    }
    void swiGluBackward(const Tensor& gate, const Tensor& up, const Tensor& dOut) override {
        m_inner->swiGluBackward(gate, up, dOut);
    }
    void add(const Tensor& to, const Tensor& from) override { m_inner->add(to, from); }
    void attention(const AttentionShape& shape, const Tensor& q, const Tensor& k, const Tensor& v,
                   const Tensor& out, const Tensor& lse, std::span<const BatchItem> items) override {
        m_inner->attention(shape, q, k, v, out, lse, items);
    }
    void appendKv(const AttentionShape& shape, const Tensor& k, const Tensor& v,
                  std::span<const BatchItem> items) override {
        m_inner->appendKv(shape, k, v, items);
    }
    void attentionBackward(const AttentionBackwardArgs& args) override { m_inner->attentionBackward(args); }
    void attentionMap(const AttentionMapArgs& args) override { m_inner->attentionMap(args); }

private:
    Buffer counted(Buffer&& inner) {
        const std::size_t bytes = inner.bytes();
        const auto held = std::make_shared<Buffer>(std::move(inner));
        *m_live += bytes;
        m_peak = std::max(m_peak, *m_live);
        return {held->data(), bytes, [held, live = m_live, bytes](void*) { *live -= bytes; }};
    }

    std::unique_ptr<Backend> m_inner = makeCpuBackend(2);
    std::shared_ptr<std::uint64_t> m_live = std::make_shared<std::uint64_t>(0);
    std::uint64_t m_peak = 0;
};

} // namespace moa::test
