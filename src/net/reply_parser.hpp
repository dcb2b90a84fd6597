// The least that an HTTP response must be taken apart into: status, body, and the three headers
// that bear on retries. Beast's message would keep every header in an allocation of its own.
#pragma once

#include "proctor/net/transport.hpp"

#include <boost/beast/http/basic_parser.hpp>

#include <cstdint>
#include <string_view>

namespace proctor {

// What the bodies of all responses that come in at the same time may hold, in bytes.
struct body_budget {
    std::size_t limit = 0;
    std::size_t taken = 0;
};

class reply_parser final : public boost::beast::http::basic_parser<false> {
public:
    // `budget` outlives the parser, which takes from it what it holds of the body.
    reply_parser(std::size_t max_body, body_budget& budget) : budget_(budget) {
        header_limit(64 * 1024);
        body_limit(max_body);
        eager(true);
    }
    ~reply_parser() override { budget_.taken -= taken_; }

    using error_code = boost::beast::error_code;

    // Takes off the front of `bytes` what can be parsed; the rest comes again with more behind it.
    // errc::not_enough_memory: the budget does not hold it.
    error_code feed(std::string_view& bytes);
    // Nothing more will come. end_of_stream: nothing has.
    error_code end();

    unsigned status() const { return response_.status; }
    // Requires is_done().
    http_response take();

private:
    using string_view = boost::beast::string_view;

    void on_request_impl(boost::beast::http::verb, string_view, string_view, int,
                         error_code&) override {}
    void on_response_impl(int code, string_view, int, error_code&) override;
    void on_field_impl(boost::beast::http::field, string_view name, string_view value,
                       error_code&) override;
    void on_header_impl(error_code&) override {}
    void on_body_init_impl(const boost::optional<std::uint64_t>& content_length,
                           error_code&) override;
    std::size_t on_body_impl(string_view body, error_code&) override;
    void on_chunk_header_impl(std::uint64_t, string_view, error_code&) override {}
    std::size_t on_chunk_body_impl(std::uint64_t, string_view body, error_code&) override;
    void on_finish_impl(error_code&) override {}

    // Of requests or of tokens.
    struct rate_limit_told {
        bool none_left = false;
        std::optional<duration> reset;
    };
    bool read_rate_limit(string_view name, string_view value);
    std::size_t keep(string_view body, error_code&);

    body_budget& budget_;
    std::size_t taken_ = 0;
    http_response response_;
    rate_limit_told requests_;
    rate_limit_told tokens_;
    bool exact_delay_ = false; // retry-after-ms was there, which counts more than Retry-After
};

} // namespace proctor
