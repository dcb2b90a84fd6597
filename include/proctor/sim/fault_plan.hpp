// What is to go wrong with requests for an answer, how often, and with which of them.
#pragma once

#include "proctor/async/clock.hpp"
#include "proctor/core/error.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace proctor {

enum class fault_kind {
    none,
    status,   // an HTTP error instead of an answer
    quota,    // 429 that says the account is empty
    reset,    // RST, no response
    truncate, // the head and half of the body, then the end of the connection
    garbage,  // 200 with a body that is not JSON
    stall,    // no response, for as long as the client waits
    drip,     // the answer, byte by byte
};

struct fault {
    fault_kind kind = fault_kind::none;
    unsigned status = 0; // if kind is status

    bool operator==(const fault&) const = default;
};

// As it is ordered and counted: "429", "reset". Requires a kind other than none.
std::string name_of(fault);

struct fault_plan {
    struct share {
        fault what;
        double percent = 0; // of the requests
    };
    std::vector<share> shares; // 100 percent together at most
    duration drip_interval = std::chrono::milliseconds{100};
};

// "429:5%,reset:0.5%"; "" is no faults. bad_value: anything else, a status other than 400 to 599,
// a fault that stands there twice, more than 100 %.
result<fault_plan> parse_faults(std::string_view text);

// What becomes of a request for this prompt, which has come `asked_before` times: a pure function,
// and for each time an independent draw.
fault draw_fault(const fault_plan&, std::uint64_t seed, std::uint64_t prompt_hash,
                 std::uint64_t asked_before);

} // namespace proctor
