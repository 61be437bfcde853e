// See json_reader.h.
#include "engine/loader/json_reader.h"

#include "engine/core/error.h"
#include "engine/loader/mapped_file.h"
#include "engine/loader/utf8.h"

#include <cmath>
#include <set>
#include <vector>

namespace moa {

namespace {

constexpr int kMaxDepth = 64;

/// Refuses deep nesting before anything is built from it.
void checkDepth(std::string_view text, const std::string& path, const std::string& where) {
    int depth = 0;
    bool inString = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (inString) {
            if (c == '\\')
                ++i;
            else if (c == '"')
                inString = false;
        } else if (c == '"') {
            inString = true;
        } else if (c == '[' || c == '{') {
            if (++depth > kMaxDepth)
                throw FileError(path, where + "byte " + std::to_string(i),
                                "expected JSON nested at most " + std::to_string(kMaxDepth) + " deep");
        } else if (c == ']' || c == '}') {
            --depth;
        }
    }
}

/// Keys seen in the objects now open; throws at the second of a name.
class UniqueKeys {
public:
    UniqueKeys(const std::string& path, const std::string& where) : m_path(path), m_where(where) {}

    bool operator()(int depth, Json::parse_event_t event, const Json& parsed) {
        if (event == Json::parse_event_t::object_start) {
            m_keys.resize(static_cast<std::size_t>(depth) + 1);
            m_keys.back().clear();
        } else if (event == Json::parse_event_t::key) {
            const auto& key = parsed.get_ref<const std::string&>();
            if (!m_keys.at(static_cast<std::size_t>(depth) - 1).insert(key).second)
                throw FileError(m_path, oneLine(m_where + "\"" + key + "\""),
                                "expected every key once, found it twice");
        }
        return true;
    }

private:
    const std::string& m_path;
    const std::string& m_where;
    std::vector<std::set<std::string>> m_keys;
};

std::string_view typeText(const Json& value) {
    switch (value.type()) {
    case Json::value_t::null:
        return "null";
    case Json::value_t::object:
        return "an object";
    case Json::value_t::array:
        return "an array";
    case Json::value_t::string:
        return "a string";
    case Json::value_t::boolean:
        return "a boolean";
    default:
        return "a number";
    }
}

} // namespace

Json parseJson(std::string_view text, const std::string& path, const std::string& where, bool uniqueKeys) {
    const std::string prefix = where.empty() ? "" : where + ", ";
    checkDepth(text, path, prefix);
    try {
        if (!uniqueKeys) return Json::parse(text.begin(), text.end());
        UniqueKeys keys(path, prefix);
        return Json::parse(text.begin(), text.end(),
                           [&keys](int depth, Json::parse_event_t event, Json& parsed) {
                               return keys(depth, event, parsed);
                           });
    } catch (const Json::parse_error& error) {
        throw FileError(path, prefix + "byte " + std::to_string(error.byte), "expected valid JSON");
    } catch (const Json::exception&) { // a number no double can hold
        throw FileError(path, where, "expected JSON numbers within range");
    }
}

std::string readTextFile(const std::filesystem::path& path, std::uint64_t maxBytes) {
    const MappedFile file(path);
    if (file.size() > maxBytes)
        throw FileError(path.string(), "",
                        "expected at most " + std::to_string(maxBytes) + " bytes, found " +
                            std::to_string(file.size()));
    return std::string(reinterpret_cast<const char*>(file.bytes().data()), file.size());
}

Json readJsonFile(const std::filesystem::path& path, std::uint64_t maxBytes) {
    return parseJson(readTextFile(path, maxBytes), path.string());
}

JsonView JsonView::at(const std::string& key) const {
    if (!isObject()) failType("expected an object");
    auto found = find(key);
    if (!found) fail("expected a key \"" + key + "\"");
    return *found;
}

std::optional<JsonView> JsonView::find(const std::string& key) const {
    if (!isObject()) failType("expected an object");
    const auto it = m_value->find(key);
    if (it == m_value->end() || it->is_null()) return std::nullopt;
    return JsonView(*it, *m_path, m_where.empty() ? key : m_where + "." + key);
}

JsonView JsonView::operator[](std::size_t index) const {
    if (index >= size()) fail("expected at least " + std::to_string(index + 1) + " elements");
    return JsonView((*m_value)[index], *m_path, m_where + "[" + std::to_string(index) + "]");
}

std::size_t JsonView::size() const {
    if (!isArray()) failType("expected an array");
    return m_value->size();
}

std::string JsonView::text() const {
    if (!isString()) failType("expected a string");
    return m_value->get<std::string>();
}

bool JsonView::flag() const {
    if (!m_value->is_boolean()) failType("expected true or false");
    return m_value->get<bool>();
}

double JsonView::number() const {
    if (!m_value->is_number()) failType("expected a number");
    const double value = m_value->get<double>();
    if (!std::isfinite(value)) fail("expected a finite number");
    return value;
}

std::int64_t JsonView::integer(std::int64_t low, std::int64_t high) const {
    const std::string range =
        std::string("[").append(std::to_string(low)).append(", ").append(std::to_string(high)).append("]");
    if (!m_value->is_number_integer()) failType("expected an integer in " + range);
    const bool tooLarge =
        m_value->is_number_unsigned() && m_value->get<std::uint64_t>() > std::uint64_t(INT64_MAX);
    const std::int64_t value = tooLarge ? 0 : m_value->get<std::int64_t>();
    if (tooLarge || value < low || value > high)
        fail("expected an integer in " + range + ", found " + m_value->dump());
    return value;
}

void JsonView::fail(const std::string& expected) const {
    throw FileError(*m_path, oneLine(m_where), oneLine(expected));
}

void JsonView::failType(const std::string& expected) const {
    fail(expected + ", found " + std::string(typeText(*m_value)));
}

} // namespace moa
