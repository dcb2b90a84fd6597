#include "proctor/sim/outage.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

namespace proctor {

using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(outages)

BOOST_AUTO_TEST_CASE(outages_are_read_and_put_in_order) {
    const auto read = parse_outages("1m@5m,200ms@0,10s@30s,1s@40s").value();
    BOOST_REQUIRE(read.size() == 4u);
    BOOST_TEST((read[0].begin == 0s && read[0].length == 200ms));
    BOOST_TEST((read[1].begin == 30s && read[1].end() == 40s));
    BOOST_TEST((read[2].begin == 40s && read[2].end() == 41s));
    BOOST_TEST((read[3].begin == 5min && read[3].length == 1min));
    BOOST_TEST(parse_outages("").value().empty());
}

BOOST_AUTO_TEST_CASE(other_texts_are_explained) {
    for (const auto* text : {"10s", "@", "10s@", "@30s", "0s@30s", "-1s@30s", "10s@never",
                             "10s@1s@2s", "10s@30s,,1s@50s", "10s@30s,1s@39s", "1s@1s,1s@1s"}) {
        BOOST_TEST_CONTEXT(text) {
            const auto parsed = parse_outages(text);
            BOOST_REQUIRE(parsed.has_error());
            BOOST_TEST((parsed.error().code == failure_code::bad_value));
            BOOST_TEST(parsed.error().detail.find("10s@30s,1m@5m") != std::string::npos);
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace proctor
