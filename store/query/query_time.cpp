// Dates of the query language.
#include "store/query/query_text.h"

#include <charconv>
#include <ctime>

namespace moa {
namespace {

using namespace std::chrono;

/// Digits of exactly this many characters off the front of `text`.
std::optional<int> takeDigits(std::string_view& text, std::size_t count) {
    if (text.size() < count) return std::nullopt;
    int value = 0;
    for (std::size_t i = 0; i < count; ++i) {
        if (text[i] < '0' || text[i] > '9') return std::nullopt;
        value = 10 * value + (text[i] - '0');
    }
    text.remove_prefix(count);
    return value;
}

bool take(std::string_view& text, char c) {
    if (!text.starts_with(c)) return false;
    text.remove_prefix(1);
    return true;
}

/// 12h, 7d, 3w: that long ago until now, or later.
std::optional<TimeSpan> ago(std::string_view text, const QueryClock& clock) {
    int count = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (error != std::errc() || count < 0 || count > 100000 || end + 1 != text.data() + text.size())
        return std::nullopt;
    const hours unit = *end == 'h'   ? hours(1)
                       : *end == 'd' ? hours(24)
                       : *end == 'w' ? hours(7 * 24)
                                     : hours(0);
    if (unit == hours(0)) return std::nullopt;
    return TimeSpan{clock.now - count * unit, TimePoint::max()};
}

TimeSpan spanOf(year_month_day first, sys_days end, const QueryClock& clock) {
    return {TimePoint(sys_days(first)) - clock.utcOffset, TimePoint(end) - clock.utcOffset};
}

} // namespace

std::optional<TimeSpan> parseTime(std::string_view text, const QueryClock& clock) {
    const auto today = floor<days>(clock.now + clock.utcOffset);
    if (text == "today") return spanOf(today, today + days(1), clock);
    if (text == "yesterday") return spanOf(today - days(1), today, clock);
    if (const auto span = ago(text, clock)) return span;
    const auto y = takeDigits(text, 4);
    if (!y) return std::nullopt;
    const year yy(*y);
    if (text.empty()) return spanOf(yy / 1 / 1, sys_days((yy + years(1)) / 1 / 1), clock);
    const auto m = take(text, '-') ? takeDigits(text, 2) : std::nullopt;
    if (!m || *m < 1 || *m > 12) return std::nullopt;
    const year_month ym = yy / *m;
    if (text.empty()) return spanOf(ym / 1, sys_days((ym + months(1)) / 1), clock);
    const auto d = take(text, '-') ? takeDigits(text, 2) : std::nullopt;
    if (!d) return std::nullopt;
    const year_month_day ymd = ym / *d;
    if (!ymd.ok()) return std::nullopt;
    if (text.empty()) return spanOf(ymd, sys_days(ymd) + days(1), clock);
    const auto h = take(text, 'T') ? takeDigits(text, 2) : std::nullopt;
    const auto min = h && take(text, ':') ? takeDigits(text, 2) : std::nullopt;
    if (!min || *h > 23 || *min > 59 || !text.empty()) return std::nullopt;
    const TimePoint at = TimePoint(sys_days(ymd)) + hours(*h) + minutes(*min) - clock.utcOffset;
    return TimeSpan{at, at + minutes(1)};
}

QueryClock localClock() {
    QueryClock clock;
    const std::time_t now = duration_cast<seconds>(clock.now.time_since_epoch()).count();
    std::tm local{};
    ::localtime_r(&now, &local);
    clock.utcOffset = minutes(local.tm_gmtoff / 60);
    return clock;
}

} // namespace moa
