// See gguf.h.
#include "engine/loader/gguf.h"

#include "engine/core/error.h"
#include "engine/loader/utf8.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <set>

namespace moa {

namespace {

constexpr std::uint64_t kMaxKeyBytes = 65535; ///< the format's own limit
constexpr std::uint32_t kMaxRank = 4;
constexpr std::uint64_t kDefaultAlignment = 32;

/// Types of metadata values, as numbered in the file.
enum class ValueType : std::uint32_t { U8, I8, U16, I16, U32, I32, F32, Bool, String, Array, U64, I64, F64 };

/// The element type numbered `ggml`; nothing for those that no weight here may have.
std::optional<TensorType> tensorTypeOf(std::uint32_t ggml) {
    switch (ggml) {
    case 0: return TensorType::F32;
    case 1: return TensorType::F16;
    case 2: return TensorType::Q4_0;
    case 3: return TensorType::Q4_1;
    case 6: return TensorType::Q5_0;
    case 7: return TensorType::Q5_1;
    case 8: return TensorType::Q8_0;
    case 10: return TensorType::Q2_K;
    case 11: return TensorType::Q3_K;
    case 12: return TensorType::Q4_K;
    case 13: return TensorType::Q5_K;
    case 14: return TensorType::Q6_K;
    case 20: return TensorType::IQ4_NL;
    case 24: return TensorType::I8;
    case 25: return TensorType::I16;
    case 26: return TensorType::I32;
    case 27: return TensorType::I64;
    case 28: return TensorType::F64;
    case 30: return TensorType::BF16;
    default: return std::nullopt;
    }
}

/// Reads the header front to back; every read is checked against what is left.
class Reader {
public:
    Reader(std::span<const std::byte> bytes, const std::string& path) : m_bytes(bytes), m_path(path) {}

    std::uint64_t position() const { return m_at; }
    std::uint64_t left() const { return m_bytes.size() - m_at; }
    /// What is being read, for errors.
    void name(std::string what) { m_what = std::move(what); }

    template <class T>
    T value() {
        T v{};
        std::memcpy(&v, take(sizeof(T)), sizeof(T));
        return v;
    }

    std::string_view string() {
        const auto length = value<std::uint64_t>();
        if (length > left()) fail("expected a text within the file, found a length of " + std::to_string(length));
        return {reinterpret_cast<const char*>(take(length)), static_cast<std::size_t>(length)};
    }

    std::int64_t integer(ValueType type) {
        switch (type) {
        case ValueType::U8: return value<std::uint8_t>();
        case ValueType::I8: return value<std::int8_t>();
        case ValueType::U16: return value<std::uint16_t>();
        case ValueType::I16: return value<std::int16_t>();
        case ValueType::U32: return value<std::uint32_t>();
        case ValueType::I32: return value<std::int32_t>();
        case ValueType::I64: return value<std::int64_t>();
        default: break;
        }
        const auto wide = value<std::uint64_t>();
        if (wide > INT64_MAX) fail("expected a number below 2^63, found " + std::to_string(wide));
        return static_cast<std::int64_t>(wide);
    }

    bool boolean() { return value<std::uint8_t>() != 0; }

    double real(ValueType type) {
        return type == ValueType::F32 ? static_cast<double>(value<float>()) : value<double>();
    }

    ValueType type() {
        const auto number = value<std::uint32_t>();
        if (number > static_cast<std::uint32_t>(ValueType::F64))
            fail("expected a value type of 0 to 12, found " + std::to_string(number));
        return static_cast<ValueType>(number);
    }

    [[noreturn]] void fail(const std::string& expected) const {
        throw FileError(m_path, oneLine(m_what) + (m_what.empty() ? "" : ", ") + "byte " + std::to_string(m_at), expected);
    }

private:
    const std::byte* take(std::uint64_t count) {
        if (count > left())
            fail("expected " + std::to_string(count) + " more bytes, the file ends after " + std::to_string(left()));
        const std::byte* at = m_bytes.data() + m_at;
        m_at += count;
        return at;
    }

    std::span<const std::byte> m_bytes;
    const std::string& m_path;
    std::uint64_t m_at = 0;
    std::string m_what;
};

std::uint64_t bytesOf(ValueType type) {
    switch (type) {
    case ValueType::U8: case ValueType::I8: case ValueType::Bool: return 1;
    case ValueType::U16: case ValueType::I16: return 2;
    case ValueType::U32: case ValueType::I32: case ValueType::F32: return 4;
    default: return 8; // a text has at least its length
    }
}

GgufValue readArray(Reader& in) {
    const ValueType type = in.type();
    const auto count = in.value<std::uint64_t>();
    if (type == ValueType::Array) in.fail("expected no array of arrays");
    if (count > in.left() / bytesOf(type))
        in.fail("expected an array within the file, found " + std::to_string(count) + " elements");
    const auto fill = [&](auto vector, const auto& read) {
        vector.reserve(static_cast<std::size_t>(count));
        for (std::uint64_t i = 0; i < count; ++i) vector.push_back(read());
        return GgufValue(std::move(vector));
    };
    if (type == ValueType::String) return fill(std::vector<std::string_view>(), [&] { return in.string(); });
    if (type == ValueType::F32 || type == ValueType::F64)
        return fill(std::vector<double>(), [&] { return in.real(type); });
    if (type == ValueType::Bool) return fill(std::vector<std::int64_t>(), [&] { return std::int64_t(in.boolean()); });
    return fill(std::vector<std::int64_t>(), [&] { return in.integer(type); });
}

GgufValue readValue(Reader& in) {
    const ValueType type = in.type();
    switch (type) {
    case ValueType::String: return in.string();
    case ValueType::Array: return readArray(in);
    case ValueType::Bool: return in.boolean();
    case ValueType::F32:
    case ValueType::F64: return in.real(type);
    default: return in.integer(type);
    }
}

/// A tensor of the table, with its offset into the data.
struct Entry {
    TensorView view;
    std::uint64_t offset = 0;
};

/// Dimensions come innermost first.
Entry readEntry(Reader& in) {
    Entry entry;
    in.name("tensor table");
    entry.view.name = std::string(in.string());
    in.name("tensor " + entry.view.name);
    const auto rank = in.value<std::uint32_t>();
    if (rank < 1 || rank > kMaxRank) in.fail("expected 1 to 4 dimensions, found " + std::to_string(rank));
    std::uint64_t values = 1;
    for (std::uint32_t i = 0; i < rank; ++i) {
        const auto extent = in.value<std::uint64_t>();
        if (extent < 1 || extent > INT64_MAX || __builtin_mul_overflow(values, extent, &values))
            in.fail("expected dimensions of at least 1 with a product below 2^64");
        entry.view.shape.insert(entry.view.shape.begin(), static_cast<std::int64_t>(extent));
    }
    const auto ggml = in.value<std::uint32_t>();
    const auto type = tensorTypeOf(ggml);
    if (!type)
        in.fail("expected F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q2_K to Q6_K or IQ4_NL, found type number " +
                std::to_string(ggml));
    entry.view.type = *type;
    const std::uint64_t block = tensorBlockValues(*type), row = static_cast<std::uint64_t>(entry.view.shape.back());
    std::uint64_t bytes = 0;
    if (row % block != 0) in.fail("expected rows of whole blocks of " + std::to_string(block) + " values");
    if (__builtin_mul_overflow(values / block, tensorTypeBytes(*type), &bytes)) in.fail("expected fewer than 2^64 bytes");
    entry.view.bytes = static_cast<std::size_t>(bytes);
    entry.offset = in.value<std::uint64_t>();
    return entry;
}

} // namespace

GgufFile::GgufFile(const std::filesystem::path& path) : m_path(path), m_file(path) {
    static_assert(std::endian::native == std::endian::little, "tensor files are little-endian");
    const std::string file = path.string();
    Reader in(m_file.bytes(), file);
    in.name("header");
    if (m_file.size() < 24 || std::memcmp(m_file.bytes().data(), "GGUF", 4) != 0)
        throw FileError(file, "byte 0", "expected a GGUF file, which begins with \"GGUF\"");
    in.value<std::uint32_t>();
    const auto version = in.value<std::uint32_t>();
    if (version != 2 && version != 3) in.fail("expected GGUF version 2 or 3, found " + std::to_string(version));
    const auto tensors = in.value<std::uint64_t>(), values = in.value<std::uint64_t>();
    for (std::uint64_t i = 0; i < values; ++i) {
        in.name("metadata");
        const std::string key(in.string());
        if (key.empty() || key.size() > kMaxKeyBytes) in.fail("expected a key of 1 to 65,535 bytes");
        in.name(key);
        if (!m_metadata.emplace(key, readValue(in)).second) in.fail("expected every key once");
    }
    std::vector<Entry> entries;
    for (std::uint64_t i = 0; i < tensors; ++i) entries.push_back(readEntry(in));

    const auto alignment = static_cast<std::uint64_t>(
        integer("general.alignment", 8, 1 << 20).value_or(static_cast<std::int64_t>(kDefaultAlignment)));
    if (!std::has_single_bit(alignment)) fail("general.alignment", "expected a power of two");
    const std::uint64_t data = (in.position() + alignment - 1) / alignment * alignment;
    std::set<std::string_view> names;
    for (Entry& entry : entries) {
        const std::string where = oneLine("tensor " + entry.view.name);
        if (!names.insert(entry.view.name).second) throw FileError(file, where, "expected every tensor once");
        if (entry.offset % alignment != 0)
            throw FileError(file, where, "expected an offset at a multiple of " + std::to_string(alignment));
        const std::uint64_t room = data <= m_file.size() ? m_file.size() - data : 0;
        if (entry.offset > room || entry.view.bytes > room - entry.offset)
            throw FileError(file, where, "expected " + std::to_string(entry.view.bytes) + " bytes at " +
                                             std::to_string(entry.offset) + ", the file has " + std::to_string(room) +
                                             " of data");
        entry.view.data = m_file.bytes().data() + data + entry.offset;
    }
    names.clear(); // views into entries that move now
    for (Entry& entry : entries) m_tensors.push_back(std::move(entry.view));
}

void GgufFile::fail(const std::string& key, const std::string& expected) const {
    throw FileError(m_path.string(), oneLine(key), expected);
}

template <class T>
const T* GgufFile::find(const std::string& key, const char* expected) const {
    const auto it = m_metadata.find(key);
    if (it == m_metadata.end()) return nullptr;
    const T* value = std::get_if<T>(&it->second);
    if (!value) fail(key, std::string("expected ") + expected);
    return value;
}

std::optional<std::string> GgufFile::text(const std::string& key) const {
    const auto* value = find<std::string_view>(key, "a text");
    return value ? std::optional(std::string(*value)) : std::nullopt;
}

std::optional<std::int64_t> GgufFile::integer(const std::string& key, std::int64_t low, std::int64_t high) const {
    const auto* value = find<std::int64_t>(key, "an integer");
    if (!value) return std::nullopt;
    if (*value < low || *value > high)
        fail(key, "expected " + std::to_string(low) + " to " + std::to_string(high) + ", found " + std::to_string(*value));
    return *value;
}

std::optional<double> GgufFile::number(const std::string& key) const {
    const auto* value = find<double>(key, "a real number");
    return value ? std::optional(*value) : std::nullopt;
}

std::optional<bool> GgufFile::flag(const std::string& key) const {
    const auto* value = find<bool>(key, "true or false");
    return value ? std::optional(*value) : std::nullopt;
}

const std::vector<std::string_view>* GgufFile::texts(const std::string& key) const {
    return find<std::vector<std::string_view>>(key, "an array of texts");
}

const std::vector<std::int64_t>* GgufFile::integers(const std::string& key) const {
    return find<std::vector<std::int64_t>>(key, "an array of integers");
}

const std::vector<double>* GgufFile::numbers(const std::string& key) const {
    return find<std::vector<double>>(key, "an array of real numbers");
}

std::vector<GgufFile> openGguf(const std::filesystem::path& path) {
    std::vector<GgufFile> files;
    files.emplace_back(path);
    const std::int64_t parts = files[0].integer("split.count", 0, 9999).value_or(1);
    if (parts <= 1) return files;
    const std::string stem = path.stem().string(); // name-00001-of-00003
    constexpr std::size_t kNumber = sizeof("-00001-of-00003") - 1;
    const auto padded = [](std::int64_t n) {
        const std::string digits = std::to_string(n);
        return std::string(5 - digits.size(), '0') + digits;
    };
    const std::string ending = "-of-" + padded(parts);
    if (stem.size() <= kNumber || !stem.ends_with(ending))
        files[0].fail("split.count", "expected a file name that ends with -00001" + ending + ".gguf for a split model");
    const std::string base = stem.substr(0, stem.size() - kNumber);
    std::vector<GgufFile> all;
    for (std::int64_t i = 0; i < parts; ++i) {
        all.emplace_back(path.parent_path() / (base + "-" + padded(i + 1) + ending + ".gguf"));
        const GgufFile& part = all.back();
        if (part.integer("split.count", parts, parts) != parts || part.integer("split.no", i, i) != i)
            part.fail("split.no", "expected part " + std::to_string(i) + " of " + std::to_string(parts));
    }
    return all;
}

} // namespace moa
