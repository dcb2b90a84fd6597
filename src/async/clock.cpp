// The clock that production runs on, and durations as people write them.
#include "proctor/async/clock.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <charconv>
#include <cmath>

namespace proctor {

time_point real_clock::now() const {
    return std::chrono::steady_clock::now();
}

std::chrono::system_clock::time_point real_clock::wall_now() const {
    return std::chrono::system_clock::now();
}

asio::awaitable<void> real_clock::sleep_until(time_point when) {
    asio::steady_timer timer(co_await asio::this_coro::executor,
                             std::chrono::time_point_cast<asio::steady_timer::duration>(when));
    co_await timer.async_wait(asio::use_awaitable);
}

std::optional<duration> parse_duration(std::string_view text) {
    double seconds = 0;
    if (text.empty()) return std::nullopt;
    // "3h50" would leave open what the 50 are.
    const bool is_bare = text.find_first_not_of("0123456789.e+-") == std::string_view::npos;
    while (!text.empty()) {
        double value = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (error != std::errc{} || !std::isfinite(value) || value < 0) return std::nullopt;
        text.remove_prefix(static_cast<std::size_t>(end - text.data()));
        std::size_t letters = 0;
        while (letters < text.size() && text[letters] >= 'a' && text[letters] <= 'z') ++letters;
        const auto unit = text.substr(0, letters);
        text.remove_prefix(letters);
        if (unit == "ms")
            value /= 1000;
        else if (unit == "m")
            value *= 60;
        else if (unit == "h")
            value *= 3600;
        else if (unit == "d")
            value *= 86400;
        else if (unit != "s" && (!is_bare || !text.empty()))
            return std::nullopt;
        seconds += value;
    }
    constexpr double ten_years = 10 * 366 * 86400.0;
    if (seconds > ten_years) return std::nullopt;
    return std::chrono::duration_cast<duration>(std::chrono::duration<double>(seconds));
}

} // namespace proctor
