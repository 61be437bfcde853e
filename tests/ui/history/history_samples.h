// Histories for the page's tests: runs of every kind with plans, lineage, repetitions, tags and notes; and texts that a careless
// page would show as markup, or break its lines on.
#pragma once

#include <QString>

#ifndef Q_MOC_RUN // moc 6.4 cannot read concepts
#include "store/history/history.h"
#endif

namespace moa::test {

/// A history of `runs` runs at `path`, a minute apart, the newest now. Run 4 is the search that found plan "balanced-50", run 6 was
/// made with it, run 8 repeats run 6 with another result.
void fillHistory(const QString& path, int runs);

/// "<b>bold</b>", a quote that ends SQL, control and direction characters, bytes that are no UTF-8, a long one.
std::vector<std::string> hostileTexts();
/// One run a hostile text: as plan, model, error, tag (where it may be one) and note.
void addHostileRuns(const QString& path);

/// The file says that a newer program wrote it, with additions only.
void markNewer(const QString& path);

} // namespace moa::test
