// Loads the second model under the job's own stop.
#include "ui/jobs/with_gradients.h"

#include "engine/backend/cpu/cpu_backend.h"

namespace moa {

WithGradients::WithGradients(EngineState& state, JobContext& context) : m_model(&state.model()) {
    if (m_model->backend().hasGradients()) return;
    context.report({"Load the model on the processor", 0, 1});
    m_backend = makeCpuBackend(state.options().threads);
    m_own = std::make_unique<LanguageModel>(m_model->sharedFiles(), *m_backend, context.stop());
    m_model = m_own.get();
}

} // namespace moa
