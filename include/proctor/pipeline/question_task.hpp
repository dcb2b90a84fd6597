// The life of one question, as one coroutine.
#pragma once

#include "proctor/eval/grading.hpp"
#include "proctor/pipeline/asking.hpp"
#include "proctor/pipeline/checkpoint.hpp"

#include <deque>
#include <functional>

namespace proctor {

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
    endpoint_group* grading; // the endpoints of a grader that sends requests; or null
    random_engine& random;
    retry_policy retries;
    retry_listener on_retry;
    // Told of every result. May be empty.
    std::function<void(const question&, const answer&, const grade&)> on_result;
    task_figures figures{};
};

// Asks until there is an answer or none is to be had, marks it, and appends what came of it. Where
// the log holds the answer of an earlier session it only marks. While a marking waits for the
// grader, its place is free for another question. Cancelled, it leaves the question
// as it was.
asio::awaitable<void> question_task(task_context&, question asked);

} // namespace proctor
