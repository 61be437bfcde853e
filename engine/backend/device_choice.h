// Which device a program runs on, from the name that people give it, and its backend.
#pragma once

#include "engine/backend/backend.h"

#include <memory>
#include <string>

namespace moa {

/// The processor, or one card.
struct DeviceChoice {
    int card = -1;          ///< index of the CUDA device; −1: the processor
    std::string whyNoCard{}; ///< of auto without one

    bool onCard() const { return card >= 0; }
    /// Type of weights, activations and caches there, for a model whose file holds `fileType`.
    DType valueType(DType fileType) const {
        if (!onCard()) return DType::F32;
        return fileType == DType::BF16 ? DType::BF16 : DType::F16;
    }
};

/// True for auto, cpu, cuda and cuda:i.
bool isDeviceName(const std::string& name);

/// auto: the first card, where there is one, else the processor. Throws UsageError for another word, Error
/// for a device that was asked for by name and is not there, saying why.
DeviceChoice chooseDevice(const std::string& name);

/// Threads count for the processor alone; 0: as many as the process may use. Throws as openCudaBackend().
std::unique_ptr<Backend> openBackend(const DeviceChoice& choice, int threads, DType fileType);

} // namespace moa
