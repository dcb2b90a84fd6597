// proctor run --dry-run: everything that a run begins with, and one question.
#pragma once

#include "proctor/app/config.hpp"
#include "proctor/eval/grading.hpp"
#include "proctor/eval/model_client.hpp"
#include "proctor/eval/question_index.hpp"

#include <deque>
#include <string>
#include <vector>

namespace proctor {

// What the run would work with. All of it outlives the call.
struct rehearsal {
    const config& used;
    const question_index& index;
    const std::string& prospect; // run_prospect's
    const prompt_settings& prompt;
    std::deque<model_client>& models;
    const std::vector<std::string>& endpoint_names; // as `models`
    grader& marks;
    const scrubber& secrets;
    clock& time;
};

// Looks whether each endpoint is there, puts the first selected question once, marks the answer,
// and writes to standard output what is sent and what comes. Nobody is waited for, nothing is tried
// again. Returns what is wrong, with the exit_status that a run would end with: exit_complete and
// nothing, if nothing is. Throws cannot_start if the question file cannot be read.
struct rehearsal_end {
    int status;
    std::string why;
};
asio::awaitable<rehearsal_end> dry_run(rehearsal);

} // namespace proctor
