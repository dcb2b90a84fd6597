// An asynchronous counting semaphore that serves in the order of asking.
//
// Everything happens on the one thread of the executor that the awaiting coroutines share; there
// is no lock. A waiter that is cancelled leaves the queue; a permit that was already handed to it
// comes back when its `permit` is destroyed.
#pragma once

#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <list>
#include <memory>
#include <utility>

namespace proctor {

namespace asio = boost::asio;

class semaphore;

// The right to do one of a limited number of things at once. Given back when destroyed.
class [[nodiscard]] permit {
public:
    permit() = default;
    permit(permit&& other) noexcept : from_(std::exchange(other.from_, nullptr)) {}
    permit& operator=(permit&& other) noexcept {
        std::swap(from_, other.from_);
        return *this;
    }
    ~permit() { release(); }

    void release();
    explicit operator bool() const { return from_ != nullptr; }

private:
    friend class semaphore;
    explicit permit(semaphore& from) : from_(&from) {}

    semaphore* from_ = nullptr;
};

class semaphore {
public:
    explicit semaphore(std::size_t limit) : limit_(limit) {}
    semaphore(const semaphore&) = delete;
    semaphore& operator=(const semaphore&) = delete;
    ~semaphore(); // requires: nobody waits, nobody holds a permit

    // Unwinds as operation_aborted when cancelled while waiting.
    asio::awaitable<permit> acquire();

    std::size_t limit() const { return limit_; }
    std::size_t in_use() const { return in_use_; }
    std::size_t waiting() const { return waiters_.size(); }
    // Takes effect at once for waiters; permits that are out above a smaller limit stay out.
    void set_limit(std::size_t limit);

private:
    friend class permit;
    struct waiter;

    void release();
    void serve();

    std::size_t limit_;
    std::size_t in_use_ = 0;
    std::list<std::shared_ptr<waiter>> waiters_;
};

} // namespace proctor
