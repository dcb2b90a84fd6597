// The connections to one endpoint: kept while idle, opened when none is.
#pragma once

#include "address_book.hpp"
#include "https_session.hpp"
#include "proctor/async/semaphore.hpp"
#include "proctor/net/endpoint.hpp"

#include <boost/asio/ssl/context.hpp>

#include <memory>
#include <optional>
#include <vector>

namespace proctor {

class connection_pool {
public:
    using connection = std::unique_ptr<https_session>;

    // No context: plain HTTP. `options` outlives the pool, and the pool its connections.
    connection_pool(asio::any_io_executor, const endpoint_options& options,
                    std::optional<asio::ssl::context>);

    // The connection that was used last, or a new one if none is idle.
    asio::awaitable<result<connection>> take();
    // A new one, whatever is idle.
    asio::awaitable<result<connection>> open();
    // Kept if another exchange may follow on it, else closed.
    void give_back(connection);
    void close_idle() { idle_.clear(); }

    connection_counts& counts() { return commons_.counts; }
    const connection_counts& counts() const { return commons_.counts; }

private:
    connection take_idle();
    asio::awaitable<result<connection>> connect();

    asio::any_io_executor executor_;
    session_commons commons_;
    address_book addresses_;
    semaphore opening_;
    std::vector<connection> idle_;
};

} // namespace proctor
