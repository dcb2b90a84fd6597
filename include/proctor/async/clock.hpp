// Time as a seam: back-off, deadlines and gathering run on a clock that tests can turn by hand.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <optional>
#include <string_view>

namespace proctor {

namespace asio = boost::asio;

using duration = std::chrono::nanoseconds;
using time_point = std::chrono::time_point<std::chrono::steady_clock, duration>;

class clock {
public:
    virtual ~clock() = default;

    virtual time_point now() const = 0;
    // For people and files; never for measuring.
    virtual std::chrono::system_clock::time_point wall_now() const = 0;
    // Resumes on the awaiting coroutine's executor. Cancellation ends the sleep at once and
    // unwinds as operation_aborted.
    virtual asio::awaitable<void> sleep_until(time_point) = 0;

    asio::awaitable<void> sleep_for(duration time) { return sleep_until(now() + time); }
};

class real_clock final : public clock {
public:
    time_point now() const override;
    std::chrono::system_clock::time_point wall_now() const override;
    asio::awaitable<void> sleep_until(time_point) override;
};

// "250ms", "10s", "1.5m", "3h50m"; a bare number is seconds.
// Nothing: not a duration, or one below zero or above ten years.
std::optional<duration> parse_duration(std::string_view text);

} // namespace proctor
