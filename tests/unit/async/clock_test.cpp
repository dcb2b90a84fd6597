// Durations as people write them, and clocks.
#include "proctor/async/clock.hpp"
#include "proctor/async/task_group.hpp"
#include "support/run_coro.hpp"

#include <boost/asio/post.hpp>
#include <boost/test/unit_test.hpp>

using namespace proctor;
using namespace proctor::test;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(clock_)

BOOST_AUTO_TEST_CASE(durations_read_as_people_write_them) {
    const std::pair<const char*, duration> table[] = {
        {"250ms", 250ms},      {"10s", 10s},  {"1.5m", 90s},
        {"3h50m", 3h + 50min}, {"30d", 720h}, {"7", 7s},
        {"0.5", 500ms},        {"0", 0s},     {"1h1m1s1ms", 1h + 1min + 1s + 1ms}};
    for (const auto& [text, expected] : table) {
        const auto read = parse_duration(text);
        BOOST_TEST_REQUIRE(read.has_value(), text);
        BOOST_TEST((*read == expected), text);
    }
}

BOOST_AUTO_TEST_CASE(what_is_no_duration_is_refused) {
    for (const char* text : {"", "s", "-1s", "10 s", " 10s", "10x", "10s ", "nan", "inf", "1e400",
                             "3h50", "5 5", "1..5s", "1.5.5", "20y", "4000d", "1e300d"})
        BOOST_TEST(!parse_duration(text), text);
}

BOOST_AUTO_TEST_CASE(a_real_sleep_into_the_past_returns_and_time_goes_on) {
    real_clock clock;
    const auto before = clock.now();
    run_coro(clock.sleep_until(before));
    BOOST_TEST((clock.now() >= before));
}

BOOST_AUTO_TEST_CASE(a_real_sleep_ends_when_it_is_cancelled) {
    asio::io_context io;
    real_clock clock;
    task_group tasks(io.get_executor());
    tasks.spawn(clock.sleep_for(24h));
    io.poll();
    asio::post(io, [&] { tasks.cancel(); });
    run_coro(io, tasks.join());
    BOOST_TEST(tasks.size() == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
