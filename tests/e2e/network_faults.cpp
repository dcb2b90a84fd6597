// Endpoints with bad days: whatever they do, each question ends with the answer that it would have
// had on a good one, exactly once.
#include "support/connect_proxy.hpp"
#include "support/programs.hpp"

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <future>
#include <set>

using namespace proctor::test;

namespace {

struct class_room : workplace {
    class_room() : class_room(600) {}
    explicit class_room(unsigned questions) : questions_(questions) {
        dir.write("q.jsonl", few_questions(questions));
    }

    words key() const { return {"--questions", dir.file("q.jsonl"), "--accuracy", "0.7"}; }

    // Complete, each question once, none scored wrong that would have been right.
    void check_complete(const finished& run) const {
        BOOST_REQUIRE_MESSAGE(run.code == 0, run.errors);
        std::set<std::uint64_t> ids;
        double score = 0;
        for (const auto& result : results_in(results_path(*this, run.errors))) {
            ids.insert(result.at("question_id").to_number<std::uint64_t>());
            BOOST_TEST(!result.at("skipped").as_bool());
            score += result.at("score").to_number<double>();
        }
        BOOST_TEST(ids.size() == questions_);
        BOOST_TEST(*ids.begin() == 1u);
        BOOST_TEST(*ids.rbegin() == questions_);
        BOOST_TEST(score == std::round(0.7 * questions_));
    }

private:
    unsigned questions_;
};

struct lecture_hall : class_room {
#ifdef PROCTOR_SANITIZE
    lecture_hall() : class_room(4000) {}
#else
    lecture_hall() : class_room(20'000) {}
#endif
};

// Enough for a quarter of a minute at 400 a second.
struct long_lesson : class_room {
    long_lesson() : class_room(6000) {}
};

// Beside a proxy, which lives in the test's own loop.
finished run_beside(event_loop& loop, const command& what) {
    bool ended = false;
    auto run = std::async(std::launch::async, [&] {
        auto all = run_to_end(what);
        proctor::asio::post(loop.io, [&] { ended = true; });
        return all;
    });
    loop.run_until([&] { return ended; });
    return run.get();
}

} // namespace

BOOST_AUTO_TEST_SUITE(network_faults)

BOOST_FIXTURE_TEST_CASE(faults_of_all_kinds_and_an_outage_change_no_answer, lecture_hall) {
    const simulator endpoint(key() + words{"--latency", "lognormal:200ms,0.5", "--down", "20s@4s",
                                           "--faults",
                                           "429:3%,500:2%,503:1%,reset:1%,truncate:1%,garbage:1.8%,"
                                           "stall:0.1%,drip:0.1%"});
    const auto run = run_to_end(
        ask(endpoint, "q.jsonl", {"--parallel", "1000", "--timeout", "10", "--verbose"}));
    check_complete(run);
    // What was seen of it is told.
    for (const auto* kind : {"429 ", "500 ", "503 ", "connection_lost ", "bad_response "})
        BOOST_TEST(contains(run.output, kind), run.output);
    BOOST_TEST(contains(run.output, "outages: "));
    BOOST_TEST(contains(run.errors, " is away ("));
    BOOST_TEST(contains(run.errors, " is back"));
}

BOOST_FIXTURE_TEST_CASE(one_that_takes_few_at_a_time_is_given_few, class_room) {
    const simulator endpoint(key() + words{"--latency", "20ms", "--capacity", "25"});
    check_complete(run_to_end(ask(endpoint, "q.jsonl", {"--parallel", "500"})));
    BOOST_TEST(endpoint.count("answered") == 600u);
    // 500 at once would have had 475 refused before the first answer.
    BOOST_TEST(endpoint.requests() < 800u);
}

BOOST_FIXTURE_TEST_CASE(one_that_takes_few_a_minute_is_waited_for, class_room) {
    // The minute's budget and the pause that its headers ask for.
    const simulator endpoint(key() + words{"--rpm", "3000"});
    check_complete(run_to_end(ask(endpoint, "q.jsonl", {"--parallel", "100"})));
    BOOST_TEST(endpoint.count("answered") == 600u);
}

BOOST_FIXTURE_TEST_CASE(connections_that_end_in_silence_cost_nothing, class_room) {
    const simulator endpoint(key() + words{"--close-after", "3"});
    const auto run = run_to_end(ask(endpoint, "q.jsonl", {"--parallel", "20"}));
    check_complete(run);
    BOOST_TEST(endpoint.count("answered") == 600u);
}

BOOST_FIXTURE_TEST_CASE(of_two_endpoints_one_goes_away_and_comes_back, long_lesson) {
    const simulator steady(key() + words{"--latency", "100ms"}, false);
    const simulator shaky(key() + words{"--latency", "100ms", "--down", "3s@2s"}, false);
    const auto run = run_to_end(
        ask(steady, "q.jsonl",
            {"--base-url", shaky.base_url(), "--parallel", "40", "--fixed-parallelism"}));
    check_complete(run);
    BOOST_TEST(contains(run.errors, shaky.base_url() + " is away ("));
    BOOST_TEST(contains(run.errors, shaky.base_url() + " is back"));
    BOOST_TEST(!contains(run.errors, steady.base_url() + " is away"));
}

BOOST_FIXTURE_TEST_CASE(a_proxy_is_gone_through_unless_the_endpoint_is_excepted, class_room) {
    const simulator endpoint(key());
    event_loop loop;
    connect_proxy proxy(loop, endpoint.port());
    auto command = ask(endpoint, "q.jsonl", {"--parallel", "20"});
    const auto variable = "http://anna:open%20sesame@127.0.0.1:" + proxy.port();

    command.environment = {{"HTTPS_PROXY", variable}, {"NO_PROXY", "127.0.0.1"}};
    check_complete(run_beside(loop, command));
    BOOST_TEST(proxy.requests.empty());

    for (const auto* name : {"HTTPS_PROXY", "ALL_PROXY"}) {
        proxy.requests.clear();
        command.environment = {{name, variable}};
        auto afresh = command;
        afresh.words.push_back("--no-auto-resume");
        check_complete(run_beside(loop, afresh));
        BOOST_REQUIRE(!proxy.requests.empty());
        for (const auto& request : proxy.requests) {
            BOOST_TEST((request.method() == boost::beast::http::verb::connect));
            BOOST_TEST(request.target() == "127.0.0.1:" + endpoint.port());
            BOOST_TEST(request["Proxy-Authorization"] == "Basic YW5uYTpvcGVuIHNlc2FtZQ==");
        }
    }
    BOOST_TEST(endpoint.count("answered") == 3 * 600u);

    command.environment = {{"ALL_PROXY", "socks5://127.0.0.1:1080"}};
    const auto refused = run_to_end(command);
    BOOST_TEST(refused.code == 2);
    BOOST_TEST(contains(refused.errors, "socks5:// proxies are not supported"));
}

BOOST_FIXTURE_TEST_CASE(an_expired_certificate_stops_the_run, class_room) {
    const simulator endpoint(key() + words{"--certificate", "expired"});
    const auto run = run_to_end(ask(endpoint, "q.jsonl"));
    BOOST_TEST(run.code == 77);
    BOOST_TEST(contains(run.errors, "has expired"));
}

BOOST_FIXTURE_TEST_CASE(an_empty_account_stops_the_run_and_another_session_ends_it, class_room) {
    {
        const simulator endpoint(key() + words{"--faults", "quota:5%"});
        const auto run = run_to_end(ask(endpoint, "q.jsonl", {"--parallel", "20"}));
        BOOST_TEST(run.code == 77);
        BOOST_TEST(contains(run.errors, "refuses us: "));
        BOOST_TEST(contains(run.errors, "HTTP 429: simulated: You exceeded your current quota"));
        BOOST_TEST(contains(run.errors, "To go on: "));
    }
    const simulator paid(key());
    check_complete(run_to_end(ask(paid, "q.jsonl", {"--parallel", "20"})));
}

BOOST_FIXTURE_TEST_CASE(limits_of_tokens_and_time_end_a_session_that_another_goes_on_with,
                        class_room) {
    const simulator endpoint(key() + words{"--latency", "50ms"});
    const words slow{"--parallel", "10", "--fixed-parallelism"};
    auto run = run_to_end(ask(endpoint, "q.jsonl", slow + words{"--max-total-tokens", "2000"}));
    BOOST_TEST(run.code == 7);
    BOOST_TEST(contains(run.errors, "max_total_tokens"));
    run = run_to_end(ask(endpoint, "q.jsonl", slow + words{"--max-total-tokens", "2000"}));
    BOOST_TEST(run.code == 7); // earlier sessions count
    run = run_to_end(ask(endpoint, "q.jsonl", slow + words{"--max-time", "200ms"}));
    BOOST_TEST(run.code == 7);
    BOOST_TEST(contains(run.errors, "max_time"));
    const auto before = endpoint.count("answered");
    BOOST_TEST(before < 600u);
    check_complete(run_to_end(ask(endpoint, "q.jsonl")));
    BOOST_TEST(endpoint.count("answered") == 600u); // nothing twice
}

BOOST_AUTO_TEST_SUITE_END()
