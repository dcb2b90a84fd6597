// Runs a coroutine to its end from a test that is none.
#pragma once

#include "support/manual_clock.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <exception>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <utility>

namespace proctor::test {

namespace asio = boost::asio;

// A coroutine that has been started. Its result is there once its io_context has run far enough;
// the object outlives the coroutine.
template <class T>
class started_coro {
public:
    started_coro(asio::io_context& io, asio::awaitable<T> coroutine) {
        if constexpr (std::is_void_v<T>) {
            asio::co_spawn(io, std::move(coroutine), [this](std::exception_ptr error) {
                error_ = std::move(error);
                done_ = true;
            });
        } else {
            asio::co_spawn(io, std::move(coroutine), [this](std::exception_ptr error, T value) {
                error_ = std::move(error);
                if (!error_) value_.emplace(std::move(value));
                done_ = true;
            });
        }
    }
    started_coro(const started_coro&) = delete;
    started_coro& operator=(const started_coro&) = delete;

    bool done() const { return done_; }
    // What it returned or threw. Requires done().
    T get() {
        if (error_) std::rethrow_exception(error_);
        if constexpr (!std::is_void_v<T>) return std::move(*value_);
    }

private:
    struct nothing {};
    std::conditional_t<std::is_void_v<T>, nothing,
                       std::optional<std::conditional_t<std::is_void_v<T>, nothing, T>>>
        value_;
    std::exception_ptr error_;
    bool done_ = false;
};

// With real time and real sockets: until the coroutine has ended.
template <class T>
T run_coro(asio::io_context& io, asio::awaitable<T> coroutine) {
    started_coro<T> task(io, std::move(coroutine));
    io.restart();
    while (!task.done() && io.run_one() > 0) {
    }
    if (!task.done()) throw std::logic_error("the coroutine waits for something that never comes");
    return task.get();
}

template <class T>
T run_coro(asio::awaitable<T> coroutine) {
    asio::io_context io;
    return run_coro(io, std::move(coroutine));
}

// Whenever everybody waits, the clock jumps to the next alarm.
template <class T>
T run_coro(asio::io_context& io, manual_clock& clock, asio::awaitable<T> coroutine) {
    started_coro<T> task(io, std::move(coroutine));
    while (true) {
        io.restart();
        io.poll();
        if (task.done()) return task.get();
        const auto next = clock.next_alarm();
        if (!next) throw std::logic_error("the coroutine waits for something that never comes");
        clock.advance_to(*next);
    }
}

} // namespace proctor::test
