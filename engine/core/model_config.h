// The shape of a Llama-architecture model, as read from its files.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace moa {

enum class DType { F32, F16, BF16 };

constexpr std::int64_t bytesPerValue(DType type) {
    return type == DType::F32 ? 4 : 2;
}

constexpr const char* dtypeName(DType type) {
    return type == DType::F32 ? "F32" : type == DType::F16 ? "F16" : "BF16";
}

struct ModelConfig {
    std::string architecture = "LlamaForCausalLM";
    int layers = 0;     ///< L
    int heads = 0;      ///< H, query heads
    int kvHeads = 0;    ///< G
    int headDim = 0;    ///< D, independent of hidden / heads
    int hidden = 0;
    int intermediate = 0;
    int vocab = 0;
    int context = 0;    ///< max_position_embeddings
    float rmsNormEps = 1e-5f;
    double ropeTheta = 10000.0;
    std::string ropeScaling;              ///< "linear", "llama3", "yarn" …; empty: none
    std::vector<double> ropeDivisors;     ///< [headDim/2] what each frequency is divided by; empty: 1
    std::vector<double> ropeLongDivisors; ///< the same for inputs over ropeOriginalContext; empty: as before
    int ropeOriginalContext = 0;          ///< tokens
    double ropeAmplitude = 1.0;           ///< factor of rotated queries and keys
    bool tiedEmbeddings = false;
    DType dtype = DType::F32; ///< of the weights in the file
    int bosId = -1;           ///< −1: none
    std::vector<int> eosIds;  ///< tokens that end a generation

    int groupSize() const { return heads / kvHeads; } ///< query heads per KV head
};

} // namespace moa
