// Base models: asked by POST /completions, over real HTTPS.
#include "support/programs.hpp"

#include <boost/test/unit_test.hpp>

using namespace proctor::test;

namespace {

const words to_go_on{"--endpoint", "completions"};

struct class_room : workplace {
    class_room() {
        dir.write("q.jsonl", few_questions(20));
        dir.write("shown.jsonl", "{\"question\": \"Two?\", \"answer\": \"2\"}\n");
    }
};

void check_parts(const std::string& text, const words& parts) {
    for (const auto& part : parts)
        BOOST_TEST(contains(text, part), "\"" << part << "\" is not in: " << text);
}

} // namespace

BOOST_AUTO_TEST_SUITE(cli)

BOOST_FIXTURE_TEST_CASE(a_base_model_is_asked_marked_and_its_run_resumed, class_room) {
    const simulator endpoint({"--questions", dir.file("q.jsonl"), "--accuracy", "0.6"});
    const auto how =
        ask(endpoint, "q.jsonl",
            to_go_on + words{"--set", "prompt.system=Sums.", "--set",
                             "prompt.examples_file=shown.jsonl", "--set",
                             "model.generator_settings.extra_body={stop: [\"\\n\\n\"]}"});
    auto dry = how;
    dry.words.push_back("--dry-run");
    const auto shown = run_to_end(dry);
    BOOST_TEST(shown.code == 0, shown.errors);
    check_parts(shown.output,
                {"First prompt (question 1, line 1):\nSums.\n\nQuestion: Two?\nAnswer: 2\n\n"
                 "Question: What is 1 plus one?\n\nA) 1\nB) 2\n\n"
                 "Answer with the letter of the right choice.\nAnswer:\n",
                 "POST " + endpoint.base_url() + "/completions\n",
                 R"({"model":"m","prompt":"Sums.\n\nQuestion: Two?\nAnswer: 2\n\nQuestion: What)",
                 R"("temperature":0.0,"max_tokens":1024,"stop":["\n\n"]})", "Marking: score "});

    const auto run = run_to_end(how);
    BOOST_TEST(run.code == 0, run.errors);
    BOOST_TEST(contains(run.output, "Overall Accuracy: 0.600 (12/20)"), run.output);
    const auto results = results_in(results_path(*this, run.errors));
    BOOST_TEST(results.size() == 20u);
    for (const auto& result : results) {
        BOOST_TEST(result.at("finish_reason").as_string() == "stop");
        BOOST_TEST(result.at("usage").at("completion_tokens").as_int64() > 0);
    }
    BOOST_TEST(endpoint.asked().size() == 20u); // known by their numbers
    BOOST_TEST(endpoint.asked().contains("20"));

    BOOST_TEST(run_to_end(how).code == 0); // nothing is left to ask
    BOOST_TEST(endpoint.requests() == 21u);
    const auto chat =
        run_to_end(ask(endpoint, "q.jsonl",
                       {"--set", "prompt.system=Sums.", "--set", "prompt.examples_file=shown.jsonl",
                        "--set", "model.generator_settings.extra_body={stop: [\"\\n\\n\"]}",
                        "--resume-from", "checkpoints"}));
    BOOST_TEST(chat.code == 4);
    check_parts(chat.errors, {R"(endpoint: the run has "completions", you ask for "chat")"});
    BOOST_TEST(endpoint.requests() == 21u);
}

BOOST_FIXTURE_TEST_CASE(faults_are_overcome_by_completions_too, class_room) {
    const simulator endpoint({"--questions", dir.file("q.jsonl"), "--accuracy", "1", "--faults",
                              "500:15%,reset:10%,truncate:10%,garbage:10%", "--seed", "3"});
    const auto run = run_to_end(ask(endpoint, "q.jsonl", to_go_on + words{"--max-retries", "50"}));
    BOOST_TEST(run.code == 0, run.errors);
    BOOST_TEST(contains(run.output, "Overall Accuracy: 1.000 (20/20)"), run.output);
    BOOST_TEST(endpoint.requests() > 20u);
}

BOOST_FIXTURE_TEST_CASE(the_endpoint_inside_knows_what_a_template_words, class_room) {
    const auto run = run_to_end(
        proctor(words{"run", "q.jsonl", "--no-progress-bar", "--set",
                      "model.generator.generator_type=simulated", "--set", "simulated.latency=0",
                      "--set", "simulated.accuracy=0.35", "--set", "prompt.system=Sums.", "--set",
                      "prompt.template={question} {choices} It is"} +
                to_go_on));
    BOOST_TEST(run.code == 0, run.errors);
    BOOST_TEST(contains(run.output, "Overall Accuracy: 0.350 (7/20)"), run.output);
}

BOOST_FIXTURE_TEST_CASE(an_endpoint_of_another_kind_is_none, class_room) {
    const auto run = run_to_end(proctor({"run", "q.jsonl", "--model", "m", "--base-url",
                                         "https://127.0.0.1:1/v1", "--endpoint", "completion"}));
    BOOST_TEST(run.code == 2);
    check_parts(run.errors, {"expected chat or completions, got 'completion'"});
}

BOOST_AUTO_TEST_SUITE_END()
