// When the simulated endpoint is away.
#pragma once

#include "proctor/async/clock.hpp"
#include "proctor/core/error.hpp"

#include <string_view>
#include <vector>

namespace proctor {

struct outage {
    duration begin{}; // after the endpoint's start
    duration length{};

    duration end() const { return begin + length; }
};

// "10s@30s,1m@5m": ten seconds from the thirtieth on, and so on; in order of their beginnings.
// "" is none. bad_value: anything else, or outages that overlap.
result<std::vector<outage>> parse_outages(std::string_view text);

} // namespace proctor
