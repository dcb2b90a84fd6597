// A condition that coroutines wait for on one thread: whoever changes what they look at notifies,
// and they look again.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

namespace proctor {

namespace asio = boost::asio;

class event {
public:
    explicit event(asio::any_io_executor executor);

    // Wakes everybody who waits now; nothing is remembered for later.
    void notify();
    // Until the next notify(). Wait in a loop over the condition. Unwinds as operation_aborted
    // when cancelled.
    asio::awaitable<void> wait();

private:
    asio::steady_timer timer_; // never expires: cancelling it is the notification
};

} // namespace proctor
