// Clients for the servers of these tests, and a look at what came of a request.
#pragma once

#include "proctor/net/endpoint.hpp"

#include "support/fake_endpoint.hpp"

#include <boost/test/unit_test.hpp>

#include <memory>
#include <string>

namespace proctor::test {

inline const authority& trusted() {
    static const authority made;
    return made;
}

inline endpoint_options options_for(const std::string& url) {
    endpoint_options options;
    options.root = parse_api_root(url).value();
    options.tls.ca_pem = trusted().pem();
    return options;
}

inline endpoint_options secure_options(const fake_endpoint& server,
                                       const std::string& host = "localhost") {
    return options_for("https://" + host + ":" + server.port() + "/v1");
}

inline endpoint_options plain_options(const fake_endpoint& server) {
    return options_for("http://127.0.0.1:" + server.port() + "/v1");
}

inline std::unique_ptr<endpoint> connect(event_loop& loop, endpoint_options options) {
    return make_endpoint(loop.io.get_executor(), std::move(options)).value();
}

inline http_request chat() {
    return {http_method::post, "/chat/completions", R"({"model":"m"})"};
}

inline failure failure_of(const result<http_response>& reply) {
    BOOST_REQUIRE(reply.has_error());
    return reply.error();
}

inline bool says(const failure& why, std::string_view words) {
    return why.message().find(words) != std::string::npos;
}

} // namespace proctor::test
