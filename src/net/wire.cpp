// OpenSSL directly on a socket that does not block, instead of Asio's stream with its buffers in
// between: half the memory of a connection. Operations are tried before anything is waited for.
#include "wire.hpp"

#include "proctor/core/error.hpp"
#include "socket_bio.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/system/system_error.hpp>

#include <openssl/err.h>

#include <algorithm>
#include <cerrno>
#include <climits>

namespace proctor {

using asio::ip::tcp;

namespace {

int int_size(std::size_t bytes) {
    return static_cast<int>(std::min<std::size_t>(bytes, INT_MAX));
}

// SSL_get_error() reads what is left in the thread's queue, which is nearly always empty. Clearing
// it takes 1,734 instructions all the same (OpenSSL 3.0, callgrind), looking at it 207.
void forget_errors() {
    if (ERR_peek_error() != 0) ERR_clear_error();
}

} // namespace

// Without a word: the peer sees the connection end, and that is what is meant. Without these flags
// OpenSSL takes a session that ended so for broken, and would not resume it.
void wire::ssl_free::operator()(SSL* tls) const {
    SSL_set_shutdown(tls, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_free(tls);
}

asio::awaitable<wire::error_code> wire::connect(const tcp::endpoint& address) {
    error_code error, not_vital;
    socket_.close(not_vital);
    co_await socket_.async_connect(address, asio::redirect_error(asio::use_awaitable, error));
    if (error == asio::error::operation_aborted) {
        if (!alarm_.rang()) throw boost::system::system_error(error);
        error = boost::beast::error::timeout;
    }
    if (error) co_return error;
    // To connect, Asio has asked epoll for writability too, and each wait would be told of it. As
    // a socket that it sees for the first time, it is watched for reading alone.
    socket_.assign(address.protocol(), socket_.release(error), error);
    if (!error) socket_.non_blocking(true, error);
    if (!error) socket_.set_option(tcp::no_delay(true), not_vital);
    co_return error;
}

void wire::secure(SSL* tls) {
    PROCTOR_ASSERT(tls);
    tls_.reset(tls);
    auto* bytes = new_socket_bio(socket_.native_handle());
    SSL_set_bio(tls, bytes, bytes);
    SSL_set_connect_state(tls);
}

wire::error_code wire::try_handshake() {
    forget_errors();
    const int returned = SSL_do_handshake(tls_.get());
    return returned == 1 ? error_code() : judge(returned);
}

std::size_t wire::try_write(std::string_view bytes, error_code& error) {
    error = {};
    if (tls_) {
        forget_errors();
        const int written = SSL_write(tls_.get(), bytes.data(), int_size(bytes.size()));
        if (written > 0) return static_cast<std::size_t>(written);
        error = judge(written);
        return 0;
    }
    const auto written = ::send(socket_.native_handle(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (written >= 0) return static_cast<std::size_t>(written);
    error = judge_errno(asio::socket_base::wait_write);
    return 0;
}

std::size_t wire::try_read(std::span<char> into, error_code& error) {
    error = {};
    if (tls_) {
        forget_errors();
        const int read = SSL_read(tls_.get(), into.data(), int_size(into.size()));
        if (read > 0) return static_cast<std::size_t>(read);
        error = judge(read);
        return 0;
    }
    const auto read = ::recv(socket_.native_handle(), into.data(), into.size(), 0);
    if (read > 0) return static_cast<std::size_t>(read);
    error = read == 0 ? error_code(asio::error::eof) : judge_errno(asio::socket_base::wait_read);
    return 0;
}

asio::awaitable<wire::error_code> wire::wait(asio::socket_base::wait_type what) {
    if (alarm_.rang()) co_return error_code(boost::beast::error::timeout);
    error_code error;
    co_await socket_.async_wait(what, asio::redirect_error(asio::use_awaitable, error));
    if (error == asio::error::operation_aborted) {
        if (!alarm_.rang()) throw boost::system::system_error(error);
        error = boost::beast::error::timeout;
    }
    co_return error;
}

// What an operation of OpenSSL means that did not succeed.
wire::error_code wire::judge(int returned) {
    const auto system_error = errno;
    switch (SSL_get_error(tls_.get(), returned)) {
    case SSL_ERROR_WANT_READ: wanted_ = asio::socket_base::wait_read; break;
    case SSL_ERROR_WANT_WRITE: wanted_ = asio::socket_base::wait_write; break;
    case SSL_ERROR_ZERO_RETURN: return asio::error::eof;
    case SSL_ERROR_SYSCALL:
        if (system_error) return {system_error, boost::system::system_category()};
        return asio::ssl::error::stream_truncated;
    default:
        const auto first = ERR_get_error();
        if (ERR_GET_REASON(first) == SSL_R_UNEXPECTED_EOF_WHILE_READING)
            return asio::ssl::error::stream_truncated;
        return {static_cast<int>(first), asio::error::get_ssl_category()};
    }
    return asio::error::would_block;
}

wire::error_code wire::judge_errno(asio::socket_base::wait_type wanted) {
    const auto system_error = errno;
    if (system_error != EAGAIN && system_error != EINTR)
        return {system_error, boost::system::system_category()};
    wanted_ = wanted;
    return asio::error::would_block;
}

} // namespace proctor
