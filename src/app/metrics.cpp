// A page of numbers and the least of a web server that can show it. It stays on this machine
// unless it is told otherwise, and one who asks slowly holds up nobody.
#include "proctor/app/metrics.hpp"

#include "proctor/codec/json_fields.hpp"
#include "proctor/net/host_port.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <fmt/format.h>

#include <cmath>
#include <iterator>
#include <memory>

namespace proctor {
namespace {

using asio::ip::tcp;
using boost::system::error_code;

class page {
public:
    // A metric with its help; its samples follow.
    void begin(std::string_view name, std::string_view type, std::string_view help) {
        name_ = name;
        add("# HELP proctor_{} {}\n# TYPE proctor_{} {}\n", name, help, name, type);
    }
    template <class Value>
    void sample(Value value) {
        add("proctor_{} {}\n", name_, value);
    }
    template <class Value>
    void sample(std::string_view label, std::string_view of, Value value) {
        std::string quoted;
        append_json_string(quoted, of); // escapes what must be
        add("proctor_{}{{{}={}}} {}\n", name_, label, quoted, value);
    }
    template <class... Values>
    void add(fmt::format_string<Values...> format, Values&&... values) {
        fmt::format_to(std::back_inserter(text_), format, std::forward<Values>(values)...);
    }
    std::string take() { return std::move(text_); }

private:
    std::string name_;
    std::string text_;
};

// Boundaries a doubling apart. The sum is told from the buckets, right to two in a hundred.
void add_latencies(page& out, const histogram& times) {
    out.begin("request_duration_seconds", "histogram",
              "Time from sending a question to its whole answer.");
    std::uint64_t below = 0;
    double sum = 0;
    for (std::size_t bucket = 0; bucket < histogram::bucket_count; ++bucket) {
        const auto count = times.in_bucket(bucket);
        const auto exponent = double(bucket) / histogram::buckets_per_doubling;
        below += count;
        sum += double(count) * times.smallest() *
               std::exp2(exponent + 0.5 / histogram::buckets_per_doubling);
        if ((bucket + 1) % histogram::buckets_per_doubling == 0)
            out.add("proctor_request_duration_seconds_bucket{{le=\"{:.4g}\"}} {}\n",
                    times.smallest() * std::exp2(exponent + 1.0 / histogram::buckets_per_doubling),
                    below);
    }
    out.add("proctor_request_duration_seconds_bucket{{le=\"+Inf\"}} {}\n"
            "proctor_request_duration_seconds_sum {:.6g}\n"
            "proctor_request_duration_seconds_count {}\n",
            times.count(), sum, times.count());
}

} // namespace

std::string metrics_text(const ledger& counted, const metrics& now) {
    page out;
    out.begin("questions", "gauge", "Questions of the selection.");
    out.sample(now.figures.total);
    out.begin("questions_completed", "gauge", "Questions with a durable result.");
    out.sample(counted.completed_count());
    out.begin("questions_failed", "gauge", "Questions without a result, by kind of failure.");
    for (const auto& [kind, count] : counted.failures_by_kind()) out.sample("kind", kind, count);
    out.begin("accuracy", "gauge", "Of what was marked.");
    if (counted.overall().marked) out.sample(counted.overall().accuracy());
    out.begin("tokens", "counter", "Tokens spent, earlier sessions included.");
    out.sample("of", "prompt", counted.usage().prompt);
    out.sample("of", "completion", counted.usage().completion);
    add_latencies(out, counted.latencies());

    out.begin("requests_in_flight", "gauge", "Requests sent and not answered yet.");
    for (const auto& each : now.endpoints) out.sample("endpoint", each.name, each.in_flight);
    out.begin("requests_limit", "gauge", "Requests that may be in flight.");
    for (const auto& each : now.endpoints) out.sample("endpoint", each.name, each.limit);
    out.begin("endpoint_up", "gauge", "1 if the endpoint is there.");
    for (const auto& each : now.endpoints) out.sample("endpoint", each.name, int(each.there));
    out.begin("questions_waiting", "gauge", "Questions that wait for their turn.");
    out.sample(now.waiting);

    const auto& group = now.figures.endpoints;
    out.begin("attempts_total", "counter", "Requests that have ended.");
    out.sample(group.attempts);
    out.begin("attempt_failures_total", "counter", "Of these, those that brought no answer.");
    for (const auto& [kind, count] : group.troubles) out.sample("kind", kind, count);
    out.begin("outages_total", "counter", "How often an endpoint went away.");
    out.sample(group.outages);
    out.begin("connections", "gauge", "Connections that are open.");
    out.sample(now.figures.connections.open);
    out.begin("handshakes_total", "counter", "Connections that were opened.");
    out.sample(now.figures.connections.opened);

    const auto& log = now.figures.checkpoints;
    out.begin("checkpoint_waiting_bytes", "gauge", "Records that wait for the disk.");
    out.sample(now.not_durable_bytes);
    out.begin("checkpoint_syncs_total", "counter", "Syncs of the log.");
    out.sample(log.syncs);
    out.begin("checkpoint_bytes_total", "counter", "Bytes of records written to the log.");
    out.sample(log.bytes);
    out.begin("checkpoint_seconds_total", "counter", "Time spent writing and syncing.");
    out.sample(std::chrono::duration<double>(log.disk_time).count());
    return out.take();
}

metrics_listener::metrics_listener(asio::any_io_executor executor,
                                   std::function<std::string()> text)
    : acceptor_(executor), text_(std::move(text)), tasks_(executor) {}

result<std::unique_ptr<metrics_listener>>
metrics_listener::open(asio::any_io_executor executor, const std::string& address,
                       std::function<std::string()> text) {
    constexpr auto key = "processing.metrics_listen";
    const auto place = parse_host_port(address);
    if (!place) return failure{place.error().code, key, place.error().detail};
    error_code error;
    const auto where = asio::ip::make_address(place->host, error);
    if (error)
        return failure{failure_code::bad_value, key,
                       fmt::format("\"{}\" is no address of this machine; names are not looked up, "
                                   "localhost is 127.0.0.1",
                                   place->host)};

    std::unique_ptr<metrics_listener> made(new metrics_listener(executor, std::move(text)));
    const tcp::endpoint local(where, place->port);
    made->acceptor_.open(local.protocol(), error);
    if (!error) made->acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) made->acceptor_.bind(local, error);
    if (!error) made->acceptor_.listen(tcp::acceptor::max_listen_connections, error);
    if (error)
        return failure{failure_code::io_error, key,
                       fmt::format("cannot listen on {}: {}", address, error.message())};
    return made;
}

void metrics_listener::start() {
    tasks_.spawn(accept());
}

std::string metrics_listener::url() const {
    const auto local = acceptor_.local_endpoint();
    const auto host = local.address().to_string();
    return fmt::format("http://{}:{}/metrics", local.address().is_v6() ? "[" + host + "]" : host,
                       local.port());
}

asio::awaitable<void> metrics_listener::accept() {
    for (;;) {
        error_code error;
        auto socket =
            co_await acceptor_.async_accept(asio::redirect_error(asio::use_awaitable, error));
        if (error) { // out of descriptors, perhaps: not in a circle
            asio::steady_timer pause(acceptor_.get_executor(), std::chrono::milliseconds{100});
            co_await pause.async_wait(asio::use_awaitable);
            continue;
        }
        constexpr std::size_t most = 16; // who ask at once; more are turned away
        if (tasks_.size() <= most) tasks_.spawn(answer(std::move(socket)));
    }
}

asio::awaitable<void> metrics_listener::answer(tcp::socket taken) {
    constexpr std::size_t longest_head = 8192;
    constexpr auto patience = std::chrono::seconds{5};
    const auto socket = std::make_shared<tcp::socket>(std::move(taken));
    asio::steady_timer deadline(socket->get_executor(), patience);
    deadline.async_wait([socket](error_code error) {
        error_code closed_already;
        if (!error) socket->close(closed_already);
    });
    std::string head;
    error_code error;
    auto buffer = asio::dynamic_buffer(head, longest_head);
    co_await asio::async_read_until(*socket, buffer, "\r\n\r\n",
                                    asio::redirect_error(asio::use_awaitable, error));
    if (!error) {
        const bool known = head.starts_with("GET /metrics ") || head.starts_with("GET /metrics?");
        const auto body = known ? text_() : std::string("GET /metrics\n");
        const auto reply = fmt::format(
            "HTTP/1.1 {}\r\nContent-Type: text/plain; version=0.0.4\r\nContent-Length: {}\r\n"
            "Connection: close\r\n\r\n{}",
            known ? "200 OK" : "404 Not Found", body.size(), body);
        co_await asio::async_write(*socket, asio::buffer(reply),
                                   asio::redirect_error(asio::use_awaitable, error));
    }
    deadline.cancel();
}

asio::awaitable<void> metrics_listener::stop() {
    tasks_.cancel();
    co_await tasks_.join();
}

} // namespace proctor
