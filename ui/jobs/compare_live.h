// The conversation behind a CompareService: touched on the device's thread alone.
#pragma once

#include "engine/compare/lockstep_session.h"
#include "ui/jobs/compare_values.h"

#include <QtGlobal>

namespace moa {

struct CompareLive {
    CompareLive(quint64 of, LanguageModel& on, const CompareRequest& request);

    CompareSetup setup() const;
    CompareToken valueOf(std::size_t index) const;
    QString textOf(int id) const;
    bool isEnd(int id) const;
    /// The answer being written has ended on every side that writes its own.
    bool hasEnded() const;

    quint64 generation;
    LanguageModel& model;
    LockstepSession session;
    int maxNew;               ///< tokens there is room for, of all answers
    std::size_t answerAt = 0; ///< token that the present answer begins with
    bool isReady = false;     ///< the prompt was read to its end
    std::vector<BlameRow> blamed; ///< of the last token asked about
};

} // namespace moa
