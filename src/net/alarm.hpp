// A deadline for what happens on a socket, cheap to put off: almost none is ever met.
#pragma once

#include "proctor/async/clock.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <memory>

namespace proctor {

// Arming a timer costs more than all else that an exchange does for its deadline. So a timer that
// runs is left alone when the deadline moves away, and looks again when it fires.
class alarm {
public:
    explicit alarm(const asio::any_io_executor& executor)
        : state_(std::make_shared<state>(executor)) {}
    alarm(const alarm&) = delete;
    alarm& operator=(const alarm&) = delete;
    ~alarm(); // silent from now on

    // Cancels what waits on `socket` when the time has come. The socket outlives the alarm.
    void set(time_point, asio::ip::tcp::socket& socket);
    // Since it was set the last time.
    bool rang() const { return state_->rang; }

private:
    // Shared with the timer's handler, which may be on its way when the alarm goes.
    struct state {
        explicit state(const asio::any_io_executor& executor) : timer(executor) {}

        asio::steady_timer timer;
        asio::ip::tcp::socket* socket = nullptr;
        time_point deadline{};
        bool runs = false;
        bool rang = false;
    };

    static void run(std::shared_ptr<state>);
    static void fire(std::shared_ptr<state>);

    std::shared_ptr<state> state_;
};

} // namespace proctor
