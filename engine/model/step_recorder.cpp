#include "engine/model/step_recorder.h"

#include "engine/core/error.h"
#include "engine/model/sequence.h"

#include <algorithm>

namespace moa {

namespace {

constexpr std::size_t kKept = 4; ///< sets: both sides of a comparison, and what came before
constexpr int kSeenBefore = 2;

} // namespace

RecordedStep* StepRecorder::step(std::span<Sequence* const> sequences, const void* tables, const RecordFn& record) {
    if (m_refused) return nullptr;
    std::vector<std::uint64_t> layouts;
    for (const Sequence* s : sequences) layouts.push_back(s->layoutId());
    const auto known = std::find_if(m_entries.begin(), m_entries.end(), [&](const Entry& e) {
        return e.layouts == layouts && e.tables == tables;
    });
    if (known == m_entries.end()) {
        m_entries.push_front({std::move(layouts), tables, 0, nullptr});
        if (m_entries.size() > kKept) m_entries.pop_back();
    } else {
        m_entries.splice(m_entries.begin(), m_entries, known);
    }
    Entry& entry = m_entries.front();
    if (entry.step || entry.seen++ < kSeenBefore) return entry.step.get();
    std::vector<StepSequence> caches;
    for (const Sequence* s : sequences) caches.push_back({s->caches(), s->windows().windows});
    try {
        entry.step = record(caches);
    } catch (const MemoryError&) {
        // The operations one by one need no more than they already have.
    }
    m_refused = !entry.step;
    return entry.step.get();
}

} // namespace moa
