// An HTTP(S) server that misbehaves to order. It runs on the event loop of the test itself, so
// what it has seen can be looked at without locks.
#pragma once

#include "proctor/async/task_group.hpp"
#include "support/certificates.hpp"
#include "support/event_loop.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace proctor::test {

// What the server sends when a request has come, and what it does then.
struct scripted_reply {
    enum class next { keep_alive, close, reset, stall };

    scripted_reply(std::string bytes, next then = next::keep_alive)
        : bytes(std::move(bytes)), then(then) {}

    std::string bytes;
    next then;
};

// `headers` are whole lines, each with its CRLF.
inline std::string http_text(unsigned status, std::string_view body,
                             std::string_view headers = {}) {
    return "HTTP/1.1 " + std::to_string(status) + " Whatever\r\n" + std::string(headers) +
           "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

class fake_endpoint {
public:
    using request = boost::beast::http::request<boost::beast::http::string_body>;
    enum class greeting { plain, tls, silence, hang_up };

    fake_endpoint(event_loop& loop, greeting how,
                  const asio::ip::address& address = asio::ip::address_v4::loopback())
        : loop_(loop), greeting_(how), tasks_(loop.io.get_executor()),
          acceptor_(loop.io, {address, 0}) {
        tasks_.spawn(accept());
    }

    fake_endpoint(event_loop& loop, const authority::identity& identity,
                  const asio::ip::address& address = asio::ip::address_v4::loopback())
        : fake_endpoint(loop, greeting::tls, address) {
        tls_.use_certificate_chain(asio::buffer(identity.certificate));
        tls_.use_private_key(asio::buffer(identity.key), asio::ssl::context::pem);
    }

    // From now on clients must show a certificate that this authority has issued.
    void ask_for_certificate(const std::string& authority_pem) {
        tls_.set_verify_mode(asio::ssl::verify_peer | asio::ssl::verify_fail_if_no_peer_cert);
        tls_.add_certificate_authority(asio::buffer(authority_pem));
        SSL_CTX_set_session_id_context(tls_.native_handle(),
                                       reinterpret_cast<const unsigned char*>("test"), 4);
    }

    ~fake_endpoint() { loop_.end(tasks_); }

    std::string port() const { return std::to_string(acceptor_.local_endpoint().port()); }

    std::deque<scripted_reply> script; // one for each request; afterwards always 200 "{}"
    std::vector<request> requests;     // what has come
    std::size_t accepted = 0;          // connections

private:
    asio::awaitable<void> accept() {
        for (;;) {
            auto socket = co_await acceptor_.async_accept(asio::use_awaitable);
            ++accepted;
            tasks_.spawn(serve(std::move(socket)));
        }
    }

    asio::awaitable<void> serve(asio::ip::tcp::socket socket) {
        switch (greeting_) {
        case greeting::hang_up: break;
        case greeting::silence: co_await stall(); break;
        case greeting::plain: co_await answer(socket, socket); break;
        case greeting::tls: {
            asio::ssl::stream<asio::ip::tcp::socket&> stream(socket, tls_);
            const auto [error] = co_await stream.async_handshake(
                asio::ssl::stream_base::server, asio::as_tuple(asio::use_awaitable));
            if (!error) co_await answer(stream, socket);
        }
        }
    }

    template <class Stream>
    asio::awaitable<void> answer(Stream& stream, asio::ip::tcp::socket& socket) {
        boost::beast::flat_buffer buffer;
        for (;;) {
            request received;
            const auto [failed, read] = co_await boost::beast::http::async_read(
                stream, buffer, received, asio::as_tuple(asio::use_awaitable));
            if (failed == boost::beast::http::error::bad_version ||
                failed == boost::beast::http::error::bad_method)
                co_await refuse(stream);
            if (failed) co_return;
            requests.push_back(std::move(received));
            scripted_reply reply(http_text(200, "{}"));
            if (!script.empty()) {
                reply = std::move(script.front());
                script.pop_front();
            }
            const auto [lost, sent] = co_await asio::async_write(
                stream, asio::buffer(reply.bytes), asio::as_tuple(asio::use_awaitable));
            if (lost) co_return;
            switch (reply.then) {
            case scripted_reply::next::keep_alive: continue;
            case scripted_reply::next::close: co_return;
            case scripted_reply::next::reset:
                socket.set_option(asio::socket_base::linger(true, 0));
                co_return;
            case scripted_reply::next::stall: co_await stall(); co_return;
            }
        }
    }

    // What web servers say to a TLS greeting on a plain port.
    template <class Stream>
    static asio::awaitable<void> refuse(Stream& stream) {
        const auto text = http_text(400, "");
        co_await asio::async_write(stream, asio::buffer(text), asio::as_tuple(asio::use_awaitable));
    }

    // Until the server ends.
    static asio::awaitable<void> stall() {
        asio::steady_timer never(co_await asio::this_coro::executor,
                                 asio::steady_timer::time_point::max());
        co_await never.async_wait(asio::use_awaitable);
    }

    event_loop& loop_;
    greeting greeting_;
    asio::ssl::context tls_{asio::ssl::context::tls_server};
    task_group tasks_;
    asio::ip::tcp::acceptor acceptor_;
};

} // namespace proctor::test
