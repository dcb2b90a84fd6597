// When an endpoint wants to be asked again, as it says it in a header.
#pragma once

#include "proctor/async/clock.hpp"

#include <chrono>
#include <optional>
#include <string_view>

namespace proctor {

// The value of Retry-After: seconds or an HTTP date, counted from `now`. A date that has passed
// is zero; more than a year is a year. Nothing: neither of the two.
std::optional<duration> parse_retry_after(std::string_view value,
                                          std::chrono::system_clock::time_point now);

// The value of retry-after-ms, under the same bounds.
std::optional<duration> parse_retry_after_ms(std::string_view value);

// The value of x-ratelimit-reset-…: "6m0s", "59.56s", "20ms", seconds, or seconds since 1970,
// counted from `now`; under the same bounds.
std::optional<duration> parse_limit_reset(std::string_view value,
                                          std::chrono::system_clock::time_point now);

} // namespace proctor
