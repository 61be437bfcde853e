// Where the bundled files (embedded model, task texts) are.
#pragma once

#include <filesystem>

namespace moa {

/// The first folder that exists of: $MOA_RESOURCES; ../../../resources and ../share/moa-workbench beside the
/// program (build tree, installation); the sources this program was built from. Throws FileError when
/// $MOA_RESOURCES is set but is no folder, Error when there is none.
std::filesystem::path resourcesFolder();

} // namespace moa
