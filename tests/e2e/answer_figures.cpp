// What the answers of a run look like is told alike, whatever became of the run meanwhile.
#include "support/programs.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <filesystem>
#include <map>
#include <sstream>

using namespace proctor::test;

namespace {

const std::vector<const char*> members{"choices", "no_choice", "truncated", "answer_characters",
                                       "reasoning_characters"};

// Of an export or a results file.
boost::json::object told_in(const boost::json::value& document) {
    boost::json::object told;
    for (const auto* name : members) told[name] = document.at("metadata").at("statistics").at(name);
    return told;
}

struct demo : workplace {
    boost::json::value json_from(const words& arguments) const {
        return boost::json::parse(result_of(arguments));
    }
    boost::json::value exported(const std::string& run) const {
        return json_from({"export", run, "--format", "json"});
    }
    // Runs to its end.
    finished complete(const words& more = {}) const {
        return ask_to_end(endpoint, questions, small_segments + more);
    }

    const std::string questions = source_path("configs/demo-questions.jsonl");
    const simulator endpoint{
        {"--questions", questions, "--accuracy", "0.6", "--latency", "20ms", "--seed", "5"}};
};

bool has_snapshots(const std::string& run) {
    const std::filesystem::directory_iterator files(run);
    return std::any_of(begin(files), end(files),
                       [](const auto& file) { return file.path().extension() == ".snap"; });
}

} // namespace

BOOST_AUTO_TEST_SUITE(answer_figures)

BOOST_FIXTURE_TEST_CASE(they_are_those_of_the_results, demo) {
    const auto run = complete();
    const auto document = json_of(results_path(*this, run.errors));
    const auto told = told_in(document);
    std::map<std::string, std::uint64_t> chosen, keys;
    std::uint64_t characters = 0, choices = 0;
    for (const auto& result : document.at("results").as_array()) {
        characters += result.at("model_answer").as_string().size(); // ASCII
        if (result.at("format") != "mc") continue;
        ++choices;
        const auto& evaluation = result.at("evaluation");
        if (const auto* label = evaluation.at("model_choice").if_string()) ++chosen[label->c_str()];
        ++keys[evaluation.at("reference_choice").as_string().c_str()];
    }
    BOOST_REQUIRE(choices > 100u);
    const auto& positions = told.at("choices").at("positions").as_array();
    BOOST_REQUIRE(positions.size() >= 4u);
    for (std::size_t i = 0; i < positions.size(); ++i) {
        const std::string letter(1, static_cast<char>('A' + i)), number = std::to_string(i + 1);
        BOOST_TEST(positions[i].at("position") == i + 1);
        BOOST_TEST(positions[i].at("chosen") == chosen[letter] + chosen[number]);
        BOOST_TEST(positions[i].at("key") == keys[letter] + keys[number]);
    }
    const auto count = document.at("results").as_array().size();
    const auto& lengths = told.at("answer_characters");
    BOOST_TEST(lengths.at("count") == count);
    BOOST_TEST(lengths.at("mean").to_number<double>() == double(characters) / double(count),
               boost::test_tools::tolerance(1e-9));
    BOOST_TEST(told.at("reasoning_characters").is_null());

    BOOST_TEST(contains(run.output, "choice           chosen           is right  accuracy\n"));
    BOOST_TEST(contains(run.output, "\n  A, 1 "));
    BOOST_TEST(contains(run.output, "\nAnswer length: mean "));
    std::istringstream lines(run.output);
    for (std::string line; std::getline(lines, line);)
        if (line.starts_with("  A, 1") || line.starts_with("Choices"))
            BOOST_TEST(line.size() < 80u, line);
}

BOOST_FIXTURE_TEST_CASE(no_kill_merger_or_second_marking_changes_them, demo) {
    const auto expected = told_in(json_of(results_path(*this, complete().errors)));
    const auto calm = runs().front();
    BOOST_TEST(has_snapshots(calm));
    BOOST_TEST(told_in(exported(calm)) == expected);
    const auto status = json_from({"status", calm, "--json"});
    for (const auto* name : {"choices", "no_choice", "answer_characters", "reasoning_characters"})
        BOOST_TEST(status.at(name) == expected.at(name));

    child_process killed(
        ask(endpoint, questions,
            small_segments + words{"--parallel", "4", "--ack-fd", "3", "--no-auto-resume"}));
    killed.acknowledged.wait_until(
        [](const std::string& text) { return count_lines(text) >= 150; });
    killed.send(SIGKILL);
    killed.wait();
    BOOST_REQUIRE(runs().size() == 2u);
    const auto disturbed = runs().back();
    BOOST_TEST(told_in(exported(disturbed)) != expected);
    // Of what both have, the results of the one that was written last count.
    BOOST_REQUIRE(say({"merge", "whole", calm, disturbed}).code == 0);
    BOOST_TEST(told_in(exported("whole")) == expected);

    const auto resumed = say({"resume", disturbed, "--no-progress-bar"});
    BOOST_REQUIRE_MESSAGE(resumed.code == 0, resumed.errors);
    BOOST_TEST(told_in(json_of(results_path(*this, resumed.errors))) == expected);

    const auto regraded = say({"regrade", calm, "--grader", "contains", "--no-progress-bar"});
    BOOST_REQUIRE_MESSAGE(regraded.code == 0, regraded.errors);
    BOOST_TEST(told_in(json_of(results_path(*this, regraded.errors))) == expected);
}

// Its snapshots were made by a proctor that did not count them.
BOOST_FIXTURE_TEST_CASE(an_old_run_has_them_from_its_records, demo) {
    const auto run = dir.file("old");
    std::filesystem::copy(source_path("tests/golden/v1/compacted"), run);
    const auto told = told_in(exported(run));
    const auto& second = told.at("choices").at("positions").at(1);
    BOOST_TEST(second.at("chosen") == 5);
    BOOST_TEST(second.at("key") == 6);
    BOOST_TEST(second.at("marked") == 4);
    BOOST_TEST(told.at("answer_characters").at("count") == 9);
    // A status reads no records.
    BOOST_TEST(json_from({"status", run, "--json"}).at("choices").is_null());
}

BOOST_AUTO_TEST_SUITE_END()
