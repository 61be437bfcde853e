#include "engine/compare/lockstep_memory.h"

#include "engine/model/generate.h"

namespace moa {

std::int64_t lockstepLength(const ModelConfig& config, std::int64_t promptTokens, int maxNew, std::int64_t room) {
    return plannedLength(config, room, promptTokens, maxNew);
}

LockstepMemory lockstepMemory(LanguageModel& model, const MaskSource& sparse, std::int64_t promptTokens, int maxNew,
                              std::int64_t room) {
    const std::int64_t n = lockstepLength(model.config(), promptTokens, maxNew, room);
    LockstepMemory memory;
    const WindowMap windows = sparse.windows(model.config().layers, model.config().kvHeads, n);
    memory.dense = Sequence::bytesFor(model, MaskSource::fixed(denseWindows(windows.layers, windows.kvHeads, windows.sink)), n);
    memory.sparse = Sequence::bytesFor(model, sparse, n, maxNew);
    memory.free = model.backend().device().freeBytes;
    memory.rows = 2 * sizeof(float) * static_cast<std::uint64_t>(maxNew) * static_cast<std::uint64_t>(model.config().vocab);
    return memory;
}

} // namespace moa
