// Last in, first out: a few connections stay warm and the others may die of idleness. Handshakes
// are limited because a thousand at once keep one another from ending in time.
#include "connection_pool.hpp"

namespace proctor {

connection_pool::connection_pool(asio::any_io_executor executor, const endpoint_options& options,
                                 std::optional<asio::ssl::context> tls)
    : executor_(std::move(executor)), commons_(options, std::move(tls)),
      addresses_(executor_, first_hop(options)), opening_(options.max_handshakes) {}

connection_pool::connection connection_pool::take_idle() {
    if (idle_.empty()) return nullptr;
    auto last = std::move(idle_.back());
    idle_.pop_back();
    return last;
}

asio::awaitable<result<connection_pool::connection>> connection_pool::take() {
    if (auto kept = take_idle()) co_return kept;
    const auto turn = co_await opening_.acquire();
    // One may have come back while this request was waiting for its turn.
    if (auto kept = take_idle()) co_return kept;
    co_return co_await connect();
}

asio::awaitable<result<connection_pool::connection>> connection_pool::open() {
    const auto turn = co_await opening_.acquire();
    co_return co_await connect();
}

asio::awaitable<result<connection_pool::connection>> connection_pool::connect() {
    const auto deadline = std::chrono::steady_clock::now() + commons_.options.connect_timeout;
    const auto addresses = co_await addresses_.lookup(deadline);
    if (!addresses) co_return addresses.error();
    auto opened = std::make_unique<https_session>(executor_, commons_);
    const auto connected = co_await opened->connect(*addresses, deadline);
    if (!connected) {
        if (connected.error().code == failure_code::unreachable) addresses_.forget();
        co_return connected.error();
    }
    co_return opened;
}

void connection_pool::give_back(connection used) {
    if (used->reusable()) idle_.push_back(std::move(used));
}

} // namespace proctor
