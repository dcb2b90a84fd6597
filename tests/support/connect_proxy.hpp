// An HTTP proxy that makes tunnels: all to one port of this machine, whatever name is asked for.
#pragma once

#include "proctor/async/task_group.hpp"
#include "support/event_loop.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace proctor::test {

class connect_proxy {
public:
    using request = boost::beast::http::request<boost::beast::http::empty_body>;

    connect_proxy(event_loop& loop, const std::string& target_port)
        : loop_(loop), target_(asio::ip::address_v4::loopback(),
                               static_cast<std::uint16_t>(std::stoul(target_port))),
          tasks_(loop.io.get_executor()),
          acceptor_(loop.io, {asio::ip::address_v4::loopback(), 0}) {
        tasks_.spawn(accept());
    }

    ~connect_proxy() { loop_.end(tasks_); }

    std::string port() const { return std::to_string(acceptor_.local_endpoint().port()); }

    std::vector<request> requests; // what has come

private:
    using socket = asio::ip::tcp::socket;

    asio::awaitable<void> accept() {
        for (;;) {
            auto socket = co_await acceptor_.async_accept(asio::use_awaitable);
            tasks_.spawn(serve(std::move(socket)));
        }
    }

    asio::awaitable<void> serve(socket from) {
        boost::beast::flat_buffer buffer;
        request received;
        const auto [failed, read] = co_await boost::beast::http::async_read(
            from, buffer, received, asio::as_tuple(asio::use_awaitable));
        if (failed) co_return;
        requests.push_back(std::move(received));
        socket to(loop_.io);
        co_await to.async_connect(target_, asio::use_awaitable);
        constexpr std::string_view opened = "HTTP/1.1 200 Connection established\r\n\r\n";
        co_await asio::async_write(from, asio::buffer(opened), asio::use_awaitable);
        auto client = std::make_shared<socket>(std::move(from));
        auto server = std::make_shared<socket>(std::move(to));
        tasks_.spawn(relay(client, server));
        co_await relay(server, client);
    }

    // Until one side ends, which ends the other.
    static asio::awaitable<void> relay(std::shared_ptr<socket> from, std::shared_ptr<socket> to) {
        std::array<char, 4096> bytes;
        for (;;) {
            const auto [ended, size] = co_await from->async_read_some(
                asio::buffer(bytes), asio::as_tuple(asio::use_awaitable));
            if (ended) break;
            const auto [lost, sent] = co_await asio::async_write(
                *to, asio::buffer(bytes, size), asio::as_tuple(asio::use_awaitable));
            if (lost) break;
        }
        boost::system::error_code gone;
        to->shutdown(socket::shutdown_send, gone);
    }

    event_loop& loop_;
    asio::ip::tcp::endpoint target_;
    task_group tasks_;
    asio::ip::tcp::acceptor acceptor_;
};

} // namespace proctor::test
