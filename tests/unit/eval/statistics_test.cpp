// Intervals against published values.
#include "proctor/eval/statistics.hpp"

#include <boost/test/unit_test.hpp>

using namespace proctor;

namespace {

tally marks(std::uint64_t right, std::uint64_t of) {
    tally group;
    group.marked = of;
    group.billionths = right * tally::one;
    return group;
}

} // namespace

BOOST_AUTO_TEST_SUITE(statistics, *boost::unit_test::tolerance(1e-3))

BOOST_AUTO_TEST_CASE(known_intervals_come_out) {
    // Newcombe, Statistics in Medicine 17 (1998) 857, table I, method 3: 81/263, 15/148, 0/20, 1/29
    const auto first = wilson_interval(marks(81, 263));
    BOOST_TEST(first.low == 0.2553);
    BOOST_TEST(first.high == 0.3662);
    const auto second = wilson_interval(marks(15, 148));
    BOOST_TEST(second.low == 0.0624);
    BOOST_TEST(second.high == 0.1605);
    const auto third = wilson_interval(marks(0, 20));
    BOOST_TEST(third.low == 0.0);
    BOOST_TEST(third.high == 0.1611);
    const auto fourth = wilson_interval(marks(1, 29));
    BOOST_TEST(fourth.low == 0.0061, boost::test_tools::tolerance(1e-2));
    BOOST_TEST(fourth.high == 0.1718);
}

BOOST_AUTO_TEST_CASE(nothing_marked_says_nothing) {
    BOOST_TEST(wilson_interval({}).low == 0.0);
    BOOST_TEST(wilson_interval({}).high == 1.0);
}

BOOST_AUTO_TEST_CASE(all_right_ends_at_one) {
    BOOST_TEST(wilson_interval(marks(20, 20)).high == 1.0);
}

BOOST_AUTO_TEST_SUITE_END()
