// Typed row ids: a run, a plan and a model can never be swapped by accident.
#pragma once

#include <compare>
#include <cstdint>

namespace moa {

template <class Tag>
struct RowId {
    std::int64_t value = 0;
    constexpr RowId() = default;
    constexpr explicit RowId(std::int64_t v) : value(v) {}
    constexpr auto operator<=>(const RowId&) const = default;
};

using MachineId = RowId<struct MachineRowTag>;
using ModelId = RowId<struct ModelRowTag>;
using ProfileId = RowId<struct ProfileRowTag>;
using PlanId = RowId<struct PlanRowTag>;
using RunId = RowId<struct RunRowTag>;

} // namespace moa
