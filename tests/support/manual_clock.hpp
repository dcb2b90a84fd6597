// A clock whose time is turned by hand: nothing waits for real.
//
// On one thread. Sleepers whose time has come resume through their executor, the earliest first,
// when that runs next.
#pragma once

#include "proctor/async/clock.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <map>
#include <optional>

namespace proctor::test {

class manual_clock final : public clock {
public:
    time_point now() const override { return now_; }
    std::chrono::system_clock::time_point wall_now() const override {
        return std::chrono::system_clock::time_point{} +
               std::chrono::duration_cast<std::chrono::system_clock::duration>(
                   now_.time_since_epoch());
    }

    asio::awaitable<void> sleep_until(time_point when) override {
        if (when <= now_) co_return;
        asio::steady_timer alarm(co_await asio::this_coro::executor,
                                 asio::steady_timer::time_point::max());
        sleeper self{alarm};
        const auto place = sleepers_.emplace(when, &self);
        co_await alarm.async_wait(asio::as_tuple(asio::use_awaitable));
        if (self.woken) co_return;
        sleepers_.erase(place);
        throw boost::system::system_error(asio::error::operation_aborted);
    }

    void advance(duration time) { advance_to(now_ + time); }
    void advance_to(time_point when) {
        now_ = std::max(now_, when);
        while (!sleepers_.empty() && sleepers_.begin()->first <= now_) {
            auto* due = sleepers_.begin()->second;
            sleepers_.erase(sleepers_.begin());
            due->woken = true;
            due->alarm.cancel();
        }
    }

    std::size_t sleepers() const { return sleepers_.size(); }
    // When the next sleeper is due.
    std::optional<time_point> next_alarm() const {
        if (sleepers_.empty()) return std::nullopt;
        return sleepers_.begin()->first;
    }

private:
    struct sleeper {
        asio::steady_timer& alarm; // never expires; cancelled to wake the sleeper
        bool woken = false;
    };

    time_point now_{std::chrono::hours{1000}};
    std::multimap<time_point, sleeper*> sleepers_;
};

} // namespace proctor::test
