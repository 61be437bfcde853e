#include "engine/core/error.h"

#include "engine/core/format.h"

namespace moa {

MemoryError::MemoryError(const std::string& what, std::uint64_t neededBytes, std::uint64_t availableBytes,
                         const std::string& wouldFit)
    : Error(what + " needs " + formatBytes(neededBytes) + ", " + formatBytes(availableBytes) + " is available" +
                (wouldFit.empty() ? "" : "; " + wouldFit),
            ExitCode::OutOfMemory),
      m_needed(neededBytes), m_available(availableBytes) {}

} // namespace moa
