// A timer that never expires serves as the list of waiters.
#include "proctor/async/event.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

namespace proctor {

event::event(asio::any_io_executor executor)
    : timer_(std::move(executor), asio::steady_timer::time_point::max()) {}

void event::notify() {
    timer_.cancel();
}

asio::awaitable<void> event::wait() {
    co_await timer_.async_wait(asio::as_tuple(asio::use_awaitable));
    // A notification and a cancellation of this coroutine look alike to the timer.
    const auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none)
        throw boost::system::system_error(asio::error::operation_aborted);
}

} // namespace proctor
