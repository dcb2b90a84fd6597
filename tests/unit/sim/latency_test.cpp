#include "proctor/sim/latency.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

namespace proctor {

using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(latency)

BOOST_AUTO_TEST_CASE(durations_and_distributions_are_read) {
    const auto fixed = parse_latency("200ms").value();
    BOOST_TEST((fixed.median == 200ms));
    BOOST_TEST(fixed.sigma == 0);
    const auto spread = parse_latency("lognormal:1.5s,0.5").value();
    BOOST_TEST((spread.median == 1500ms));
    BOOST_TEST(spread.sigma == 0.5);
    BOOST_TEST((parse_latency("0").value().median == 0s));
}

BOOST_AUTO_TEST_CASE(other_texts_are_explained) {
    for (const auto* text : {"", "fast", "-1s", "2h", "lognormal:", "lognormal:200ms",
                             "lognormal:200ms,", "lognormal:200ms,x", "lognormal:200ms,-1",
                             "lognormal:200ms,9", "lognormal:200ms,nan", "normal:1s,1"}) {
        BOOST_TEST_CONTEXT(text) {
            const auto parsed = parse_latency(text);
            BOOST_REQUIRE(parsed.has_error());
            BOOST_TEST((parsed.error().code == failure_code::bad_value));
            BOOST_TEST(parsed.error().detail.find("lognormal:200ms,0.5") != std::string::npos);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_lognormal_sample_has_its_median_and_spread) {
    const auto ordered = parse_latency("lognormal:200ms,0.5").value();
    std::mt19937_64 random(1);
    std::vector<double> logs;
    for (int i = 0; i < 100'000; ++i)
        logs.push_back(std::log(std::chrono::duration<double>(sample(ordered, random())).count()));
    double sum = 0, squares = 0;
    for (const double value : logs) {
        sum += value;
        squares += value * value;
    }
    const double mean = sum / double(logs.size());
    const double sigma = std::sqrt(squares / double(logs.size()) - mean * mean);
    BOOST_TEST(std::abs(mean - std::log(0.2)) < 0.01);
    BOOST_TEST(std::abs(sigma - 0.5) < 0.01);
}

BOOST_AUTO_TEST_CASE(samples_are_bounded) {
    const auto wild = parse_latency("lognormal:1h,5").value();
    for (std::uint64_t draw : {std::uint64_t{0}, ~std::uint64_t{0}, std::uint64_t{1} << 63}) {
        BOOST_TEST((sample(wild, draw) >= 0s));
        BOOST_TEST((sample(wild, draw) <= 1h));
    }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace proctor
