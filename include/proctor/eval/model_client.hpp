// Asks a model one question once: prompt, request, reply.
#pragma once

#include "proctor/eval/chat_protocol.hpp"
#include "proctor/eval/prompt.hpp"
#include "proctor/net/retry.hpp"
#include "proctor/net/transport.hpp"

#include <optional>
#include <string>
#include <vector>

namespace proctor {

// Takes known secrets out of text that comes from outside before anybody writes it down.
class scrubber {
public:
    void add(std::string secret);              // shorter than 4 bytes: not worth a mention, ignored
    std::string clean(std::string text) const; // every occurrence becomes "***"

private:
    std::vector<std::string> secrets_;
};

struct model_settings {
    sampling_settings sampling;
    prompt_settings prompt;
};

// What an attempt brought.
struct model_reply {
    answer said;
    std::optional<duration> limit_reset; // as http_response::limit_reset
};

using attempt_result = boost::system::result<model_reply, attempt_failure>;
[[noreturn]] void throw_exception_from_error(const attempt_failure&, const boost::source_location&);

class model_client {
public:
    // The transport, clock and scrubber outlive the client.
    model_client(transport&, clock&, const scrubber&, model_settings);

    // One attempt. The answer has model_seconds (from sending to the whole reply) and no count of
    // attempts. `asked` must live until the returned awaitable has ended.
    asio::awaitable<attempt_result> ask(const question& asked);

    // The exact request that ask() would send.
    std::string request_body(const question&) const;

    // GET /models, to see whether anybody is there. Any HTTP answer but 401, 403 and 503 is a
    // yes: an endpoint need not have that path.
    asio::awaitable<boost::system::result<void, attempt_failure>> probe();

private:
    attempt_failure scrubbed(attempt_failure) const;

    transport& transport_;
    clock& clock_;
    const scrubber& scrubber_;
    model_settings settings_;
};

} // namespace proctor
