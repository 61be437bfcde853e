// Profile files: every array of a ProfileData in one safetensors file (docs/cli.md, "Files").
#pragma once

#include "engine/core/profile_data.h"

#include <filesystem>

namespace moa {

/// Writes atomically. Throws FileError.
void writeProfile(const std::filesystem::path& path, const ProfileData& profile);

/// Reads and checks every shape against the metadata. `withMaps` false leaves the pooled maps out.
/// Throws FileError naming the tensor and what was expected.
ProfileData readProfile(const std::filesystem::path& path, bool withMaps = true);

} // namespace moa
