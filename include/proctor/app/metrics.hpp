// How a run is doing, for a Prometheus server that asks.
#pragma once

#include "proctor/app/report.hpp"
#include "proctor/async/task_group.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace proctor {

// One endpoint, as a line of labels.
struct endpoint_state {
    std::string name;
    std::size_t in_flight = 0;
    std::size_t limit = 0;
    bool there = true;
};

struct metrics {
    run_figures figures;
    std::vector<endpoint_state> endpoints;
    std::size_t in_flight = 0;
    std::size_t waiting = 0;             // questions that wait for their turn
    std::uint64_t not_durable_bytes = 0; // of records that wait for the disk
};

// The text format, version 0.0.4; names begin with proctor_. Counters are the run's where the
// ledger knows them (questions, tokens, latency), else this session's.
std::string metrics_text(const ledger&, const metrics&);

// Answers GET /metrics, and 404 to all else. On the executor's one thread.
class metrics_listener {
public:
    // bad_value, io_error: `address` is no address with a port, or cannot be listened on.
    static result<std::unique_ptr<metrics_listener>>
    open(asio::any_io_executor, const std::string& address, std::function<std::string()> text);

    std::string url() const;
    // Whoever asks before this waits.
    void start();
    // Once start() was called.
    asio::awaitable<void> stop();

private:
    metrics_listener(asio::any_io_executor, std::function<std::string()> text);
    asio::awaitable<void> accept();
    asio::awaitable<void> answer(asio::ip::tcp::socket taken);

    asio::ip::tcp::acceptor acceptor_;
    std::function<std::string()> text_;
    task_group tasks_;
};

} // namespace proctor
