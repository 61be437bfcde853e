// What to change where no plan meets all bounds: each remedy is a set of options that was solved and has a plan, so a
// button that offers it keeps its word. Solver thread.
#pragma once

#ifndef Q_MOC_RUN // moc 6.4 cannot read what <compare> includes
#include "engine/search/search_session.h"
#endif

#include <map>
#include <stop_token>
#include <vector>

namespace moa {

struct SearchRemedy {
    enum class Kind {
        RaiseDensity, ///< `density` as the upper bound at every length
        RaiseLoss,    ///< `loss` as the limits of these lengths
        LowerShare,   ///< no lower limit on the density
        Unpin,        ///< `unpinned` heads are searched too
        AllowRules,   ///< any number of rules in a layer
    };
    Kind kind = Kind::RaiseDensity;
    double density = 0;
    std::map<int, double> loss = {}; ///< nats by length
    std::vector<Pin> unpinned = {};
};

/// Remedies for bounds under which `session` has found no plan, mildest first; none where all of them together do not
/// help, or `stop` came first. A few dozen solves of at most `secondsEach`.
std::vector<SearchRemedy> findRemedies(SearchSession& session, const SearchOptions& options, double secondsEach,
                                       const std::stop_token& stop);

} // namespace moa
