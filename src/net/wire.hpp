// The bytes of one connection: a TCP socket, plain or under TLS, and one deadline for whatever is
// under way.
#pragma once

#include "alarm.hpp"
#include "proctor/async/clock.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/system/error_code.hpp>

#include <openssl/ssl.h>

#include <memory>
#include <span>
#include <string_view>

namespace proctor {

// Operations end by beast::error::timeout when the deadline passes. Those that wait unwind as
// operation_aborted when cancelled; the wire is then good for nothing but its destruction. So it
// is after any error but would_block.
class wire {
public:
    using error_code = boost::system::error_code;

    explicit wire(const asio::any_io_executor& executor) : socket_(executor), alarm_(executor) {}
    wire(const wire&) = delete;
    wire& operator=(const wire&) = delete;

    // For all that follows.
    void set_deadline(time_point when) { alarm_.set(when, socket_); }

    // May be tried with another address after an error.
    asio::awaitable<error_code> connect(const asio::ip::tcp::endpoint& address);

    // From now on everything goes through `tls`, which is ours then. Connected, and nothing that
    // was read is left over.
    void secure(SSL* tls);
    SSL* tls() const { return tls_.get(); }

    // Without waiting, as far as it goes. would_block: await ready(), and again with the same
    // bytes.
    error_code try_handshake();
    std::size_t try_write(std::string_view bytes, error_code&);
    std::size_t try_read(std::span<char> into, error_code&);

    // Until the socket is as the operation wants it that would block.
    asio::awaitable<error_code> ready() { return wait(wanted_); }
    // Until there is something to read; at once if OpenSSL has read it already.
    asio::awaitable<error_code> readable() { return wait(asio::socket_base::wait_read); }

    // Read from the socket and not from us yet.
    bool holds_input() const { return tls_ && SSL_has_pending(tls_.get()); }

private:
    struct ssl_free {
        void operator()(SSL* tls) const;
    };

    asio::awaitable<error_code> wait(asio::socket_base::wait_type);
    error_code judge(int returned);
    error_code judge_errno(asio::socket_base::wait_type);

    asio::ip::tcp::socket socket_;
    alarm alarm_;
    std::unique_ptr<SSL, ssl_free> tls_; // before the socket goes
    asio::socket_base::wait_type wanted_ = asio::socket_base::wait_read;
};

} // namespace proctor
