// So many a minute, and no burst: what a resumed run may send does not depend on what the one
// before it sent.
#pragma once

#include "proctor/async/clock.hpp"

#include <cstdint>

namespace proctor {

// A token bucket that begins empty and holds what a second brings. It may be overdrawn by one
// taking, which the next ones wait for. A pure state machine.
class token_bucket {
public:
    // Requires a_minute > 0.
    token_bucket(std::uint64_t a_minute, time_point now);

    // How many takings of `amount` may begin now.
    std::size_t available(double amount, time_point now);
    // Beforehand, and afterwards what it turned out to be beyond that (or below, if negative).
    void take(double amount) { level_ -= amount; }

private:
    double a_second_;
    double most_;
    double level_ = 0;
    time_point filled_;
};

} // namespace proctor
