// The life of one question, as one coroutine.
#pragma once

#include "proctor/async/clock.hpp"
#include "proctor/async/semaphore.hpp"
#include "proctor/eval/grading.hpp"
#include "proctor/eval/model_client.hpp"
#include "proctor/net/endpoint_group.hpp"
#include "proctor/pipeline/checkpoint.hpp"
#include "proctor/pipeline/run_control.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>

namespace proctor {

struct task_figures {
    std::size_t active = 0;  // tasks that run
    std::size_t resting = 0; // of these, the ones in a back-off
    std::size_t bytes = 0;   // of the questions that tasks hold
    std::uint64_t retries = 0;
    std::uint64_t ended = 0;  // with a result or a failure, in this session
    std::uint64_t failed = 0; // of these
    std::uint64_t tokens = 0; // spent, by earlier sessions too
};

// What its texts hold, about.
std::size_t bytes_of(const question&);

// What the tasks of a run share; all of it outlives them.
struct task_context {
    clock& time;
    std::deque<model_client>& models; // of the endpoints, by number
    endpoint_group& endpoints;
    grader& marks;
    checkpoint& log;
    run_control& control;
    semaphore& grading_permits;
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
