// Opening and closing of what the worker owns.
#include "ui/jobs/engine_state.h"

#include "engine/backend/cpu/cpu_backend.h"
#include "engine/backend/cuda/cuda_module.h"
#include "engine/core/error.h"

#include <algorithm>

#include <malloc.h>

namespace moa {
namespace {

constexpr std::size_t kFilesKept = 4;

} // namespace

Backend& EngineState::backend(DType fileType) {
    if (m_backend && (m_model || m_backend->dtype() == m_choice.valueType(fileType))) return *m_backend;
    m_backend.reset();
    m_choice = chooseDevice(m_options.device);
    m_backend = openBackend(m_choice, m_options.threads, fileType);
    m_card = m_choice.card;
    return *m_backend;
}

Backend& EngineState::backend() {
    return m_backend ? *m_backend : backend(DType::F16);
}

std::vector<std::pair<std::string, DeviceInfo>> EngineState::devices() {
    const DeviceInfo active = backend().device();
    std::vector<std::pair<std::string, DeviceInfo>> all;
    const auto name = [](int card) { return card < 0 ? std::string("cpu") : "cuda:" + std::to_string(card); };
    all.emplace_back(name(m_choice.card), active);
    if (m_choice.onCard()) all.emplace_back("cpu", makeCpuBackend(m_options.threads)->device());
    const std::vector<DeviceInfo> cards = cudaDevices();
    for (int card = 0; card < static_cast<int>(cards.size()); ++card)
        if (card != m_choice.card) all.emplace_back(name(card), cards[static_cast<std::size_t>(card)]);
    return all;
}

std::shared_ptr<const Model> EngineState::files(const std::string& nameOrPath) {
    const std::filesystem::path path = resolveModel(nameOrPath, m_options.resources);
    const std::lock_guard lock(m_mutex);
    const auto known =
        std::ranges::find_if(m_files, [&](const auto& entry) { return entry.first == path.string(); });
    if (known != m_files.end()) {
        std::rotate(known, known + 1, m_files.end());
        return m_files.back().second;
    }
    m_files.emplace_back(path.string(), loadModel(path));
    if (m_files.size() > kFilesKept) m_files.erase(m_files.begin());
    return m_files.back().second;
}

LanguageModel& EngineState::model() {
    if (!m_model) throw UsageError("no model is loaded");
    return *m_model;
}

void EngineState::eject() {
    m_guest.reset();
    m_model.reset();
    ::malloc_trim(0); // the allocator would keep freed pages otherwise, and the memory bar would not move
}

} // namespace moa
