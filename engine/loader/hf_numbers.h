// Numbers that configurations must have positive.
#pragma once

#include "engine/loader/json_reader.h"

namespace moa {

/// Throws FileError where the key is missing, or no number above 0 and at most 10^12.
inline double positiveAt(const JsonView& parent, const std::string& key) {
    const JsonView value = parent.at(key);
    const double number = value.number();
    if (!(number > 0) || number > 1e12) value.fail("expected a positive number");
    return number;
}

inline double positiveOr(const JsonView& parent, const std::string& key, double fallback) {
    return parent.find(key) ? positiveAt(parent, key) : fallback;
}

} // namespace moa
