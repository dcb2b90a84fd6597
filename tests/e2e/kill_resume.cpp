// A run that is killed at any moment loses nothing, asks nothing twice that it had counted, and
// ends with the results of a run that nobody disturbed.
#include "kill_loop.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>
#include <sstream>

using namespace proctor::test;

namespace {

#ifdef PROCTOR_SANITIZE // under which everything takes its time
constexpr unsigned runs = 1, kills_of_each = 10, short_runs = 4;
#else
constexpr unsigned runs = 2, kills_of_each = 30, short_runs = 20;
#endif
constexpr unsigned interruptions_of_each = kills_of_each / 4;

using std::chrono::milliseconds;

// A public set, put to a model that thinks for a moment.
struct exam {
    explicit exam(milliseconds latency = milliseconds{200})
        : endpoint({"--questions", questions, "--latency", std::to_string(latency.count()) + "ms",
                    "--accuracy", "0.7", "--seed", "7"}) {}

    std::string questions = many_questions();
    std::size_t total = count_lines(text_of(questions));
    simulator endpoint;

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

std::size_t snapshots_in(const workplace& where) {
    const auto files = where.files();
    return static_cast<std::size_t>(std::count_if(
        files.begin(), files.end(), [](const auto& path) { return path.ends_with(".snap"); }));
}

// Every kill of a run that is so long that even the longest lives do not answer everything, until
// it is left alone.
kill_figures disturb(const workplace& where, const words& more, std::uint64_t seed) {
    constexpr milliseconds latency{100};
    constexpr int parallel = 4;
    const exam here(latency);
    kill_plan plan;
    plan.kills = kills_of_each;
    plan.interruptions = interruptions_of_each;
    plan.longest_life =
        latency * static_cast<int>(here.total) / (parallel * (plan.kills + 2 * plan.interruptions));
    plan.start = [&](const words& mode) {
        return where.ask(here.endpoint, here.questions,
                         words{"--parallel", std::to_string(parallel)} + more + mode);
    };
    plan.last_words = {"--parallel", "64"};
    plan.who = witnesses_of(here.endpoint);
    const auto figures = kill_and_resume(where, plan, seed);
    check_nothing_lost(where, figures);
    BOOST_TEST(figures.kills == plan.kills);
    BOOST_TEST(results_in(results_path(where, figures.last.errors)).size() == here.total);
    return figures;
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
    // A first acknowledgement may take a second: that is five rounds, and the one that is cut off.
    const auto first_rounds = 6 * 8 * (plan.kills / each_patient);
    plan.longest_life =
        milliseconds{200} * static_cast<int>(other.total - first_rounds) / (8 * plan.kills);
    plan.start = [&](const words& more) {
        return disturbed.ask(other.endpoint, other.questions, words{"--parallel", "8"} + more);
    };
    plan.who = witnesses_of(other.endpoint);
    const auto figures = kill_and_resume(disturbed, plan, kill_seed());
    std::cout << figures << std::endl;

    BOOST_TEST(figures.kills == 20u);
    BOOST_TEST(figures.found.acknowledged > 0u);
    check_nothing_lost(disturbed, figures);
    const auto results = results_in(results_path(disturbed, figures.last.errors));
    BOOST_REQUIRE(results.size() == expected.size());
    for (std::size_t i = 0; i < results.size(); ++i)
        BOOST_TEST(lasting_part(results[i]) == lasting_part(expected[i]));
}

BOOST_AUTO_TEST_CASE(kills_and_interruptions_of_long_runs_lose_nothing) {
    std::mt19937_64 seeds(kill_seed());
    kill_figures all;
    for (unsigned run = 0; run < runs; ++run) all += disturb(workplace(), {}, seeds());
    std::cout << all << std::endl;
    BOOST_TEST(all.found.acknowledged > 0u);
}

BOOST_AUTO_TEST_CASE(kills_amid_sealing_and_compaction_lose_nothing) {
    std::mt19937_64 seeds(kill_seed());
    kill_figures all;
    for (unsigned run = 0; run < runs; ++run) {
        const workplace where;
        all += disturb(where, small_segments, seeds());
        BOOST_TEST(snapshots_in(where) > 0u);
    }
    std::cout << all << std::endl;
    BOOST_TEST(all.found.acknowledged > 0u);
}

// Long runs are mostly killed in their middle; these at their birth and at their last word too.
BOOST_AUTO_TEST_CASE(kills_at_any_moment_of_short_runs_lose_nothing) {
    std::mt19937_64 seeds(kill_seed());
    kill_figures all;
    for (unsigned run = 0; run < short_runs; ++run) {
        const workplace where;
        const auto questions = where.dir.write("q.jsonl", few_questions(40));
        const simulator endpoint({"--questions", questions, "--latency", "10ms"});
        kill_plan plan;
        plan.kills = 4;
        plan.longest_life = milliseconds{120};
        plan.start = [&](const words& mode) {
            return where.ask(endpoint, questions, words{"--parallel", "4"} + small_segments + mode);
        };
        plan.who = witnesses_of(endpoint);
        const auto figures = kill_and_resume(where, plan, seeds());
        check_nothing_lost(where, figures);
        BOOST_TEST(results_in(results_path(where, figures.last.errors)).size() == 40u);
        all += figures;
    }
    std::cout << all << std::endl;
    BOOST_TEST(all.kills >= short_runs);
}

BOOST_AUTO_TEST_SUITE_END()
