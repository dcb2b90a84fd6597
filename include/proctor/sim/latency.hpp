// How long the simulated model thinks.
#pragma once

#include "proctor/async/clock.hpp"
#include "proctor/core/error.hpp"

#include <cstdint>
#include <string_view>

namespace proctor {

struct latency_distribution {
    duration median{};
    double sigma = 0; // of the logarithm; 0: always the median
};

// "200ms", or "lognormal:200ms,0.5": median and sigma. bad_value: anything else.
result<latency_distribution> parse_latency(std::string_view text);

// The latency that belongs to `draw`, a number drawn evenly from all of its type; an hour at most.
duration sample(const latency_distribution&, std::uint64_t draw);

} // namespace proctor
