// A page of numbers.
#include "proctor/app/metrics.hpp"

#include "proctor/codec/json_fields.hpp"
#include <fmt/format.h>

#include <cmath>
#include <iterator>
#include <utility>

namespace proctor {
namespace {

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

page_listener::page_maker metrics_pages(std::function<std::string()> text) {
    return [text = std::move(text)](const page_request& asked) -> page_reply {
        if (asked.target == "/metrics" || asked.target.starts_with("/metrics?"))
            return {200, "text/plain; version=0.0.4", text()};
        return {404, "text/plain", "GET /metrics\n"};
    };
}

} // namespace proctor
