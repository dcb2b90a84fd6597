// One HTTP exchange, as a seam: everything above it is tested with a scripted transport,
// everything below it with a real HTTPS server.
#pragma once

#include "proctor/async/clock.hpp"
#include "proctor/core/error.hpp"

#include <boost/asio/awaitable.hpp>

#include <optional>
#include <string>

namespace proctor {

enum class http_method { get, post };

struct http_request {
    http_method method = http_method::post;
    std::string path; // below the endpoint's base URL: "/chat/completions"
    std::string body; // JSON; empty for GET

    http_request(http_method method, std::string path, std::string body = {})
        : method(method), path(std::move(path)), body(std::move(body)) {}
};

struct http_response {
    unsigned status = 0;
    std::string body;
    std::optional<duration> retry_after; // Retry-After or retry-after-ms, from now
    std::optional<bool> should_retry;    // x-should-retry
    // x-ratelimit-…: no requests, or no tokens, are left before this has passed.
    std::optional<duration> limit_reset;
    std::optional<duration> took; // from sending to the last byte, without connecting
};

class transport {
public:
    virtual ~transport() = default;

    // Any HTTP answer is a response, whatever its status; a failure means there was none:
    // unreachable, connection_lost, timed_out, tls_untrusted, bad_response, proxy_refused,
    // short_of_memory.
    // Deadlines are the transport's own. Cancellation unwinds as operation_aborted and closes the
    // connection.
    virtual asio::awaitable<result<http_response>> exchange(http_request request) = 0;

    // Closes what is idle. Requires that no exchange is under way.
    virtual asio::awaitable<void> stop() = 0;
};

} // namespace proctor
