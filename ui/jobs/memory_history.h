// A history in memory that two threads share: what is recorded after the file could not be written any more.
#pragma once

#ifndef Q_MOC_RUN // moc 6.4 cannot read concepts
#include "store/history/history.h"
#endif

#include <mutex>

namespace moa {

/// Its name in place of a file's.
inline constexpr const char* kMemoryFile = ":memory:";

struct MemoryHistory {
    std::mutex mutex; ///< held while `history` is used
    History history = History::inMemory();
};

} // namespace moa
