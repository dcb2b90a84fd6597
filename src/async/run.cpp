// The root of all coroutines of a program.
#include "proctor/async/run.hpp"

#include <boost/asio/co_spawn.hpp>

#include <exception>
#include <utility>

namespace proctor {

void run_to_completion(asio::io_context& context, asio::awaitable<void> task) {
    std::exception_ptr error;
    asio::co_spawn(context, std::move(task), [&](std::exception_ptr e) {
        error = std::move(e);
        if (error) context.stop(); // what it leaves behind may wait for ever
    });
    context.run();
    if (error) std::rethrow_exception(error);
}

} // namespace proctor
