// Who runs when: streams the questions, passes over what is done, admits the rest as places come
// free, and ends a run in good order.
#pragma once

#include "proctor/eval/dataset.hpp"
#include "proctor/eval/question_index.hpp"
#include "proctor/eval/selection.hpp"
#include "proctor/pipeline/question_task.hpp"

#include <functional>

namespace proctor {

// A number of failures, or a share of what has ended in this session.
struct failure_limit {
    std::optional<std::uint64_t> count;
    std::optional<double> share = 0.2; // counts once 100 questions have ended
};

struct scheduler_settings {
    selection chosen;
    std::uint16_t repeats = 1;                 // each question so often, one after the other
    std::optional<std::uint64_t> shuffle_seed; // the order of choices follows from it; none: as is
    bool retry_refused = false;                // try again what the endpoint refused for good
    bool strict = false;                       // stop at a record that is no question
    bool only_marks = false; // nothing is asked; answers that wait are marked, all of them
    duration grace = std::chrono::seconds{25}; // for what is in flight when the run is stopped
    // No question is admitted while those in flight are larger together. An attempt holds its
    // question about three times: as it is, as JSON and as the message that is sent.
    std::size_t max_question_bytes = std::size_t{256} << 20;
    // stop_cause::limit above these.
    failure_limit max_failures;
    std::optional<std::uint64_t> max_total_tokens; // of the run, earlier sessions included
    std::optional<duration> max_time;              // of this call
    // Of the file that is read; outlives the call. What is done is passed over by its places.
    const question_index* index = nullptr;
};

// Whether anybody is there; timed_out if that is not known within `limit`. Model and clock outlive
// the awaitable.
using probe_outcome = boost::system::result<void, attempt_failure>;
asio::awaitable<probe_outcome> probe_in_time(model_client&, clock&, duration limit);

// Waits until an endpoint is there, or stops the run. `on_wait` hears what was the matter, each
// time before it is tried again.
asio::awaitable<void> await_endpoint(task_context&,
                                     std::function<void(const attempt_failure&, duration)> on_wait);

// Puts the questions. Returns when all have ended, or the run was stopped and nothing is in
// flight any more. What has ended is appended to the log but may not be durable yet.
asio::awaitable<void> put_questions(task_context&, question_reader, scheduler_settings);

} // namespace proctor
