// How a run is doing, for a Prometheus server that asks.
#pragma once

#include "proctor/app/report.hpp"
#include "proctor/net/page_listener.hpp"

#include <functional>
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

// /metrics, and 404 for all else.
page_listener::page_maker metrics_pages(std::function<std::string()> text);

} // namespace proctor
