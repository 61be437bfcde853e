// Plain tables for people: columns padded to their widest cell, numbers to the right.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace moa::cli {

class TextTable {
public:
    explicit TextTable(std::vector<std::string> header) : m_header(std::move(header)) {}
    /// As many cells as the header has.
    void add(std::vector<std::string> cells) { m_rows.push_back(std::move(cells)); }
    /// Header, rows, a newline after each. Cells are UTF-8, one column per character.
    std::string text() const;

private:
    std::vector<std::string> m_header;
    std::vector<std::vector<std::string>> m_rows;
};

/// "name   value" lines, the values in one column.
std::string keyValueLines(const std::vector<std::pair<std::string, std::string>>& lines);

} // namespace moa::cli
