// What the tests of lockstep sessions share: noise as text, a mask of five windows, caches put together by hand.
#pragma once

#include "tests/model/model_fixture.h"

#include <cstring>

namespace moa::test {

inline const std::string kTexts = kSource + "/resources/texts";

inline std::vector<int> noise(std::size_t count) {
    std::vector<int> ids(count);
    for (std::size_t i = 0; i < count; ++i) ids[i] = static_cast<int>(i * 7919 % 2000) + 3;
    return ids;
}

inline std::vector<float> lastLogits(ForwardItem item) {
    std::vector<float> row;
    EXPECT_EQ(tinyModel().forward(std::span(&item, 1), [&](std::size_t, std::int64_t, std::span<const float> r) {
        row.assign(r.begin(), r.end());
    }), Completion::Done);
    return row;
}

inline WindowMap narrow() {
    WindowMap map = denseWindows(6, 4, 64);
    for (std::size_t i = 0; i < map.windows.size(); ++i) map.windows[i] = 64 * (1 + static_cast<std::int64_t>(i % 5));
    return map;
}

/// Rows of positions [0, length) from one cache to another of any layout; float, as on the processor.
inline void copyRows(const KvHeadCache& from, const KvHeadCache& to, std::int64_t length, std::size_t headDim) {
    const auto slot = [](const KvHeadCache& c, std::int64_t p) { return p < c.sink ? p : c.sink + (p - c.sink) % c.ring; };
    for (std::int64_t p = 0; p < length; ++p) {
        if (p >= from.sink && p < length - from.ring) continue;
        for (const auto& [a, b] : {std::pair{from.k, to.k}, std::pair{from.v, to.v}})
            std::memcpy(static_cast<float*>(b) + slot(to, p) * std::int64_t(headDim),
                        static_cast<const float*>(a) + slot(from, p) * std::int64_t(headDim), headDim * sizeof(float));
    }
}

} // namespace moa::test
