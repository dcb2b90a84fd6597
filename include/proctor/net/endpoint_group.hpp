// Which endpoint the next request goes to, and when: the least busy of those that may take one.
//
// Each has a limit of its own on what is in flight (concurrency_limit), a circuit, and pauses that
// it has asked for; all together keep to `parallel` and to the rates. Whoever wants to send awaits
// a turn; nobody holds one over a pause or a back-off. Knows endpoints by number only.
#pragma once

#include "proctor/async/event.hpp"
#include "proctor/async/semaphore.hpp"
#include "proctor/async/task_group.hpp"
#include "proctor/net/circuit.hpp"
#include "proctor/net/concurrency_limit.hpp"
#include "proctor/net/rate_limit.hpp"
#include "proctor/net/retry.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>

namespace proctor {

struct group_settings {
    std::size_t parallel = 256; // of all endpoints together
    bool adaptive = true;
    std::optional<std::uint64_t> requests_a_minute;
    std::optional<std::uint64_t> tokens_a_minute;
    circuit_settings circuits;
    duration longest_probe = std::chrono::seconds{30};
    // How long all of them may be away, before the first answer of this run and after it.
    duration patience_at_start = std::chrono::seconds{600};
    duration patience = std::chrono::minutes{60};
};

struct group_figures {
    std::uint64_t attempts = 0;                    // requests that have ended
    std::map<std::string, std::uint64_t> troubles; // of these: "429", "503", "timed_out", …
    std::uint64_t outages = 0;                     // circuits that opened
    std::uint64_t pauses = 0;                      // that endpoints have asked for
    duration away{};                               // while none was there
};

class endpoint_group;

// The right to send one request to one endpoint. Given back when destroyed.
class [[nodiscard]] turn {
public:
    turn() = default;
    turn(turn&& other) noexcept;
    turn& operator=(turn&& other) noexcept;
    ~turn() { give_back(); }

    std::size_t endpoint() const { return endpoint_; }

    // How the request has ended; once, and the turn is given back. Neither: it was cancelled.
    void answered(std::uint64_t tokens, std::optional<duration> pause);
    // False: the endpoint was known to be away, and the attempt says nothing about the question.
    bool failed(const attempt_failure&);

private:
    friend class endpoint_group;
    turn(endpoint_group& group, std::size_t endpoint, permit held, time_point began)
        : group_(&group), endpoint_(endpoint), held_(std::move(held)), began_(began) {}
    void give_back();

    endpoint_group* group_ = nullptr;
    std::size_t endpoint_ = 0;
    permit held_;
    time_point began_{};
};

class endpoint_group {
public:
    // Whether an endpoint that was away is there again.
    using probe = std::function<asio::awaitable<boost::system::result<void, attempt_failure>>(
        std::size_t endpoint)>;
    struct listeners {
        // An endpoint went away, came back or asked for a pause. May be empty.
        std::function<void(std::size_t endpoint, const std::string&)> on_event;
        // A limit was moved. May be empty.
        std::function<void(std::size_t endpoint, const concurrency_limit::change&)> on_limit;
        // All have been away for longer than the patience lasts, or one refuses us.
        std::function<void(const attempt_failure&, bool refused)> on_end;
    };

    // The clock outlives the group. All on the executor's one thread. Requires endpoints > 0.
    endpoint_group(asio::any_io_executor, clock&, std::size_t endpoints, group_settings, probe,
                   listeners);
    ~endpoint_group(); // requires: stop() was awaited

    // Unwinds as operation_aborted when cancelled.
    asio::awaitable<turn> acquire();

    // What a probe outside of the group has found, before anything was sent.
    void found(std::size_t endpoint);
    void missing(std::size_t endpoint, const attempt_failure&);
    // Since when none is there, longer than the patience allows?
    bool too_long() const;
    duration patience() const {
        return ever_answered_ ? settings_.patience : settings_.patience_at_start;
    }

    // How long a probe may take, the group's own and those before anything is sent.
    duration longest_probe() const { return settings_.longest_probe; }

    std::size_t size() const { return members_.size(); }
    std::size_t in_flight() const { return in_flight_; }
    std::size_t waiting() const { return permits_.waiting(); }
    // How many requests could be in flight if all endpoints were there.
    std::size_t limit() const;
    std::size_t limit_of(std::size_t endpoint) const { return members_[endpoint].limit.limit(); }
    std::size_t in_flight_of(std::size_t endpoint) const { return members_[endpoint].in_flight; }
    bool is_there(std::size_t endpoint) const { return members_[endpoint].line.closed(); }
    const group_figures& figures() const { return figures_; }

    // Ends what it does by itself. Nobody waits for a turn any more.
    asio::awaitable<void> stop();

private:
    friend class turn;

    struct member {
        explicit member(const group_settings&);

        concurrency_limit limit;
        circuit line;
        std::size_t in_flight = 0;
        time_point paused_until = time_point::min();
        std::size_t overloads_in_a_row = 0;
        std::optional<time_point> trial_began; // one request shows whether it is back
        std::optional<attempt_failure> last_failure;
        std::optional<task_group> probing;
        time_point probe_began{};
    };

    std::size_t room_at(const member&, time_point now) const;
    std::size_t room_in_rates(time_point now);
    std::optional<std::size_t> choose(time_point now) const;
    void update();
    void took(std::size_t endpoint, time_point now);
    void give_back(std::size_t endpoint, time_point began);
    void answered(std::size_t endpoint, time_point began, std::uint64_t tokens,
                  std::optional<duration> pause);
    bool failed(std::size_t endpoint, time_point began, const attempt_failure&);
    void pause(std::size_t endpoint, duration);
    void note_failure(std::size_t endpoint, const attempt_failure&, bool reached);
    void note_answer(std::size_t endpoint);
    void told(std::size_t endpoint, const std::optional<concurrency_limit::change>&) const;
    void tell(std::size_t endpoint, const std::string&) const;
    bool something_is_pending(time_point now) const;
    asio::awaitable<void> watch();
    asio::awaitable<void> probe_one(std::size_t endpoint);

    asio::any_io_executor executor_;
    clock& clock_;
    group_settings settings_;
    probe probe_;
    listeners listeners_;
    std::deque<member> members_;
    std::optional<token_bucket> requests_;
    std::optional<token_bucket> tokens_;
    double usual_tokens_ = 500; // of a request: a running mean
    semaphore permits_;
    std::size_t in_flight_ = 0;
    bool ever_answered_ = false;
    std::optional<time_point> none_since_;
    group_figures figures_;
    event changed_;
    task_group watcher_;
};

} // namespace proctor
