// Quantiles of the histogram.
#include "proctor/core/histogram.hpp"

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <limits>

using proctor::histogram;

BOOST_AUTO_TEST_SUITE(histogram_)

BOOST_AUTO_TEST_CASE(an_empty_one_says_zero) {
    BOOST_TEST(histogram().quantile(0.5) == 0);
}

BOOST_AUTO_TEST_CASE(quantiles_are_right_to_three_percent) {
    histogram durations;
    for (int i = 1; i <= 10000; ++i) durations.add(i * 1e-3); // 1 ms to 10 s, evenly
    for (const double q : {0.01, 0.5, 0.95, 0.99, 1.0})
        BOOST_TEST(durations.quantile(q) == q * 10, boost::test_tools::tolerance(0.03));
    BOOST_TEST(durations.count() == 10000u);
}

BOOST_AUTO_TEST_CASE(what_is_out_of_range_goes_to_the_ends) {
    histogram durations;
    durations.add(0);
    durations.add(-1);
    durations.add(std::numeric_limits<double>::quiet_NaN());
    durations.add(std::numeric_limits<double>::infinity());
    BOOST_TEST(durations.count() == 4u);
    BOOST_TEST(durations.quantile(0.5) < 2e-4);
    BOOST_TEST(durations.quantile(1) > 3600 * 3);
}

BOOST_AUTO_TEST_CASE(the_smallest_value_is_to_order) {
    histogram lengths(0.25);
    for (int i = 1; i <= 10000; ++i) lengths.add(i);
    BOOST_TEST(lengths.quantile(0.5) == 5000, boost::test_tools::tolerance(0.03));
    BOOST_TEST(lengths.quantile(1) == 10000, boost::test_tools::tolerance(0.03));
    BOOST_TEST((lengths != histogram()));
}

BOOST_AUTO_TEST_CASE(merging_is_adding) {
    histogram all, odd, even;
    for (int i = 1; i < 1000; ++i) {
        all.add(i * 0.01);
        (i % 2 ? odd : even).add(i * 0.01);
    }
    odd.merge(even);
    BOOST_TEST(odd.count() == all.count());
    for (const double q : {0.0, 0.25, 0.5, 0.9, 1.0})
        BOOST_TEST(odd.quantile(q) == all.quantile(q));
}

BOOST_AUTO_TEST_SUITE_END()
