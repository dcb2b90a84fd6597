#include "proctor/sim/minute_budget.hpp"

#include <boost/test/unit_test.hpp>

namespace proctor {

using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(minute_budgets)

BOOST_AUTO_TEST_CASE(a_full_budget_is_spent_and_comes_back_steadily) {
    minute_budget budget(60);
    time_point now = time_point(1h);
    BOOST_TEST(budget.remaining(now) == 60u);
    BOOST_TEST((budget.until_full(now) == 0s));
    for (int i = 0; i < 60; ++i) BOOST_TEST((budget.take(now) == 0s));
    BOOST_TEST(budget.remaining(now) == 0u);
    BOOST_TEST((budget.until_full(now) == 1min));

    BOOST_TEST((budget.take(now) == 1s));
    now += 250ms;
    BOOST_TEST((budget.take(now) == 750ms)); // being refused costs nothing
    BOOST_TEST(budget.remaining(now) == 0u);
    now += 750ms;
    BOOST_TEST(budget.remaining(now) == 1u);
    BOOST_TEST((budget.take(now) == 0s));
    BOOST_TEST((budget.take(now) == 1s));
    now += 1h;
    BOOST_TEST(budget.remaining(now) == 60u); // never more
}

BOOST_AUTO_TEST_CASE(limits_that_do_not_divide_a_minute_hold_too) {
    for (const std::uint64_t limit : {std::uint64_t{1}, std::uint64_t{7}, std::uint64_t{1777}}) {
        minute_budget budget(limit);
        const time_point now(1h);
        for (std::uint64_t i = 0; i < limit; ++i) {
            BOOST_TEST(budget.remaining(now) == limit - i);
            BOOST_TEST((budget.take(now) == 0s));
        }
        const auto wait = budget.take(now);
        BOOST_TEST((wait > 0s));
        BOOST_TEST((budget.take(now + wait - 1ns) == 1ns));
        BOOST_TEST((budget.take(now + wait) == 0s));
    }
}

BOOST_AUTO_TEST_CASE(times_are_told_as_openai_tells_them) {
    struct {
        duration time;
        const char* text;
    } const table[] = {
        {0s, "0ms"},    {1ns, "1ms"},
        {17ms, "17ms"}, {999ms, "999ms"},
        {1s, "1s"},     {8640ms, "8.64s"},
        {6min, "6m0s"}, {61500ms, "1m1.5s"},
        {1h, "1h0m0s"}, {59999ms + 1us, "1m0s"},
    };
    for (const auto& [time, text] : table) BOOST_TEST(reset_text(time) == text);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace proctor
