// Where the bundled files (embedded model, task texts) and the user's own data are.
#pragma once

#include <filesystem>

namespace moa {

/// The first folder that exists of: $MOA_RESOURCES; ../../../resources and ../share/moa-workbench beside the
/// program (build tree, installation); the sources this program was built from. Throws FileError when
/// $MOA_RESOURCES is set but is no folder, Error when there is none.
std::filesystem::path resourcesFolder();

/// The user's data: $XDG_DATA_HOME or ~/.local/share, moa-workbench. It need not exist; empty where neither variable
/// holds an absolute path (a relative one is to be ignored by the XDG rules).
std::filesystem::path userDataFolder();

} // namespace moa
