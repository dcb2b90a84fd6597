// Reads, waits and writes; what is said is chat_service's.
#include "connection.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/read.hpp>

#include <fmt/format.h>

#include <array>
#include <utility>

namespace proctor {
namespace {

namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;

constexpr auto no_throw = asio::as_tuple(asio::use_awaitable);

// What to tell a client whose bytes were no request; nothing if it has merely gone.
std::optional<std::string> refusal_for(error_code error) {
    if (error == http::error::end_of_stream || error == http::error::partial_message)
        return std::nullopt;
    if (error == http::error::body_limit)
        return chat_service::refusal(413, "the request is too large");
    if (error == http::error::header_limit)
        return chat_service::refusal(431, "the request's headers are too large");
    static const auto& http_errors = http::make_error_code(http::error::bad_method).category();
    if (error.category() != http_errors) return std::nullopt;
    return chat_service::refusal(400, fmt::format("not an HTTP request: {}", error.message()));
}

// For as long as the client waits: only by reading is it found out when it has had enough.
template <class Stream>
asio::awaitable<void> stall(Stream& stream) {
    std::array<char, 512> ignored;
    for (;;) {
        const auto [gone, size] = co_await stream.async_read_some(asio::buffer(ignored), no_throw);
        if (gone) co_return;
    }
}

} // namespace

connection::connection(tcp::socket socket, chat_service& service, connection_habits habits)
    : socket_(std::move(socket)), timer_(socket_.get_executor()), service_(service),
      habits_(habits) {
    error_code not_vital;
    socket_.set_option(tcp::no_delay(true), not_vital);
}

void connection::close() {
    error_code ignored;
    socket_.close(ignored);
    timer_.cancel();
}

void connection::reset() {
    error_code ignored;
    socket_.set_option(tcp::socket::linger(true, 0), ignored);
    close();
}

asio::awaitable<void> connection::serve(asio::ssl::context* tls) {
    if (!tls) {
        co_await converse(socket_);
        co_return;
    }
    asio::ssl::stream<tcp::socket&> stream(socket_, *tls);
    const auto [error] = co_await stream.async_handshake(asio::ssl::stream_base::server, no_throw);
    if (!error) co_await converse(stream);
}

template <class Stream>
asio::awaitable<void> connection::converse(Stream& stream) {
    boost::beast::flat_buffer buffer;
    buffer.reserve(4096);
    incoming_request request;
    outgoing_response response;
    for (std::uint64_t answered = 0;;) {
        request_parser parser(request);
        http::basic_parser<true>& reading = parser;
        idle_since_ = std::chrono::steady_clock::now();
        const auto [unread, size] = co_await http::async_read(stream, buffer, reading, no_throw);
        idle_since_.reset();
        if (unread) {
            if (const auto refusal = refusal_for(unread))
                co_await asio::async_write(stream, asio::buffer(*refusal), no_throw);
            co_return;
        }
        // Closed meanwhile: nobody would wake us from the wait for the answer.
        if (!socket_.is_open()) co_return;
        const auto next = parser.keep_alive() ? chat_service::afterwards::keep_alive
                                              : chat_service::afterwards::close;
        service_.answer(request, next, response);
        if (response.delay > duration{}) {
            timer_.expires_after(response.delay);
            co_await timer_.async_wait(asio::use_awaitable);
        }
        const auto outcome = co_await send(stream, response);
        if (outcome == sent::part) co_return;
        service_.count_sent(response);
        if (next == chat_service::afterwards::close || ++answered == habits_.close_after) co_return;
    }
}

template <class Stream>
asio::awaitable<connection::sent> connection::send(Stream& stream,
                                                   const outgoing_response& response) {
    const auto& bytes = response.bytes;
    auto size = bytes.size();
    switch (response.spoiled_by) {
    case fault_kind::reset: reset(); co_return sent::part;
    case fault_kind::stall: co_await stall(stream); co_return sent::part;
    case fault_kind::drip: co_return co_await drip(stream, bytes);
    case fault_kind::truncate: size = (response.head_size + bytes.size()) / 2; break;
    case fault_kind::none:
    case fault_kind::status:
    case fault_kind::quota:
    case fault_kind::garbage: break;
    }
    const auto [unsent, count] =
        co_await asio::async_write(stream, asio::buffer(bytes, size), no_throw);
    co_return unsent || size < bytes.size() ? sent::part : sent::whole;
}

template <class Stream>
asio::awaitable<connection::sent> connection::drip(Stream& stream, const std::string& bytes) {
    for (const char& byte : bytes) {
        timer_.expires_after(habits_.drip_interval);
        co_await timer_.async_wait(asio::use_awaitable);
        const auto [unsent, size] =
            co_await asio::async_write(stream, asio::buffer(&byte, 1), no_throw);
        if (unsent) co_return sent::part;
    }
    co_return sent::whole;
}

} // namespace proctor
