// What a run's status says, and whether the process of a run that says "running" is still there.
#pragma once

#include "store/history/records.h"

#include <string_view>

namespace moa {

/// The schema's CHECK allows no other names; an unknown one reads as Failed.
RunStatus statusNamed(std::string_view name);

/// There is no process of this number on this machine.
bool processIsGone(std::int64_t process);

} // namespace moa
