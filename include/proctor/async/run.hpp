// Where coroutines meet the thread that runs them.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

namespace proctor {

namespace asio = boost::asio;

// Runs `task` and everything it starts on this thread until nothing is left to do, or the task
// throws: that is thrown again at once, whatever else still waits.
void run_to_completion(asio::io_context&, asio::awaitable<void> task);

} // namespace proctor
