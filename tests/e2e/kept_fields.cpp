// Fields of questions that go into their results, and stay in them whatever is done with a run.
#include "support/programs.hpp"

#include <boost/test/unit_test.hpp>

using namespace proctor::test;

namespace {

constexpr std::size_t total = 60;

// Every third has no source; tags are no plain values.
std::string annotated() {
    std::string text;
    for (std::size_t i = 1; i <= total; ++i) {
        const auto n = std::to_string(i);
        text += R"({"question": "What is )" + n + R"( and nothing?", "answer": ")" + n +
                R"(", "tags": {"number": )" + n + R"(, "of": [null, "a, b"]})";
        if (i % 3 != 0) text += R"(, "source": "exam )" + n + "\"";
        text += "}\n";
    }
    return text;
}

struct annotated_exam : workplace {
    annotated_exam() : endpoint({"--questions", dir.write("q.jsonl", annotated())}) {}

    finished complete(const words& more = {}) const {
        return ask_to_end(endpoint, "q.jsonl", more);
    }

    simulator endpoint;
};

const words keeping{"--set", "questions.keep=source,tags"};

void check_fields(const boost::json::array& results) {
    BOOST_REQUIRE(results.size() == total);
    for (std::size_t i = 1; i <= total; ++i) {
        const auto& result = results[i - 1].as_object();
        BOOST_TEST(result.at("question_id") == i);
        BOOST_TEST(result.contains("source") == (i % 3 != 0));
        if (i % 3 != 0) BOOST_TEST(result.at("source").as_string() == "exam " + std::to_string(i));
        const boost::json::value tags{{"number", i}, {"of", {nullptr, "a, b"}}};
        BOOST_TEST(result.at("tags") == tags);
    }
}

boost::json::array lines_of(const std::string& text) {
    boost::json::array values;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) values.push_back(boost::json::parse(line));
    return values;
}

} // namespace

BOOST_AUTO_TEST_SUITE(kept_fields)

BOOST_FIXTURE_TEST_CASE(they_survive_kills_compaction_export_and_merge, annotated_exam) {
    const words small{"--set", "processing.segment_size_bytes=8192"};
    const words mode{"--parallel", "2", "--save-incremental", "--ack-fd", "3"};
    child_process killed(ask(endpoint, "q.jsonl", keeping + small + mode));
    killed.acknowledged.wait_for("\n20\n");
    killed.send(SIGKILL);
    killed.wait();
    const auto run = complete(keeping + small);
    BOOST_TEST(!contains(run.errors, "questions.keep:"), run.errors);
    check_fields(results_in(results_path(*this, run.errors)));
    BOOST_TEST(runs().size() == 1u);

    complete(keeping + words{"--no-auto-resume"});
    result_of({"merge", "whole", runs()[0], runs()[1]});
    for (const auto& where : {runs().front(), std::string("whole")}) {
        check_fields(lines_of(result_of({"export", where, "--format", "jsonl"})));
        for (const auto* format : {"json", "checkpoint"})
            check_fields(boost::json::parse(result_of({"export", where, "--format", format}))
                             .at("results")
                             .as_array());
        const auto csv = result_of({"export", where, "--format", "csv"});
        BOOST_TEST(contains(csv, ",finish_reason,source,tags\n"));
        BOOST_TEST(contains(csv, R"(,stop,exam 59,"{""number"": 59, ""of"": [null, ""a, b""]}")"
                                 "\n"));
        BOOST_TEST(contains(csv, R"(,stop,,"{""number"": 60, ""of"": [null, ""a, b""]}")"
                                 "\n"));
    }
}

BOOST_FIXTURE_TEST_CASE(other_fields_cost_no_answer_and_a_regrade_writes_them_anew,
                        annotated_exam) {
    complete();
    const auto requests = endpoint.requests();
    const auto resumed = complete(keeping);
    BOOST_TEST(contains(resumed.errors,
                        "questions.keep: the run began with [], and you ask for [source, tags]"),
               resumed.errors);
    BOOST_TEST(
        !results_in(results_path(*this, resumed.errors)).front().as_object().contains("tags"));
    for (const auto& fields : {std::string("source"), std::string("source,tags")}) {
        const auto again = run_to_end(proctor(
            {"regrade", "checkpoints", "--no-progress-bar", "--set", "questions.keep=" + fields}));
        BOOST_REQUIRE_MESSAGE(again.code == 0, again.errors);
        const auto results = results_in(results_path(*this, again.errors));
        if (contains(fields, "tags")) check_fields(results);
        BOOST_TEST(results.front().at("source") == "exam 1");
    }
    BOOST_TEST(runs().size() == 3u);
    BOOST_TEST(endpoint.requests() == requests);
}

BOOST_FIXTURE_TEST_CASE(a_failed_question_has_them_too, workplace) {
    const simulator refusing(
        {"--questions", dir.write("q.jsonl", annotated()), "--faults", "400:100%"});
    const words all{"--max-failures", "100%"};
    const auto run = run_to_end(ask(refusing, "q.jsonl", keeping + all));
    BOOST_TEST(run.code == 3, run.errors);
    check_fields(results_in(results_path(*this, run.errors)));
}

BOOST_FIXTURE_TEST_CASE(a_name_that_results_have_is_refused, annotated_exam) {
    const auto run =
        run_to_end(ask(endpoint, "q.jsonl", {"--set", "questions.keep=source,score,id"}));
    BOOST_TEST(run.code == 2);
    BOOST_TEST(contains(run.errors, "questions.keep: score is what a result calls something of "
                                    "its own; leave score out, or give the field another name"),
               run.errors);
    BOOST_TEST(contains(run.errors, "a result has the question's id without it; leave id out"));
    BOOST_TEST(!std::filesystem::exists(dir.file("checkpoints")));
}

BOOST_AUTO_TEST_SUITE_END()
