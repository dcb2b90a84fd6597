// A kill loop that never finds anything may be blind. So a runner that is known to lose answers
// goes through the same one, and must not come out clean.
#include "kill_loop.hpp"

#include <boost/test/unit_test.hpp>

using namespace proctor::test;

namespace {

using std::chrono::milliseconds;

struct naive_run {
    workplace where;
    std::string questions = many_questions();
    std::size_t total = count_lines(text_of(questions));
    simulator endpoint{{"--questions", questions, "--latency", "5ms"}, false};

    command start(const words& more) const {
        return {words{NAIVE_RUNNER, questions, "127.0.0.1", endpoint.port()} + more,
                {},
                where.dir.path().string()};
    }
};

} // namespace

BOOST_AUTO_TEST_SUITE(calibration)

BOOST_FIXTURE_TEST_CASE(the_naive_runner_is_complete_if_nobody_disturbs_it, naive_run) {
    const auto run = run_to_end(start({}));
    BOOST_REQUIRE_MESSAGE(run.code == 0, run.errors);
    BOOST_TEST(results_in(results_path(where, run.errors)).size() == total);
    BOOST_TEST(endpoint.requests() == total);
}

BOOST_FIXTURE_TEST_CASE(the_kill_loop_finds_what_a_naive_runner_loses, naive_run) {
    kill_plan plan;
    plan.kills = 20;
    plan.longest_life = milliseconds{5} * static_cast<int>(total) / static_cast<int>(plan.kills);
    plan.start = [&](const words& more) { return start(more); };
    plan.who = witnesses_of(endpoint);
    const auto figures = kill_and_resume(where, plan, kill_seed());
    std::cout << "naive runner: " << figures
              << (figures.last.code == 0 ? "" : ", checkpoint unreadable") << std::endl;

    BOOST_TEST(figures.found.acknowledged > 0u);
    BOOST_TEST(!figures.found.none());
    // Either the file was cut off in the middle, and all is gone; or it was older than what had
    // been promised, and that is gone: it is asked for, and promised, once more.
    if (figures.last.code != 0) {
        BOOST_TEST(contains(figures.last.errors, "checkpoint.json"));
        BOOST_TEST(figures.found.lost > 0u);
    } else {
        BOOST_TEST(figures.found.asked_twice > 0u);
        BOOST_TEST(figures.found.acknowledged_twice > 0u);
    }
}

// Each figure for itself, on books that are made up.
BOOST_AUTO_TEST_CASE(the_books_tell_lost_from_asked_twice_and_acknowledged_twice) {
    asked_counts asked{{"1", 1}, {"2", 1}, {"3", 1}};
    const auto result = [](int number) { return boost::json::object{{"question_id", number}}; };
    const auto begin = [&] {
        asked = {{"1", 1}, {"2", 1}, {"3", 1}};
        run_books books(
            {[&] { return asked; }, [](std::uint64_t number) { return std::to_string(number); }});
        books.note_acknowledged("1\n2\n3"); // the last one is cut off: not a promise
        books.note_end();
        return books;
    };
    const boost::json::array both{result(1), result(2)}, one{result(2)};
    BOOST_TEST(begin().settle(both).none());
    BOOST_TEST(begin().settle(both).acknowledged == 2u);
    BOOST_TEST(begin().settle(one).lost == 1u);

    auto asking = begin();
    asked["2"] = 2;
    BOOST_TEST(asking.settle(both).asked_twice == 1u);
    auto unpromised = begin();
    asked["3"] = 2;
    BOOST_TEST(unpromised.settle(both).none());
    auto promising = begin();
    promising.note_acknowledged("2\n");
    BOOST_TEST(promising.settle(both).acknowledged_twice == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
