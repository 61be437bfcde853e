#include "app/cli/text_stream.h"

#include <span>

namespace moa::cli {
namespace {

constexpr const char* kReplacement = "\xEF\xBF\xBD";

} // namespace

std::string TextStream::pending() const {
    const std::string before = m_tokenizer.decode(std::span(m_window).first(m_given), true);
    const std::string all = m_tokenizer.decode(m_window, true);
    return all.size() > before.size() ? all.substr(before.size()) : std::string();
}

std::string TextStream::push(int id) {
    m_window.push_back(id);
    std::string text = pending();
    if (text.empty() || text.ends_with(kReplacement)) return {};
    // The tokens just given out are what the next ones are decoded behind.
    m_window.erase(m_window.begin(), m_window.begin() + static_cast<std::ptrdiff_t>(m_given));
    m_given = m_window.size();
    return text;
}

std::string TextStream::finish() {
    std::string text = pending();
    m_window.clear();
    m_given = 0;
    return text;
}

} // namespace moa::cli
