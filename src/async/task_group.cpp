// Bookkeeping of spawned coroutines.
#include "proctor/async/task_group.hpp"

#include "proctor/core/error.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/system_error.hpp>

#include <utility>

namespace proctor {
namespace {

bool was_cancelled(const std::exception_ptr& error) {
    try {
        std::rethrow_exception(error);
    } catch (const boost::system::system_error& e) {
        return e.code() == asio::error::operation_aborted;
    } catch (...) {
        return false;
    }
}

// co_spawn on the executor's own thread would run the task up to its first wait, or to its end,
// before it returns; the group would be told of the end of a task that it has not finished
// starting.
asio::awaitable<void> start_later(asio::awaitable<void> task) {
    co_await asio::post(asio::use_awaitable);
    co_await std::move(task);
}

} // namespace

task_group::task_group(asio::any_io_executor executor)
    : executor_(std::move(executor)), empty_(executor_) {}

task_group::~task_group() {
    PROCTOR_ASSERT(tasks_.empty());
}

void task_group::spawn(asio::awaitable<void> coroutine) {
    const auto place = tasks_.emplace(tasks_.end());
    asio::co_spawn(executor_, start_later(std::move(coroutine)),
                   asio::bind_cancellation_slot(place->cancellation.slot(),
                                                [this, place](std::exception_ptr error) {
                                                    ended(place, std::move(error));
                                                }));
    if (cancelled_) place->cancellation.emit(asio::cancellation_type::terminal);
}

void task_group::ended(std::list<task>::iterator place, std::exception_ptr error) {
    if (error && !was_cancelled(error) && !first_error_) first_error_ = std::move(error);
    tasks_.erase(place);
    if (tasks_.empty()) empty_.notify();
}

void task_group::cancel() {
    cancelled_ = true;
    // A task may end, and leave the list, while it is being told.
    for (auto place = tasks_.begin(); place != tasks_.end();) {
        const auto current = place++;
        current->cancellation.emit(asio::cancellation_type::terminal);
    }
}

asio::awaitable<void> task_group::join() {
    while (!tasks_.empty()) co_await empty_.wait();
    if (first_error_) std::rethrow_exception(std::exchange(first_error_, nullptr));
}

} // namespace proctor
