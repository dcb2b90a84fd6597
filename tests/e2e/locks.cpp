// Two starts at one moment make one run: one of them asks, the other one is told who does, or finds
// that all is done.
#include "support/programs.hpp"

#include <boost/test/unit_test.hpp>

#include <set>

using namespace proctor::test;

namespace {

#ifdef PROCTOR_SANITIZE // under which a start takes its time
constexpr unsigned races = 20;
#else
constexpr unsigned races = 200;
#endif
constexpr unsigned questions_of_each = 3;

// Like no other race's, so that the endpoint counts them apart.
std::string questions_of(unsigned race) {
    std::string text;
    for (unsigned i = 0; i < questions_of_each; ++i)
        text += R"({"question": "Race )" + std::to_string(race) + R"(: what is )" +
                std::to_string(i) + R"( plus zero?", "choices": ["more", ")" + std::to_string(i) +
                R"("], "answer": "B"})"
                "\n";
    return text;
}

std::string host_name() {
    char name[256] = {};
    BOOST_REQUIRE(::gethostname(name, sizeof name - 1) == 0);
    return name;
}

struct outcome {
    finished how;
    pid_t id = 0;
};

outcome end_of(child_process& run) {
    const auto code = run.wait().code;
    return {{code, run.output.all(), run.errors.all()}, run.id()};
}

struct figures {
    unsigned held = 0, found_all_done = 0;

    void note(const workplace& where, const outcome& one, const outcome& other) {
        BOOST_TEST((one.how.code == 0 || one.how.code == 5), one.how.errors);
        if (one.how.code == 5) {
            ++held;
            const auto holder =
                "process " + std::to_string(other.id) + " on " + host_name() + " since ";
            BOOST_TEST(contains(one.how.errors, holder),
                       "\"" << holder << "\" is not in: " << one.how.errors);
            BOOST_TEST(one.how.output == "");
            return;
        }
        found_all_done += contains(one.how.errors, "Loaded checkpoint");
        BOOST_TEST(results_in(results_path(where, one.how.errors)).size() == questions_of_each);
    }
};

} // namespace

BOOST_AUTO_TEST_SUITE(locks)

BOOST_AUTO_TEST_CASE(two_starts_at_the_same_instant_make_one_run_and_ask_each_question_once) {
    const simulator endpoint;
    figures seen;
    for (unsigned race = 1; race <= races; ++race) {
        const workplace where;
        where.dir.write("q.jsonl", questions_of(race));
        const auto start = where.ask(endpoint, "q.jsonl");
        child_process first(start), second(start);
        const auto one = end_of(first), other = end_of(second);
        seen.note(where, one, other);
        seen.note(where, other, one);
        BOOST_TEST((one.how.code == 0 || other.how.code == 0));
        BOOST_TEST(where.runs().size() == 1u);
        BOOST_TEST(endpoint.requests() == std::uint64_t{race} * questions_of_each);
    }
    const auto asked = endpoint.asked();
    BOOST_TEST(asked.size() == races * questions_of_each);
    for (const auto& [question, times] : asked) BOOST_TEST(times == 1u, question);
    std::cout << "races " << races << ", second one held " << seen.held
              << ", second one found all done " << seen.found_all_done << std::endl;
    BOOST_TEST(seen.held + seen.found_all_done == races);
}

// The same while the first one is at any stage of its short life, or has just ended.
BOOST_AUTO_TEST_CASE(a_start_while_another_one_is_under_way_asks_nothing_that_was_asked) {
    const simulator endpoint;
    figures seen;
    constexpr unsigned later_races = races / 4;
    for (unsigned race = 1; race <= later_races; ++race) {
        const workplace where;
        where.dir.write("q.jsonl", questions_of(race));
        const auto start = where.ask(endpoint, "q.jsonl");
        child_process first(start);
        first.ends_within(std::chrono::milliseconds{race});
        child_process second(start);
        const auto one = end_of(first), other = end_of(second);
        seen.note(where, one, other);
        seen.note(where, other, one);
        BOOST_TEST((one.how.code == 0 || other.how.code == 0));
        BOOST_TEST(where.runs().size() == 1u);
        BOOST_TEST(endpoint.requests() == std::uint64_t{race} * questions_of_each);
    }
    std::cout << "races " << later_races << ", second one held " << seen.held
              << ", second one found all done " << seen.found_all_done << std::endl;
    BOOST_TEST(seen.held + seen.found_all_done == later_races);
}

// The same of a run that is there already, and is gone on with.
BOOST_AUTO_TEST_CASE(two_that_go_on_with_a_run_at_the_same_instant_do_so_one_at_a_time) {
    const workplace where;
    const auto questions = where.dir.write("q.jsonl", few_questions(40));
    const simulator endpoint({"--questions", questions, "--latency", "20ms"});
    const auto start =
        where.ask(endpoint, questions, {"--parallel", "2", "--save-incremental", "--ack-fd", "3"});
    std::multiset<std::string> acknowledged;
    const auto note = [&](child_process& run) {
        std::istringstream lines(run.acknowledged.all());
        for (std::string line; std::getline(lines, line);) acknowledged.insert(line);
    };
    for (unsigned round = 0; round < 5; ++round) {
        child_process first(start), second(start);
        // One of them is told off at once; the other one is then interrupted.
        while (!first.ends_within(std::chrono::milliseconds{1}) &&
               !second.ends_within(std::chrono::milliseconds{1})) {
        }
        auto& loser = first.ends_within(std::chrono::milliseconds{0}) ? first : second;
        auto& winner = &loser == &first ? second : first;
        BOOST_TEST(loser.wait().code == 5, loser.errors.all());
        winner.acknowledged.wait_for("\n");
        winner.send(SIGTERM);
        BOOST_TEST(winner.wait().code == 143);
        note(winner);
        note(loser);
    }
    child_process last(start);
    BOOST_TEST(last.wait().code == 0, last.errors.all());
    note(last);
    BOOST_TEST(where.runs().size() == 1u);
    BOOST_TEST(results_in(results_path(where, last.errors.all())).size() == 40u);
    BOOST_TEST(acknowledged.size() == 40u);
    BOOST_TEST(std::set<std::string>(acknowledged.begin(), acknowledged.end()).size() == 40u);
    BOOST_TEST(endpoint.requests() == 40u);
}

BOOST_AUTO_TEST_SUITE_END()
