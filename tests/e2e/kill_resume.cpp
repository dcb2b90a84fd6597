// A run that is killed at any moment loses nothing, asks nothing twice that it had counted, and
// ends with the results of a run that nobody disturbed.
#include "kill_loop.hpp"

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <sstream>

using namespace proctor::test;

namespace {

// A public set, put to a model that thinks for a fifth of a second.
struct exam {
    std::string questions = many_questions();
    std::size_t total = count_lines(text_of(questions));
    simulator endpoint{
        {"--questions", questions, "--latency", "200ms", "--accuracy", "0.7", "--seed", "7"}};

    boost::json::array undisturbed(const workplace& where) const {
        const auto run = run_to_end(where.ask(endpoint, questions, {"--parallel", "256"}));
        BOOST_REQUIRE_MESSAGE(run.code == 0, run.errors);
        return results_in(results_path(where, run.errors));
    }
};

double score_of(const boost::json::array& results) {
    double sum = 0;
    for (const auto& result : results) sum += result.at("score").to_number<double>();
    return sum;
}

} // namespace

BOOST_AUTO_TEST_SUITE(kill_resume)

BOOST_FIXTURE_TEST_CASE(an_undisturbed_run_is_complete_in_order_and_as_accurate_as_was_ordered,
                        exam) {
    const workplace where;
    const auto results = undisturbed(where);
    BOOST_TEST(results.size() == total);
    for (std::size_t i = 0; i < results.size(); ++i)
        BOOST_TEST(results[i].at("question_id").to_number<std::uint64_t>() == i + 1);
    BOOST_TEST(score_of(results) == std::round(0.7 * double(total)));
    BOOST_TEST(endpoint.requests() == total);
}

BOOST_FIXTURE_TEST_CASE(twenty_kills_lose_nothing_and_no_counted_question_is_asked_twice, exam) {
    const workplace calm, disturbed;
    const auto expected = undisturbed(calm);

    // A server of its own, so that its counts are those of this run alone. With eight in flight
    // for a fifth of a second each, lives are so short that not even twenty of the longest ones
    // answer everything.
    const exam other;
    kill_plan plan;
    plan.longest_life =
        std::chrono::milliseconds{200} * static_cast<int>(other.total) / (8 * plan.kills);
    plan.start = [&](const words& more) {
        return disturbed.ask(other.endpoint, other.questions, words{"--parallel", "8"} + more);
    };
    plan.asked = [&] { return other.endpoint.asked(); };
    plan.name_of = [](std::uint64_t number) { return std::to_string(number); };
    const auto figures = kill_and_resume(disturbed, plan, kill_seed());
    std::cout << figures << std::endl;

    BOOST_TEST(figures.kills == 20u);
    BOOST_TEST(figures.acknowledged > 0u);
    BOOST_TEST(figures.lost == 0u);
    BOOST_TEST(figures.asked_twice == 0u);
    BOOST_TEST(figures.acknowledged_twice == 0u);
    const auto results = results_in(results_path(disturbed, figures.last.errors));
    BOOST_REQUIRE(results.size() == expected.size());
    for (std::size_t i = 0; i < results.size(); ++i)
        BOOST_TEST(lasting_part(results[i]) == lasting_part(expected[i]));
    BOOST_TEST(disturbed.runs().size() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
