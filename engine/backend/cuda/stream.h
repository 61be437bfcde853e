// Streams, events and captured graphs, each owned by one object.
#pragma once

#include "engine/backend/cuda/cuda_check.h"

#include <functional>
#include <utility>

namespace moa::cuda {

class Stream {
public:
    Stream() { check(cudaStreamCreateWithFlags(&m_stream, cudaStreamNonBlocking), "creating a stream"); }
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;
    ~Stream() { cudaStreamDestroy(m_stream); }
    operator cudaStream_t() const { return m_stream; }
    void synchronise() const { check(cudaStreamSynchronize(m_stream), "waiting for a stream"); }

private:
    cudaStream_t m_stream = nullptr;
};

class Event {
public:
    Event() { check(cudaEventCreate(&m_event), "creating an event"); }
    Event(const Event&) = delete;
    Event& operator=(const Event&) = delete;
    ~Event() { cudaEventDestroy(m_event); }
    void record(cudaStream_t stream) { check(cudaEventRecord(m_event, stream), "recording an event"); }
    void wait() const { check(cudaEventSynchronize(m_event), "waiting for an event"); }
    /// Waits for this event, then returns the milliseconds since `begin`.
    float millisecondsSince(const Event& begin) const {
        float ms = 0;
        check(cudaEventSynchronize(m_event), "waiting for an event");
        check(cudaEventElapsedTime(&ms, begin.m_event, m_event), "reading a time");
        return ms;
    }

private:
    cudaEvent_t m_event = nullptr;
};

/// A recorded sequence of launches that is replayed as one.
class Graph {
public:
    Graph() = default;
    /// Records what `work` launches on `stream`; nothing runs yet.
    Graph(cudaStream_t stream, const std::function<void()>& work) {
        check(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal), "beginning a capture");
        cudaGraph_t graph = nullptr;
        try {
            work();
        } catch (...) {
            cudaStreamEndCapture(stream, &graph);
            if (graph) cudaGraphDestroy(graph);
            throw;
        }
        check(cudaStreamEndCapture(stream, &graph), "ending a capture");
        const cudaError_t made = cudaGraphInstantiate(&m_graph, graph, 0);
        cudaGraphDestroy(graph);
        check(made, "instantiating a graph");
    }
    Graph(Graph&& other) noexcept : m_graph(std::exchange(other.m_graph, nullptr)) {}
    Graph& operator=(Graph&& other) noexcept {
        std::swap(m_graph, other.m_graph);
        return *this;
    }
    ~Graph() {
        if (m_graph) cudaGraphExecDestroy(m_graph);
    }
    explicit operator bool() const { return m_graph != nullptr; }
    void launch(cudaStream_t stream) const { check(cudaGraphLaunch(m_graph, stream), "launching a graph"); }

private:
    cudaGraphExec_t m_graph = nullptr;
};

} // namespace moa::cuda
