// The thread, the listening socket and when it listens; connections look after themselves.
#include "proctor/sim/simulated_endpoint.hpp"

#include "chat_service.hpp"
#include "connection.hpp"
#include "proctor/async/task_group.hpp"
#include "proctor/net/endpoint.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/host_name.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <thread>

namespace proctor {

namespace {

using asio::ip::tcp;
using boost::system::error_code;

asio::ssl::context make_server_context(const server_identity& identity) {
    asio::ssl::context context(asio::ssl::context::tls_server);
    SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION);
    SSL_CTX_set_mode(context.native_handle(), SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(context.native_handle(), SSL_SESS_CACHE_OFF);
    context.use_certificate_chain(asio::buffer(identity.certificate));
    context.use_private_key(asio::buffer(identity.private_key), asio::ssl::context::pem);
    return context;
}

connection_habits habits_of(const simulator_options& options) {
    connection_habits habits;
    habits.close_after = options.close_after;
    habits.drip_interval = options.faults.drip_interval;
    return habits;
}

} // namespace

class simulated_endpoint::server {
public:
    explicit server(simulator_options options)
        : root_(root_of(options)), certificate_(options.certificate), acceptor_(context_),
          reopened_(context_.get_executor()), tasks_(context_.get_executor()),
          outages_(options.outages), idle_close_(options.idle_close), habits_(habits_of(options)),
          service_(std::move(options)) {
        if (!root_.tls) return;
        const certificate_authority authority;
        tls_.emplace(make_server_context(
            make_identity(certificate_, authority,
                          {root_.host, "localhost", "127.0.0.1", "::1", asio::ip::host_name()})));
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
        if (!outages_.empty()) tasks_.spawn(follow_outages(clock_.now()));
        if (idle_close_ > duration{}) tasks_.spawn(close_idle());
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
        constexpr auto no_throw = asio::as_tuple(asio::use_awaitable);
        for (;;) {
            while (!acceptor_.is_open()) co_await reopened_.wait();
            auto [error, socket] = co_await acceptor_.async_accept(no_throw);
            if (!error) {
                service_.count_connection();
                tasks_.spawn(serve(std::move(socket)));
            } else if (acceptor_.is_open()) {
                // Out of descriptors, most likely: let some connections end first.
                co_await clock_.sleep_for(pause);
            }
        }
    }

    asio::awaitable<void> serve(tcp::socket socket) {
        connection served(std::move(socket), service_, habits_);
        connections_.push_back(served);
        // Taken at the last moment before an outage, which found it in no list.
        if (!acceptor_.is_open()) {
            served.reset();
            co_return;
        }
        co_await served.serve(tls_ ? &*tls_ : nullptr);
    }

    asio::awaitable<void> follow_outages(time_point start) {
        const auto address = acceptor_.local_endpoint();
        for (const auto& away : outages_) {
            co_await clock_.sleep_until(start + away.begin);
            error_code error;
            acceptor_.close(error);
            for (auto& open : connections_) open.reset();
            co_await clock_.sleep_until(start + away.end());
            listen(address, error);
            while (error) {
                // Somebody else has the port for the moment.
                acceptor_.close(error);
                co_await clock_.sleep_for(pause);
                listen(address, error);
            }
            reopened_.notify();
        }
    }

    asio::awaitable<void> close_idle() {
        for (;;) {
            const auto now = clock_.now();
            auto next = now + idle_close_; // whoever becomes idle from now on is not due before
            for (auto& open : connections_) {
                const auto since = open.idle_since();
                if (!since) continue;
                if (*since + idle_close_ <= now)
                    open.close();
                else
                    next = std::min(next, *since + idle_close_);
            }
            co_await clock_.sleep_until(next);
        }
    }

    static constexpr auto pause = std::chrono::milliseconds{50};

    real_clock clock_;
    api_root root_;
    shown_certificate certificate_;
    asio::io_context context_{1};
    tcp::acceptor acceptor_;
    event reopened_; // after an outage
    std::optional<asio::ssl::context> tls_;
    std::string authority_pem_;
    task_group tasks_;
    connection_list connections_;
    std::vector<outage> outages_;
    duration idle_close_;
    connection_habits habits_;
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
