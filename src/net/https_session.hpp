// One keep-alive HTTP/1.1 connection, over TLS or plain.
#pragma once

#include "address_book.hpp"
#include "proctor/net/endpoint.hpp"
#include "reply_parser.hpp"
#include "tls_context.hpp"
#include "wire.hpp"

#include <boost/asio/ssl/context.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace proctor {

// What the connections to one endpoint have in common.
struct session_commons {
    // `options` outlives the sessions. No context: plain HTTP.
    session_commons(const endpoint_options& options, std::optional<asio::ssl::context> tls)
        : options(options), tls(std::move(tls)), bodies{options.max_bodies},
          scratch(std::size_t{16} << 10) {}

    const endpoint_options& options;
    std::optional<asio::ssl::context> tls;
    tls_session_keeper tls_sessions;
    connection_counts counts;
    body_budget bodies;
    // Where bytes are read to before they are parsed, a TLS record at a time; nobody's while
    // anything is awaited. Thousands of connections need no buffers of their own.
    std::vector<char> scratch;
};

// Cancellation of either operation unwinds as operation_aborted; the session is then good for
// nothing but its destruction, which closes the connection.
class https_session {
public:
    // `commons` outlives the session.
    https_session(const asio::any_io_executor&, session_commons& commons);
    https_session(const https_session&) = delete;
    https_session& operator=(const https_session&) = delete;
    ~https_session();

    // To the first of `addresses` (of the proxy, if there is one) that accepts, each having its
    // share of the time. unreachable, proxy_refused, or what describe_handshake() says. Once.
    asio::awaitable<result<void>> connect(const address_book::addresses& addresses,
                                          time_point deadline);

    // Sends `message` and reads the response to it, within options.timeout. `message` lives until
    // the awaitable has ended.
    asio::awaitable<result<http_response>> exchange(std::string_view message);

    // Whether another exchange may follow.
    bool reusable() const { return reusable_; }

    // The last exchange failed because the peer had closed the kept connection before it: not one
    // byte of a response came.
    bool was_stale() const { return stale_; }

private:
    using error_code = boost::system::error_code;

    asio::awaitable<result<void>> connect_tcp(const address_book::addresses&, time_point deadline);
    asio::awaitable<result<void>> tunnel(time_point deadline);
    asio::awaitable<result<void>> handshake(time_point deadline);
    asio::awaitable<error_code> converse(std::string_view message, reply_parser&);
    error_code take_in(reply_parser&);
    failure describe_exchange(error_code) const;
    failure describe_refusal(unsigned status) const;

    session_commons& commons_;
    wire wire_;
    std::string unparsed_; // read, and too little to make anything of, or too much
    bool connected_ = false;
    bool used_ = false;
    bool reusable_ = false;
    bool stale_ = false;
};

} // namespace proctor
