// Reading JSON files from strangers and writing files so that they are whole or absent.
// Goals: one typed error per bad file, naming the place; bounded memory. Non-goal: any knowledge of plans.
// A namespace of its own keeps these apart from the reader of model files.
#pragma once

#include <nlohmann/json.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace moa::jsonfile {

/// Deepest nesting accepted: nlohmann::json writes recursively, so a deeper file could exhaust the stack.
inline constexpr int kMaxDepth = 64;

/// The bytes of a regular file. Throws FileError when it is missing, no regular file, larger than `maxBytes`
/// or unreadable.
std::string readText(const std::string& path, std::uint64_t maxBytes);

/// Parses `text`; `path` only names it in errors. Throws FileError with line and column.
nlohmann::json parse(std::string_view text, const std::string& path);

/// Writes `bytes` to a temporary name in the same folder, fsyncs, renames over `path` (following a symbolic
/// link), fsyncs the folder. On any failure the old file is untouched, no temporary stays, and FileError is
/// thrown.
void writeAtomically(const std::string& path, std::string_view bytes);

/// JSON text as this project writes it: two-space indent, but arrays of numbers on one line; bytes that are
/// no UTF-8 become U+FFFD. Doubles keep their shortest exact form.
std::string text(const nlohmann::json& document);

/// A place inside a JSON document for error messages: "$.moa_workbench.kv_heads", "$.alphas[3][0]".
class Place {
public:
    explicit Place(std::string file, std::string place = "$")
        : m_file(std::move(file)), m_place(std::move(place)) {}
    Place operator/(std::string_view key) const { return Place(m_file, m_place + "." + std::string(key)); }
    Place operator[](std::size_t index) const {
        return Place(m_file, m_place + "[" + std::to_string(index) + "]");
    }
    /// Throws FileError(file, place, "expected …").
    [[noreturn]] void fail(const std::string& expected) const;

    /// `value[key]`; fails when `value` is no object or lacks the key.
    const nlohmann::json& member(const nlohmann::json& value, std::string_view key,
                                 std::string_view what) const;
    /// A finite number.
    double number(const nlohmann::json& value) const;
    /// An integer in [least, most] (a float such as 4.0 counts).
    std::int64_t integer(const nlohmann::json& value, std::int64_t least, std::int64_t most) const;
    /// A JSON array.
    const nlohmann::json& array(const nlohmann::json& value, std::string_view what) const;

private:
    std::string m_file, m_place;
};

} // namespace moa::jsonfile
