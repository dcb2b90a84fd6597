// A simulated endpoint in the test's own process, and how tests talk to it.
#pragma once

#include "proctor/eval/chat_protocol.hpp"
#include "proctor/net/endpoint.hpp"
#include "proctor/sim/simulated_endpoint.hpp"
#include "support/event_loop.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace proctor::test {

struct running_endpoint : simulated_endpoint {
    explicit running_endpoint(simulator_options options) : simulated_endpoint(std::move(options)) {
        start().value();
    }
    running_endpoint() : running_endpoint(simulator_options()) {}
};

inline endpoint_options options_for(const simulated_endpoint& server) {
    endpoint_options options;
    options.root = parse_api_root(server.base_url()).value();
    options.tls.ca_pem = server.authority_pem();
    return options;
}

inline std::unique_ptr<endpoint> connect(event_loop& loop, endpoint_options options) {
    return make_endpoint(loop.io.get_executor(), std::move(options)).value();
}

inline http_request question_request(std::string_view prompt) {
    sampling_settings sampling;
    sampling.model = "some-model";
    return {http_method::post, std::string(chat_path), chat_request_body(sampling, "", prompt)};
}

// The same for a text to go on with.
inline http_request text_request(std::string_view text) {
    sampling_settings sampling;
    sampling.model = "some-model";
    return {http_method::post, std::string(completions_path),
            completions_request_body(sampling, text)};
}

inline boost::json::value stats_of(event_loop& loop, const simulated_endpoint& server) {
    const auto client = connect(loop, options_for(server));
    return boost::json::parse(loop.ask(*client, {http_method::get, "/stats"}).value().body);
}

// A connection to a plain endpoint, below HTTP.
class raw_client {
public:
    explicit raw_client(const simulated_endpoint& server) {
        socket_.connect({asio::ip::address_v4::loopback(), server.port()}, error);
    }

    // Nothing more comes after these bytes.
    void say_all(std::string_view bytes) {
        say(bytes);
        boost::system::error_code ignored;
        socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
    }
    void say(std::string_view bytes) {
        boost::system::error_code unsent; // what is read tells it too
        asio::write(socket_, asio::buffer(bytes), unsent);
    }
    // All that comes before the connection ends; `error` says how.
    std::string hear() {
        std::string reply;
        asio::read(socket_, asio::dynamic_buffer(reply), error);
        return reply;
    }

    boost::system::error_code error; // of connecting, then of hearing

private:
    asio::io_context io_;
    asio::ip::tcp::socket socket_{io_};
};

// What a plain endpoint says to these bytes before it closes.
inline std::string say(const simulated_endpoint& server, std::string_view bytes) {
    raw_client client(server);
    client.say_all(bytes);
    return client.hear();
}

// A chat request as it goes over the wire.
inline std::string question_bytes(std::string_view prompt) {
    const auto request = question_request(prompt);
    return "POST /v1" + request.path +
           " HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(request.body.size()) +
           "\r\n\r\n" + request.body;
}

} // namespace proctor::test
