// Whoever starts coroutines can wait for them and end them.
#include "proctor/async/task_group.hpp"
#include "support/run_coro.hpp"

#include <boost/asio/post.hpp>
#include <boost/test/unit_test.hpp>

#include <stdexcept>

using namespace proctor;
using namespace proctor::test;

namespace {

asio::awaitable<void> sleep_and_count(manual_clock& clock, duration time, int& ended) {
    co_await clock.sleep_for(time);
    ++ended;
}

asio::awaitable<void> fail(manual_clock& clock, duration time, const char* what) {
    co_await clock.sleep_for(time);
    throw std::runtime_error(what);
}

asio::awaitable<void> note_whether(const bool& spawned, bool& started_inside) {
    started_inside = !spawned;
    co_return;
}

struct fixture {
    asio::io_context io;
    manual_clock clock;
    task_group tasks{io.get_executor()};
    int ended = 0;

    void settle() {
        io.restart();
        io.poll();
    }
    // On the executor's own thread, as the group wants it.
    void cancel() {
        asio::post(io, [this] { tasks.cancel(); });
        settle();
    }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(task_group_, fixture)

BOOST_AUTO_TEST_CASE(join_waits_for_everybody) {
    for (int i = 0; i < 5; ++i) tasks.spawn(sleep_and_count(clock, std::chrono::seconds(i), ended));
    BOOST_TEST(tasks.size() == 5u);
    run_coro(io, clock, tasks.join());
    BOOST_TEST(ended == 5);
    BOOST_TEST(tasks.size() == 0u);
}

BOOST_AUTO_TEST_CASE(join_of_nobody_returns) {
    run_coro(io, tasks.join());
}

BOOST_AUTO_TEST_CASE(cancel_ends_those_that_run_and_those_that_come) {
    tasks.spawn(sleep_and_count(clock, std::chrono::hours(1), ended));
    settle();
    cancel();
    tasks.spawn(sleep_and_count(clock, std::chrono::hours(1), ended));
    run_coro(io, tasks.join());
    BOOST_TEST(ended == 0);
    BOOST_TEST(clock.sleepers() == 0u);
}

BOOST_AUTO_TEST_CASE(the_first_exception_comes_out_of_join_when_all_have_ended) {
    tasks.spawn(fail(clock, std::chrono::seconds(2), "second"));
    tasks.spawn(fail(clock, std::chrono::seconds(1), "first"));
    tasks.spawn(sleep_and_count(clock, std::chrono::seconds(3), ended));
    BOOST_CHECK_EXCEPTION(
        run_coro(io, clock, tasks.join()), std::runtime_error,
        [](const std::runtime_error& e) { return e.what() == std::string("first"); });
    BOOST_TEST(ended == 1);
}

BOOST_AUTO_TEST_CASE(a_task_starts_through_the_executor_even_from_inside_it) {
    bool spawned = false, started_inside = false;
    asio::post(io, [&] {
        tasks.spawn(note_whether(spawned, started_inside));
        spawned = true;
    });
    run_coro(io, tasks.join());
    settle();
    run_coro(io, tasks.join());
    BOOST_TEST(!started_inside);
}

BOOST_AUTO_TEST_SUITE_END()
