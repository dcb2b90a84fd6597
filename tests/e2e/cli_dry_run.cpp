// proctor run --dry-run: what it shows and sends, and that it leaves nothing behind.
#include "support/programs.hpp"

#include <boost/test/unit_test.hpp>

using namespace proctor::test;

namespace {

const words dry{"--dry-run"};

struct class_room : workplace {
    class_room() { dir.write("q.jsonl", few_questions(5) + "{\"question\": \"Why?\"}\n"); }

    // Only the question file is there, before and after.
    void check_nothing_is_left() const {
        const auto left = files();
        BOOST_TEST(left == words{"q.jsonl"}, boost::test_tools::per_element());
        BOOST_TEST(!std::filesystem::exists(dir.file("checkpoints")));
    }
};

void check_failure(const finished& run, int code, std::string_view part) {
    BOOST_TEST(run.code == code);
    BOOST_TEST(contains(run.errors, part), "\"" << part << "\" is not in: " << run.errors);
}

} // namespace

BOOST_AUTO_TEST_SUITE(cli)

BOOST_FIXTURE_TEST_CASE(a_dry_run_shows_one_question_from_prompt_to_mark_and_sends_no_more,
                        class_room) {
    const simulator endpoint({"--questions", dir.file("q.jsonl"), "--accuracy", "1"});
    const auto run = run_to_end(ask(endpoint, "q.jsonl", dry));
    BOOST_TEST(run.code == 0, run.errors);
    for (const std::string& part :
         {std::string("Questions: 5 in q.jsonl (1 records are none)\n"),
          std::string("Run: a new one in checkpoints\n"),
          "Endpoint: " + endpoint.base_url() + ": there\n",
          std::string("First prompt (question 1, line 1):\nWhat is 1 plus one?\n"),
          "POST " + endpoint.base_url() + "/chat/completions\n",
          std::string(R"({"model":"m","messages":[{"role":"user","content":"What is 1 plus one?)"),
          std::string("Reply ("), std::string("Marking: score 1 (mc: ")})
        BOOST_TEST(contains(run.output, part), "\"" << part << "\" is not in: " << run.output);
    BOOST_TEST(endpoint.requests() == 1u);
    check_nothing_is_left();
}

BOOST_FIXTURE_TEST_CASE(a_dry_run_shows_what_the_selection_begins_with, class_room) {
    const simulator endpoint;
    const auto some = run_to_end(
        ask(endpoint, "q.jsonl", dry + words{"--limit", "4", "--random", "1", "--seed", "1"}));
    BOOST_TEST(some.code == 0, some.errors);
    BOOST_TEST(contains(some.output, "; 1 are selected\n"));
    // As Python draws: random.seed(1); random.sample(range(4), 1) is [1], the second of them.
    BOOST_TEST(contains(some.output, "First prompt (question 2, line 2):"), some.output);
    const auto any = run_to_end(ask(endpoint, "q.jsonl", dry + words{"--random", "2"}));
    BOOST_TEST(any.code == 0, any.errors);
}

BOOST_FIXTURE_TEST_CASE(a_dry_run_shows_no_secret, class_room) {
    const simulator endpoint({"--api-key", "sk-canary-4711"});
    dir.write("run.yaml", "model:\n"
                          "  generator_settings:\n"
                          "    api_key: ${LAB_KEY}\n"
                          "    headers: {X-Team: canary-team}\n");
    auto how = ask(endpoint, "q.jsonl", dry + words{"--config", "run.yaml"});
    how.environment = {{"LAB_KEY", "sk-canary-4711"}};
    const auto run = run_to_end(how);
    BOOST_TEST(run.code == 0, run.errors);
    BOOST_TEST(contains(run.output, "Authorization: Bearer ***\nX-Team: ***\n"), run.output);
    BOOST_TEST(!contains(run.output + run.errors, "canary"));
}

BOOST_FIXTURE_TEST_CASE(a_dry_run_ends_as_the_run_would, class_room) {
    const simulator closed({"--api-key", "sk-right"});
    check_failure(run_to_end(ask(closed, "q.jsonl", dry)), 77, "401");
    BOOST_TEST(closed.requests() == 0u);
    const simulator bad({"--faults", "500:100%"});
    check_failure(run_to_end(ask(bad, "q.jsonl", dry)), 75, "HTTP 500");
    const simulator picky({"--faults", "400:100%"});
    check_failure(run_to_end(ask(picky, "q.jsonl", dry)), 3, "HTTP 400");
    check_failure(run_to_end(ask(bad, "nowhere.jsonl", dry)), 2, "nowhere.jsonl");
    check_failure(run_to_end(ask(bad, "q.jsonl", dry + words{"--must-resume"})), 4, "no run fits");
    // Nobody listens there; it is not waited for.
    const auto away = run_to_end(proctor(
        words{"run", "q.jsonl", "--model", "m", "--base-url", "http://127.0.0.1:1/v1"} + dry));
    check_failure(away, 75, "127.0.0.1:1");
    check_nothing_is_left();
}

BOOST_FIXTURE_TEST_CASE(a_dry_run_tells_which_run_would_go_on_and_leaves_it_alone, class_room) {
    const simulator endpoint;
    BOOST_TEST(run_to_end(ask(endpoint, "q.jsonl")).code == 0);
    const auto before = files();
    const auto run = run_to_end(ask(endpoint, "q.jsonl", dry));
    BOOST_TEST(run.code == 0, run.errors);
    BOOST_TEST(contains(run.output, "Run: goes on with checkpoints/checkpoint_q_m_"), run.output);
    BOOST_TEST(files() == before, boost::test_tools::per_element());
    check_failure(run_to_end(ask(endpoint, "q.jsonl",
                                 dry + words{"--resume-from", "checkpoints", "--set",
                                             "prompt.system=Be brief"})),
                  4, "prompt");
    BOOST_TEST(endpoint.requests() == 6u);
}

BOOST_AUTO_TEST_SUITE_END()
