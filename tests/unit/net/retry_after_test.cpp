#include "proctor/net/retry_after.hpp"

#include <boost/test/unit_test.hpp>

namespace proctor {

using namespace std::chrono_literals;

// 1994-11-06 08:49:37 UTC
constexpr auto now = std::chrono::sys_days{std::chrono::year{1994} / 11 / 6} + 8h + 49min + 37s;

BOOST_AUTO_TEST_SUITE(retry_after)

BOOST_AUTO_TEST_CASE(seconds_are_read) {
    BOOST_TEST((parse_retry_after("0", now) == 0s));
    BOOST_TEST((parse_retry_after("120", now) == 120s));
    BOOST_TEST((parse_retry_after("1.5", now) == 1500ms));
}

BOOST_AUTO_TEST_CASE(dates_count_from_now) {
    BOOST_TEST((parse_retry_after("Sun, 06 Nov 1994 08:50:07 GMT", now) == 30s));
    BOOST_TEST((parse_retry_after("Mon, 07 Nov 1994 08:49:37 GMT", now) == 24h));
    BOOST_TEST((parse_retry_after("Sun, 06 Nov 1994 08:00:00 GMT", now) == 0s));
    BOOST_TEST((parse_retry_after("Fri, 31 Dec 9999 23:59:59 GMT", now) == 24h * 365));
    BOOST_TEST((parse_retry_after("Mon, 01 Jan 0001 00:00:00 GMT", now) == 0s));
}

BOOST_AUTO_TEST_CASE(other_values_are_nothing) {
    for (const auto* value : {"", "soon", "-1", "nan", "inf", "1e3", "12x", "0x10",
                              "Sun, 06 Nov 1994 08:50:07", "Sun, 31 Feb 1994 08:50:07 GMT",
                              "Sun, 06 Foo 1994 08:50:07 GMT", "Sun, 06 Nov 1994 25:50:07 GMT"})
        BOOST_TEST_CONTEXT(value) {
            BOOST_TEST(!parse_retry_after(value, now));
        }
}

BOOST_AUTO_TEST_CASE(large_amounts_are_a_year) {
    BOOST_TEST((parse_retry_after("99999999999999999999", now) == 24h * 365));
}

BOOST_AUTO_TEST_CASE(milliseconds_are_read) {
    BOOST_TEST((parse_retry_after_ms("250") == 250ms));
    BOOST_TEST((parse_retry_after_ms("0.5") == 500us));
    BOOST_TEST(!parse_retry_after_ms("1 s"));
}

BOOST_AUTO_TEST_CASE(resets_of_rate_limits_are_read_as_servers_write_them) {
    BOOST_TEST((parse_limit_reset("1s", now) == 1s));
    BOOST_TEST((parse_limit_reset("6m0s", now) == 6min));
    BOOST_TEST((parse_limit_reset("20ms", now) == 20ms));
    BOOST_TEST((parse_limit_reset("2m59.5s", now) == 179'500ms));
    BOOST_TEST((parse_limit_reset("17", now) == 17s));
    // 17 s after `now`, in seconds since 1970
    BOOST_TEST((parse_limit_reset("784111794", now) == 17s));
    BOOST_TEST((parse_limit_reset("784111000", now) == 0s));
    BOOST_TEST((parse_limit_reset("3650d", now) == 24h * 365));
    for (const auto* value : {"", "soon", "-1", "nan", "1.5.5"})
        BOOST_TEST(!parse_limit_reset(value, now));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace proctor
