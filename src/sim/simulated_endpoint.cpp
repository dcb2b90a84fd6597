// Sockets, TLS and the thread of the simulated endpoint; what it says is chat_service's.
#include "proctor/sim/simulated_endpoint.hpp"

#include "chat_service.hpp"
#include "proctor/async/task_group.hpp"
#include "proctor/net/endpoint.hpp"
#include "proctor/sim/certificate_authority.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/host_name.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/read.hpp>

#include <fmt/format.h>

#include <optional>
#include <thread>

namespace proctor {

namespace {

namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;

constexpr auto no_throw = asio::as_tuple(asio::use_awaitable);

asio::ssl::context make_server_context(const server_identity& identity) {
    asio::ssl::context context(asio::ssl::context::tls_server);
    SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION);
    SSL_CTX_set_mode(context.native_handle(), SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(context.native_handle(), SSL_SESS_CACHE_OFF);
    context.use_certificate_chain(asio::buffer(identity.certificate));
    context.use_private_key(asio::buffer(identity.private_key), asio::ssl::context::pem);
    return context;
}

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

} // namespace

class simulated_endpoint::server {
public:
    explicit server(simulator_options options)
        : root_(root_of(options)), acceptor_(context_), tasks_(context_.get_executor()),
          service_(simulated_model(std::move(options.key), options.accuracy, options.seed,
                                   options.latency),
                   std::move(options.api_key)) {
        if (!root_.tls) return;
        const certificate_authority authority;
        tls_.emplace(make_server_context(
            authority.issue({root_.host, "localhost", "127.0.0.1", "::1", asio::ip::host_name()})));
        authority_pem_ = authority.pem();
    }

    result<void> start() {
        error_code error;
        tcp::resolver resolver(context_);
        const auto found = resolver.resolve(root_.host, root_.port, tcp::resolver::passive, error);
        if (!error) listen(found.begin()->endpoint(), error);
        if (error)
            return failure(failure_code::io_error, fmt::format("{}:{}", root_.host, root_.port),
                           fmt::format("cannot listen there: {}", error.message()));
        root_.port = std::to_string(acceptor_.local_endpoint().port());
        tasks_.spawn(accept());
        thread_ = std::thread([this] { context_.run(); });
        return {};
    }

    void stop() {
        if (!thread_.joinable()) return;
        // On its own thread, where cancellation takes effect at once. Then nothing is left to run.
        asio::post(context_, [this] {
            error_code ignored;
            acceptor_.close(ignored);
            tasks_.cancel();
        });
        thread_.join();
    }

    const api_root& root() const { return root_; }
    const std::string& authority_pem() const { return authority_pem_; }

private:
    static api_root root_of(const simulator_options& options) {
        api_root root;
        root.tls = options.tls;
        root.host = options.address;
        root.port = std::to_string(options.port);
        root.base_path = "/v1";
        return root;
    }

    void listen(const tcp::endpoint& address, error_code& error) {
        acceptor_.open(address.protocol(), error);
        if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
        if (!error) acceptor_.bind(address, error);
        if (!error) acceptor_.listen(tcp::acceptor::max_listen_connections, error);
    }

    asio::awaitable<void> accept() {
        for (;;) {
            auto [error, socket] = co_await acceptor_.async_accept(no_throw);
            if (!error) {
                service_.count_connection();
                tasks_.spawn(serve(std::move(socket)));
                continue;
            }
            if (!acceptor_.is_open()) co_return;
            // Out of descriptors, most likely: let some connections end first.
            asio::steady_timer pause(context_, std::chrono::milliseconds{50});
            co_await pause.async_wait(asio::use_awaitable);
        }
    }

    asio::awaitable<void> serve(tcp::socket socket) {
        error_code not_vital;
        socket.set_option(tcp::no_delay(true), not_vital);
        if (!tls_) {
            co_await converse(socket);
            co_return;
        }
        asio::ssl::stream<tcp::socket&> stream(socket, *tls_);
        const auto [error] =
            co_await stream.async_handshake(asio::ssl::stream_base::server, no_throw);
        if (!error) co_await converse(stream);
    }

    template <class Stream>
    asio::awaitable<void> converse(Stream& stream) {
        boost::beast::flat_buffer buffer;
        buffer.reserve(4096);
        asio::steady_timer thinking(context_);
        incoming_request request;
        outgoing_response response;
        for (;;) {
            request_parser parser(request);
            http::basic_parser<true>& reading = parser;
            const auto [unread, size] =
                co_await http::async_read(stream, buffer, reading, no_throw);
            if (unread) {
                if (const auto refusal = refusal_for(unread))
                    co_await asio::async_write(stream, asio::buffer(*refusal), no_throw);
                co_return;
            }
            const auto next = parser.keep_alive() ? chat_service::afterwards::keep_alive
                                                  : chat_service::afterwards::close;
            service_.answer(request, next, response);
            if (response.delay > duration{}) {
                thinking.expires_after(response.delay);
                co_await thinking.async_wait(asio::use_awaitable);
            }
            const auto [unsent, sent] =
                co_await asio::async_write(stream, asio::buffer(response.bytes), no_throw);
            if (unsent || next == chat_service::afterwards::close) co_return;
        }
    }

    api_root root_;
    asio::io_context context_{1};
    tcp::acceptor acceptor_;
    std::optional<asio::ssl::context> tls_;
    std::string authority_pem_;
    task_group tasks_;
    chat_service service_;
    std::thread thread_;
};

simulated_endpoint::simulated_endpoint(simulator_options options)
    : server_(std::make_unique<server>(std::move(options))) {}

simulated_endpoint::~simulated_endpoint() {
    stop();
}

result<void> simulated_endpoint::start() {
    return server_->start();
}

void simulated_endpoint::stop() {
    server_->stop();
}

std::uint16_t simulated_endpoint::port() const {
    return static_cast<std::uint16_t>(std::stoul(server_->root().port));
}

std::string simulated_endpoint::base_url() const {
    return server_->root().text();
}

const std::string& simulated_endpoint::authority_pem() const {
    return server_->authority_pem();
}

} // namespace proctor
