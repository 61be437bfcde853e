// Reading JSON from files we do not trust: every wrong type or range becomes a FileError that names the
// place.
#pragma once

#include <nlohmann/json.hpp>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace moa {

using Json = nlohmann::json;

/// Parses `text`, which came from `path`. Nesting deeper than 64 is refused. With `uniqueKeys` an object that
/// has a key twice is refused too. `where` goes in front of the place in errors.
Json parseJson(std::string_view text, const std::string& path, const std::string& where = "",
               bool uniqueKeys = false);

/// The whole of a file, refused when larger than `maxBytes`.
std::string readTextFile(const std::filesystem::path& path, std::uint64_t maxBytes);

/// readTextFile, then parseJson.
Json readJsonFile(const std::filesystem::path& path, std::uint64_t maxBytes);

/// A value and its place in the file ("model.merges[3]"). Cheap to copy except for the text of the place;
/// loops over very many elements work on the raw value and build a view only to report an error.
class JsonView {
public:
    JsonView(const Json& value, const std::string& path, std::string where = "")
        : m_value(&value), m_path(&path), m_where(std::move(where)) {}

    const Json& raw() const { return *m_value; }
    const std::string& path() const { return *m_path; }
    const std::string& where() const { return m_where; }
    bool isNull() const { return m_value->is_null(); }
    bool isObject() const { return m_value->is_object(); }
    bool isArray() const { return m_value->is_array(); }
    bool isString() const { return m_value->is_string(); }
    bool isInteger() const { return m_value->is_number_integer(); }

    /// A member that must be there (and not null).
    JsonView at(const std::string& key) const;
    /// A member, or nothing when it is missing or null.
    std::optional<JsonView> find(const std::string& key) const;
    /// An element; the index must be below size().
    JsonView operator[](std::size_t index) const;
    /// Elements of an array; throws when it is no array.
    std::size_t size() const;

    std::string text() const;
    bool flag() const;
    double number() const;
    /// An integer in [low, high].
    std::int64_t integer(std::int64_t low, std::int64_t high) const;

    /// Throws FileError about this place.
    [[noreturn]] void fail(const std::string& expected) const;

private:
    /// Throws FileError that also says what was found.
    [[noreturn]] void failType(const std::string& expected) const;

    const Json* m_value;
    const std::string* m_path;
    std::string m_where;
};

} // namespace moa
