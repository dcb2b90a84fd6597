// How progress reads.
#include "proctor/pipeline/progress.hpp"

#include <boost/test/unit_test.hpp>

namespace {

using namespace proctor;

progress sample() {
    progress now;
    now.total = 10'000;
    now.completed = 3'240;
    now.completed_before = 0;
    now.in_flight = 256;
    now.elapsed_seconds = 932;
    now.marks.marked = 3'240;
    now.marks.billionths = 2'430 * tally::one;
    return now;
}

BOOST_AUTO_TEST_SUITE(progress_text)

BOOST_AUTO_TEST_CASE(a_wide_bar_tells_everything) {
    BOOST_TEST(progress_bar(sample(), 120, false) ==
               "Processing questions: 32.4%|#######                | 3,240/10,000 "
               "[15:32<32:25, 3.5 questions/s] acc 75.0% 256 in flight");
}

BOOST_AUTO_TEST_CASE(where_there_is_less_room_the_figures_stay) {
    BOOST_TEST(progress_bar(sample(), 79, false) ==
               "32.4%|#####             | 3,240/10,000 [15:32<32:25, 3.5 questions/s] acc 75.0%");
    BOOST_TEST(progress_bar(sample(), 39, false) == "32.4% 3,240/10,000 acc 75.0%");
    BOOST_TEST(progress_bar(sample(), 45, false) == "32.4% 3,240/10,000 acc 75.0% 256 in flight");
    BOOST_TEST(progress_bar(sample(), 20, false) == "32.4% 3,240/10,000");
}

BOOST_AUTO_TEST_CASE(the_cost_so_far_is_told_where_there_are_prices_and_room) {
    auto now = sample();
    now.cost = "12.34 USD";
    BOOST_TEST(progress_bar(now, 120, false) ==
               "Processing questions: 32.4%|####         | 3,240/10,000 "
               "[15:32<32:25, 3.5 questions/s] acc 75.0% 12.34 USD 256 in flight");
    BOOST_TEST(progress_bar(now, 81, false) ==
               "32.4%|###       | 3,240/10,000 [15:32<32:25, 3.5 questions/s] acc 75.0% 12.34 USD");
    BOOST_TEST(progress_bar(now, 80, false).ends_with(" acc 75.0%"));
    BOOST_TEST(progress_line(now).ends_with(", accuracy 75.0%, cost 12.34 USD, 256 in flight"));
}

BOOST_AUTO_TEST_CASE(a_bar_never_exceeds_its_width) {
    auto priced = sample();
    priced.cost = "12.34 USD";
    for (const auto& now : {sample(), priced})
        for (std::size_t width = 1; width < 200; ++width)
            BOOST_TEST(progress_bar(now, width, false).size() <= width, "at " << width);
}

BOOST_AUTO_TEST_CASE(a_resumed_run_is_timed_from_where_it_resumed) {
    auto now = sample();
    now.completed_before = 3'000;
    now.elapsed_seconds = 24;
    BOOST_TEST(now.rate() == 10.0);
    BOOST_TEST(now.remaining_seconds() == 676.0);
}

BOOST_AUTO_TEST_CASE(a_line_tells_failures_only_if_there_are_some) {
    auto now = sample();
    BOOST_TEST(progress_line(now) ==
               "Progress: 3,240/10,000 (32.4%) [15:32<32:25, 3.5 questions/s], "
               "accuracy 75.0%, 256 in flight");
    now.failed = 12;
    BOOST_TEST(progress_line(now).ends_with(", 12 failed"));
}

BOOST_AUTO_TEST_CASE(numbers_are_grouped_by_thousands) {
    BOOST_TEST(thousands(0) == "0");
    BOOST_TEST(thousands(999) == "999");
    BOOST_TEST(thousands(1'000) == "1,000");
    BOOST_TEST(thousands(12'345'678) == "12,345,678");
}

BOOST_AUTO_TEST_CASE(times_have_hours_only_when_needed) {
    BOOST_TEST(clock_time(0) == "00:00");
    BOOST_TEST(clock_time(932) == "15:32");
    BOOST_TEST(clock_time(8130) == "2:15:30");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
