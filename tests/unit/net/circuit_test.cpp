// A circuit, moved from state to state.
#include "proctor/net/circuit.hpp"

#include <boost/test/unit_test.hpp>

namespace {

using namespace proctor;
using namespace std::chrono_literals;

constexpr time_point start{1h};

circuit opened() {
    circuit line({});
    for (int i = 0; i < 10; ++i) line.failed(true, start);
    return line;
}

BOOST_AUTO_TEST_SUITE(circuits)

BOOST_AUTO_TEST_CASE(failures_in_a_row_open_it_and_an_answer_begins_the_count_anew) {
    circuit line({});
    for (int i = 0; i < 9; ++i) BOOST_TEST(!line.failed(true, start));
    BOOST_TEST(!line.answered());
    for (int i = 0; i < 9; ++i) BOOST_TEST(!line.failed(true, start));
    BOOST_TEST(line.closed());
    BOOST_TEST(line.failed(true, start));
    BOOST_TEST(!line.closed());
    BOOST_TEST(!line.failed(true, start)); // told once
}

BOOST_AUTO_TEST_CASE(whom_nobody_reaches_is_away_sooner) {
    circuit line({});
    BOOST_TEST(!line.failed(false, start));
    BOOST_TEST(!line.failed(false, start));
    BOOST_TEST(line.failed(false, start));
}

BOOST_AUTO_TEST_CASE(pauses_between_probes_grow_up_to_a_bound) {
    auto line = opened();
    auto now = start;
    for (const auto pause : {1s, 2s, 4s, 8s, 16s, 30s, 30s}) {
        BOOST_TEST(!line.probe_is_due(now + pause - 1ms));
        now += pause;
        BOOST_TEST(line.probe_is_due(now));
        line.probed(false, now);
    }
}

BOOST_AUTO_TEST_CASE(a_probe_that_is_answered_leads_to_a_trial_and_that_decides) {
    auto line = opened();
    line.probed(true, start + 1s);
    BOOST_TEST(line.on_trial());
    BOOST_TEST(!line.closed());
    BOOST_TEST(!line.failed(true, start + 2s)); // not news
    BOOST_TEST(!line.on_trial());
    BOOST_TEST(!line.probe_is_due(start + 3s)); // the pause went on growing
    line.probed(true, start + 4s);
    BOOST_TEST(line.answered());
    BOOST_TEST(line.closed());
}

BOOST_AUTO_TEST_CASE(an_answer_to_an_earlier_request_closes_it_too) {
    auto line = opened();
    BOOST_TEST(line.answered());
    BOOST_TEST(line.closed());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
