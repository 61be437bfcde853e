// The rules of the house as a check over a source tree: who may include whom (the table of ARCHITECTURE.md),
// and how long a file may be. No preprocessor: it reads #include lines, which is all these sources need.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

namespace moa::house {

inline constexpr std::size_t kMostLines = 600; ///< of one source file

/// One broken rule, in the form that editors open: "engine/search/a.cpp:3: …".
using Violations = std::vector<std::string>;

/// Checks every C++ and CUDA source under app, engine, kernels, store, ui and tests of `root`: each include
/// against its folder's row, each quoted include relative to the root and present, each folder in the table,
/// each header with #pragma once.
Violations checkIncludes(const std::filesystem::path& root);

/// Files of the same folders, and scripts and CMake files too, with more than kMostLines lines.
Violations checkFileSizes(const std::filesystem::path& root);

} // namespace moa::house
