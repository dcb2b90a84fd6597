// Each question several times: whatever kills the run, each time counts once, and the figures are
// those of a run that nobody disturbed.
#include "support/programs.hpp"

#include <boost/test/unit_test.hpp>

#include <map>
#include <sstream>

using namespace proctor::test;

namespace {

constexpr unsigned questions = 40, times = 3;

// How many acknowledgements "17#2" there are of each question.
std::map<std::string, unsigned> acknowledged_in(const std::string& text) {
    std::map<std::string, unsigned> counts;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) ++counts[line.substr(0, line.find('#'))];
    return counts;
}

struct repeated_exam : workplace {
    repeated_exam() { dir.write("q.jsonl", few_questions(questions)); }

    simulator endpoint_of(const std::string& latency) const {
        return simulator(
            {"--questions", dir.file("q.jsonl"), "--accuracy", "0.6", "--latency", latency});
    }
    boost::json::value complete(const simulator& endpoint, const words& more = {}) const {
        return json_of(results_path(*this, ask_to_end(endpoint, "q.jsonl", thrice + more).errors));
    }

    const words thrice{"--repeats", std::to_string(times)};
};

// What of a run's figures no disturbance may change.
boost::json::object lasting_figures(const boost::json::value& document) {
    auto figures = document.at("metadata").at("statistics").as_object();
    for (const auto* name :
         {"requests", "retries", "latency_seconds", "prompt_tokens", "completion_tokens"})
        figures.erase(name);
    return figures;
}

void check_results(const boost::json::value& document, const boost::json::value& expected) {
    const auto& results = document.at("results").as_array();
    BOOST_REQUIRE(results.size() == questions * times);
    for (std::size_t i = 0; i < results.size(); ++i) {
        BOOST_TEST(results[i].at("question_id") == 1 + i / times);
        BOOST_TEST(results[i].at("repeat") == 1 + i % times);
        BOOST_TEST(lasting_part(results[i]) == lasting_part(expected.at("results").at(i)));
    }
    BOOST_TEST(lasting_figures(document) == lasting_figures(expected));
}

} // namespace

BOOST_AUTO_TEST_SUITE(repeats)

BOOST_AUTO_TEST_CASE(a_kill_costs_no_repeat_and_none_counts_twice) {
    const repeated_exam calm, disturbed;
    const auto quick = calm.endpoint_of("1ms");
    const auto expected = calm.complete(quick);
    BOOST_TEST(quick.requests() == questions * times);
    for (const auto& [question, count] : quick.asked())
        BOOST_TEST(count == times, "question " << question);

    const auto slow = disturbed.endpoint_of("40ms");
    const words mode{"--parallel", "4", "--save-incremental", "--ack-fd", "3"};
    child_process killed(disturbed.ask(slow, "q.jsonl", disturbed.thrice + mode));
    killed.acknowledged.wait_for("\n7#2\n");
    killed.send(SIGKILL);
    killed.wait();
    const auto done = acknowledged_in(killed.acknowledged.all());
    const auto before = slow.asked();
    const auto document = disturbed.complete(slow);
    for (const auto& [question, count] : slow.asked()) {
        const auto asked = before.contains(question) ? before.at(question) : 0;
        const auto settled = done.contains(question) ? done.at(question) : 0;
        BOOST_TEST(count - asked <= times - settled, "question " << question);
        BOOST_TEST(count >= times, "question " << question);
    }
    check_results(document, expected);
}

BOOST_AUTO_TEST_CASE(runs_of_repeats_merge_into_one) {
    const repeated_exam where;
    const auto endpoint = where.endpoint_of("20ms");
    child_process stopped(where.ask(endpoint, "q.jsonl", where.thrice + words{"--ack-fd", "3"}));
    stopped.acknowledged.wait_for("\n");
    stopped.send(SIGKILL);
    stopped.wait();
    const auto expected = where.complete(endpoint, {"--no-auto-resume"});
    const auto runs = where.runs();
    BOOST_REQUIRE(runs.size() == 2u);
    where.result_of({"merge", "whole", runs[0], runs[1]});
    const auto merged =
        boost::json::parse(where.result_of({"export", "whole", "--format", "json"}));
    check_results(merged, expected);
}

BOOST_FIXTURE_TEST_CASE(commands_know_a_question_by_its_number, repeated_exam) {
    const auto endpoint = endpoint_of("1ms");
    const auto document = complete(endpoint);
    const auto& figures = document.at("metadata").at("statistics");
    BOOST_TEST(figures.at("total_questions") == questions);
    BOOST_TEST(figures.at("completed") == questions * times);
    BOOST_TEST(figures.at("overall").at("accuracy") == 0.6);
    const auto& told = figures.at("repeats");
    BOOST_TEST(told.at("questions") == questions);
    BOOST_TEST(told.at("majority") == 0.6); // this model always says the same
    BOOST_TEST(told.at("spread") == 0.0);
    BOOST_TEST(told.at("pass_at_k").as_array().size() == 3u);

    std::istringstream lines(result_of({"get", "checkpoints", "17"}));
    unsigned repeat = 0;
    for (std::string line; std::getline(lines, line);) {
        const auto result = boost::json::parse(line);
        BOOST_TEST(result.at("question_id") == 17);
        BOOST_TEST(result.at("repeat") == ++repeat);
    }
    BOOST_TEST(repeat == times);
    BOOST_TEST(say({"get", "checkpoints", std::to_string(questions + 1)}).code == 3);

    const auto status = boost::json::parse(result_of({"status", runs().front(), "--json"}));
    BOOST_TEST(status.at("total") == questions * times);
    BOOST_TEST(status.at("repeats") == times);
    BOOST_TEST(status.at("state") == "finished");

    const auto csv = result_of({"export", "checkpoints", "--format", "csv"});
    BOOST_TEST(csv.starts_with("question_id,repeat,format,"));
    BOOST_TEST(contains(csv, "\n17,3,mc,"));
    BOOST_TEST(say({"export", "checkpoints", "--format", "checkpoint"}).code == 2);

    const command dump{
        {program("proctor-dump"), "--records", "--question", "17", "checkpoints/latest"},
        {},
        dir.path().string()};
    const auto dumped = run_to_end(dump);
    BOOST_TEST(count_lines(dumped.output) == times);
    BOOST_TEST(contains(dumped.output, "17#3"));
}

BOOST_FIXTURE_TEST_CASE(another_number_of_repeats_is_another_run, repeated_exam) {
    const auto endpoint = endpoint_of("1ms");
    complete(endpoint);
    for (const words& other : {words{}, words{"--repeats", "2"}}) {
        const auto refused =
            run_to_end(ask(endpoint, "q.jsonl", other + words{"--resume-from", runs().front()}));
        BOOST_TEST(refused.code == 4);
        BOOST_TEST(contains(refused.errors, "repeats: the run has 3, you ask for"));
    }
    const auto once = run_to_end(ask(endpoint, "q.jsonl"));
    BOOST_TEST(once.code == 0, once.errors);
    BOOST_TEST(
        !results_in(results_path(*this, once.errors)).front().as_object().contains("repeat"));
    const auto compared =
        boost::json::parse(result_of({"compare", runs()[0], runs()[1], "--json"}));
    BOOST_TEST(compared.at("questions") == questions);
    BOOST_TEST(compared.at("difference") == 0.0);
    const auto thrice_of_once =
        run_to_end(ask(endpoint, "q.jsonl", thrice + words{"--resume-from", runs().back()}));
    BOOST_TEST(contains(thrice_of_once.errors, "repeats: the run has"));
}

BOOST_AUTO_TEST_SUITE_END()
