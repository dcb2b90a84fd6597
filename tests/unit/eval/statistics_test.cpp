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

BOOST_AUTO_TEST_CASE(runs_are_compared_question_by_question) {
    // Ten questions: 4 right in both, 1 only in the first, 3 only in the second, 2 in neither.
    paired_marks pairs;
    for (int i = 0; i < 4; ++i) pairs.add(1, 1);
    pairs.add(1, 0);
    for (int i = 0; i < 3; ++i) pairs.add(0, 1);
    for (int i = 0; i < 2; ++i) pairs.add(0, 0);
    BOOST_TEST(pairs.questions() == 10u);
    BOOST_TEST(pairs.first_mean() == 0.5);
    BOOST_TEST(pairs.second_mean() == 0.7);
    BOOST_TEST(pairs.difference() == 0.2);
    BOOST_TEST(pairs.only_first_right() == 1u);
    BOOST_TEST(pairs.only_second_right() == 3u);
    // Variance (4 − 10 · 0.04) / 9 = 0.4; 0.2 ± 1.95996 · sqrt(0.04)
    BOOST_TEST(pairs.difference_interval().low == -0.19199);
    BOOST_TEST(pairs.difference_interval().high == 0.59199);
    // 2 · (1 + 4) / 16
    BOOST_TEST(pairs.mcnemar_p() == 0.625);
}

BOOST_AUTO_TEST_CASE(mcnemars_test_is_the_sign_test_of_what_differs) {
    paired_marks pairs;
    BOOST_TEST(pairs.mcnemar_p() == 1.0);
    for (int i = 0; i < 6; ++i) pairs.add(0, 1);
    BOOST_TEST(pairs.mcnemar_p() == 0.03125); // 2 / 2^6
    for (int i = 0; i < 6; ++i) pairs.add(1, 0);
    BOOST_TEST(pairs.mcnemar_p() == 1.0);
}

BOOST_AUTO_TEST_CASE(parts_of_marks_count_in_means_and_repeats_by_their_majority) {
    paired_marks pairs;
    BOOST_TEST(pairs.difference_interval().low == -1.0);
    pairs.add(0.25, 0.75);
    BOOST_TEST(pairs.difference() == 0.5);
    BOOST_TEST(pairs.only_second_right() == 1u);
    BOOST_TEST(pairs.difference_interval().high == 1.0); // one question tells nothing of spread
    pairs.add(0.5, 0.5);
    BOOST_TEST(pairs.only_first_right() == 0u);
    BOOST_TEST(pairs.difference() == 0.25);
}

BOOST_AUTO_TEST_SUITE_END()
