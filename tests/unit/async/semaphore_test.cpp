// Permits: order, cancellation, a limit that moves.
#include "proctor/async/semaphore.hpp"
#include "proctor/async/task_group.hpp"
#include "support/run_coro.hpp"

#include <boost/asio/post.hpp>
#include <boost/test/unit_test.hpp>

#include <vector>

using namespace proctor;
using namespace proctor::test;

namespace {

// Takes a permit, notes its name, and keeps the permit until the clock says so.
asio::awaitable<void> hold(semaphore& permits, manual_clock& clock, std::vector<int>& order,
                           int name, duration time) {
    const auto held = co_await permits.acquire();
    order.push_back(name);
    co_await clock.sleep_for(time);
}

struct fixture {
    asio::io_context io;
    manual_clock clock;
    std::vector<int> order;
    task_group tasks{io.get_executor()};

    void settle() {
        io.restart();
        io.poll();
    }
    // On the executor's own thread, as the group wants it.
    void cancel(task_group& group) {
        asio::post(io, [&group] { group.cancel(); });
        settle();
    }
    void finish() { run_coro(io, clock, tasks.join()); }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(semaphore_, fixture)

BOOST_AUTO_TEST_CASE(permits_go_out_in_the_order_of_asking) {
    semaphore permits(2);
    for (int name = 0; name < 6; ++name)
        tasks.spawn(hold(permits, clock, order, name, std::chrono::seconds(6 - name)));
    settle();
    BOOST_TEST(permits.in_use() == 2u);
    BOOST_TEST(permits.waiting() == 4u);
    finish();
    BOOST_TEST(order == (std::vector<int>{0, 1, 2, 3, 4, 5}), boost::test_tools::per_element());
    BOOST_TEST(permits.in_use() == 0u);
}

BOOST_AUTO_TEST_CASE(a_cancelled_waiter_leaves_the_queue) {
    semaphore permits(1);
    tasks.spawn(hold(permits, clock, order, 0, std::chrono::seconds(1)));
    task_group impatient(io.get_executor());
    impatient.spawn(hold(permits, clock, order, 1, std::chrono::seconds(1)));
    tasks.spawn(hold(permits, clock, order, 2, std::chrono::seconds(1)));
    settle();
    cancel(impatient);
    run_coro(io, impatient.join());
    BOOST_TEST(permits.waiting() == 1u);
    finish();
    BOOST_TEST(order == (std::vector<int>{0, 2}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_permit_handed_to_one_who_is_cancelled_comes_back) {
    semaphore permits(1);
    tasks.spawn(hold(permits, clock, order, 0, std::chrono::seconds(1)));
    task_group impatient(io.get_executor());
    settle();
    impatient.spawn(hold(permits, clock, order, 1, std::chrono::seconds(1)));
    settle();
    // Runs the holder to its end, where the permit is handed over, and cancels before the next
    // one has resumed.
    clock.advance(std::chrono::seconds(1));
    io.restart();
    while (permits.waiting() > 0) BOOST_REQUIRE(io.run_one() == 1u);
    BOOST_TEST(permits.in_use() == 1u);
    cancel(impatient);
    run_coro(io, clock, impatient.join());
    BOOST_TEST(permits.in_use() == 0u);
    finish();
}

BOOST_AUTO_TEST_CASE(a_larger_limit_serves_waiters_and_a_smaller_one_waits_for_permits) {
    semaphore permits(1);
    for (int name = 0; name < 4; ++name)
        tasks.spawn(hold(permits, clock, order, name, std::chrono::seconds(1 + name)));
    settle();
    BOOST_TEST(order.size() == 1u);
    permits.set_limit(3);
    settle();
    BOOST_TEST(order.size() == 3u);
    permits.set_limit(1);
    clock.advance(std::chrono::seconds(2)); // two come back, one is still out
    settle();
    BOOST_TEST(permits.in_use() == 1u);
    BOOST_TEST(permits.waiting() == 1u);
    finish();
    BOOST_TEST(order.size() == 4u);
}

BOOST_AUTO_TEST_CASE(a_permit_can_be_given_back_early) {
    semaphore permits(1);
    auto taken = run_coro(io, permits.acquire());
    BOOST_TEST(bool(taken));
    taken.release();
    BOOST_TEST(!taken);
    BOOST_TEST(permits.in_use() == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
