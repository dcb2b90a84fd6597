// What the simulated endpoint understands of a request's body, in either dialect.
#pragma once

#include "proctor/eval/prompt.hpp"
#include "proctor/sim/simulated_model.hpp"

#include <cstddef>
#include <optional>
#include <string>

namespace proctor {

struct completion_request {
    dialect spoken = dialect::chat;
    std::string model;
    std::string prompt; // of chat the last user message
    // verdict: a message of a chat speaks of a "score" and of "JSON"
    reply_form wanted = reply_form::answer;
    std::size_t characters = 0; // of all messages, or the prompt
};

// Nothing: not a JSON object with messages, one of them the user's; of completions, with a prompt
// that is a text.
std::optional<completion_request> read_request(dialect, const std::string& body);

} // namespace proctor
