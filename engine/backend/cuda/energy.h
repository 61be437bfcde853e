// Energy that the card has used, from the driver's management library, opened at run time.
#pragma once

#include <dlfcn.h>

namespace moa::cuda {

class Energy {
public:
    Energy() {
        m_library = dlopen("libnvidia-ml.so.1", RTLD_NOW);
        if (!m_library) return;
        const auto init = find<int (*)()>("nvmlInit_v2");
        const auto handle = find<int (*)(unsigned, void**)>("nvmlDeviceGetHandleByIndex_v2");
        m_read = find<int (*)(void*, unsigned long long*)>("nvmlDeviceGetTotalEnergyConsumption");
        if (!init || !handle || init() != 0 || handle(0, &m_device) != 0) m_read = nullptr;
    }
    Energy(const Energy&) = delete;
    Energy& operator=(const Energy&) = delete;
    ~Energy() {
        if (m_library) dlclose(m_library);
    }
    /// Joules since the driver was loaded; negative where they cannot be read.
    double joules() const {
        unsigned long long millijoules = 0;
        return m_read && m_read(m_device, &millijoules) == 0 ? static_cast<double>(millijoules) / 1e3 : -1;
    }

private:
    template <class F>
    F find(const char* name) const {
        return reinterpret_cast<F>(dlsym(m_library, name));
    }
    void* m_library = nullptr;
    void* m_device = nullptr;
    int (*m_read)(void*, unsigned long long*) = nullptr;
};

} // namespace moa::cuda
