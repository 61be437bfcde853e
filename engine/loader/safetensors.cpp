// Reading of safetensors.h.
#include "engine/loader/safetensors.h"

#include "engine/core/error.h"
#include "engine/loader/json_reader.h"
#include "engine/loader/utf8.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace moa {

static_assert(std::endian::native == std::endian::little, "tensor files are little-endian");

namespace {

constexpr std::uint64_t kMaxHeaderBytes = 100'000'000; ///< the limit of the reference implementation
constexpr std::size_t kMaxRank = 32;

/// Bytes of a tensor of that shape, or nothing when the product overflows.
std::optional<std::uint64_t> byteCount(std::span<const std::int64_t> shape, TensorType type) {
    std::uint64_t count = tensorTypeBytes(type);
    for (std::int64_t extent : shape)
        if (__builtin_mul_overflow(count, static_cast<std::uint64_t>(extent), &count)) return std::nullopt;
    return count;
}

/// One entry of the header; `data` are all bytes after the header.
TensorView readEntry(const std::string& name, const JsonView& entry, std::span<const std::byte> data) {
    TensorView tensor;
    tensor.name = name;
    const JsonView dtype = entry.at("dtype");
    const auto type = tensorTypeFromName(dtype.text());
    if (!type) dtype.fail("expected a known element type, found \"" + dtype.text() + "\"");
    tensor.type = *type;

    const JsonView shape = entry.at("shape");
    if (shape.size() > kMaxRank) shape.fail("expected at most " + std::to_string(kMaxRank) + " dimensions");
    for (std::size_t i = 0; i < shape.size(); ++i) tensor.shape.push_back(shape[i].integer(0, INT64_MAX));

    const JsonView offsets = entry.at("data_offsets");
    if (offsets.size() != 2) offsets.fail("expected [begin, end]");
    const auto begin = static_cast<std::uint64_t>(offsets[0].integer(0, INT64_MAX));
    const auto end = static_cast<std::uint64_t>(offsets[1].integer(0, INT64_MAX));
    if (begin > end || end > data.size())
        offsets.fail("expected begin ≤ end ≤ " + std::to_string(data.size()) + " bytes of data, found [" +
                     std::to_string(begin) + ", " + std::to_string(end) + "]");
    const auto expected = byteCount(tensor.shape, tensor.type);
    if (!expected || *expected != end - begin)
        entry.fail("expected " + (expected ? std::to_string(*expected) : "fewer than 2^64") + " bytes for " +
                   std::string(tensorTypeName(tensor.type)) + " " + shapeText(tensor.shape) + ", found " +
                   std::to_string(end - begin));
    tensor.data = data.data() + begin;
    tensor.bytes = static_cast<std::size_t>(end - begin);
    return tensor;
}

} // namespace

SafetensorsFile::SafetensorsFile(const std::filesystem::path& path) : m_path(path), m_file(path) {
    const auto all = m_file.bytes();
    if (all.size() < 8)
        throw FileError(path.string(), "byte 0",
                        "expected 8 bytes of header length, found a file of " + std::to_string(all.size()));
    std::uint64_t headerBytes = 0;
    std::memcpy(&headerBytes, all.data(), 8);
    if (headerBytes > kMaxHeaderBytes || headerBytes > all.size() - 8)
        throw FileError(path.string(), "byte 0",
                        "expected a header of at most " +
                            std::to_string(std::min<std::uint64_t>(kMaxHeaderBytes, all.size() - 8)) +
                            " bytes, found a length of " + std::to_string(headerBytes));
    const std::string_view header(reinterpret_cast<const char*>(all.data()) + 8,
                                  static_cast<std::size_t>(headerBytes));
    readTensors(header, all.subspan(8 + static_cast<std::size_t>(headerBytes)));
    checkCover(all.size() - 8 - static_cast<std::size_t>(headerBytes));
    align();
    for (std::size_t i = 0; i < m_tensors.size(); ++i) m_byName.emplace(m_tensors[i].name, i);
}

void SafetensorsFile::readTensors(std::string_view header, std::span<const std::byte> data) {
    const std::string file = m_path.string();
    const Json json = parseJson(header, file, "header", true);
    const JsonView root(json, file);
    if (!root.isObject()) throw FileError(file, "header", "expected a JSON object");
    for (const auto& [name, value] : json.items()) {
        const JsonView entry(value, file, name);
        if (name != "__metadata__") {
            m_tensors.push_back(readEntry(name, entry, data));
            continue;
        }
        if (!entry.isObject()) entry.fail("expected an object of strings");
        for (const auto& [key, text] : value.items())
            m_metadata[key] = JsonView(text, file, "__metadata__." + key).text();
    }
    std::stable_sort(m_tensors.begin(), m_tensors.end(), [](const TensorView& a, const TensorView& b) {
        return std::pair(a.data, a.bytes) < std::pair(b.data, b.bytes);
    });
}

void SafetensorsFile::checkCover(std::size_t dataBytes) const {
    const std::byte* const start = m_file.bytes().data() + (m_file.size() - dataBytes);
    const std::byte* expected = start;
    for (const TensorView& tensor : m_tensors) {
        if (tensor.data != expected)
            throw FileError(m_path.string(), oneLine(tensor.name + ".data_offsets"),
                            "expected data to begin at " + std::to_string(expected - start) +
                                " (no gap, no overlap), found " + std::to_string(tensor.data - start));
        expected += tensor.bytes;
    }
    const auto covered = static_cast<std::size_t>(expected - start);
    if (covered != dataBytes)
        throw FileError(m_path.string(), "end of data",
                        "expected " + std::to_string(covered) + " bytes after the header, found " +
                            std::to_string(dataBytes));
}

/// Writers are free to leave the data unaligned; element access through pointers is not.
void SafetensorsFile::align() {
    for (TensorView& tensor : m_tensors) {
        if (reinterpret_cast<std::uintptr_t>(tensor.data) % tensorTypeBytes(tensor.type) == 0) continue;
        auto copy = std::make_unique<std::byte[]>(tensor.bytes);
        std::copy_n(tensor.data, tensor.bytes, copy.get());
        tensor.data = copy.get();
        m_realigned.push_back(std::move(copy));
    }
}

const TensorView* SafetensorsFile::find(std::string_view name) const {
    const auto it = m_byName.find(name);
    return it == m_byName.end() ? nullptr : &m_tensors[it->second];
}

const TensorView& SafetensorsFile::at(std::string_view name) const {
    if (const TensorView* tensor = find(name)) return *tensor;
    throw FileError(m_path.string(), oneLine(name), "expected a tensor of this name");
}

} // namespace moa
