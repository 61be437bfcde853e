#include "engine/profile/profile_file.h"

#include "engine/core/error.h"
#include "engine/loader/half.h"
#include "engine/loader/safetensors.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <list>

namespace moa {

namespace {

constexpr int kFormat = 1;
constexpr int kMaxLayers = 4096, kMaxHeads = 65536, kMaxLength = 1 << 24;

/// An array with one value per head taken out of the values, so that F16 keeps their precision.
struct ScaledMap {
    std::vector<std::uint16_t> cells;
    std::vector<float> scale;
};

ScaledMap scaleDown(const std::vector<float>& map, std::size_t heads) {
    ScaledMap out{std::vector<std::uint16_t>(map.size()), std::vector<float>(heads)};
    const std::size_t per = heads ? map.size() / heads : 0;
    std::vector<float> scaled(per);
    for (std::size_t h = 0; h < heads; ++h) {
        const auto begin = map.begin() + static_cast<std::ptrdiff_t>(h * per);
        const float most = per ? *std::max_element(begin, begin + static_cast<std::ptrdiff_t>(per)) : 0;
        out.scale[h] = most > 0 ? most : 1;
        for (std::size_t i = 0; i < per; ++i) scaled[i] = map[h * per + i] / out.scale[h];
        floatToHalf(scaled, std::span(out.cells).subspan(h * per, per));
    }
    return out;
}

std::string joined(const std::map<int, ProfileLength>& lengths, int ProfileLength::*field) {
    std::string text;
    for (const auto& [length, at] : lengths) text += (text.empty() ? "" : ",") + std::to_string(at.*field);
    return text;
}

class Reader {
public:
    explicit Reader(const std::filesystem::path& path) : m_path(path.string()), m_file(path) {}

    ProfileData read(bool withMaps) {
        ProfileData p;
        if (number("format", 1, 1 << 20) > kFormat)
            fail("metadata.format", "format " + std::to_string(kFormat) + " at most; the file is from a newer version");
        p.layers = number("layers", 1, kMaxLayers);
        p.heads = number("heads", 1, kMaxHeads);
        p.kvHeads = number("kv_heads", 1, p.heads);
        if (p.heads % p.kvHeads != 0) fail("metadata.kv_heads", "a divisor of heads (" + std::to_string(p.heads) + ")");
        p.sink = number("sink", 0, kMaxSinkBlocks * kBlock);
        if (p.sink % kBlock != 0) fail("metadata.sink", "a multiple of 64");
        p.modelName = text("model_name");
        p.modelSha256 = text("model_sha256");
        p.calibration = text("calibration");
        p.toolVersion = text("tool_version");
        const std::vector<int> lengths = numbers("lengths"), samples = numbers("samples");
        if (lengths.empty()) fail("metadata.lengths", "at least one length");
        if (lengths.size() != samples.size()) fail("metadata.samples", std::to_string(lengths.size()) + " counts");
        for (std::size_t i = 0; i < lengths.size(); ++i) {
            if (p.lengths.count(lengths[i])) fail("metadata.lengths", "distinct lengths");
            p.lengths[lengths[i]] = readLength(p, lengths[i], samples[i], withMaps);
        }
        return p;
    }

private:
    [[noreturn]] void fail(const std::string& where, const std::string& expected) const {
        throw FileError(m_path, where, "expected " + expected);
    }

    const std::string& text(const std::string& key) const {
        const auto it = m_file.metadata().find(key);
        if (it == m_file.metadata().end()) fail("metadata." + key, "a text; is this a profile written by moa profile?");
        return it->second;
    }

    std::vector<int> numbers(const std::string& key) const {
        std::vector<int> values;
        const std::string& list = text(key);
        const char* at = list.data();
        const char* end = at + list.size();
        while (at < end) {
            int value = 0;
            const auto [next, error] = std::from_chars(at, end, value);
            if (error != std::errc() || (next < end && *next != ',') || value < 1 || value > kMaxLength)
                fail("metadata." + key, "positive numbers separated by commas");
            values.push_back(value);
            at = next + 1;
        }
        return values;
    }

    int number(const std::string& key, int least, int most) const {
        const std::string& value = text(key);
        int n = 0;
        const auto [next, error] = std::from_chars(value.data(), value.data() + value.size(), n);
        if (error != std::errc() || next != value.data() + value.size() || n < least || n > most)
            fail("metadata." + key, "a number from " + std::to_string(least) + " to " + std::to_string(most));
        return n;
    }

    const TensorView& tensor(const std::string& name, TensorType type, const std::vector<std::int64_t>& shape) const {
        const TensorView& t = m_file.at(name);
        if (t.type != type || t.shape != shape)
            fail(name, std::string(tensorTypeName(type)) + " " + shapeText(shape) + ", found " +
                           std::string(tensorTypeName(t.type)) + " " + shapeText(t.shape));
        return t;
    }

    std::vector<float> finite(const std::string& name, const std::vector<std::int64_t>& shape) const {
        std::vector<float> values = toFloat(tensor(name, TensorType::F32, shape));
        for (std::size_t i = 0; i < values.size(); ++i)
            if (!std::isfinite(values[i])) fail(name, "finite numbers, found one that is not at index " + std::to_string(i));
        return values;
    }

    std::vector<float> map(const std::string& name, const ProfileData& p, int cells) const {
        std::vector<float> values = toFloat(tensor(name, TensorType::F16, {p.layers, p.heads, cells, cells}));
        const std::vector<float> scale = finite(name + "_scale", {p.layers, p.heads});
        const std::size_t per = static_cast<std::size_t>(cells) * static_cast<std::size_t>(cells);
        for (std::size_t i = 0; i < values.size(); ++i) values[i] *= scale[i / per];
        return values;
    }

    ProfileLength readLength(const ProfileData& p, int length, int samples, bool withMaps) const {
        ProfileLength at;
        at.length = length;
        at.samples = samples;
        at.windows = (length + kBlock - 1) / kBlock;
        const std::string suffix = "/" + std::to_string(length);
        const std::int64_t t = at.windows;
        at.cost = finite("cost" + suffix, {p.layers, p.heads, kSinkChoices, t + 1});
        at.costSigned = finite("cost_signed" + suffix, {p.layers, p.heads, kSinkChoices, t + 1});
        at.hist = finite("hist" + suffix, {p.layers, p.heads, kSinkChoices, t});
        at.costSamples = finite("cost_samples" + suffix, {samples, p.layers, p.kvHeads, t + 1});
        at.mapCells = std::min(at.windows, 128);
        if (withMaps) {
            at.influence = map("influence" + suffix, p, at.mapCells);
            at.attention = map("attention" + suffix, p, at.mapCells);
        }
        return at;
    }

    std::string m_path;
    SafetensorsFile m_file;
};

} // namespace

void writeProfile(const std::filesystem::path& path, const ProfileData& p) {
    std::vector<TensorToWrite> tensors;
    std::list<ScaledMap> maps;
    const std::size_t heads = static_cast<std::size_t>(p.layers) * static_cast<std::size_t>(p.heads);
    for (const auto& [length, at] : p.lengths) {
        const std::string suffix = "/" + std::to_string(length);
        const std::int64_t t = at.windows, m = at.mapCells;
        const auto add = [&](const std::string& name, std::vector<std::int64_t> shape, const std::vector<float>& values) {
            tensors.push_back({name + suffix, TensorType::F32, std::move(shape), values.data()});
        };
        add("cost", {p.layers, p.heads, kSinkChoices, t + 1}, at.cost);
        add("cost_signed", {p.layers, p.heads, kSinkChoices, t + 1}, at.costSigned);
        add("hist", {p.layers, p.heads, kSinkChoices, t}, at.hist);
        add("cost_samples", {at.samples, p.layers, p.kvHeads, t + 1}, at.costSamples);
        for (const auto& [name, values] : {std::pair{"influence", &at.influence}, std::pair{"attention", &at.attention}}) {
            const ScaledMap& map = maps.emplace_back(scaleDown(*values, heads));
            tensors.push_back({name + suffix, TensorType::F16, {p.layers, p.heads, m, m}, map.cells.data()});
            tensors.push_back({name + suffix + "_scale", TensorType::F32, {p.layers, p.heads}, map.scale.data()});
        }
    }
    writeSafetensors(path, std::move(tensors),
                     {{"format", std::to_string(kFormat)},
                      {"layers", std::to_string(p.layers)},
                      {"heads", std::to_string(p.heads)},
                      {"kv_heads", std::to_string(p.kvHeads)},
                      {"sink", std::to_string(p.sink)},
                      {"model_name", p.modelName},
                      {"model_sha256", p.modelSha256},
                      {"calibration", p.calibration},
                      {"tool_version", p.toolVersion},
                      {"lengths", joined(p.lengths, &ProfileLength::length)},
                      {"samples", joined(p.lengths, &ProfileLength::samples)}});
}

ProfileData readProfile(const std::filesystem::path& path, bool withMaps) { return Reader(path).read(withMaps); }

} // namespace moa
