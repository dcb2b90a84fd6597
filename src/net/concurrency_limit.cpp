// The search for the right number of requests in flight.
#include "proctor/net/concurrency_limit.hpp"

#include <algorithm>

namespace proctor {
namespace {

// Shorter ones say little about a rate.
constexpr auto shortest_round = std::chrono::milliseconds{100};
constexpr auto rest = std::chrono::seconds{30};
constexpr double pays = 1.1;         // of a doubling: so much more answers a second, at least
constexpr double used = 0.8;         // of a limit: below, it was not what held requests back
constexpr std::size_t a_sample = 64; // requests that tell a share of overloads
constexpr std::size_t many = 8;      // overloads that need no sample
constexpr double a_little_less = 0.95;

} // namespace

concurrency_limit::concurrency_limit(concurrency_settings settings)
    : settings_(settings),
      limit_(settings.adaptive ? std::min(settings.first, settings.most) : settings.most) {}

std::size_t concurrency_limit::limit() const {
    return std::max<std::size_t>(1, limit_ - std::min(overloads_, limit_));
}

std::optional<concurrency_limit::change>
concurrency_limit::answered(time_point sent, time_point now, std::size_t in_flight) {
    if (!settings_.adaptive) return std::nullopt;
    ++answers_;
    return ended(sent, now, in_flight);
}

std::optional<concurrency_limit::change>
concurrency_limit::overloaded(time_point sent, time_point now, std::size_t in_flight) {
    if (!settings_.adaptive) return std::nullopt;
    ++overloads_;
    return ended(sent, now, in_flight);
}

void concurrency_limit::restart() {
    const auto borne = borne_;
    *this = concurrency_limit(settings_);
    borne_ = borne;
}

std::optional<concurrency_limit::change> concurrency_limit::ended(time_point sent, time_point now,
                                                                  std::size_t in_flight) {
    ++ended_;
    if (!began_) began_ = sent;
    busiest_ = std::max(busiest_, in_flight);
    // Its last answer is to a request of its own: a round sees what its limit has brought.
    const bool over =
        answers_ + overloads_ >= limit_ && sent >= *began_ && now - *began_ >= shortest_round;
    return over ? end_round(now) : std::nullopt;
}

std::optional<concurrency_limit::change> concurrency_limit::end_round(time_point now) {
    const double rate = double(answers_) / std::chrono::duration<double>(now - *began_).count();
    const bool was_used = double(busiest_) >= used * double(limit());
    began_ = now;
    answers_ = 0;
    busiest_ = 0;
    if (ended_ >= a_sample || overloads_ >= many) {
        const auto reduced = judge_overloads();
        ended_ = 0;
        overloads_ = 0;
        if (reduced) return reduced;
    }
    return was_used ? judge_growth(rate, now) : std::nullopt;
}

std::optional<concurrency_limit::change> concurrency_limit::judge_overloads() {
    const double share = double(overloads_) / double(ended_);
    if (share <= borne_) {
        in_vain_ = 0;
        last_share_ = 0;
        return std::nullopt;
    }
    if (last_share_ > 0 && share >= last_share_ / 2) {
        ++in_vain_;
    } else {
        in_vain_ = 0;
        before_ = limit_;
    }
    last_share_ = share;
    constexpr unsigned enough = 3;
    if (in_vain_ >= enough) {
        in_vain_ = 0;
        last_share_ = 0;
        borne_ = std::min(0.5, 2 * share);
        mode_ = mode::doubling;
        rate_ = 0;
        return set(before_, "fewer at a time meet as many overloads");
    }
    mode_ = mode::creeping;
    const auto served = double(limit());
    return set(static_cast<std::size_t>(a_little_less * served), "overloads");
}

std::optional<concurrency_limit::change> concurrency_limit::judge_growth(double rate,
                                                                         time_point now) {
    switch (mode_) {
    case mode::creeping: return set(limit_ + std::max<std::size_t>(1, limit_ / 32), "no overload");
    case mode::resting:
        if (now - rested_ < rest) return std::nullopt;
        mode_ = mode::doubling;
        rate_ = rate;
        paid_ = limit_;
        flat_ = 1; // one attempt
        return set(2 * limit_, "trying whether more at a time pays by now");
    case mode::doubling: break;
    }
    if (rate > pays * rate_) {
        rate_ = rate;
        paid_ = limit_;
        flat_ = 0;
        return set(2 * limit_, "more answers a second");
    }
    constexpr unsigned enough = 2;
    if (++flat_ < enough) return set(2 * limit_, "no more answers a second; trying once more");
    mode_ = mode::resting;
    rested_ = now;
    return set(paid_, "more at a time brought no more answers");
}

std::optional<concurrency_limit::change> concurrency_limit::set(std::size_t limit,
                                                                std::string_view why) {
    const change made{limit_, std::clamp<std::size_t>(limit, 1, settings_.most), why};
    limit_ = made.to;
    if (made.from == made.to) return std::nullopt;
    return made;
}

} // namespace proctor
