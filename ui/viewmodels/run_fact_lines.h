// A run's passport as lines: where it comes from, what it measured, the machine, its repetitions.
#pragma once

#include "ui/jobs/history_values.h"

#include <QString>

#include <vector>

namespace moa {

enum class FactTone { Plain, Good, Drift, Bad };

struct FactLine {
    QString name, value;
    QString middle = {}; ///< between them
    QString full = {};   ///< all of a value that is shortened
    FactTone tone = FactTone::Plain;
    bool isMono = false, isHeading = false;
    qint64 run = 0; ///< the line leads to this run; 0: nowhere
};

std::vector<FactLine> factLines(const RunPassport& passport);

} // namespace moa
