// What is taken out of a response's head. Bodies and broken framing: endpoint_test and the fuzzers.
#include "net/reply_parser.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/test/unit_test.hpp>

#include <string>

namespace {

using namespace proctor;
using namespace std::chrono_literals;

http_response parsed(const std::string& headers) {
    body_budget budget{1024};
    reply_parser parser(1024, budget);
    boost::system::error_code error;
    const auto text =
        "HTTP/1.1 429 Too Many Requests\r\n" + headers + "Content-Length: 2\r\n\r\n{}";
    parser.put(boost::asio::buffer(text), error);
    BOOST_REQUIRE_MESSAGE(!error && parser.is_done(), error.message());
    return parser.take();
}

BOOST_AUTO_TEST_SUITE(head_of_a_reply)

BOOST_AUTO_TEST_CASE(a_rate_limit_counts_where_nothing_is_left) {
    BOOST_TEST(!parsed("").limit_reset.has_value());
    BOOST_TEST(!parsed("x-ratelimit-remaining-requests: 12\r\nx-ratelimit-reset-requests: 6m0s\r\n")
                    .limit_reset.has_value());
    BOOST_TEST((parsed("X-RateLimit-Reset-Requests: 6m0s\r\nX-RateLimit-Remaining-Requests: 0\r\n")
                    .limit_reset == 6min));
    BOOST_TEST((parsed("x-ratelimit-remaining-requests: 0\r\nx-ratelimit-reset-requests: 2s\r\n"
                       "x-ratelimit-remaining-tokens: 0\r\nx-ratelimit-reset-tokens: 30s\r\n")
                    .limit_reset == 30s));
    BOOST_TEST((parsed("x-ratelimit-remaining-requests: 5\r\nx-ratelimit-reset-requests: 2s\r\n"
                       "x-ratelimit-remaining-tokens: 0\r\nx-ratelimit-reset-tokens: 100ms\r\n")
                    .limit_reset == 100ms));
}

BOOST_AUTO_TEST_CASE(milliseconds_count_more_than_retry_after) {
    BOOST_TEST((parsed("retry-after-ms: 250\r\nRetry-After: 1\r\n").retry_after == 250ms));
    BOOST_TEST((parsed("Retry-After: 1\r\nretry-after-ms: 250\r\n").retry_after == 250ms));
    BOOST_TEST((parsed("Retry-After: 1\r\n").retry_after == 1s));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
