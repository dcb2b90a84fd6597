// As much of an HTTP request as the simulated endpoint looks at, parsed into buffers that are used
// again for the next one.
#pragma once

#include <boost/beast/http/basic_parser.hpp>

#include <string>

namespace proctor {

struct incoming_request {
    boost::beast::http::verb method = boost::beast::http::verb::unknown;
    std::string target;
    std::string authorization;
    std::string body;
};

class request_parser final : public boost::beast::http::basic_parser<true> {
public:
    explicit request_parser(incoming_request& request) : request_(request) {
        header_limit(64 * 1024);
        body_limit(16 * 1024 * 1024);
        eager(true);
        request_.authorization.clear();
        request_.body.clear();
    }

private:
    using error_code = boost::beast::error_code;
    using string_view = boost::beast::string_view;
    using field = boost::beast::http::field;

    void on_request_impl(boost::beast::http::verb method, string_view, string_view target, int,
                         error_code&) override {
        request_.method = method;
        request_.target.assign(target.data(), target.size());
    }
    void on_response_impl(int, string_view, int, error_code&) override {}
    void on_field_impl(field name, string_view, string_view value, error_code&) override {
        if (name == field::authorization) request_.authorization.assign(value.data(), value.size());
    }
    void on_header_impl(error_code&) override {}
    void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
    std::size_t on_body_impl(string_view body, error_code&) override {
        request_.body.append(body.data(), body.size());
        return body.size();
    }
    void on_chunk_header_impl(std::uint64_t, string_view, error_code&) override {}
    std::size_t on_chunk_body_impl(std::uint64_t, string_view body, error_code&) override {
        request_.body.append(body.data(), body.size());
        return body.size();
    }
    void on_finish_impl(error_code&) override {}

    incoming_request& request_;
};

} // namespace proctor
