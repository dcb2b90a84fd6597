// Choices in another order: what is asked, marked and told is about the same one, in every session
// and in a marking later on.
#include "support/programs.hpp"

#include <boost/test/unit_test.hpp>

#include <set>

using namespace proctor::test;

namespace {

constexpr unsigned total = 30, times = 3;

// Four choices each; the right one is N.
std::string sums(unsigned count) {
    std::string text;
    for (unsigned i = 1; i <= count; ++i) {
        const auto n = [&](unsigned more) { return "\"" + std::to_string(i + more) + "\""; };
        text += R"({"question": "What is )" + std::to_string(i) +
                R"( and nothing?", "choices": [)" + n(3) + "," + n(0) + "," + n(1) + "," + n(2) +
                R"(], "answer": "B"})" + "\n";
    }
    return text;
}

struct shuffled_exam : workplace {
    shuffled_exam() { dir.write("q.jsonl", sums(total)); }

    simulator endpoint_of(const std::string& latency) const {
        return simulator(
            {"--questions", dir.file("q.jsonl"), "--accuracy", "0.6", "--latency", latency});
    }
    boost::json::array complete(const simulator& endpoint, const words& more) const {
        return results_in(results_path(*this, ask_to_end(endpoint, "q.jsonl", more).errors));
    }
};

const words shuffled{"--shuffle-choices"};
const words with_seed{"--shuffle-choices", "--seed", "5", "--repeats", std::to_string(times)};

std::string text_at(const boost::json::value& result, const char* member) {
    return boost::json::value_to<std::string>(result.at(member));
}

// What of a result no other marking may change.
boost::json::object answered_part(const boost::json::value& result) {
    auto part = lasting_part(result);
    part.erase("evaluation");
    return part;
}

} // namespace

BOOST_AUTO_TEST_SUITE(shuffled_choices)

BOOST_AUTO_TEST_CASE(results_are_of_the_order_that_was_asked_whatever_kills_the_run) {
    const shuffled_exam calm, disturbed;
    const auto quick = calm.endpoint_of("1ms");
    const auto expected = calm.complete(quick, with_seed);
    BOOST_REQUIRE(expected.size() == total * times);
    std::set<std::string> orders;
    unsigned right = 0, differing = 0;
    for (std::size_t i = 0; i < expected.size(); ++i) {
        const auto& result = expected[i];
        const auto order = text_at(result, "choice_order");
        orders.insert(order);
        differing += order != text_at(expected[i - i % times], "choice_order");
        BOOST_TEST(order.size() == 4u);
        const auto reference = text_at(result, "reference_answer");
        BOOST_TEST(order.at(static_cast<std::size_t>(reference.at(0) - 'A')) == 'B');
        const auto& marking = result.at("evaluation");
        BOOST_TEST(text_at(marking, "reference_choice") == reference);
        const bool is_right = text_at(marking, "model_choice") == reference;
        BOOST_TEST(result.at("score").to_number<double>() == (is_right ? 1 : 0));
        right += is_right;
    }
    BOOST_TEST(orders.size() > 12u); // of 24
    BOOST_TEST(differing > total);
    BOOST_TEST(right == total * times * 6 / 10); // the simulator knows a choice by its text

    const auto slow = disturbed.endpoint_of("40ms");
    const words mode{"--parallel", "4", "--save-incremental", "--ack-fd", "3"};
    child_process killed(disturbed.ask(slow, "q.jsonl", with_seed + mode));
    killed.acknowledged.wait_for("\n7#2\n");
    killed.send(SIGKILL);
    killed.wait();
    const auto results = disturbed.complete(slow, with_seed);
    BOOST_TEST(disturbed.runs().size() == 1u);
    BOOST_REQUIRE(results.size() == expected.size());
    for (std::size_t i = 0; i < results.size(); ++i)
        BOOST_TEST(lasting_part(results[i]) == lasting_part(expected[i]));
}

BOOST_FIXTURE_TEST_CASE(a_seed_that_was_drawn_is_adopted_and_another_setting_is_another_run,
                        shuffled_exam) {
    const auto endpoint = endpoint_of("1ms");
    const words limits{"--max-total-tokens", "1", "--parallel", "2"};
    BOOST_TEST(run_to_end(ask(endpoint, "q.jsonl", shuffled + limits)).code == 7);
    const auto resumed =
        say({"resume", "checkpoints", "--no-progress-bar", "--max-total-tokens", "1000000"});
    BOOST_REQUIRE_MESSAGE(resumed.code == 0, resumed.errors);
    const auto results = results_in(results_path(*this, resumed.errors));
    BOOST_TEST(complete(endpoint, shuffled) == results);
    BOOST_REQUIRE(runs().size() == 1u);
    const auto seed = json_of(runs().front() + "/run.json").at("settings").at("shuffle").at("seed");
    const words said{"--shuffle-choices", "--seed",
                     std::to_string(seed.to_number<unsigned long>())};
    BOOST_TEST(complete(endpoint, said) == results);
    BOOST_TEST(endpoint.requests() == total);

    const words named{"--resume-from", runs().front()};
    const auto unshuffled = run_to_end(ask(endpoint, "q.jsonl", named));
    BOOST_TEST(unshuffled.code == 4);
    BOOST_TEST(contains(unshuffled.errors, "shuffle.choices: the run has true, you ask for false"));
    const auto reseeded =
        run_to_end(ask(endpoint, "q.jsonl", named + shuffled + words{"--seed", "4"}));
    BOOST_TEST(reseeded.code == 4);
    BOOST_TEST(contains(reseeded.errors, "shuffle.seed: the run has"));
    for (const auto& result : complete(endpoint, {}))
        BOOST_TEST(!result.as_object().contains("choice_order"));
    BOOST_TEST(runs().size() == 2u);
}

BOOST_FIXTURE_TEST_CASE(another_marking_is_of_the_same_order, shuffled_exam) {
    const auto endpoint = endpoint_of("1ms");
    const auto before = complete(endpoint, with_seed);
    const auto again = say({"regrade", "checkpoints", "--no-progress-bar", "--grader", "contains"});
    BOOST_REQUIRE_MESSAGE(again.code == 0, again.errors);
    const auto after = results_in(results_path(*this, again.errors));
    BOOST_REQUIRE(after.size() == before.size());
    for (std::size_t i = 0; i < after.size(); ++i)
        BOOST_TEST(answered_part(after[i]) == answered_part(before[i]));
    BOOST_TEST(endpoint.requests() == total * times);
    const auto other = say({"regrade", "checkpoints", "--seed", "6"});
    BOOST_TEST(other.code == 4);
    BOOST_TEST(contains(other.errors, "shuffle.seed: the run has 5, you ask for 6"));

    const auto csv = say({"export", "checkpoints", "--format", "csv"}).output;
    BOOST_TEST(contains(csv.substr(0, csv.find('\n')), ",model_choice,choice_order,"));
}

// The order that --dry-run shows is the one that a run asks; both know the endpoint inside the
// program.
BOOST_FIXTURE_TEST_CASE(a_rehearsal_shows_the_order_of_the_run, shuffled_exam) {
    const words inside{"run",
                       "q.jsonl",
                       "--no-progress-bar",
                       "--shuffle-choices",
                       "--seed",
                       "5",
                       "--set",
                       "model.generator.generator_type=simulated",
                       "--set",
                       "simulated.latency=1ms",
                       "--set",
                       "simulated.accuracy=0.6"};
    const auto shown = say(inside + words{"--dry-run"});
    BOOST_REQUIRE_MESSAGE(shown.code == 0, shown.errors);
    const auto run = say(inside);
    BOOST_REQUIRE_MESSAGE(run.code == 0, run.errors);
    BOOST_TEST(contains(run.output, "Overall Accuracy: 0.600 (18/30)"), run.output);
    const auto order = text_at(results_in(results_path(*this, run.errors)).front(), "choice_order");
    const std::string in_the_set[] = {"4", "1", "2", "3"};
    std::string lines;
    for (std::size_t i = 0; i < order.size(); ++i)
        lines +=
            std::string(1, static_cast<char>('A' + i)) + ") " + in_the_set[order[i] - 'A'] + "\n";
    BOOST_TEST(order != "ABCD");
    BOOST_TEST(contains(shown.output, lines), shown.output);
}

BOOST_FIXTURE_TEST_CASE(what_cannot_be_shuffled_is_counted_once_and_keeps_its_order, workplace) {
    dir.write(
        "q.jsonl",
        R"({"question": "Which gas?\n1) Oxygen\n2) Carbon dioxide", "answer": "2) Carbon dioxide"})"
        "\n"
        R"({"question": "Which metal?", "choices": ["Iron", "Zinc", "Both of the above"], "answer": "C"})"
        "\n"
        R"({"question": "How many?", "answer": "200"})"
        "\n"
        R"({"question": "Which sum?", "choices": ["1", "2", "3", "4"], "answer": "A"})"
        "\n");
    const simulator endpoint({"--questions", dir.file("q.jsonl"), "--accuracy", "1"});
    const auto run = run_to_end(ask(endpoint, "q.jsonl", shuffled));
    BOOST_REQUIRE_MESSAGE(run.code == 0, run.errors);
    const auto told = "2 of 3 multiple-choice questions keep their order: 1 have their choices in "
                      "their text, and of 1 a choice refers to others";
    BOOST_TEST(contains(run.errors, told), run.errors);
    const auto results = results_in(results_path(*this, run.errors));
    for (std::size_t i = 0; i < 3; ++i)
        BOOST_TEST(!results[i].as_object().contains("choice_order"));
    BOOST_TEST(results[3].as_object().contains("choice_order"));
    for (const auto& result : results) BOOST_TEST(result.at("score") == 1.0);
    BOOST_TEST(!contains(run_to_end(ask(endpoint, "q.jsonl", shuffled)).errors, told));

    const auto exported =
        run_to_end(proctor({"export", "checkpoints", "--format", "checkpoint", "-o", "old.json"}));
    BOOST_TEST(exported.code == 0, exported.errors);
    const words import{"--resume-from", "old.json"};
    const auto in_order = run_to_end(ask(endpoint, "q.jsonl", import));
    BOOST_TEST(in_order.code == 4);
    BOOST_TEST(contains(in_order.errors, "shuffled the choices of 1 questions"), in_order.errors);
    const auto in_another = run_to_end(ask(endpoint, "q.jsonl", import + shuffled));
    BOOST_TEST(in_another.code == 4);
    BOOST_TEST(contains(in_another.errors, "leave out processing.shuffle_choices"));
}

BOOST_AUTO_TEST_SUITE_END()
