// What the simulated endpoint understands of a chat request's body.
#pragma once

#include "proctor/sim/simulated_model.hpp"

#include <cstddef>
#include <optional>
#include <string>

namespace proctor {

struct chat_request {
    std::string model;
    std::string prompt;                     // the last user message
    reply_form wanted = reply_form::answer; // verdict: a message speaks of a "score" and of "JSON"
    std::size_t characters = 0;             // of all messages
};

// Nothing: not a JSON object with messages, one of them the user's.
std::optional<chat_request> read_chat_request(const std::string& body);

} // namespace proctor
