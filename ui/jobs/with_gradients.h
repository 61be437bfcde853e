// A model that gradients can be asked of, for as long as one job needs it: the loaded one where its device computes them,
// else a second one on the processor. Worker thread.
#pragma once

#include "ui/jobs/device_worker.h"
#include "ui/jobs/engine_state.h"

#include <memory>

namespace moa {

class WithGradients {
public:
    /// Throws UsageError where no model is loaded, MemoryError where the second one does not fit. After a stop it may be
    /// half loaded: ask before it is used.
    WithGradients(EngineState& state, JobContext& context);

    LanguageModel& model() const { return *m_model; }

private:
    LanguageModel* m_model;
    std::unique_ptr<Backend> m_backend;
    std::unique_ptr<LanguageModel> m_own;
};

} // namespace moa
