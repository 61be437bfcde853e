// What the GPU benches share: the 7B shape, and a main() that runs cases and prints one JSON line each.
#pragma once

#include "engine/backend/cuda/cuda_bench.h"
#include "engine/core/error.h"

#include <cstdio>
#include <exception>
#include <functional>
#include <string>

namespace moa::bench {

inline ModelConfig llama7b() {
    ModelConfig c;
    c.layers = 32, c.heads = c.kvHeads = 32, c.headDim = 128;
    c.hidden = 4096, c.intermediate = 11008, c.vocab = 32000;
    c.context = 131072;
    c.dtype = DType::F16;
    return c;
}

/// Runs `one` on every argument; a case that fails is a line with an "error".
inline int runCases(int count, char** arguments, const std::function<void(DeviceBench&)>& first,
                    const std::function<void(DeviceBench&, const char*)>& one) {
    try {
        const auto bench = cuda::makeDeviceBench(0);
        first(*bench);
        for (int i = 1; i < count; ++i) {
            try {
                one(*bench, arguments[i]);
            } catch (const Error& e) {
                std::printf("{\"case\": \"%s\", \"error\": \"%s\"}\n", arguments[i], e.what());
            }
            std::fflush(stdout);
        }
        return 0;
    } catch (const std::exception& e) {
        std::fprintf(stderr, "%s: %s\n", arguments[0], e.what());
        return 1;
    }
}

} // namespace moa::bench
