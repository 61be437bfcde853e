// The GGUF format, versions 2 and 3: typed metadata, a table of tensors, their bytes at an alignment; a model may be
// split over files name-00001-of-00003.gguf. https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
// Nothing is believed: lengths, counts, offsets, alignments and types are checked against the file before use, and what
// is kept of the metadata is in proportion to the file.
#pragma once

#include "engine/loader/mapped_file.h"
#include "engine/loader/tensor_view.h"

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace moa {

/// Numbers of an array, as floats or integers as the file has them.
using GgufValue = std::variant<std::int64_t, double, bool, std::string_view, std::vector<std::string_view>,
                               std::vector<std::int64_t>, std::vector<double>>;

/// An opened, fully checked file. Views stay valid as long as the object lives (moves included).
class GgufFile {
public:
    /// Maps and checks the file. Throws FileError naming the file, the key, tensor or byte, and what was expected.
    explicit GgufFile(const std::filesystem::path& path);

    const std::filesystem::path& path() const { return m_path; }
    const std::vector<TensorView>& tensors() const { return m_tensors; }
    /// The whole file.
    std::span<const std::byte> bytes() const { return m_file.bytes(); }

    /// Values of the metadata: nothing where there is no such key. Throw FileError for another type or range.
    std::optional<std::string> text(const std::string& key) const;
    std::optional<std::int64_t> integer(const std::string& key, std::int64_t low, std::int64_t high) const;
    std::optional<double> number(const std::string& key) const;
    std::optional<bool> flag(const std::string& key) const;
    /// Arrays: null where there is no such key.
    const std::vector<std::string_view>* texts(const std::string& key) const;
    const std::vector<std::int64_t>* integers(const std::string& key) const;
    const std::vector<double>* numbers(const std::string& key) const;

    /// Throws FileError about a key that is missing or says what cannot be served.
    [[noreturn]] void fail(const std::string& key, const std::string& expected) const;

private:
    template <class T>
    const T* find(const std::string& key, const char* expected) const;

    std::filesystem::path m_path;
    MappedFile m_file;
    std::map<std::string, GgufValue, std::less<>> m_metadata;
    std::vector<TensorView> m_tensors;
};

/// The file and, where it is one part of a split model, all parts in their order, the one with the metadata first.
/// Throws FileError for a part that is missing or belongs to another model.
std::vector<GgufFile> openGguf(const std::filesystem::path& path);

} // namespace moa
