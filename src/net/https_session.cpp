// HTTP framing, TLS and deadlines of one connection; the parsing is Beast's and ends here. Which
// connection serves which request is connection_pool's, what a request says endpoint.cpp's.
#include "https_session.hpp"

#include <boost/asio/ssl/error.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/status.hpp>

#include <fmt/format.h>

#include <sstream>

namespace proctor {
namespace {

namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using boost::system::error_code;

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

bool is_http_error(error_code error) {
    return error.category() == http::make_error_code(http::error::bad_version).category();
}

constexpr unsigned proxy_wants_credentials = 407;

// The first bytes of a TLS alert.
bool begins_like_tls(std::string_view bytes) {
    return bytes.starts_with("\x15\x03");
}

} // namespace

https_session::https_session(const asio::any_io_executor& executor, session_commons& commons)
    : commons_(commons), wire_(executor) {}

https_session::~https_session() {
    if (connected_) --commons_.counts.open;
}

asio::awaitable<result<void>> https_session::connect(const address_book::addresses& addresses,
                                                     time_point deadline) {
    auto opened = co_await connect_tcp(addresses, deadline);
    if (opened && commons_.tls && commons_.options.proxy) opened = co_await tunnel(deadline);
    if (opened && commons_.tls) opened = co_await handshake(deadline);
    if (!opened) co_return opened.error();
    connected_ = true;
    ++commons_.counts.opened;
    ++commons_.counts.open;
    co_return result<void>();
}

asio::awaitable<result<void>> https_session::connect_tcp(const address_book::addresses& addresses,
                                                         time_point deadline) {
    std::string tried;
    for (std::size_t i = 0; i < addresses.size(); ++i) {
        const auto now = std::chrono::steady_clock::now();
        const auto share = (deadline - now) / static_cast<duration::rep>(addresses.size() - i);
        wire_.set_deadline(now + share);
        const auto error = co_await wire_.connect(addresses[i]);
        if (!error) co_return result<void>();
        tried +=
            fmt::format("{}{}: {}", tried.empty() ? "" : ", ", text_of(addresses[i]),
                        error == beast::error::timeout ? "no answer in time" : error.message());
    }
    co_return failure(failure_code::unreachable, first_hop(commons_.options).name,
                      fmt::format("cannot connect ({})", tried));
}

// Asks the proxy for a way to the endpoint, before anything is secret.
asio::awaitable<result<void>> https_session::tunnel(time_point deadline) {
    const auto& proxy = *commons_.options.proxy;
    const auto& root = commons_.options.root;
    const auto target = fmt::format("{}:{}", root.bracketed_host(), root.port);
    auto message = fmt::format("CONNECT {0} HTTP/1.1\r\nHost: {0}\r\nUser-Agent: proctor/{1}\r\n",
                               target, PROCTOR_VERSION);
    if (const auto credentials = proxy.authorization(); !credentials.empty())
        message += fmt::format("Proxy-Authorization: {}\r\n", credentials);
    message += "\r\n";
    reply_parser reply(commons_.options.max_body, commons_.bodies);
    reply.skip(true); // of the tunnel, bytes that follow the header would be the first
    wire_.set_deadline(deadline);
    const auto error = co_await converse(message, reply);
    const auto where = first_hop(commons_.options).name;
    if (error == beast::error::timeout)
        co_return failure(failure_code::unreachable, where,
                          fmt::format("no way to {} within {:g} s", target,
                                      in_seconds(commons_.options.connect_timeout)));
    if (is_http_error(error) && !means_closed(error))
        co_return failure(failure_code::bad_response, where,
                          fmt::format("not an HTTP proxy: {}", error.message()));
    if (error)
        co_return failure(failure_code::unreachable, where,
                          fmt::format("the connection ended before there was a way to {}", target));
    const auto status = reply.take().status;
    if (status < 200 || status > 299) co_return describe_refusal(status);
    if (!unparsed_.empty())
        co_return failure(failure_code::bad_response, where,
                          fmt::format("sent something that did not come from {}", target));
    co_return result<void>();
}

asio::awaitable<result<void>> https_session::handshake(time_point deadline) {
    wire_.secure(SSL_new(commons_.tls->native_handle()));
    expect_peer(wire_.tls(), commons_.options.root.host);
    commons_.tls_sessions.attach(wire_.tls());
    wire_.set_deadline(deadline);
    auto error = wire_.try_handshake();
    while (error == asio::error::would_block) {
        error = co_await wire_.ready();
        if (!error) error = wire_.try_handshake();
    }
    if (error == beast::error::timeout)
        co_return failure(failure_code::unreachable, commons_.options.root.text(),
                          fmt::format("connected, but no TLS handshake within {:g} s",
                                      in_seconds(commons_.options.connect_timeout)));
    if (error) {
        commons_.tls_sessions.forget();
        co_return describe_handshake(wire_.tls(), error, commons_.options.root);
    }
    if (SSL_session_reused(wire_.tls())) ++commons_.counts.resumed;
    co_return result<void>();
}

asio::awaitable<result<http_response>> https_session::exchange(std::string_view message) {
    reply_parser reply(commons_.options.max_body, commons_.bodies);
    reusable_ = false;
    wire_.set_deadline(std::chrono::steady_clock::now() + commons_.options.timeout);
    if (const auto error = co_await converse(message, reply)) {
        stale_ = used_ && !reply.got_some() && means_closed(error);
        co_return describe_exchange(error);
    }
    used_ = true;
    if (reply.status() == proxy_wants_credentials && commons_.options.proxy && !commons_.tls)
        co_return describe_refusal(proxy_wants_credentials);
    // Bytes behind the response are an answer to nothing that we asked, or a farewell.
    reusable_ = reply.keep_alive() && unparsed_.empty() && !wire_.holds_input();
    co_return reply.take();
}

asio::awaitable<https_session::error_code> https_session::converse(std::string_view message,
                                                                   reply_parser& reply) {
    error_code error;
    while (!message.empty()) {
        message.remove_prefix(wire_.try_write(message, error));
        if (error == asio::error::would_block) error = co_await wire_.ready();
        if (error) co_return error;
    }
    // Nobody answers at once: to look before waiting would be in vain, except for what came along
    // with the last response.
    if (!wire_.holds_input()) error = co_await wire_.readable();
    while (!error && !reply.is_done()) {
        error = take_in(reply);
        if (error == asio::error::would_block) error = co_await wire_.ready();
    }
    co_return error;
}

// Reads what is there, once, and parses it.
https_session::error_code https_session::take_in(reply_parser& reply) {
    error_code error;
    const auto size = wire_.try_read(commons_.scratch, error);
    if (error == asio::error::eof) return reply.end();
    if (error) return error;
    std::string_view bytes(commons_.scratch.data(), size);
    if (!unparsed_.empty()) bytes = unparsed_.append(bytes);
    error = reply.feed(bytes);
    std::string(bytes).swap(unparsed_); // and no buffer stays with an idle connection
    return error;
}

failure https_session::describe_exchange(error_code error) const {
    const auto where = commons_.options.root.text();
    if (error == beast::error::timeout)
        return {failure_code::timed_out, where,
                fmt::format("no complete response within {:g} s",
                            in_seconds(commons_.options.timeout))};
    if (error == http::error::body_limit)
        return {failure_code::bad_response, where,
                fmt::format("the response is larger than {} bytes", commons_.options.max_body)};
    if (error == boost::system::errc::not_enough_memory)
        return {failure_code::short_of_memory, where,
                fmt::format("the responses that come in at the same time are larger together than "
                            "{} bytes",
                            commons_.options.max_bodies)};
    if (!commons_.tls && begins_like_tls(unparsed_))
        return {failure_code::bad_response, where,
                "the server speaks TLS; is this an https:// endpoint?"};
    if (auto rejected = describe_rejection(error, commons_.options.root)) return *rejected;
    if (means_closed(error))
        return {failure_code::connection_lost, where,
                "the connection ended before the response was complete"};
    if (is_http_error(error))
        return {failure_code::bad_response, where,
                fmt::format("the response is not HTTP as expected: {}", error.message())};
    return {failure_code::connection_lost, where, error.message()};
}

// What a proxy means that answers with `status` itself.
failure https_session::describe_refusal(unsigned status) const {
    const auto& proxy = *commons_.options.proxy;
    const auto where = first_hop(commons_.options).name;
    const auto reason = http::obsolete_reason(http::int_to_status(status));
    const auto said =
        fmt::format("HTTP {} {}", status, std::string_view(reason.data(), reason.size()));
    if (status == proxy_wants_credentials && proxy.authorization().empty())
        return {failure_code::proxy_refused, where,
                fmt::format("wants to know who asks ({}): its variable takes "
                            "http://USER:PASSWORD@HOST:PORT",
                            said)};
    if (status == proxy_wants_credentials)
        return {failure_code::proxy_refused, where,
                fmt::format("does not accept the user and password of its URL ({})", said)};
    if (status >= 500 || status == 429)
        return {failure_code::unreachable, where,
                fmt::format("cannot reach {} ({})", commons_.options.root.text(), said)};
    return {failure_code::proxy_refused, where,
            fmt::format("does not let us through to {} ({})", commons_.options.root.text(), said)};
}

} // namespace proctor
