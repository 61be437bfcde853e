// What may be written: files are written beside their target and renamed over it, which would put a plain file in the
// place of a device, a pipe or a socket.
#pragma once

#include <string>

namespace moa {

/// Nothing, or a regular file (a link to one): fine. @throws FileError for anything else.
void requireFileTarget(const std::string& path);

} // namespace moa
