// Whole runs in memory: who is asked, how often, and what the log holds afterwards.
#include "bench.hpp"

#include "proctor/eval/choice_shuffle.hpp"

#include <boost/test/unit_test.hpp>

#include <zstd.h>

#include <algorithm>
#include <set>

namespace {

using namespace proctor;
using namespace proctor::test;
using namespace std::chrono_literals;

const failure refused_connection{failure_code::unreachable, "https://host", "connection refused"};

BOOST_AUTO_TEST_SUITE(scheduler)

BOOST_AUTO_TEST_CASE(every_question_gets_one_result) {
    pipeline_bench bench(right_answer, 100ms);
    bench.make_questions(50);
    bench.run();
    BOOST_TEST(bench.counted.completed_count() == 50);
    BOOST_TEST(bench.counted.overall().accuracy() == 1.0);
    BOOST_TEST(bench.transport.requests().size() == 50);
    BOOST_TEST(bench.stopped_well);
    BOOST_TEST(!bench.reason.has_value());
    for (const auto& [id, kind] : bench.logged())
        BOOST_TEST((kind == record_kind::result), "question " << id);
    BOOST_TEST(bench.written() == 50);
}

BOOST_AUTO_TEST_CASE(large_questions_are_in_flight_only_as_far_as_the_memory_for_them_goes) {
    pipeline_bench bench(right_answer, 1s);
    bench.parallel = 7;
    bench.questions.clear();
    for (int i = 1; i <= 20; ++i)
        bench.questions += fmt::format(
            "{{\"question\": \"{:1000} What is {}?\", \"answer\": \"{}\"}}\n", "", i, i);
    scheduler_settings settings;
    settings.max_question_bytes = 2500; // the third goes beyond it, and no other beside it
    bench.run(settings);
    BOOST_TEST(bench.transport.most_in_flight() == 3);
    BOOST_TEST(bench.counted.completed_count() == 20);
    BOOST_TEST(bench.figures.bytes == 0);
}

BOOST_AUTO_TEST_CASE(no_more_than_parallel_are_in_flight) {
    pipeline_bench bench(right_answer, 100ms);
    bench.make_questions(40);
    bench.parallel = 7;
    bench.run();
    BOOST_TEST(bench.transport.most_in_flight() == 7);
}

BOOST_AUTO_TEST_CASE(a_resumed_run_asks_only_what_is_left) {
    pipeline_bench bench(right_answer);
    bench.make_questions(30);
    scheduler_settings first;
    first.chosen.limit = 12;
    bench.run(first);
    BOOST_TEST(bench.transport.requests().size() == 12);
    bench.run();
    BOOST_TEST(bench.transport.requests().size() == 30);
    std::set<int> asked;
    for (const auto& request : bench.transport.requests()) asked.insert(asked_number(request));
    BOOST_TEST(asked.size() == 30);
    BOOST_TEST(bench.counted.completed_count() == 30);
}

BOOST_AUTO_TEST_CASE(each_question_is_asked_as_often_as_was_ordered) {
    pipeline_bench bench(right_answer);
    bench.make_questions(5);
    bench.parallel = 1;
    scheduler_settings thrice;
    thrice.repeats = 3;
    thrice.chosen.limit = 4; // of questions
    bench.run(thrice);
    std::vector<int> order;
    for (const auto& request : bench.transport.requests()) order.push_back(asked_number(request));
    BOOST_TEST((order == std::vector{1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4}));
    BOOST_TEST(bench.counted.completed_count() == 12);
    BOOST_TEST(bench.logged().rbegin()->first == 12);
}

BOOST_AUTO_TEST_CASE(of_a_question_only_the_repeats_that_are_missing_are_asked_again) {
    int requests = 0;
    pipeline_bench bench([&](const http_request& request) -> result<http_response> {
        if (++requests == 2 || requests == 9) return response(400, "{}");
        return right_answer(request);
    });
    bench.make_questions(3);
    bench.parallel = 1;
    scheduler_settings thrice;
    thrice.repeats = 3;
    bench.run(thrice);
    BOOST_TEST(bench.counted.completed_count() == 7);
    BOOST_TEST(bench.counted.refused(2));
    BOOST_TEST(bench.counted.refused(9));
    thrice.retry_refused = true;
    bench.run(thrice);
    BOOST_TEST(bench.transport.requests().size() == 11);
    BOOST_TEST(asked_number(bench.transport.requests()[9]) == 1);
    BOOST_TEST(asked_number(bench.transport.requests()[10]) == 3);
    BOOST_TEST(bench.counted.completed_count() == 9);
}

BOOST_AUTO_TEST_CASE(each_repeat_is_asked_and_marked_in_an_order_of_its_own) {
    std::vector<std::string> prompts;
    pipeline_bench bench([&](const http_request& request) {
        prompts.push_back(request.body.substr(request.body.find("What is"), 60));
        return chat_reply(request.body.find("A) four") == std::string::npos ? "B" : "A");
    });
    bench.questions = R"({"question": "What is 2 and 2?", "choices": ["four", "five"],)"
                      R"("answer": "A"})"
                      "\n";
    bench.parallel = 1;
    scheduler_settings shuffling;
    shuffling.repeats = 8;
    shuffling.shuffle_seed = 1;
    bench.run(shuffling);
    BOOST_REQUIRE(prompts.size() == 8u);
    for (std::uint16_t repeat = 1; repeat <= 8; ++repeat) {
        question expected;
        expected.format = question_format::multiple_choice;
        expected.choices = {"four", "five"};
        expected.reference_answer = "A";
        expected.number = 1;
        expected.repeat = repeat;
        shuffle_choices(expected, 1);
        BOOST_TEST(prompts[repeat - 1].find("A) " + expected.choices[0]) != std::string::npos,
                   prompts[repeat - 1]);
    }
    BOOST_TEST(std::set<std::string>(prompts.begin(), prompts.end()).size() == 2u);
    BOOST_TEST(bench.counted.overall().marked == 8u);
    BOOST_TEST(bench.counted.overall().accuracy() == 1.0);
}

BOOST_AUTO_TEST_CASE(only_what_was_drawn_is_asked) {
    pipeline_bench bench(right_answer);
    bench.make_questions(30);
    scheduler_settings sampled;
    sampled.chosen.limit = 20;
    sampled.chosen.drawn = draw_questions(20, 3, 1);
    bench.run(sampled);
    std::set<std::uint64_t> asked;
    for (const auto& request : bench.transport.requests())
        asked.insert(static_cast<std::uint64_t>(asked_number(request)));
    std::set<std::uint64_t> drawn;
    for (const auto index : python_sample(20, 3, 1)) drawn.insert(index + 1);
    BOOST_TEST(asked == drawn, boost::test_tools::per_element());
    bench.run(sampled); // a later session has nothing to do
    BOOST_TEST(bench.transport.requests().size() == 3);
}

BOOST_AUTO_TEST_CASE(a_shard_asks_its_share_of_the_questions_whatever_records_are_none) {
    const std::string broken = "{\"question\": \"no answer\"}\n";
    for (const std::uint64_t places_every : {0, 1, 3, 4096})
        for (const bool with_broken : {false, true}) {
            pipeline_bench bench(right_answer);
            bench.make_questions(40);
            bench.places_every = places_every;
            if (with_broken) bench.questions = broken + broken + bench.questions;
            scheduler_settings third;
            third.chosen.limit = 30;
            third.chosen.part = shard{3, 7};
            const auto asked = [&] {
                std::set<int> numbers;
                for (const auto& request : bench.transport.requests())
                    numbers.insert(asked_number(request));
                return numbers;
            };
            bench.run(third);
            BOOST_TEST((asked() == std::set{3, 10, 17, 24}));
            bench.run(third);
            BOOST_TEST(bench.transport.requests().size() == 4);
            third.chosen.part = shard{4, 7};
            bench.run(third);
            BOOST_TEST((asked() == std::set{3, 4, 10, 11, 17, 18, 24, 25}));
            bench.run(); // what no shard has put
            BOOST_TEST(bench.transport.requests().size() == 40);
            BOOST_TEST(bench.counted.completed_count() == 40);
        }
}

BOOST_AUTO_TEST_CASE(what_an_index_passes_over_is_what_was_not_drawn_however_the_file_is_written) {
    const auto as_array = [](std::string lines) {
        lines.pop_back();
        std::replace(lines.begin(), lines.end(), '\n', ',');
        return "[" + lines + "]";
    };
    std::string as_csv = "question,answer\n";
    for (int i = 1; i <= 40; ++i) as_csv += fmt::format("What is {}?,{}\n\n", i, i);
    for (int form = 0; form < 3; ++form)
        for (const std::uint64_t places_every : {1, 7}) {
            pipeline_bench bench(right_answer);
            bench.make_questions(40);
            if (form == 1) bench.questions = as_array(bench.questions);
            if (form == 2) bench.questions = as_csv;
            bench.places_every = places_every;
            scheduler_settings twice;
            twice.repeats = 2;
            twice.chosen.drawn.emplace();
            for (const auto place : {2, 3, 17, 40}) twice.chosen.drawn->insert(place);
            bench.run(twice);
            std::multiset<int> asked;
            for (const auto& request : bench.transport.requests())
                asked.insert(asked_number(request));
            BOOST_TEST((asked == std::multiset{2, 2, 3, 3, 17, 17, 40, 40}),
                       "form " << form << ", a place every " << places_every);
            bench.run(twice);
            BOOST_TEST(bench.transport.requests().size() == 8);
        }
}

BOOST_AUTO_TEST_CASE(the_permit_is_given_back_before_a_back_off) {
    bool failed_once = false;
    pipeline_bench bench([&](const http_request& request) -> result<http_response> {
        if (asked_number(request) == 1 && !std::exchange(failed_once, true)) {
            auto busy = response(503, "{}");
            busy.retry_after = duration(30s);
            return busy;
        }
        return right_answer(request);
    });
    bench.make_questions(3);
    bench.parallel = 1;
    bench.run();
    std::vector<int> order;
    for (const auto& request : bench.transport.requests()) order.push_back(asked_number(request));
    BOOST_TEST((order == std::vector{1, 2, 3, 1}));
    BOOST_TEST(bench.counted.completed_count() == 3);
    BOOST_TEST(bench.figures.retries == 1);
}

BOOST_AUTO_TEST_CASE(what_the_endpoint_refuses_fails_for_good_and_the_run_goes_on) {
    pipeline_bench bench([](const http_request& request) -> result<http_response> {
        if (asked_number(request) == 2)
            return response(400, R"({"error": {"message": "too long"}})");
        return right_answer(request);
    });
    bench.make_questions(5);
    bench.run();
    BOOST_TEST(bench.counted.completed_count() == 4);
    BOOST_TEST(bench.counted.refused(2));
    BOOST_TEST(bench.counted.failures_by_kind().at("http_status") == 1);

    const auto before = bench.transport.requests().size();
    bench.run();
    BOOST_TEST(bench.transport.requests().size() == before, "a refused question was asked again");
    scheduler_settings again;
    again.retry_refused = true;
    bench.run(again);
    BOOST_TEST(bench.transport.requests().size() == before + 1);
}

BOOST_AUTO_TEST_CASE(what_fails_for_now_is_tried_again_by_the_next_session) {
    bool down = true;
    pipeline_bench bench([&](const http_request& request) -> result<http_response> {
        if (down && asked_number(request) == 3) return response(500, "oops");
        return right_answer(request);
    });
    bench.make_questions(4);
    bench.run();
    BOOST_TEST(bench.counted.completed_count() == 3);
    BOOST_TEST(bench.counted.failed(3));
    BOOST_TEST(!bench.counted.refused(3));
    BOOST_TEST(bench.counted.attempts() == 3 + 9); // eight retries
    down = false;
    bench.run();
    BOOST_TEST(bench.counted.completed_count() == 4);
    BOOST_TEST(bench.counted.failed_count() == 0);
}

BOOST_AUTO_TEST_CASE(refused_credentials_stop_the_run_and_nothing_is_recorded_as_failed) {
    pipeline_bench bench([](const http_request&) { return response(401, R"({"error": "no"})"); });
    bench.make_questions(20);
    bench.run();
    BOOST_REQUIRE(bench.reason.has_value());
    BOOST_TEST((bench.reason->cause == stop_cause::endpoint_refused));
    BOOST_TEST(bench.logged().empty());
    BOOST_TEST(bench.transport.requests().size() <= bench.parallel);
}

BOOST_AUTO_TEST_CASE(an_outage_is_waited_out_and_costs_no_retries) {
    const pipeline_bench* self = nullptr;
    pipeline_bench bench([&](const http_request& request) -> result<http_response> {
        const bool back = self->clock.now() - self->began > 20min;
        if (asked_number(request) > 10 && !back) return refused_connection;
        return right_answer(request);
    });
    self = &bench;
    bench.make_questions(40);
    bench.run();
    BOOST_TEST(!bench.reason.has_value());
    BOOST_TEST(bench.counted.completed_count() == 40);
    BOOST_TEST(bench.counted.failed_count() == 0);
    BOOST_TEST(bench.figures.retries == 0);
}

BOOST_AUTO_TEST_CASE(
    an_endpoint_that_breaks_every_connection_for_a_while_costs_no_question_its_retries) {
    const pipeline_bench* self = nullptr;
    pipeline_bench bench(
        [&](const http_request& request) -> result<http_response> {
            const auto time = self->clock.now() - self->began;
            if (time > 10s && time < 20min)
                return failure{failure_code::connection_lost, "https://host", "reset"};
            return right_answer(request);
        },
        1s);
    self = &bench;
    bench.make_questions(400);
    bench.parallel = 16;
    bench.run();
    BOOST_TEST(!bench.reason.has_value());
    BOOST_TEST(bench.counted.completed_count() == 400);
    BOOST_TEST(bench.counted.failed_count() == 0);
    BOOST_TEST(bench.troubles.outages == 1);
    BOOST_TEST((bench.troubles.away > 15min));
    BOOST_TEST(bench.events.size() == 2);                                // away, back
    BOOST_TEST(bench.transport.requests().size() < 400u + 16 + 60 + 10); // probes, not questions
}

BOOST_AUTO_TEST_CASE(a_limit_of_tokens_counts_earlier_sessions_and_leaves_the_rest_to_later_ones) {
    pipeline_bench bench(right_answer, 1s); // 12 tokens each
    bench.make_questions(100);
    bench.endpoints.adaptive = false;
    scheduler_settings settings;
    settings.max_total_tokens = 240;
    bench.run(settings);
    BOOST_REQUIRE(bench.reason.has_value());
    BOOST_TEST((bench.reason->cause == stop_cause::limit));
    const auto done = bench.counted.completed_count();
    BOOST_TEST(done >= 20u);
    BOOST_TEST(done <= 20u + bench.parallel);
    bench.run(settings);
    BOOST_REQUIRE(bench.reason.has_value());
    BOOST_TEST(bench.counted.completed_count() == done);
    bench.run();
    BOOST_TEST(bench.counted.completed_count() == 100u);
    BOOST_TEST(bench.transport.requests().size() == 100u);
}

BOOST_AUTO_TEST_CASE(a_limit_of_time_ends_a_session_in_good_order) {
    pipeline_bench bench(right_answer, 10s);
    bench.make_questions(100);
    scheduler_settings settings;
    settings.max_time = 35s;
    bench.run(settings);
    BOOST_REQUIRE(bench.reason.has_value());
    BOOST_TEST((bench.reason->cause == stop_cause::limit));
    BOOST_TEST(bench.counted.completed_count() == 16u); // the fourth round had its grace
    BOOST_TEST(bench.stopped_well);
}

BOOST_AUTO_TEST_CASE(an_endpoint_that_stays_away_stops_the_run_resumable) {
    pipeline_bench bench(
        [](const http_request&) -> result<http_response> { return refused_connection; });
    bench.make_questions(10);
    bench.run();
    BOOST_REQUIRE(bench.reason.has_value());
    BOOST_TEST((bench.reason->cause == stop_cause::endpoint_away));
    BOOST_TEST(bench.logged().empty());
    BOOST_TEST((bench.put_ended - bench.began >= bench.endpoints.patience_at_start));
}

BOOST_AUTO_TEST_CASE(too_many_failures_stop_the_run) {
    pipeline_bench bench([](const http_request& request) -> result<http_response> {
        if (asked_number(request) % 2) return response(422, "{}");
        return right_answer(request);
    });
    bench.make_questions(1000);
    bench.run();
    BOOST_REQUIRE(bench.reason.has_value());
    BOOST_TEST((bench.reason->cause == stop_cause::limit));
    BOOST_TEST(bench.figures.ended >= 100);
    BOOST_TEST(bench.figures.ended < 200);
}

BOOST_AUTO_TEST_CASE(a_stop_lets_what_is_in_flight_end_and_starts_nothing) {
    pipeline_bench bench(right_answer, 10s);
    bench.make_questions(100);
    bench.meanwhile = [&](task_context& run) -> asio::awaitable<void> {
        co_await bench.clock.sleep_for(15s); // the second round is in flight
        run.control.stop({stop_cause::signal, 15, {}});
    };
    bench.run();
    BOOST_TEST(bench.counted.completed_count() == 8);
    BOOST_TEST(bench.transport.requests().size() == 8);
}

BOOST_AUTO_TEST_CASE(what_outlives_the_grace_period_is_cancelled_and_leaves_no_record) {
    pipeline_bench bench(right_answer, 10min);
    bench.make_questions(20);
    bench.meanwhile = [&](task_context& run) -> asio::awaitable<void> {
        co_await bench.clock.sleep_for(1s);
        run.control.stop({stop_cause::signal, 2, {}});
    };
    bench.run();
    BOOST_TEST(bench.counted.completed_count() == 0);
    BOOST_TEST(bench.logged().empty());
    BOOST_TEST(bench.transport.in_flight() == 0);
    BOOST_TEST((bench.put_ended - bench.began) / 1s < 300);
}

BOOST_AUTO_TEST_CASE(a_second_stop_does_not_wait_for_the_grace_period) {
    pipeline_bench bench(right_answer, 10min);
    bench.make_questions(20);
    time_point hurried{};
    bench.meanwhile = [&](task_context& run) -> asio::awaitable<void> {
        co_await bench.clock.sleep_for(1s);
        run.control.stop({stop_cause::signal, 2, {}});
        co_await bench.clock.sleep_for(1s);
        run.control.hurry();
        hurried = bench.clock.now();
    };
    scheduler_settings settings;
    settings.grace = 1h;
    bench.run(settings);
    BOOST_TEST((hurried != time_point{}));
    BOOST_TEST(bench.logged().empty());
}

BOOST_AUTO_TEST_CASE(a_record_that_is_no_question_is_passed_over_unless_strict) {
    pipeline_bench bench(right_answer);
    bench.make_questions(3);
    bench.questions = "{\"question\": \"no answer\"}\n" + bench.questions;
    bench.run();
    BOOST_TEST(bench.counted.completed_count() == 3);
    BOOST_TEST(bench.counted.completed(2)); // the broken one has number 1

    pipeline_bench strict(right_answer);
    strict.questions = bench.questions;
    scheduler_settings settings;
    settings.strict = true;
    strict.run(settings);
    BOOST_REQUIRE(strict.reason.has_value());
    BOOST_TEST((strict.reason->cause == stop_cause::broken_question));
    BOOST_TEST(strict.transport.requests().empty());
}

BOOST_AUTO_TEST_CASE(a_file_that_cannot_be_read_on_stops_the_run_though_all_before_that_is_done) {
    pipeline_bench bench(right_answer);
    bench.make_questions(4000);
    bench.parallel = 64;
    bench.run();
    BOOST_REQUIRE(bench.counted.completed_count() == 4000);
    std::string packed(::ZSTD_compressBound(bench.questions.size()), '\0');
    packed.resize(::ZSTD_compress(packed.data(), packed.size(), bench.questions.data(),
                                  bench.questions.size(), 1));
    packed.resize(packed.size() - 5);
    bench.questions = packed;
    bench.run();
    BOOST_REQUIRE(bench.reason.has_value());
    BOOST_TEST((bench.reason->cause == stop_cause::storage));
    BOOST_TEST(bench.reason->why.where.find("questions.jsonl") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(the_next_request_leaves_before_the_next_answer_is_looked_at) {
    const pipeline_bench* here = nullptr;
    std::vector<std::size_t> sent; // so far, at each answer
    pipeline_bench bench(
        [&](const http_request& request) {
            sent.push_back(here->transport.requests().size());
            return right_answer(request);
        },
        100ms);
    here = &bench;
    bench.make_questions(40);
    bench.parallel = 8; // so many answers come at a time
    bench.run();
    BOOST_REQUIRE(sent.size() == 40);
    for (std::size_t i = 0; i < 32; ++i) BOOST_TEST(sent[i] == 8 + i);
}

BOOST_AUTO_TEST_CASE(a_disk_that_fails_stops_the_run_and_nothing_is_acknowledged_after_it) {
    pipeline_bench bench(right_answer, 1s);
    bench.make_questions(200);
    bench.checkpointing.mode = durability::every_result;
    bench.meanwhile = [&](task_context& run) -> asio::awaitable<void> {
        bench.disk.plan({disk_fault::effect::fails_for_good, bench.disk.calls().size() + 2,
                         failure_code::disk_full}); // behind the first write
        while (!run.log.failed()) co_await run.log.changed().wait();
        run.control.stop({stop_cause::storage, 0, *run.log.failed()});
    };
    bench.run();
    BOOST_TEST(!bench.stopped_well);
    BOOST_REQUIRE(bench.reason.has_value());
    BOOST_TEST((bench.reason->cause == stop_cause::storage));
    const auto logged = bench.logged();
    for (const auto id : bench.acknowledged) BOOST_TEST(logged.contains(id), "question " << id);
    BOOST_TEST(bench.acknowledged.empty()); // it was the first sync that failed
}

// A grader that sends a request: it can be away.
class remote_grader final : public grader {
public:
    explicit remote_grader(const bool& away) : away_(away) {}
    bool sends_requests() const override { return true; }
    std::optional<grade> mark_at_once(const question&, const answer&) const override {
        return std::nullopt;
    }
    asio::awaitable<result<grade>> mark(const question&, const answer&) override {
        if (away_) co_return failure{failure_code::unreachable, "grader", "away"};
        grade mark;
        mark.score = 1;
        co_return mark;
    }

private:
    const bool& away_;
};

BOOST_AUTO_TEST_CASE(an_outage_of_the_grader_costs_a_marking_and_no_answer) {
    bool away = true;
    pipeline_bench bench(right_answer);
    bench.make_questions(6);
    bench.marks = std::make_unique<remote_grader>(away);
    bench.run();
    BOOST_TEST(bench.counted.completed_count() == 0);
    BOOST_TEST(bench.counted.answered_count() == 6);
    BOOST_TEST(bench.figures.failed == 6);
    const auto asked = bench.transport.requests().size();
    BOOST_TEST(asked == 6);

    away = false;
    bench.run();
    BOOST_TEST(bench.transport.requests().size() == asked, "a paid answer was asked for again");
    BOOST_TEST(bench.counted.completed_count() == 6);
    BOOST_TEST(bench.counted.attempts() == 6);
    BOOST_TEST(bench.counted.usage().prompt == 60);
}

BOOST_AUTO_TEST_CASE(an_answer_of_an_earlier_session_is_recalled_from_its_snapshot) {
    bool away = true;
    pipeline_bench bench(right_answer);
    bench.make_questions(6);
    bench.marks = std::make_unique<remote_grader>(away);
    bench.run();
    {
        auto disk = bench.disk.after_kill();
        const auto view = run_view::open(disk, "/run").value();
        BOOST_TEST(view.found().records == 0); // all of it is compacted
        BOOST_TEST(view.counted().answered_count() == 6);
        BOOST_TEST(view.counted().failed_count() == 0);
    }
    bench.run(); // still away: the answers stay
    BOOST_TEST(bench.counted.answered_count() == 6);
    away = false;
    bench.run();
    BOOST_TEST(bench.transport.requests().size() == 6);
    BOOST_TEST(bench.counted.completed_count() == 6);
    BOOST_TEST(bench.counted.answered_count() == 0);
    auto disk = bench.disk.after_kill();
    const auto view = run_view::open(disk, "/run").value();
    for (question_id id = 1; id <= 6; ++id) {
        const auto body = view.find(id).value();
        BOOST_REQUIRE(body.has_value());
        BOOST_TEST(read_answer(*body).value().text == std::to_string(id));
    }
}

BOOST_AUTO_TEST_CASE(an_endpoint_that_still_loads_is_waited_for) {
    int probes = 0;
    pipeline_bench bench([&](const http_request& request) -> result<http_response> {
        if (request.method == http_method::post) return right_answer(request);
        if (++probes < 5) return refused_connection;
        return response(probes < 10 ? 503 : 200, "{}");
    });
    bench.make_questions(1);
    int told = 0;
    bench.meanwhile = [&](task_context& run) -> asio::awaitable<void> {
        std::function<void(const attempt_failure&, duration)> tell = [&](const attempt_failure&,
                                                                         duration) { ++told; };
        co_await await_endpoint(run, tell);
    };
    bench.keep_meanwhile = true;
    bench.run();
    BOOST_TEST(probes == 10);
    BOOST_TEST(told == 9);
    BOOST_TEST(!bench.reason.has_value());
}

BOOST_AUTO_TEST_CASE(
    an_endpoint_that_takes_connections_and_says_nothing_holds_the_start_no_longer) {
    // Says nothing for as long as an answer may take; the run's patience ends before that.
    pipeline_bench bench([](const http_request&) { return response(200, "{}"); }, 600s);
    bench.endpoints.patience_at_start = 70s;
    bench.make_questions(1);
    std::vector<failure_code> told;
    time_point given_up;
    bench.meanwhile = [&](task_context& run) -> asio::awaitable<void> {
        std::function<void(const attempt_failure&, duration)> tell =
            [&](const attempt_failure& failed, duration) { told.push_back(failed.why.code); };
        co_await await_endpoint(run, tell);
        given_up = run.time.now();
    };
    bench.keep_meanwhile = true;
    bench.run();
    BOOST_REQUIRE(bench.reason.has_value());
    BOOST_TEST((bench.reason->cause == stop_cause::endpoint_away));
    BOOST_TEST((bench.reason->why.code == failure_code::timed_out));
    BOOST_TEST(bench.reason->why.detail == "no answer within 30 s");
    BOOST_TEST((told == std::vector(2, failure_code::timed_out)));
    BOOST_TEST((given_up - bench.began >= 90s)); // three probes of 30 s
    BOOST_TEST((given_up - bench.began < 110s));
}

BOOST_AUTO_TEST_CASE(a_search_for_an_endpoint_that_says_nothing_can_be_cancelled) {
    pipeline_bench bench([](const http_request&) { return response(200, "{}"); }, 600s);
    bench.make_questions(1);
    bool ended = false;
    bench.meanwhile = [&](task_context& run) -> asio::awaitable<void> {
        task_group search(co_await asio::this_coro::executor);
        std::function<void(const attempt_failure&, duration)> tell =
            [](const attempt_failure&, duration) { BOOST_ERROR("the probe has not ended"); };
        search.spawn(await_endpoint(run, tell));
        co_await run.time.sleep_for(1s);
        search.cancel();
        co_await search.join(); // no exception: to be cancelled is no error
        ended = true;
        run.control.stop({stop_cause::signal, 2, {}});
    };
    bench.keep_meanwhile = true;
    bench.run();
    BOOST_TEST(ended);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
