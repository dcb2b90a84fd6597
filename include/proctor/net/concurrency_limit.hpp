// How many requests an endpoint is given at a time. Nobody knows the right number: it is looked
// for, round by round, a round being about as many answers as the limit is.
//
// It doubles as long as that brings more answers a second. When doubling stops to pay, it goes back
// to where it did, and is tried again now and then. An overload (429, 503, a timeout) takes its
// place away at once, for the rest of the round; the round then ends with the limit at what was
// served, less a little, and from there it creeps. Overloads that do not get fewer as the limit
// falls have nothing to do with it, and are borne.
#pragma once

#include "proctor/async/clock.hpp"

#include <cstddef>
#include <optional>
#include <string_view>

namespace proctor {

struct concurrency_settings {
    std::size_t most = 256;
    std::size_t first = 16;
    bool adaptive = true; // false: always `most`
};

// A pure state machine. Times of sending tell which round a request belongs to.
class concurrency_limit {
public:
    struct change {
        std::size_t from = 0, to = 0;
        std::string_view why;
    };

    explicit concurrency_limit(concurrency_settings);

    // Requests that may be in flight now; at least 1.
    std::size_t limit() const;

    // A request has ended. `in_flight`: how many there were, this one included.
    std::optional<change> answered(time_point sent, time_point now, std::size_t in_flight);
    std::optional<change> overloaded(time_point sent, time_point now, std::size_t in_flight);
    // The endpoint was away: begin again from below.
    void restart();

private:
    enum class mode { doubling, creeping, resting };

    std::optional<change> ended(time_point sent, time_point now, std::size_t in_flight);
    std::optional<change> end_round(time_point now);
    std::optional<change> judge_overloads();
    std::optional<change> judge_growth(double rate, time_point now);
    std::optional<change> set(std::size_t limit, std::string_view why);

    concurrency_settings settings_;
    std::size_t limit_;
    mode mode_ = mode::doubling;

    // This round.
    std::optional<time_point> began_;
    std::size_t answers_ = 0;
    std::size_t busiest_ = 0;

    // Growth: earlier rounds.
    double rate_ = 0;      // answers a second, at paid_
    std::size_t paid_ = 0; // the limit at which growing has paid last
    unsigned flat_ = 0;    // doublings in a row that did not pay
    time_point rested_{};  // since

    // Overloads: since they were judged last. One round may be too few to tell.
    std::size_t ended_ = 0;
    std::size_t overloads_ = 0;
    double last_share_ = 0;  // of overloads, when the limit was reduced last
    unsigned in_vain_ = 0;   // reductions in a row after which there were as many
    std::size_t before_ = 0; // the limit before those
    double borne_ = usual_;  // the share of overloads that is left alone

    static constexpr double usual_ = 0.02;
};

} // namespace proctor
