// The arithmetic of a token bucket.
#include "proctor/net/rate_limit.hpp"

#include "proctor/core/error.hpp"

#include <algorithm>
#include <cmath>

namespace proctor {

token_bucket::token_bucket(std::uint64_t a_minute, time_point now)
    : a_second_(double(a_minute) / 60), most_(std::max(1.0, a_second_)), filled_(now) {
    PROCTOR_ASSERT(a_minute > 0);
}

std::size_t token_bucket::available(double amount, time_point now) {
    level_ =
        std::min(most_, level_ + a_second_ * std::chrono::duration<double>(now - filled_).count());
    filled_ = now;
    // What is larger than the bucket waits until that is full, and overdraws it.
    const auto enough = std::min(std::max(amount, 1e-9), most_);
    constexpr double slack = 1e-6; // sums of fractions
    return static_cast<std::size_t>(std::max(0.0, std::floor((level_ + slack) / enough)));
}

} // namespace proctor
