// Permits pass from hand to hand: a released one goes to the first in the queue, so that nobody
// who comes later can take it.
#include "proctor/async/semaphore.hpp"

#include "proctor/core/error.hpp"

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace proctor {

struct semaphore::waiter {
    using handler = asio::any_completion_handler<void(boost::system::error_code)>;

    asio::any_io_executor executor;
    handler resume;

    // Moved in at construction: assigning a handler by move recurses without end in Boost 1.81.
    waiter(asio::any_io_executor executor, handler resume)
        : executor(std::move(executor)), resume(std::move(resume)) {}

    // Through the executor, not from inside release(): whoever releases goes on first.
    void complete(boost::system::error_code ec) {
        asio::post(executor, [resume = std::move(resume), ec]() mutable { std::move(resume)(ec); });
    }
};

void permit::release() {
    if (auto* from = std::exchange(from_, nullptr)) from->release();
}

semaphore::~semaphore() {
    PROCTOR_ASSERT(waiters_.empty() && in_use_ == 0);
}

asio::awaitable<permit> semaphore::acquire() {
    if (in_use_ < limit_ && waiters_.empty()) {
        ++in_use_;
        co_return permit(*this);
    }
    const auto executor = co_await asio::this_coro::executor;
    auto wait = [this, executor](auto handler) {
        auto slot = asio::get_associated_cancellation_slot(handler);
        const auto entry = std::make_shared<waiter>(executor, std::move(handler));
        const auto place = waiters_.insert(waiters_.end(), entry);
        if (slot.is_connected())
            slot.assign([this, place, weak = std::weak_ptr(entry)](asio::cancellation_type) {
                const auto waiting = weak.lock();
                if (!waiting || !waiting->resume) return; // served already
                waiters_.erase(place);
                waiting->complete(asio::error::operation_aborted);
            });
    };
    co_await asio::async_initiate<const asio::use_awaitable_t<>, void(boost::system::error_code)>(
        wait, asio::use_awaitable);
    co_return permit(*this);
}

void semaphore::set_limit(std::size_t limit) {
    limit_ = limit;
    serve();
}

void semaphore::release() {
    PROCTOR_ASSERT(in_use_ > 0);
    --in_use_;
    serve();
}

void semaphore::serve() {
    while (in_use_ < limit_ && !waiters_.empty()) {
        ++in_use_; // on behalf of the waiter, whose coroutine makes the permit when it resumes
        const auto next = waiters_.front();
        waiters_.pop_front();
        next->complete({});
    }
}

} // namespace proctor
