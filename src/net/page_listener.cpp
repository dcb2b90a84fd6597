// A connection is a task: it reads one request, answers it, and is closed.
#include "proctor/net/page_listener.hpp"

#include "proctor/net/host_port.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

#include <fmt/format.h>

#include <chrono>
#include <utility>

namespace proctor {
namespace {

namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using boost::system::error_code;

http::response<http::string_body> response_to(const http::request<http::empty_body>& asked,
                                              const page_listener::page_maker& make) {
    page_reply reply;
    const bool is_head = asked.method() == http::verb::head;
    if (is_head || asked.method() == http::verb::get)
        reply = make({std::string(asked.target()), std::string(asked[http::field::host])});
    else
        reply = {405, "text/plain", "there are only pages to GET\n"};
    http::response<http::string_body> response(http::int_to_status(reply.status), 11);
    response.keep_alive(false);
    response.set(http::field::content_type, reply.content_type);
    response.set(http::field::cache_control, "no-store");
    response.set("X-Content-Type-Options", "nosniff");
    response.set("Content-Security-Policy", "frame-ancestors 'none'"); // beside a page's own
    if (reply.status == 405) response.set(http::field::allow, "GET, HEAD");
    response.content_length(reply.body.size());
    if (!is_head) response.body() = std::move(reply.body);
    return response;
}

} // namespace

page_listener::page_listener(asio::any_io_executor executor, page_maker make)
    : acceptor_(executor), make_(std::move(make)), tasks_(executor) {}

result<std::unique_ptr<page_listener>> page_listener::open(asio::any_io_executor executor,
                                                           const std::string& what,
                                                           const std::string& address,
                                                           page_maker make) {
    const auto place = parse_host_port(address);
    if (!place) return failure{place.error().code, what, place.error().detail};
    error_code error;
    const auto where = asio::ip::make_address(place->host, error);
    if (error)
        return failure{failure_code::bad_value, what,
                       fmt::format("\"{}\" is no address of this machine; names are not looked up, "
                                   "localhost is 127.0.0.1",
                                   place->host)};

    std::unique_ptr<page_listener> made(new page_listener(executor, std::move(make)));
    const tcp::endpoint local(where, place->port);
    made->acceptor_.open(local.protocol(), error);
    if (!error) made->acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) made->acceptor_.bind(local, error);
    if (!error) made->acceptor_.listen(tcp::acceptor::max_listen_connections, error);
    if (error)
        return failure{failure_code::io_error, what,
                       fmt::format("cannot listen on {}: {}", address, error.message())};
    return made;
}

void page_listener::start() {
    tasks_.spawn(accept());
}

std::string page_listener::url() const {
    const auto local = acceptor_.local_endpoint();
    const auto host = local.address().to_string();
    return fmt::format("http://{}:{}/", local.address().is_v6() ? "[" + host + "]" : host,
                       local.port());
}

bool page_listener::is_local() const {
    return acceptor_.local_endpoint().address().is_loopback();
}

asio::awaitable<void> page_listener::accept() {
    for (;;) {
        error_code error;
        auto socket =
            co_await acceptor_.async_accept(asio::redirect_error(asio::use_awaitable, error));
        if (error) { // out of descriptors, perhaps: not in a circle
            asio::steady_timer pause(acceptor_.get_executor(), std::chrono::milliseconds{100});
            co_await pause.async_wait(asio::use_awaitable);
            continue;
        }
        constexpr std::size_t most = 16; // who ask at once; more are turned away
        if (tasks_.size() <= most) tasks_.spawn(answer(std::move(socket)));
    }
}

asio::awaitable<void> page_listener::answer(tcp::socket socket) {
    constexpr std::uint32_t longest_head = 8192;
    constexpr auto patience = std::chrono::seconds{5};
    constexpr auto slow_line = std::chrono::seconds{60};
    beast::tcp_stream stream(std::move(socket));
    stream.expires_after(patience);
    beast::flat_buffer buffer;
    http::request_parser<http::empty_body> parser;
    parser.header_limit(longest_head);
    error_code error;
    co_await http::async_read_header(stream, buffer, parser,
                                     asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return;
    const auto response = response_to(parser.get(), make_);
    stream.expires_after(slow_line);
    http::response_serializer<http::string_body> serializer(response);
    co_await http::async_write(stream, serializer,
                               asio::redirect_error(asio::use_awaitable, error));
    stream.socket().shutdown(tcp::socket::shutdown_send, error);
}

asio::awaitable<void> page_listener::stop() {
    tasks_.cancel();
    co_await tasks_.join();
}

} // namespace proctor
