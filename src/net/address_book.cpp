// Name resolution with a deadline, which Asio's resolver does not have: getaddrinfo cannot be
// interrupted, so its result is waited for on a timer and left alone when that runs out.
#include "address_book.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <fmt/format.h>

#include <charconv>
#include <memory>

namespace proctor {
namespace {

using asio::ip::tcp;
using boost::system::error_code;

// Short enough to follow a name that moves, long enough for a thousand connections.
constexpr auto memory = std::chrono::seconds{30};

struct pending_lookup {
    explicit pending_lookup(const asio::any_io_executor& executor)
        : resolver(executor), ended(executor) {}

    tcp::resolver resolver;
    asio::steady_timer ended; // expires at the deadline, cancelled when the result is there
    bool done = false;
    error_code error;
    address_book::addresses found;
};

std::uint16_t port_number(const std::string& text) {
    std::uint16_t port = 0;
    std::from_chars(text.data(), text.data() + text.size(), port);
    return port;
}

} // namespace

first_hop::first_hop(const endpoint_options& options)
    : host(options.root.host), port(options.root.port), name(options.root.text()) {
    if (!options.proxy) return;
    host = options.proxy->host;
    port = options.proxy->port;
    name = "proxy " + options.proxy->text();
}

asio::awaitable<result<address_book::addresses>> address_book::lookup(time_point deadline) {
    error_code error;
    const auto literal = asio::ip::make_address(hop_.host, error);
    if (!error) co_return addresses{tcp::endpoint(literal, port_number(hop_.port))};
    if (!known_.empty() && std::chrono::steady_clock::now() - looked_up_ < memory) co_return known_;

    auto pending = std::make_shared<pending_lookup>(executor_);
    pending->ended.expires_at(deadline);
    pending->resolver.async_resolve(
        hop_.host, hop_.port,
        [pending](error_code failed, const tcp::resolver::results_type& results) {
            pending->done = true;
            pending->error = failed;
            for (const auto& entry : results) pending->found.push_back(entry.endpoint());
            pending->ended.cancel();
        });
    co_await pending->ended.async_wait(asio::redirect_error(asio::use_awaitable, error));
    if (!pending->done) {
        pending->resolver.cancel();
        if (error) throw boost::system::system_error(error);
        co_return failure(failure_code::unreachable, hop_.name,
                          fmt::format("the name \"{}\" was not resolved in time", hop_.host));
    }
    if (pending->error || pending->found.empty())
        co_return failure(failure_code::unreachable, hop_.name,
                          fmt::format("the name \"{}\" does not resolve: {}", hop_.host,
                                      pending->error.message()));
    known_ = std::move(pending->found);
    looked_up_ = std::chrono::steady_clock::now();
    co_return known_;
}

} // namespace proctor
