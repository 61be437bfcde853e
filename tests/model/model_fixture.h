// The embedded model on the CPU, loaded once per test program, and golden tensors by name.
#pragma once

#include "engine/backend/cpu/cpu_backend.h"
#include "engine/loader/safetensors.h"
#include "engine/model/generate.h"

#include <gtest/gtest.h>

#include <cmath>

namespace moa::test {

inline const std::string kSource = MOA_SOURCE_DIR;

/// A model and the backend it lives on.
struct LoadedModel {
    std::unique_ptr<Backend> backend;
    std::unique_ptr<LanguageModel> model;

    explicit LoadedModel(const std::string& folder, int threads = 2) : backend(makeCpuBackend(threads)) {
        model = std::make_unique<LanguageModel>(loadModel(kSource + "/" + folder), *backend);
    }
};

inline LanguageModel& tinyModel() {
    static LoadedModel loaded("resources/models/moa-tiny");
    return *loaded.model;
}

/// One golden file, tensors as vectors.
class Golden {
public:
    explicit Golden(const std::string& file) : m_file(kSource + "/tests/reference/golden/" + file) {}
    std::vector<float> floats(const std::string& name) const { return toFloat(m_file.at(name)); }
    std::vector<int> ints(const std::string& name) const {
        const auto values = m_file.at(name).as<std::int32_t>();
        return {values.begin(), values.end()};
    }
    /// A window map [L][G]; 16,384 in the file means everything.
    WindowMap windows(const std::string& name, int layers, int kvHeads, int sink) const {
        WindowMap map = denseWindows(layers, kvHeads, sink);
        const auto values = ints(name);
        for (std::size_t i = 0; i < values.size(); ++i)
            map.windows[i] = values[i] >= 16384 ? WindowMap::kFullWindow : values[i];
        return map;
    }

private:
    SafetensorsFile m_file;
};

/// Logits of every position, [n][vocab], the tokens fed in pieces of the given sizes (the last piece repeats).
inline std::vector<float> logitsOf(LanguageModel& model, const MaskSource& mask, std::span<const int> ids,
                                   std::vector<std::size_t> pieces) {
    Sequence sequence(model, mask, static_cast<std::int64_t>(ids.size()));
    const auto vocab = static_cast<std::size_t>(model.config().vocab);
    std::vector<float> out(ids.size() * vocab);
    const LogitsFn keep = [&](std::size_t, std::int64_t position, std::span<const float> row) {
        std::copy(row.begin(), row.end(), out.begin() + position * static_cast<std::int64_t>(vocab));
    };
    std::size_t done = 0, piece = 0;
    while (done < ids.size()) {
        const std::size_t count = std::min(pieces[std::min(piece++, pieces.size() - 1)], ids.size() - done);
        ForwardItem item{&sequence, ids.subspan(done, count), static_cast<std::int64_t>(count)};
        EXPECT_EQ(model.forward(std::span(&item, 1), keep), Completion::Done);
        done += count;
    }
    return out;
}

inline double maxDifference(std::span<const float> a, std::span<const float> b) {
    EXPECT_EQ(a.size(), b.size());
    double worst = 0;
    for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i)
        worst = std::max(worst, std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i])));
    return worst;
}

} // namespace moa::test
