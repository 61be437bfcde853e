#include "engine/backend/device_choice.h"

#include "engine/backend/cpu/cpu_backend.h"
#include "engine/backend/cuda/cuda_module.h"
#include "engine/core/error.h"

namespace moa {

namespace {

/// i of "cuda:i", at most three digits; −1: another word.
int cardOf(const std::string& name) {
    if (name == "cuda") return 0;
    const std::string prefix = "cuda:";
    const std::string digits = name.starts_with(prefix) ? name.substr(prefix.size()) : "";
    if (digits.empty() || digits.size() > 3 || digits.find_first_not_of("0123456789") != std::string::npos)
        return -1;
    return std::stoi(digits);
}

} // namespace

bool isDeviceName(const std::string& name) {
    return name == "auto" || name == "cpu" || cardOf(name) >= 0;
}

DeviceChoice chooseDevice(const std::string& name) {
    if (!isDeviceName(name)) throw UsageError("device " + name + ": expected auto, cpu, cuda or cuda:i");
    if (name == "cpu") return {};
    std::string why;
    const auto cards = static_cast<int>(cudaDevices(&why).size());
    if (name == "auto") return cards > 0 ? DeviceChoice{0, {}} : DeviceChoice{-1, why};
    const int card = cardOf(name);
    if (cards == 0) throw Error("device " + name + " is not there: " + why + "; use cpu");
    if (card >= cards)
        throw Error("device " + name + " is not there: the last card is cuda:" + std::to_string(cards - 1));
    return {card, {}};
}

std::unique_ptr<Backend> openBackend(const DeviceChoice& choice, int threads, DType fileType) {
    if (!choice.onCard()) return makeCpuBackend(threads);
    return openCudaBackend(choice.card, choice.valueType(fileType));
}

} // namespace moa
