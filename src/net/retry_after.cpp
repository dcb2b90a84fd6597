// Reads the two headers that put off a retry. What to make of them is retry.cpp's business.
#include "proctor/net/retry_after.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <string>

namespace proctor {
namespace {

// In seconds, as what is compared with it: a far date does not fit in nanoseconds.
constexpr std::chrono::seconds longest = std::chrono::hours{24 * 365};

std::optional<double> parse_number(std::string_view text) {
    double number = 0;
    const auto [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    if (!std::isfinite(number) || number < 0) return std::nullopt;
    return number;
}

// From nothing to a year.
duration bounded(std::chrono::duration<double> wanted) {
    if (wanted >= std::chrono::duration<double>(longest)) return longest;
    return std::chrono::duration_cast<duration>(std::max(wanted, {}));
}

std::optional<duration> parse_amount(std::string_view text, std::chrono::duration<double> unit) {
    const auto number = parse_number(text);
    if (!number) return std::nullopt;
    return bounded(*number * unit);
}

// "Sun, 06 Nov 1994 08:49:37 GMT", the one form of RFC 9110 that may be sent. Not strptime, which
// follows the locale.
std::optional<std::chrono::sys_seconds> parse_http_date(std::string_view text) {
    static constexpr std::array<std::string_view, 12> months{
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    unsigned day = 0;
    std::array<char, 4> month_name{};
    int year = 0;
    unsigned hour = 0, minute = 0, second = 0;
    int read = 0;
    const std::string line(text);
    const int fields = std::sscanf(line.c_str(), "%*3s, %2u %3s %4d %2u:%2u:%2u GMT%n", &day,
                                   month_name.data(), &year, &hour, &minute, &second, &read);
    if (fields != 6 || read != int(line.size())) return std::nullopt;
    const auto month = std::ranges::find(months, std::string_view(month_name.data()));
    if (month == months.end() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
    const std::chrono::year_month_day date(std::chrono::year{year},
                                           std::chrono::month{unsigned(month - months.begin()) + 1},
                                           std::chrono::day{day});
    if (!date.ok()) return std::nullopt;
    return std::chrono::sys_days{date} + std::chrono::hours{hour} + std::chrono::minutes{minute} +
           std::chrono::seconds{second};
}

} // namespace

std::optional<duration> parse_retry_after(std::string_view value,
                                          std::chrono::system_clock::time_point now) {
    if (const auto seconds = parse_amount(value, std::chrono::seconds{1})) return seconds;
    const auto date = parse_http_date(value);
    if (!date) return std::nullopt;
    const auto wait = *date - std::chrono::ceil<std::chrono::seconds>(now);
    if (wait >= longest) return longest;
    return std::max(std::chrono::seconds{0}, wait);
}

std::optional<duration> parse_retry_after_ms(std::string_view value) {
    return parse_amount(value, std::chrono::milliseconds{1});
}

std::optional<duration> parse_limit_reset(std::string_view value,
                                          std::chrono::system_clock::time_point now) {
    if (const auto amount = parse_duration(value)) return std::min<duration>(*amount, longest);
    // More than any duration may have: a time.
    const auto since_1970 = parse_number(value);
    if (!since_1970) return std::nullopt;
    return bounded(std::chrono::duration<double>(*since_1970) - now.time_since_epoch());
}

} // namespace proctor
