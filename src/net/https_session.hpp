// One keep-alive HTTP/1.1 connection, over TLS or plain.
#pragma once

#include "address_book.hpp"
#include "proctor/net/endpoint.hpp"

#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>

#include <optional>
#include <string_view>

namespace proctor {

// Cancellation of either operation unwinds as operation_aborted; the session is then good for
// nothing but its destruction, which closes the connection.
class https_session {
public:
    // `tls` is null for plain HTTP. All arguments but the executor outlive the session.
    https_session(const asio::any_io_executor&, asio::ssl::context* tls, const endpoint_options&,
                  connection_counts&);
    https_session(const https_session&) = delete;
    https_session& operator=(const https_session&) = delete;
    ~https_session();

    // To the first of `addresses` that accepts, each having its share of the time. unreachable,
    // or what describe_handshake() says. Once.
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
    asio::awaitable<result<void>> connect_tcp(const address_book::addresses&, time_point deadline);
    asio::awaitable<result<void>> handshake(time_point deadline);
    failure describe_exchange(boost::system::error_code) const;

    const endpoint_options& options_;
    connection_counts& counts_;
    boost::beast::tcp_stream tcp_;
    std::optional<asio::ssl::stream<boost::beast::tcp_stream&>> tls_;
    boost::beast::flat_buffer buffer_;
    bool connected_ = false;
    bool used_ = false;
    bool reusable_ = false;
    bool stale_ = false;
};

} // namespace proctor
