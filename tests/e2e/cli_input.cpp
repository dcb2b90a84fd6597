// What proctor says to flags, configurations and question files that are wrong: where, what was
// meant perhaps, and exit status 2.
#include "support/programs.hpp"

#include <boost/test/unit_test.hpp>

using namespace proctor::test;

namespace {

// Nothing here may need an endpoint; this one is not there.
const words unneeded_endpoint{"--model", "m", "--base-url", "http://127.0.0.1:1/v1"};

struct folder : workplace {
    finished run(const words& arguments) const {
        return run_to_end(proctor(words{"run"} + arguments));
    }
    finished run_with(std::string_view yaml) const {
        dir.write("run.yaml", yaml);
        return run({"--config", "run.yaml"});
    }
};

// Usage errors: status 2, all of it on standard error, in a line or two that begin with who speaks.
void check_refused(const finished& run, std::initializer_list<std::string_view> parts) {
    BOOST_TEST(run.code == 2);
    BOOST_TEST(run.output == "");
    BOOST_TEST(run.errors.starts_with("proctor: "));
    BOOST_TEST(count_lines(run.errors) <= 2u);
    for (const auto part : parts)
        BOOST_TEST(contains(run.errors, part), "\"" << part << "\" is not in: " << run.errors);
}

} // namespace

BOOST_AUTO_TEST_SUITE(cli)

BOOST_FIXTURE_TEST_CASE(help_and_version_are_results_and_go_to_standard_output, folder) {
    for (const words& asked : {words{"--help"}, words{"run", "--help"}, words{"--version"}}) {
        const auto run = run_to_end(proctor(asked));
        BOOST_TEST(run.code == 0);
        BOOST_TEST(run.output != "");
        BOOST_TEST(run.errors == "");
    }
    BOOST_TEST(contains(run_to_end(proctor({"--version"})).output, "proctor "));
    BOOST_TEST(contains(run({"--help"}).output, "--save-incremental"));
}

BOOST_FIXTURE_TEST_CASE(a_missing_question_file_is_named, folder) {
    check_refused(run(words{"nowhere.jsonl"} + unneeded_endpoint), {"nowhere.jsonl"});
}

BOOST_FIXTURE_TEST_CASE(a_missing_configuration_is_named, folder) {
    check_refused(run({"--config", "nowhere.yaml"}), {"nowhere.yaml"});
}

BOOST_FIXTURE_TEST_CASE(broken_yaml_is_reported_with_its_line, folder) {
    check_refused(run_with("questions_file: q.jsonl\nprocessing: [1, 2\noutput: x\n"),
                  {"run.yaml:3"});
}

BOOST_FIXTURE_TEST_CASE(an_unknown_key_is_reported_with_its_line_and_the_nearest_one, folder) {
    check_refused(run_with("questions_file: q.jsonl\nprocessing:\n  paralel_workers: 4\n"),
                  {"run.yaml:3", "processing.paralel_workers", "processing.parallel_workers"});
}

BOOST_FIXTURE_TEST_CASE(a_bad_value_is_reported_with_its_key, folder) {
    check_refused(run_with("questions_file: q.jsonl\nprocessing:\n  parallel_workers: many\n"),
                  {"run.yaml:3", "processing.parallel_workers", "many"});
}

BOOST_FIXTURE_TEST_CASE(an_unknown_flag_is_answered_with_the_nearest_one, folder) {
    check_refused(run({"q.jsonl", "--paralel", "4"}), {"--paralel", "--parallel"});
}

BOOST_FIXTURE_TEST_CASE(an_unknown_command_is_answered_with_the_one_there_is, folder) {
    check_refused(run_to_end(proctor({"rum"})), {"rum", "proctor run"});
}

BOOST_FIXTURE_TEST_CASE(a_secret_on_the_command_line_is_refused_and_not_repeated, folder) {
    const auto refused =
        run({"q.jsonl", "--set", "model.generator_settings.api_key=sk-canary-4711"});
    check_refused(refused, {"model.generator_settings.api_key"});
    BOOST_TEST(!contains(refused.errors, "canary"));
}

BOOST_FIXTURE_TEST_CASE(a_file_without_any_question_is_refused, folder) {
    dir.write("q.jsonl", "{\"question\": \"Why?\"}\n");
    const auto refused = run(words{"q.jsonl"} + unneeded_endpoint);
    BOOST_TEST(refused.code == 2);
    BOOST_TEST(contains(refused.errors, "there is no question in it"));
}

// Four records: a question, broken JSON, a question without an answer, a question.
constexpr auto half_broken =
    R"({"question": "What is 1 plus one?", "choices": ["1", "2"], "answer": "B"}
{"question": "What is
{"question": "Why?"}
{"question": "What is 4 plus one?", "choices": ["4", "5"], "answer": "B"}
)";

BOOST_FIXTURE_TEST_CASE(records_that_are_no_questions_are_reported_by_line_and_the_run_goes_on,
                        folder) {
    const simulator endpoint;
    dir.write("q.jsonl", half_broken);
    const auto run = run_to_end(ask(endpoint, "q.jsonl"));
    BOOST_TEST(run.code == 0);
    BOOST_TEST(contains(run.errors, "q.jsonl:2"));
    BOOST_TEST(contains(run.errors, "q.jsonl:3"));
    BOOST_TEST(contains(run.errors, "2 of 4 records"));
    const auto results = results_in(results_path(*this, run.errors));
    BOOST_REQUIRE(results.size() == 2u);
    BOOST_TEST(results[1].at("question_id").to_number<int>() == 4);
}

BOOST_FIXTURE_TEST_CASE(strict_stops_at_the_first_record_that_is_no_question, folder) {
    dir.write("q.jsonl", half_broken);
    const auto refused = run(words{"q.jsonl", "--strict"} + unneeded_endpoint);
    BOOST_TEST(refused.code == 2);
    BOOST_TEST(contains(refused.errors, "q.jsonl:2"));
    BOOST_TEST(contains(refused.errors, "--strict"));
    BOOST_TEST(!std::filesystem::exists(dir.file("checkpoints")));
}

BOOST_AUTO_TEST_SUITE_END()
