// The life of one question, as one coroutine.
#pragma once

#include "proctor/async/clock.hpp"
#include "proctor/async/semaphore.hpp"
#include "proctor/eval/grading.hpp"
#include "proctor/eval/model_client.hpp"
#include "proctor/net/retry.hpp"
#include "proctor/pipeline/checkpoint.hpp"
#include "proctor/pipeline/run_control.hpp"

#include <cstdint>
#include <functional>
#include <optional>

namespace proctor {

// How long the endpoint has been away, and whether that is too long. Whatever answers, even with
// an error, is there.
class outage_watch {
public:
    outage_watch(duration wait_at_start, duration wait_later)
        : patience_(wait_at_start), patience_later_(wait_later) {}

    void answered() {
        patience_ = patience_later_;
        since_.reset();
    }
    void unreachable(time_point now) {
        if (!since_) since_ = now;
    }
    bool too_long(time_point now) const { return since_ && now - *since_ >= patience_; }
    duration patience() const { return patience_; }

private:
    duration patience_;
    duration patience_later_;
    std::optional<time_point> since_;
};

struct task_figures {
    std::size_t active = 0;  // tasks that run
    std::size_t resting = 0; // of these, the ones in a back-off
    std::uint64_t retries = 0;
    std::uint64_t ended = 0;  // with a result or a failure, in this session
    std::uint64_t failed = 0; // of these
};

// What the tasks of a run share; all of it outlives them.
struct task_context {
    clock& time;
    model_client& model;
    grader& marks;
    checkpoint& log;
    run_control& control;
    semaphore& permits;
    semaphore& grading_permits;
    outage_watch& outage;
    random_engine& random;
    retry_policy retries;
    // Told of every attempt that brought no answer; for --verbose. May be empty.
    std::function<void(const question&, const attempt_failure&, const retry_decision&)> on_retry;
    // Told of every result. May be empty.
    std::function<void(const question&, const answer&, const grade&)> on_result;
    task_figures figures{};
};

// Whoever spawns it has counted it in figures.active; it counts itself out at its end.
// Asks until there is an answer or none is to be had, marks it, and appends what came of it. Where
// the log holds the answer of an earlier session it only marks. Cancelled, it leaves the question
// as it was.
asio::awaitable<void> question_task(task_context&, question asked);

} // namespace proctor
