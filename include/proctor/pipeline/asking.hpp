// A model is asked until there is an answer, or none is to be had: the one that is examined, and
// the one that marks.
#pragma once

#include "proctor/async/clock.hpp"
#include "proctor/eval/model_client.hpp"
#include "proctor/net/endpoint_group.hpp"
#include "proctor/pipeline/run_control.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string_view>

namespace proctor {

struct task_figures {
    std::size_t active = 0;  // tasks that run
    std::size_t resting = 0; // of these, the ones in a back-off, or that wait for their marking
    std::size_t bytes = 0;   // of the questions that tasks hold
    std::uint64_t retries = 0;
    std::uint64_t ended = 0;  // with a result or a failure, in this session
    std::uint64_t failed = 0; // of these
    std::uint64_t tokens = 0; // spent, by earlier sessions too
};

// So much less of something when it goes; whoever waits for that looks again.
class counted_until_end {
public:
    counted_until_end(std::size_t& count, run_control& control, std::size_t amount = 1)
        : count_(count), control_(control), amount_(amount) {}
    counted_until_end(const counted_until_end&) = delete;
    counted_until_end& operator=(const counted_until_end&) = delete;
    ~counted_until_end() {
        count_ -= amount_;
        control_.changed().notify();
    }

private:
    std::size_t& count_;
    run_control& control_;
    std::size_t amount_;
};

// Told of every attempt that brought no answer. May be empty.
using retry_listener =
    std::function<void(const question&, const attempt_failure&, const retry_decision&)>;

// A model, how it is reached, and what patience there is with it. All of it outlives the asking.
struct asked_model {
    clock& time;
    std::deque<model_client>& clients; // of the endpoints, by number
    endpoint_group& endpoints;
    run_control& control;
    random_engine& random;
    const retry_policy& retries;
    const retry_listener& on_retry;
    task_figures& figures; // of which resting, retries and tokens are counted here
    std::string_view who;  // named where its failures are told; empty: the model that is examined
};

// "grader judge: /chat/completions: …"
failure named(failure, std::string_view who);

// Neither: the run is to stop, and this question stays as it was.
struct asking_outcome {
    std::optional<answer> said;
    std::optional<question_failure> gave_up;
};

// Takes a turn for each attempt, and for nothing else: not for a back-off, not for the disk. Stops
// the run where no question would fare better. `asked` outlives the awaitable.
asio::awaitable<asking_outcome> ask_until_answered(asked_model, const question& asked);

} // namespace proctor
