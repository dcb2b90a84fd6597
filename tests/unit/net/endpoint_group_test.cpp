// Turns, on a manual clock: no network.
#include "proctor/net/endpoint_group.hpp"

#include "support/manual_clock.hpp"
#include "support/run_coro.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <memory>
#include <vector>

namespace {

using namespace proctor;
using namespace proctor::test;
using namespace std::chrono_literals;

attempt_failure http(unsigned status) {
    attempt_failure made(failure(failure_code::http_status, "/chat", "HTTP"));
    made.status = status;
    return made;
}
attempt_failure lost() {
    return attempt_failure(failure(failure_code::connection_lost, "https://host", "reset"));
}

struct bench {
    void make(std::size_t endpoints, group_settings settings) {
        endpoint_group::listeners heard;
        heard.on_event = [this](std::size_t, const std::string& what) { events.push_back(what); };
        heard.on_end = [this](const attempt_failure&, bool refused) {
            ended = true;
            ended_refused = refused;
        };
        probes.resize(endpoints);
        there.assign(endpoints, true);
        group = std::make_unique<endpoint_group>(
            io.get_executor(), clock, endpoints, settings,
            [this](std::size_t which) { return look(which); }, std::move(heard));
    }
    ~bench() {
        if (group) run_coro(io, clock, group->stop());
    }

    asio::awaitable<boost::system::result<void, attempt_failure>> look(std::size_t which) {
        ++probes[which];
        if (hangs) co_await clock.sleep_for(10h);
        if (refuses) co_return http(401);
        if (!there[which]) co_return lost();
        co_return boost::system::result<void, attempt_failure>();
    }

    turn acquire() { return run_coro(io, clock, group->acquire()); }
    void settle() {
        io.restart();
        io.poll();
    }
    void pass(duration time) {
        for (const auto end = clock.now() + time; clock.now() < end;) {
            settle();
            clock.advance(10ms);
        }
        settle();
    }
    void fail_until_away(std::size_t which) {
        while (group->is_there(which)) {
            auto mine = acquire();
            if (mine.endpoint() == which)
                (void)mine.failed(lost());
            else
                mine.answered(0, std::nullopt);
        }
    }

    asio::io_context io;
    manual_clock clock;
    std::vector<int> probes;
    std::vector<bool> there;
    bool hangs = false;
    bool refuses = false;
    bool ended = false, ended_refused = false;
    std::vector<std::string> events;
    std::unique_ptr<endpoint_group> group;
};

group_settings fixed(std::size_t parallel) {
    group_settings settings;
    settings.parallel = parallel;
    settings.adaptive = false;
    return settings;
}

BOOST_AUTO_TEST_SUITE(group_of_endpoints)

BOOST_AUTO_TEST_CASE(the_least_busy_one_comes_first) {
    bench test;
    test.make(3, fixed(9));
    std::vector<turn> out;
    for (int i = 0; i < 9; ++i) out.push_back(test.acquire());
    for (std::size_t i = 0; i < 3; ++i) BOOST_TEST(test.group->in_flight_of(i) == 3u);
    std::erase_if(out, [](const turn& one) { return one.endpoint() == 1; });
    for (int i = 0; i < 3; ++i) {
        out.push_back(test.acquire());
        BOOST_TEST(out.back().endpoint() == 1u);
    }
}

BOOST_AUTO_TEST_CASE(all_together_keep_to_the_limit) {
    bench test;
    test.make(2, fixed(4));
    std::vector<turn> out;
    for (int i = 0; i < 4; ++i) out.push_back(test.acquire());
    started_coro<turn> fifth(test.io, test.group->acquire());
    test.settle();
    BOOST_TEST(!fifth.done());
    out.pop_back();
    test.settle();
    BOOST_TEST(fifth.done());
    (void)fifth.get();
}

BOOST_AUTO_TEST_CASE(one_that_is_away_gets_nothing_and_costs_only_its_share) {
    bench test;
    test.make(2, fixed(8));
    test.there[0] = false;
    test.fail_until_away(0);
    BOOST_TEST(test.events.size() == 1u);
    std::vector<turn> out;
    for (int i = 0; i < 8; ++i) {
        out.push_back(test.acquire());
        BOOST_TEST(out.back().endpoint() == 1u);
    }
    BOOST_TEST(!test.group->too_long());
    for (auto& one : out) one.answered(0, std::nullopt);
    test.pass(5s);
    BOOST_TEST(test.probes[0] >= 2);
    BOOST_TEST(test.probes[1] == 0);

    test.there[0] = true;
    test.pass(10s);
    auto trial = test.acquire();
    BOOST_TEST(trial.endpoint() == 0u); // one request shows whether it is back
    auto other = test.acquire();
    BOOST_TEST(other.endpoint() == 1u);
    trial.answered(0, std::nullopt);
    BOOST_TEST(test.group->is_there(0));
    BOOST_TEST(test.events.back() == "is back");
}

BOOST_AUTO_TEST_CASE(what_fails_while_the_endpoint_is_known_to_be_away_does_not_count) {
    bench test;
    test.make(1, fixed(40));
    std::vector<turn> out;
    for (int i = 0; i < 40; ++i) out.push_back(test.acquire());
    int counted = 0;
    for (auto& one : out) counted += one.failed(lost());
    BOOST_TEST(counted == 10);
    BOOST_TEST(test.group->figures().outages == 1u);
}

BOOST_AUTO_TEST_CASE(a_trial_that_fails_counts_and_the_pause_grows) {
    bench test;
    test.make(1, fixed(4));
    test.fail_until_away(0);
    const auto began = test.clock.now();
    auto trial = test.acquire(); // the probe says yes
    BOOST_TEST((test.clock.now() - began >= 1s));
    BOOST_TEST(trial.failed(http(500)));
    const auto again = test.clock.now();
    trial = test.acquire();
    BOOST_TEST((test.clock.now() - again >= 2s));
    trial.answered(0, std::nullopt);
    BOOST_TEST(test.group->is_there(0));
}

BOOST_AUTO_TEST_CASE(an_earlier_request_that_hangs_does_not_hold_up_the_trial) {
    bench test;
    test.make(1, fixed(40));
    std::vector<turn> out;
    for (int i = 0; i < 11; ++i) out.push_back(test.acquire());
    for (int i = 0; i < 10; ++i) {
        (void)out.back().failed(lost());
        out.pop_back();
    }
    BOOST_TEST(!test.group->is_there(0));
    auto trial = test.acquire();
    BOOST_TEST(!out.back().failed(lost())); // says nothing about the trial
    trial.answered(0, std::nullopt);
    BOOST_TEST(test.group->is_there(0));
}

BOOST_AUTO_TEST_CASE(a_probe_that_hangs_is_given_up) {
    bench test;
    test.make(1, fixed(4));
    test.hangs = true;
    test.fail_until_away(0);
    test.pass(30s);
    BOOST_TEST(test.probes[0] == 1);
    test.hangs = false;
    test.pass(10s);
    BOOST_TEST(test.probes[0] >= 2);
    test.acquire().answered(0, std::nullopt);
    BOOST_TEST(test.group->is_there(0));
}

BOOST_AUTO_TEST_CASE(when_all_stay_away_patience_ends) {
    bench test;
    auto settings = fixed(4);
    settings.patience = 10min;
    settings.patience_at_start = 1min;
    test.make(2, settings);
    test.there = {false, false};
    test.acquire().answered(0, std::nullopt); // they were there once
    test.fail_until_away(0);
    test.fail_until_away(1);
    test.pass(9min);
    BOOST_TEST(!test.ended);
    test.pass(2min);
    BOOST_TEST(test.ended);
    BOOST_TEST(!test.ended_refused);
    BOOST_TEST((test.group->figures().away == duration{})); // still away
}

BOOST_AUTO_TEST_CASE(a_probe_that_is_refused_ends_it) {
    bench test;
    test.make(1, fixed(4));
    test.refuses = true;
    test.fail_until_away(0);
    test.pass(2s);
    BOOST_TEST(test.ended);
    BOOST_TEST(test.ended_refused);
}

BOOST_AUTO_TEST_CASE(one_refusal_pauses_nothing_and_many_in_a_row_pause_that_endpoint_alone) {
    bench test;
    test.make(2, fixed(64));
    std::vector<turn> out;
    for (int i = 0; i < 40; ++i) out.push_back(test.acquire());
    auto busy = http(429);
    busy.retry_after = 30s;
    std::erase_if(out, [](const turn& one) { return one.endpoint() == 1; });
    BOOST_REQUIRE(out.size() == 20u);
    for (int i = 0; i < 7; ++i) BOOST_TEST(out[i].failed(busy));
    BOOST_TEST(test.group->figures().pauses == 0u);
    BOOST_TEST(out[7].failed(busy));
    out.clear();
    BOOST_TEST(test.group->figures().pauses == 1u);
    for (int i = 0; i < 10; ++i) {
        out.push_back(test.acquire());
        BOOST_TEST(out.back().endpoint() == 1u);
    }
    test.pass(31s);
    BOOST_TEST(test.acquire().endpoint() == 0u);
}

BOOST_AUTO_TEST_CASE(an_endpoint_that_says_that_nothing_is_left_is_left_alone_until_then) {
    bench test;
    test.make(1, fixed(4));
    test.acquire().answered(0, 20s);
    const auto began = test.clock.now();
    auto next = test.acquire();
    BOOST_TEST((test.clock.now() - began >= 20s));
    BOOST_TEST((test.clock.now() - began < 21s));
    next.answered(0, std::nullopt);
}

BOOST_AUTO_TEST_CASE(requests_a_minute_hold_over_all_endpoints) {
    bench test;
    auto settings = fixed(64);
    settings.requests_a_minute = 60;
    test.make(2, settings);
    const auto began = test.clock.now();
    for (int i = 0; i < 30; ++i) test.acquire().answered(0, std::nullopt);
    const auto took = test.clock.now() - began;
    BOOST_TEST((took >= 30s));
    BOOST_TEST((took < 32s));
}

BOOST_AUTO_TEST_CASE(tokens_a_minute_hold_by_what_requests_turn_out_to_cost) {
    bench test;
    auto settings = fixed(64);
    settings.tokens_a_minute = 60'000; // a request of 2,000 every two seconds
    test.make(1, settings);
    for (int i = 0; i < 60; ++i) test.acquire().answered(2000, std::nullopt); // learns
    const auto began = test.clock.now();
    for (int i = 0; i < 30; ++i) test.acquire().answered(2000, std::nullopt);
    const auto took = test.clock.now() - began;
    BOOST_TEST((took >= 55s));
    BOOST_TEST((took < 65s));
}

BOOST_AUTO_TEST_CASE(who_gives_up_waiting_leaves_nothing_behind) {
    bench test;
    test.make(1, fixed(1));
    auto held = test.acquire();
    {
        task_group waiters(test.io.get_executor());
        auto wait = [](endpoint_group& group) -> asio::awaitable<void> {
            auto mine = co_await group.acquire();
        };
        waiters.spawn(wait(*test.group));
        test.settle();
        auto end_it = [](task_group& those) -> asio::awaitable<void> {
            those.cancel();
            co_await those.join();
        };
        run_coro(test.io, test.clock, end_it(waiters));
    }
    held.answered(0, std::nullopt);
    test.acquire().answered(0, std::nullopt);
    BOOST_TEST(test.group->in_flight() == 0u);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
