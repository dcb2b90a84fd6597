// OpenAI's dialects, chat and completions: request bodies out, replies in. Plain functions, no I/O.
#pragma once

#include "proctor/core/error.hpp"
#include "proctor/core/types.hpp"
#include "proctor/eval/prompt.hpp"

#include <boost/json/object.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace proctor {

inline constexpr std::string_view chat_path = "/chat/completions";
inline constexpr std::string_view completions_path = "/completions";
inline constexpr std::string_view models_path = "/models";

inline std::string_view path_of(dialect spoken) {
    return spoken == dialect::completions ? completions_path : chat_path;
}

struct sampling_settings {
    std::string model;
    double temperature = 0;
    std::uint32_t max_tokens = 1024;
    // Further members of a request. Its temperature, max_tokens or max_completion_tokens take the
    // place of the above.
    boost::json::object extra_body;
};

// The JSON body of a request: model, messages, temperature, max_tokens, extra_body. Examples are
// turns of user and assistant before the question.
std::string chat_request_body(const sampling_settings&, std::string_view system,
                              std::string_view prompt,
                              std::span<const prompt_example> examples = {});

// The same of the completions dialect, with the prompt in the place of messages.
std::string completions_request_body(const sampling_settings&, std::string_view prompt);

// The first choice of a 200 reply: message.content, reasoning_content or reasoning, finish_reason,
// usage. bad_response: not JSON, or no choice in it, or one of the other dialect. A null or empty
// content is an empty answer (a refusal's text is the answer). model_seconds and attempts are the
// caller's.
result<answer> parse_chat_reply(std::string_view body);
// The same of the completions dialect: the choice's text, which must be one.
result<answer> parse_completions_reply(std::string_view body);

// Whether an error reply says, by its code or type, that the account has nothing left to spend: no
// rate limit, for that one ends by itself.
bool says_no_credit(std::string_view body);

// What an error reply says ({"error": {"message": …}} in its known variants), shortened to 500
// bytes and one line; the body's beginning if it is something else.
std::string error_message_of(std::string_view body);

} // namespace proctor
