// What the user asks of a plan on the Search page, as a value that is kept over a restart and read from a plan's passport.
#pragma once

#include <QByteArray>
#include <QString>

#include <map>
#include <optional>

namespace moa {

struct SearchBounds {
    double density = 0.5;            ///< upper bound on density(N) at every density length
    double share = 0.9;              ///< density must reach this share of its bound
    std::map<int, double> densityAt; ///< for single lengths, in place of `density`
    std::map<int, double> loss;      ///< most estimated loss by profiled length, nats
    int rulesPerLayer = 0;           ///< 0: no limit
    int objective = 0;               ///< profiled length, tokens; 0: the longest
    bool keepsPins = true;           ///< pinned heads of the plan in use keep their rules
    bool operator==(const SearchBounds&) const = default;
};

/// One line of JSON.
QByteArray boundsText(const SearchBounds& bounds);
/// What such a text, or the "search" part of a passport, says; parts that are absent keep their defaults. Nothing for other
/// texts and for values that no bound can have.
std::optional<SearchBounds> boundsOf(const QByteArray& text);

} // namespace moa
