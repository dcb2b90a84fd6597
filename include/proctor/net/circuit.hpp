// Whether an endpoint is there, so that no question burns its retries on one that is not.
#pragma once

#include "proctor/async/clock.hpp"

namespace proctor {

struct circuit_settings {
    unsigned failures = 10;                      // in a row open it; three if nobody is reached
    duration pause = std::chrono::seconds{1};    // before the first probe; doubled each time
    duration longest = std::chrono::seconds{30}; // of the pauses
};

// Closed: requests go through. Open: none does; it is probed after pauses that grow. On trial: a
// probe was answered, and one request at a time may show whether requests are, too. A pure state
// machine.
class circuit {
public:
    explicit circuit(circuit_settings settings) : settings_(settings) {}

    bool closed() const { return state_ == state::closed; }
    bool on_trial() const { return state_ == state::trial; }
    // Whether the pause is over. Whoever probes tells the result.
    bool probe_is_due(time_point now) const { return state_ == state::open && now >= probe_at_; }

    // A request was answered, be it with an error that is the request's own. True: that closed it.
    bool answered();
    // A request failed for a reason that is the endpoint's. True: that opened it.
    bool failed(bool reached, time_point now);
    // A probe of an open one.
    void probed(bool there, time_point now);

private:
    enum class state { closed, open, trial };

    void open(time_point now);

    circuit_settings settings_;
    state state_ = state::closed;
    double in_a_row_ = 0; // failures
    duration pause_{};
    time_point probe_at_{};
};

} // namespace proctor
