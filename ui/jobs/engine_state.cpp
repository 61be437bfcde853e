// Opening and closing of what the worker owns.
#include "ui/jobs/engine_state.h"

#include "engine/backend/cpu/cpu_backend.h"
#include "engine/core/error.h"

#include <algorithm>

#include <malloc.h>

namespace moa {
namespace {

constexpr std::size_t kFilesKept = 4;

} // namespace

Backend& EngineState::backend() {
    if (!m_backend) {
        if (m_options.device != "auto" && m_options.device != "cpu")
            throw Error("device " + m_options.device + " is not there; choose cpu in the settings");
        m_backend = makeCpuBackend(m_options.threads);
    }
    return *m_backend;
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
    m_model.reset();
    ::malloc_trim(0); // the allocator would keep freed pages otherwise, and the memory bar would not move
}

} // namespace moa
