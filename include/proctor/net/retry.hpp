// What becomes of an attempt that failed: one pure function decides.
#pragma once

#include "proctor/async/clock.hpp"
#include "proctor/core/error.hpp"

#include <optional>
#include <random>

namespace proctor {

using random_engine = std::mt19937_64;

// An attempt that brought no answer.
struct attempt_failure {
    failure why;
    unsigned status = 0;                 // of the HTTP response, if there was one
    std::optional<duration> retry_after; // what the endpoint asked for
    std::optional<bool> should_retry;    // x-should-retry
    std::optional<duration> limit_reset; // as http_response::limit_reset
    bool no_credit = false;              // the account's quota is used up, not this minute's

    attempt_failure() = default;
    explicit attempt_failure(failure why) : why(std::move(why)) {}
};

struct retry_policy {
    unsigned max_retries = 8;                       // after the first attempt
    duration base = std::chrono::milliseconds{500}; // of the first back-off
    duration cap = std::chrono::seconds{60};        // of any back-off; not of Retry-After
    // Attempts and back-offs of a question together, outages apart; no retry begins later.
    duration time_limit = std::chrono::hours{1};
};

// What a question has been through.
struct attempts_so_far {
    unsigned attempt = 1; // the one that failed, from 1
    bool counts = true;   // false: the endpoint was known to be away
    duration spent{};     // on attempts that count, and their back-offs

    attempts_so_far(unsigned attempt = 1, bool counts = true, duration spent = {})
        : attempt(attempt), counts(counts), spent(spent) {}
};

struct retry_decision {
    enum class action {
        retry,         // after `after`; the attempt counts
        wait,          // the endpoint is away: after `after`; the attempt does not count
        fail_question, // give this question up for now, or for good if `refused`
        stop_run, // no question would fare better: credentials, credit, certificate, unknown model
    };
    action what = action::fail_question;
    duration after{};
    bool refused = false;
};

// Back-off has full jitter: uniform in [0, min(cap, base *
// 2^(attempt-1))], but never earlier than what the endpoint asked for.
//   408 409 425 429 5xx, connection_lost, timed_out, bad_response, short_of_memory: retry up to
//   max_retries and time_limit; wait if the attempt does not count
//   unreachable: wait (the caller bounds how long)
//   400 413 422: fail_question, refused
//   404 and other 4xx: fail_question, tried again by a later run
//   401 402 403, a 404 that says the model does not exist, any status with no_credit,
//   tls_untrusted, proxy_refused: stop_run
//   x-should-retry overrides between retry and fail_question
retry_decision decide_retry(const attempt_failure&, const attempts_so_far&, const retry_policy&,
                            random_engine&);

} // namespace proctor
