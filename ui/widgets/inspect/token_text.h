// How a token reads in a chip: spaces and control characters as symbols, nothing invisible.
#pragma once

#include <QString>

namespace moa {

/// " the" → "·the", newline → "⏎", tab → "⇥", other control characters → their control pictures, "" → "∅".
QString tokenSymbols(const QString& text);

} // namespace moa
