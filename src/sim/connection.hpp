// One client's connection to the simulated endpoint: requests in, responses out, and what ordered
// faults make of that.
#pragma once

#include "chat_service.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/intrusive/list.hpp>

#include <cstdint>
#include <optional>

namespace proctor {

struct connection_habits {
    std::uint64_t close_after = 0; // responses; 0: never
    duration drip_interval{};
};

// Leaves the list that it is in when it is destroyed.
class connection : public boost::intrusive::list_base_hook<
                       boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
public:
    // `service` outlives it.
    connection(asio::ip::tcp::socket, chat_service& service, connection_habits);

    // Until one side ends it. Without `tls`: plain. Once; the connection outlives it.
    asio::awaitable<void> serve(asio::ssl::context* tls);

    // Since when a request is waited for; nothing: one is being worked on.
    std::optional<time_point> idle_since() const { return idle_since_; }
    // Both end serve() soon; an end of connection, or a reset, is all that the client sees.
    void close();
    void reset();

private:
    enum class sent { whole, part };

    template <class Stream>
    asio::awaitable<void> converse(Stream&);
    template <class Stream>
    asio::awaitable<sent> send(Stream&, const outgoing_response&);
    template <class Stream>
    asio::awaitable<sent> drip(Stream&, const std::string& bytes);

    asio::ip::tcp::socket socket_;
    asio::steady_timer timer_; // for everything that is waited for before sending
    chat_service& service_;
    connection_habits habits_;
    std::optional<time_point> idle_since_;
};

using connection_list =
    boost::intrusive::list<connection, boost::intrusive::constant_time_size<false>>;

} // namespace proctor
