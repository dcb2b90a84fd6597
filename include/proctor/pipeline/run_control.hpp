// Why and how a run ends early: one place that signals, limits, the endpoint and the disk report
// to, and that the scheduler and the tasks look at.
#pragma once

#include "proctor/async/clock.hpp"
#include "proctor/async/event.hpp"
#include "proctor/core/error.hpp"

#include <optional>
#include <string_view>

namespace proctor {

enum class stop_cause {
    signal,           // Ctrl-C and friends
    endpoint_refused, // credentials, model, certificate
    endpoint_away,    // unreachable for too long
    storage,          // the disk failed
    limit,            // one that the user set
    broken_question,  // with --strict
};

constexpr std::string_view to_string(stop_cause cause) {
    switch (cause) {
    case stop_cause::signal: return "signal";
    case stop_cause::endpoint_refused: return "endpoint refused";
    case stop_cause::endpoint_away: return "endpoint away";
    case stop_cause::storage: return "storage";
    case stop_cause::limit: return "limit";
    case stop_cause::broken_question: return "broken question";
    }
    return "unknown";
}

struct stop_reason {
    stop_cause cause = stop_cause::signal;
    int signal = 0; // of cause signal
    failure why;
};

// Network thread only.
class run_control {
public:
    explicit run_control(asio::any_io_executor executor) : changed_(std::move(executor)) {}

    // The first reason stays, but for a disk that fails: what follows it is not kept.
    void stop(stop_reason reason) {
        if (!reason_ || reason.cause == stop_cause::storage) reason_ = std::move(reason);
        changed_.notify();
    }
    bool stopping() const { return reason_.has_value(); }
    const std::optional<stop_reason>& reason() const { return reason_; }

    // In-flight questions are to end now, without their grace period.
    void hurry() {
        hurried_ = true;
        changed_.notify();
    }
    bool hurried() const { return hurried_; }

    // Notified at every change here, and by the tasks when one ends or steps back.
    event& changed() { return changed_; }

private:
    event changed_;
    std::optional<stop_reason> reason_;
    bool hurried_ = false;
};

} // namespace proctor
