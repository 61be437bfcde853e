// Keeps the decode steps that a device has recorded: one for every set of sequences that is continued token by
// token. A set is recorded when it comes for the third time, since recording costs as much as several steps.
#pragma once

#include "engine/backend/recorded_step.h"

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <span>
#include <vector>

namespace moa {

class Sequence;

class StepRecorder {
public:
    using RecordFn = std::function<std::unique_ptr<RecordedStep>(std::span<const StepSequence>)>;

    /// The step for these sequences, in this order, with the rotary tables at `tables`; null: none, run the
    /// operations one by one.
    RecordedStep* step(std::span<Sequence* const> sequences, const void* tables, const RecordFn& record);

private:
    struct Entry {
        std::vector<std::uint64_t> layouts;
        const void* tables = nullptr;
        int seen = 0;
        std::unique_ptr<RecordedStep> step;
    };
    std::list<Entry> m_entries; ///< latest first
    bool m_refused = false;     ///< the device does not record
};

} // namespace moa
