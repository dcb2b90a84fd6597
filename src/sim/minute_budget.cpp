// The bucket is kept as the one moment when it will be full again (the "generic cell rate
// algorithm" of ATM): whole nanoseconds, nothing to top up.
#include "proctor/sim/minute_budget.hpp"

#include "proctor/core/error.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace proctor {
namespace {

constexpr std::uint64_t highest_limit = 1'000'000'000;

} // namespace

minute_budget::minute_budget(std::uint64_t limit) : limit_(limit) {
    PROCTOR_ASSERT(limit >= 1 && limit <= highest_limit);
    interval_ = duration(std::chrono::minutes{1}) / static_cast<duration::rep>(limit);
}

duration minute_budget::take(time_point now) {
    const auto full_at = std::max(full_at_, now) + interval_;
    const auto most = interval_ * static_cast<duration::rep>(limit_);
    if (full_at - now > most) return full_at - now - most;
    full_at_ = full_at;
    return {};
}

std::uint64_t minute_budget::remaining(time_point now) const {
    const auto missing = (until_full(now) + interval_ - duration{1}) / interval_;
    return limit_ - static_cast<std::uint64_t>(missing);
}

duration minute_budget::until_full(time_point now) const {
    return std::max(full_at_ - now, duration{});
}

std::string reset_text(duration time) {
    using namespace std::chrono;
    const auto all = ceil<milliseconds>(time);
    if (all < seconds{1}) return fmt::format("{}ms", all.count());
    const auto whole_hours = floor<hours>(all);
    const auto whole_minutes = floor<minutes>(all - whole_hours);
    const double rest = double((all - whole_hours - whole_minutes).count()) / 1000;
    std::string text;
    if (whole_hours.count() > 0) text += fmt::format("{}h", whole_hours.count());
    if (!text.empty() || whole_minutes.count() > 0)
        text += fmt::format("{}m", whole_minutes.count());
    return text + fmt::format("{}s", rest);
}

} // namespace proctor
