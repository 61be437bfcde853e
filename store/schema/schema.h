// The history's schema: numbered SQL scripts beside this file, embedded when the program is built.
// A new migration is a new script and a line in scripts.cpp.in; existing scripts never change.
#pragma once

#include "store/sqlite/database.h"

#include <span>

namespace moa {

/// "MoAW", in the header of every history file.
inline constexpr int kHistoryApplicationId = 0x4D6F4157;

std::span<const Migration> historyMigrations();

} // namespace moa
