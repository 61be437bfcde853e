// Strong index types: a layer, a query head and a KV head can never be swapped by accident.
#pragma once

#include <compare>

namespace moa {

template <class Tag>
struct Index {
    int value = 0;
    constexpr Index() = default;
    constexpr explicit Index(int v) : value(v) {}
    constexpr auto operator<=>(const Index&) const = default;
};

using LayerIndex = Index<struct LayerTag>;
using HeadIndex = Index<struct HeadTag>;      ///< query head, 0 … H−1
using KvHeadIndex = Index<struct KvHeadTag>;  ///< KV head, 0 … G−1

} // namespace moa
