// The one place where coroutines are spawned: whoever starts them can wait for them and end them.
//
// All on one thread, that of the executor. A task that ends by operation_aborted was cancelled,
// which is no error; any other exception is a bug, kept and thrown again by join().
#pragma once

#include "proctor/async/event.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include <cstddef>
#include <exception>
#include <list>

namespace proctor {

namespace asio = boost::asio;

class task_group {
public:
    explicit task_group(asio::any_io_executor executor);
    task_group(const task_group&) = delete;
    task_group& operator=(const task_group&) = delete;
    ~task_group(); // requires: size() == 0, that is, join() was awaited

    // The coroutine's parameters must be its own (by value) or outlive the group. It starts
    // through the executor, never inside this call. After cancel(), new tasks are cancelled too.
    void spawn(asio::awaitable<void> task);

    std::size_t size() const { return tasks_.size(); }
    // Terminal cancellation of every task that runs. From inside the executor's loop only: outside
    // it, Asio would put the cancellation off, and it might come after its task has gone.
    void cancel();
    // Until no task is left. Throws what a task threw, if one did.
    asio::awaitable<void> join();

private:
    struct task {
        asio::cancellation_signal cancellation;
    };
    void ended(std::list<task>::iterator, std::exception_ptr);

    asio::any_io_executor executor_;
    std::list<task> tasks_;
    event empty_;
    std::exception_ptr first_error_;
    bool cancelled_ = false;
};

} // namespace proctor
