// How many requests a minute are served: a bucket that holds a minute's worth and fills steadily.
#pragma once

#include "proctor/async/clock.hpp"

#include <cstdint>
#include <string>

namespace proctor {

class minute_budget {
public:
    // Requires 1 <= limit <= 1,000,000,000. Full in the beginning.
    explicit minute_budget(std::uint64_t limit);

    // Takes one request and returns zero; or takes none and says how long until there is one.
    // `now` never goes back.
    duration take(time_point now);

    std::uint64_t limit() const { return limit_; }
    std::uint64_t remaining(time_point now) const;
    duration until_full(time_point now) const;

private:
    std::uint64_t limit_;
    duration interval_; // in which the bucket gains one
    time_point full_at_{};
};

// As x-ratelimit-reset-requests tells it: "250ms", "1.5s", "6m0s", "1h0m0s".
std::string reset_text(duration);

} // namespace proctor
