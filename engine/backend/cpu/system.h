// What the machine offers: memory and the processor's name.
#pragma once

#include <cstdint>
#include <string>

namespace moa {

std::uint64_t totalMemory();
std::string processorName();

} // namespace moa
