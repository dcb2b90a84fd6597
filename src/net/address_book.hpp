// The addresses of the endpoint's host, looked up now and then instead of for every connection.
#pragma once

#include "proctor/net/endpoint.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <string>
#include <vector>

namespace proctor {

class address_book {
public:
    using addresses = std::vector<asio::ip::tcp::endpoint>;

    // `root` outlives the book.
    address_book(asio::any_io_executor executor, const api_root& root)
        : executor_(std::move(executor)), root_(root) {}

    // In the order in which they are to be tried; never empty. unreachable: the name does not
    // resolve, or not before `deadline`. Cancellation unwinds at once, though a lookup that the
    // system has begun goes on in its thread until it ends.
    asio::awaitable<result<addresses>> lookup(time_point deadline);

    // What is known has led nowhere: look again.
    void forget() { known_.clear(); }

private:
    asio::any_io_executor executor_;
    const api_root& root_;
    addresses known_;
    time_point looked_up_{};
};

} // namespace proctor
