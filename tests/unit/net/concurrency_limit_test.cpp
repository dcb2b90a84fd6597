// The search for a limit against models of endpoints: one second of latency, a round a second.
#include "proctor/net/concurrency_limit.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <deque>
#include <random>

namespace {

using namespace proctor;
using namespace std::chrono_literals;

// An endpoint in steps of a millisecond, kept as busy as the limit allows.
struct modelled_endpoint {
    std::size_t capacity = 1'000'000; // in work at a time; beyond: an overload at once
    double served_a_ms = 1e9;         // answers, at the most; beyond, requests queue
    double stray = 0;                 // share of overloads that have nothing to do with anything
    duration latency = 200ms;

    concurrency_limit limit;
    time_point now{1h};
    std::deque<time_point> in_work{}; // when they were sent
    double credit = 0;
    std::uint64_t answered = 0, overloaded = 0;
    std::mt19937_64 random{1};

    explicit modelled_endpoint(std::size_t most)
        : limit([&] {
              concurrency_settings settings;
              settings.most = most;
              return settings;
          }()) {}

    void run(duration time) {
        for (const auto end = now + time; now < end; now += 1ms) {
            credit = std::min(credit + served_a_ms, std::max(served_a_ms, 1.0));
            while (!in_work.empty() && now - in_work.front() >= latency && credit >= 1) {
                const auto sent = in_work.front();
                const auto busy = in_work.size();
                in_work.pop_front();
                credit -= 1;
                ++answered;
                limit.answered(sent, now, busy);
            }
            // What is refused at once is sent again at once, a few times within a millisecond.
            for (std::size_t refused = 0; in_work.size() < limit.limit() && refused < 4;) {
                const bool astray = std::uniform_real_distribution<double>(0, 1)(random) < stray;
                if (in_work.size() < capacity && !astray) {
                    in_work.push_back(now);
                    continue;
                }
                ++overloaded;
                ++refused;
                limit.overloaded(now, now, in_work.size() + 1);
            }
        }
    }
    void forget() { answered = overloaded = 0; }
};

BOOST_AUTO_TEST_SUITE(limit_of_concurrency)

BOOST_AUTO_TEST_CASE(it_doubles_up_to_the_most_while_that_pays) {
    modelled_endpoint there(4000);
    BOOST_TEST(there.limit.limit() == 16u);
    there.run(5s);
    BOOST_TEST(there.limit.limit() == 4000u);
}

BOOST_AUTO_TEST_CASE(a_fixed_one_does_not_move) {
    concurrency_settings settings;
    settings.most = 64;
    settings.adaptive = false;
    concurrency_limit limit(settings);
    for (int i = 0; i < 1000; ++i) limit.overloaded(time_point{1h}, time_point{2h}, 64);
    BOOST_TEST(limit.limit() == 64u);
}

BOOST_AUTO_TEST_CASE(it_settles_just_below_a_capacity_and_keeps_it_busy) {
    for (const std::size_t capacity : {1u, 5u, 40u, 200u, 1000u}) {
        modelled_endpoint there(4000);
        there.capacity = capacity;
        there.run(10s);
        there.forget();
        there.run(60s);
        const double ideal = double(capacity) * 5 * 60; // 200 ms each
        BOOST_TEST_CONTEXT("capacity " << capacity << ", limit " << there.limit.limit()
                                       << ", answered " << there.answered << ", overloaded "
                                       << there.overloaded) {
            if (capacity >= 40) {
                BOOST_TEST(double(there.answered) >= 0.9 * ideal);
                BOOST_TEST(double(there.overloaded) <=
                           0.02 * double(there.answered + there.overloaded));
                BOOST_TEST(double(there.limit.limit()) >= 0.8 * double(capacity));
            } else {
                BOOST_TEST(double(there.answered) >= 0.6 * ideal);
            }
            BOOST_TEST(double(there.limit.limit()) <= 1.2 * double(capacity) + 1);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_capacity_that_grows_is_found) {
    modelled_endpoint there(4000);
    there.capacity = 100;
    there.run(20s);
    there.capacity = 300;
    there.run(60s);
    BOOST_TEST(there.limit.limit() >= 240u);
}

BOOST_AUTO_TEST_CASE(where_more_at_a_time_only_queues_it_goes_back_and_tries_again_later) {
    modelled_endpoint there(4000);
    there.served_a_ms = 0.5; // 500 a second, at 200 ms: busy with 100
    there.run(20s);
    BOOST_TEST(there.limit.limit() >= 100u);
    BOOST_TEST(there.limit.limit() <= 300u);
    there.served_a_ms = 5;
    there.run(90s);
    BOOST_TEST(there.limit.limit() >= 800u);
}

BOOST_AUTO_TEST_CASE(overloads_that_have_nothing_to_do_with_the_limit_are_borne) {
    modelled_endpoint there(256);
    there.stray = 0.05;
    there.run(60s);
    BOOST_TEST(there.limit.limit() >= 180u);
}

BOOST_AUTO_TEST_CASE(an_endpoint_that_was_away_is_begun_with_from_below) {
    modelled_endpoint there(4000);
    there.run(5s);
    there.limit.restart();
    BOOST_TEST(there.limit.limit() == 16u);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
