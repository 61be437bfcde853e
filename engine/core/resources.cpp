#include "engine/core/resources.h"

#include "engine/core/error.h"

#include <cstdlib>
#include <string>

namespace moa {

namespace fs = std::filesystem;

fs::path resourcesFolder() {
    std::error_code ignored;
    if (const char* set = std::getenv("MOA_RESOURCES"); set != nullptr && *set != '\0') {
        if (!fs::is_directory(set, ignored)) throw FileError(set, "MOA_RESOURCES", "expected a folder");
        return set;
    }
    const fs::path program = fs::read_symlink("/proc/self/exe", ignored).parent_path();
    for (const fs::path& folder :
         {program / "../../../resources", program / "../share/moa-workbench", fs::path(MOA_SOURCE_RESOURCES)})
        if (fs::is_directory(folder / "models", ignored)) return fs::weakly_canonical(folder, ignored);
    throw Error("the bundled resources were not found; set MOA_RESOURCES to their folder");
}

fs::path userDataFolder() {
    const auto variable = [](const char* name) {
        const char* value = std::getenv(name);
        return fs::path(value != nullptr ? value : "");
    };
    const fs::path data = variable("XDG_DATA_HOME"), home = variable("HOME");
    const fs::path base = data.is_absolute() ? data : home / ".local/share";
    return base.is_absolute() ? base / "moa-workbench" : fs::path();
}

} // namespace moa
