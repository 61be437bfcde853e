#include "app/cli/text_table.h"

#include <algorithm>
#include <cstddef>

namespace moa::cli {
namespace {

std::size_t widthOf(const std::string& text) {
    return static_cast<std::size_t>(
        std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

bool looksNumeric(const std::string& text) {
    return text.empty() || text == "–" || text == "-" || (text[0] >= '0' && text[0] <= '9') ||
           ((text[0] == '-' || text[0] == '+') && text.size() > 1 && text[1] >= '0' && text[1] <= '9');
}

std::string padded(const std::string& text, std::size_t width, bool right) {
    const std::string space(width - std::min(width, widthOf(text)), ' ');
    return right ? space + text : text + space;
}

} // namespace

std::string TextTable::text() const {
    std::vector<std::size_t> widths;
    std::vector<bool> numeric;
    for (std::size_t c = 0; c < m_header.size(); ++c) {
        widths.push_back(widthOf(m_header[c]));
        numeric.push_back(!m_rows.empty());
        for (const auto& row : m_rows) {
            widths[c] = std::max(widths[c], widthOf(row[c]));
            numeric[c] = numeric[c] && looksNumeric(row[c]);
        }
    }
    std::string out;
    const auto line = [&](const std::vector<std::string>& cells) {
        std::string joined;
        for (std::size_t c = 0; c < cells.size(); ++c)
            joined += (c ? "  " : "") + padded(cells[c], widths[c], numeric[c]);
        joined.erase(joined.find_last_not_of(' ') + 1);
        out += joined + "\n";
    };
    line(m_header);
    for (const auto& row : m_rows) line(row);
    return out;
}

std::string keyValueLines(const std::vector<std::pair<std::string, std::string>>& lines) {
    std::size_t width = 0;
    for (const auto& [key, value] : lines) width = std::max(width, widthOf(key));
    std::string out;
    for (const auto& [key, value] : lines) out += padded(key, width + 2, false) + value + "\n";
    return out;
}

} // namespace moa::cli
