// The addresses of whom we connect to, looked up now and then instead of for every connection.
#pragma once

#include "proctor/net/endpoint.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <string>
#include <vector>

namespace proctor {

// Whom connections go to: the endpoint, or the proxy before it.
struct first_hop {
    explicit first_hop(const endpoint_options&);

    std::string host;
    std::string port;
    std::string name; // as messages have it
};

class address_book {
public:
    using addresses = std::vector<asio::ip::tcp::endpoint>;

    address_book(asio::any_io_executor executor, first_hop hop)
        : executor_(std::move(executor)), hop_(std::move(hop)) {}

    // In the order in which they are to be tried; never empty. unreachable: the name does not
    // resolve, or not before `deadline`. Cancellation unwinds at once, though a lookup that the
    // system has begun goes on in its thread until it ends.
    asio::awaitable<result<addresses>> lookup(time_point deadline);

    // What is known has led nowhere: look again.
    void forget() { known_.clear(); }

private:
    asio::any_io_executor executor_;
    first_hop hop_;
    addresses known_;
    time_point looked_up_{};
};

} // namespace proctor
