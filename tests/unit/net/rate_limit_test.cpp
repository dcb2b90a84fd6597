// A bucket, minute by minute.
#include "proctor/net/rate_limit.hpp"

#include <boost/test/unit_test.hpp>

namespace {

using namespace proctor;
using namespace std::chrono_literals;

constexpr time_point start{1h};

// How many of `amount` go out within `time`, whoever sends looking every 20 ms.
int sent_within(token_bucket& bucket, double amount, time_point& now, duration time) {
    int sent = 0;
    for (const auto end = now + time; now < end; now += 20ms)
        while (bucket.available(amount, now) > 0) {
            bucket.take(amount);
            ++sent;
        }
    return sent;
}

BOOST_AUTO_TEST_SUITE(rate_limit)

BOOST_AUTO_TEST_CASE(no_minute_gets_more_than_its_share_not_even_the_first) {
    for (const std::uint64_t rate : {1u, 30u, 600u, 60000u}) {
        token_bucket bucket(rate, start);
        auto now = start;
        for (int minute = 0; minute < 3; ++minute) {
            const auto sent = sent_within(bucket, 1, now, 1min);
            BOOST_TEST(sent <= int(rate));
            BOOST_TEST(sent >= int(double(rate) * 0.98) - 1);
        }
    }
}

BOOST_AUTO_TEST_CASE(an_idle_hour_is_not_saved_up) {
    token_bucket bucket(600, start);
    BOOST_TEST(bucket.available(1, start + 1h) == 10u);
}

BOOST_AUTO_TEST_CASE(what_is_larger_than_the_bucket_overdraws_it_and_is_waited_for) {
    token_bucket bucket(6000, start); // 100 a second
    auto now = start;
    const auto sent = sent_within(bucket, 1000, now, 1min);
    BOOST_TEST(sent >= 5);
    BOOST_TEST(sent <= 6);
}

BOOST_AUTO_TEST_CASE(what_turned_out_larger_than_thought_is_paid_back) {
    token_bucket bucket(6000, start);
    BOOST_TEST(bucket.available(50, start + 1s) == 2u);
    bucket.take(50);
    bucket.take(250); // it was 300
    BOOST_TEST(bucket.available(50, start + 2s) == 0u);
    BOOST_TEST(bucket.available(50, start + 4s) > 0u);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
