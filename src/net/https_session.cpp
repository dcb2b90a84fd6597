// Sockets, TLS and HTTP framing of one connection; Beast's reading ends here. Which connection
// serves which request is connection_pool's, what a request says endpoint.cpp's.
#include "https_session.hpp"

#include "reply_parser.hpp"
#include "tls_context.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/system/system_error.hpp>

#include <fmt/format.h>

#include <sstream>

namespace proctor {
namespace {

namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using boost::system::error_code;

// A completion in one read; larger replies pass through in pieces of this size.
constexpr std::size_t read_size = 4096;

// Timeouts come as beast::error::timeout, so this is always somebody's cancellation.
void unwind_if_cancelled(error_code error) {
    if (error == asio::error::operation_aborted) throw boost::system::system_error(error);
}

double in_seconds(duration time) {
    return std::chrono::duration<double>(time).count();
}

std::string text_of(const tcp::endpoint& address) {
    std::ostringstream text;
    text << address;
    return std::move(text).str();
}

bool means_closed(error_code error) {
    return error == http::error::end_of_stream || error == http::error::partial_message ||
           error == asio::error::eof || error == asio::error::connection_reset ||
           error == asio::error::connection_aborted || error == asio::error::broken_pipe ||
           error == asio::error::not_connected || error == asio::ssl::error::stream_truncated;
}

// The first bytes of a TLS alert.
bool begins_like_tls(const beast::flat_buffer& buffer) {
    const auto* bytes = static_cast<const unsigned char*>(buffer.data().data());
    return buffer.size() >= 2 && bytes[0] == 0x15 && bytes[1] == 0x03;
}

} // namespace

https_session::https_session(const asio::any_io_executor& executor, asio::ssl::context* tls,
                             const endpoint_options& options, connection_counts& counts)
    : options_(options), counts_(counts), tcp_(executor) {
    if (tls) tls_.emplace(tcp_, *tls);
    buffer_.reserve(read_size);
}

https_session::~https_session() {
    if (connected_) --counts_.open;
}

asio::awaitable<result<void>> https_session::connect(const address_book::addresses& addresses,
                                                     time_point deadline) {
    auto opened = co_await connect_tcp(addresses, deadline);
    if (opened && tls_) opened = co_await handshake(deadline);
    if (!opened) co_return opened.error();
    connected_ = true;
    ++counts_.opened;
    ++counts_.open;
    co_return result<void>();
}

asio::awaitable<result<void>> https_session::connect_tcp(const address_book::addresses& addresses,
                                                         time_point deadline) {
    std::string tried;
    for (std::size_t i = 0; i < addresses.size(); ++i) {
        const auto now = std::chrono::steady_clock::now();
        const auto share = (deadline - now) / static_cast<duration::rep>(addresses.size() - i);
        error_code error;
        tcp_.expires_at(now + share);
        co_await tcp_.async_connect(addresses[i], asio::redirect_error(asio::use_awaitable, error));
        unwind_if_cancelled(error);
        if (!error) {
            error_code not_vital;
            tcp_.socket().set_option(tcp::no_delay(true), not_vital);
            co_return result<void>();
        }
        tried +=
            fmt::format("{}{}: {}", tried.empty() ? "" : ", ", text_of(addresses[i]),
                        error == beast::error::timeout ? "no answer in time" : error.message());
        error_code closed_already;
        tcp_.socket().close(closed_already);
    }
    co_return failure(failure_code::unreachable, options_.root.text(),
                      fmt::format("cannot connect ({})", tried));
}

asio::awaitable<result<void>> https_session::handshake(time_point deadline) {
    expect_peer(tls_->native_handle(), options_.root.host);
    error_code error;
    tcp_.expires_at(deadline);
    co_await tls_->async_handshake(asio::ssl::stream_base::client,
                                   asio::redirect_error(asio::use_awaitable, error));
    unwind_if_cancelled(error);
    if (error == beast::error::timeout)
        co_return failure(failure_code::unreachable, options_.root.text(),
                          fmt::format("connected, but no TLS handshake within {:g} s",
                                      in_seconds(options_.connect_timeout)));
    if (error) co_return describe_handshake(tls_->native_handle(), error, options_.root);
    co_return result<void>();
}

asio::awaitable<result<http_response>> https_session::exchange(std::string_view message) {
    reply_parser reply(options_.max_body);
    http::basic_parser<false>& parser = reply;
    const auto out = asio::buffer(message);
    error_code error;
    reusable_ = false;
    tcp_.expires_after(options_.timeout); // one deadline for all that follows
    if (tls_) {
        co_await asio::async_write(*tls_, out, asio::redirect_error(asio::use_awaitable, error));
        if (!error)
            co_await http::async_read(*tls_, buffer_, parser,
                                      asio::redirect_error(asio::use_awaitable, error));
    } else {
        co_await asio::async_write(tcp_, out, asio::redirect_error(asio::use_awaitable, error));
        if (!error)
            co_await http::async_read(tcp_, buffer_, parser,
                                      asio::redirect_error(asio::use_awaitable, error));
    }
    unwind_if_cancelled(error);
    if (error) {
        stale_ = used_ && !parser.got_some() && means_closed(error);
        co_return describe_exchange(error);
    }
    used_ = true;
    // Bytes behind the response are an answer to nothing that we asked.
    reusable_ = parser.keep_alive() && buffer_.size() == 0;
    co_return reply.take();
}

failure https_session::describe_exchange(error_code error) const {
    const auto where = options_.root.text();
    if (error == beast::error::timeout)
        return {failure_code::timed_out, where,
                fmt::format("no complete response within {:g} s", in_seconds(options_.timeout))};
    if (error == http::error::body_limit)
        return {failure_code::bad_response, where,
                fmt::format("the response is larger than {} bytes", options_.max_body)};
    if (!tls_ && begins_like_tls(buffer_))
        return {failure_code::bad_response, where,
                "the server speaks TLS; is this an https:// endpoint?"};
    if (means_closed(error))
        return {failure_code::connection_lost, where,
                "the connection ended before the response was complete"};
    if (error.category() == http::make_error_code(http::error::bad_version).category())
        return {failure_code::bad_response, where,
                fmt::format("the response is not HTTP as expected: {}", error.message())};
    return {failure_code::connection_lost, where, error.message()};
}

} // namespace proctor
