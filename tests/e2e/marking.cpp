// A model marks: its outage costs markings and no answers, and whatever it says, no answer is
// marked 0 for it.
#include "support/programs.hpp"

#include <boost/test/unit_test.hpp>

#include <optional>

using namespace proctor::test;

namespace {

constexpr std::size_t total = 30;

// Questions whose references are too long to be matched.
std::string open_questions() {
    std::string text;
    for (std::size_t i = 1; i <= total; ++i)
        text += R"({"question": "Why is )" + std::to_string(i) +
                R"( so?", "answer": "because of the one, the other and the third reason"})"
                "\n";
    return text;
}

struct seminar : workplace {
    seminar() { dir.write("q.jsonl", open_questions()); }

    void judge_is_at(const std::string& base_url) const {
        dir.write("model_servers.yaml",
                  "servers:\n  - shortname: judge\n    openai_api_base: " + base_url +
                      "\n    openai_api_key: ${JUDGE_KEY}\n"
                      "    openai_model: judge-70b\n");
    }
    command run(const words& more = {}) const {
        auto made =
            proctor(words{"run", "q.jsonl", "--no-progress-bar", "--model", "m", "--base-url",
                          model.base_url(), "--ca-file", model.ca_file(), "--grader", "judge"} +
                    more);
        made.environment["JUDGE_KEY"] = "canary-of-the-judge";
        return made;
    }

    const simulator model;
};

std::size_t right_in(const boost::json::array& results) {
    std::size_t count = 0;
    for (const auto& each : results) {
        const auto& score = each.at("score");
        count += score.is_number() && score.to_number<double>() == 1;
    }
    return count;
}

// Plain, for its authority is not that of the model.
simulator judge(const words& options) {
    return simulator(options + words{"--accuracy", "1"}, false);
}

} // namespace

BOOST_AUTO_TEST_SUITE(marking_by_a_model)

BOOST_FIXTURE_TEST_CASE(verdicts_are_read_in_whatever_form_they_come, seminar) {
    for (const std::string form : {"plain", "prose", "fenced", "half", "fraction"}) {
        const auto marks = judge({"--verdicts", form});
        judge_is_at(marks.base_url());
        const auto done = run_to_end(run({"--no-auto-resume", "--output-prefix", form}));
        BOOST_REQUIRE_MESSAGE(done.code == 0, done.errors);
        BOOST_TEST(right_in(results_in(results_path(*this, done.errors))) == total, form);
        BOOST_TEST(marks.requests() == total, form);
    }
}

BOOST_FIXTURE_TEST_CASE(what_a_grader_never_says_is_unmarked_and_no_zero, seminar) {
    const auto marks = judge({"--verdicts", "nothing"});
    judge_is_at(marks.base_url());
    const auto done = run_to_end(run());
    BOOST_REQUIRE_MESSAGE(done.code == 0, done.errors);
    const auto results = results_in(results_path(*this, done.errors));
    BOOST_TEST(results.size() == total);
    for (const auto& each : results) {
        BOOST_TEST(each.at("score").is_null());
        BOOST_TEST(contains(each.at("evaluation").at("reasoning").as_string(), "asked 3 times"));
    }
    BOOST_TEST(marks.requests() == 3 * total);
    BOOST_TEST(model.requests() == total);
}

BOOST_FIXTURE_TEST_CASE(an_outage_and_a_kill_cost_no_answer_and_no_marking, seminar) {
    judge_is_at([] { return judge({}).base_url(); }()); // nobody is there any more
    const auto away = run_to_end(run({"--wait-for-endpoint", "1s"}));
    BOOST_TEST(away.code == 75, away.errors);
    BOOST_TEST(contains(away.errors, "grader judge"));
    BOOST_TEST(model.requests() == total);

    std::size_t marked = 0;
    {
        const auto slow = judge({"--latency", "100ms"});
        judge_is_at(slow.base_url());
        child_process killed(run({"--parallel", "2", "--save-incremental", "--ack-fd", "3"}));
        killed.acknowledged.wait_for("\n");
        killed.send(SIGKILL);
        killed.wait();
        marked = count_lines(killed.acknowledged.all());
    }
    const auto marks = judge({});
    judge_is_at(marks.base_url());
    const auto done = run_to_end(run());
    BOOST_REQUIRE_MESSAGE(done.code == 0, done.errors);
    BOOST_TEST(right_in(results_in(results_path(*this, done.errors))) == total);
    BOOST_TEST(model.requests() == total, "a paid answer was asked for again");
    BOOST_TEST(marked > 0u);
    BOOST_TEST(marks.requests() <= total - marked, "a marking that was counted was made again");
    BOOST_TEST(runs().size() == 1u);
}

BOOST_FIXTURE_TEST_CASE(a_grader_that_refuses_us_stops_the_run_and_its_key_stays_secret, seminar) {
    const auto marks = judge({"--api-key", "another"});
    judge_is_at(marks.base_url());
    const auto done = run_to_end(run());
    BOOST_TEST(done.code == 77);
    BOOST_TEST(contains(done.errors, "grader judge"));
    for (const auto& file : files())
        BOOST_TEST(!contains(text_of(dir.path() / file), "canary-of-the-judge"), file);
}

BOOST_FIXTURE_TEST_CASE(a_grader_that_vanishes_and_comes_back_costs_no_answer_and_no_marking,
                        seminar) {
    std::optional<simulator> marks;
    marks.emplace(words{"--latency", "100ms", "--accuracy", "1"}, false);
    const auto port = marks->port();
    judge_is_at(marks->base_url());
    child_process running(run({"--parallel", "2", "--ack-fd", "3", "--save-incremental"}));
    running.acknowledged.wait_for("\n");
    marks.reset();
    running.errors.wait_for("grader judge ");
    child_process back(
        {{program("proctor-sim"), "--listen", "127.0.0.1:" + port, "--plain", "--accuracy", "1"},
         {},
         "."});
    const auto ended = running.wait();
    const auto said = running.errors.all();
    BOOST_REQUIRE_MESSAGE(ended.code == 0, said);
    BOOST_TEST(right_in(results_in(results_path(*this, said))) == total);
    BOOST_TEST(count_lines(running.acknowledged.all()) == total);
    BOOST_TEST(model.requests() == total, "a paid answer was asked for again");
}

BOOST_FIXTURE_TEST_CASE(what_a_grader_refuses_for_good_is_unmarked_and_not_tried_again, seminar) {
    const auto marks = judge({"--faults", "400:100%"});
    judge_is_at(marks.base_url());
    for (int session = 1; session <= 2; ++session) {
        const auto done = run_to_end(run());
        BOOST_REQUIRE_MESSAGE(done.code == 0, done.errors);
        for (const auto& each : results_in(results_path(*this, done.errors))) {
            BOOST_TEST(each.at("score").is_null());
            BOOST_TEST(contains(each.at("evaluation").at("reasoning").as_string(),
                                "the grader refuses this answer for good: grader judge: "));
        }
        BOOST_TEST(marks.requests() == total);
    }
}

BOOST_FIXTURE_TEST_CASE(another_grader_is_another_run, seminar) {
    const auto marks = judge({});
    judge_is_at(marks.base_url());
    BOOST_REQUIRE(run_to_end(run()).code == 0);
    const auto other = run_to_end(run({"--grading", "model", "--must-resume"}));
    BOOST_TEST(other.code == 4, other.errors);
    BOOST_TEST(contains(other.errors, "grader"));
}

BOOST_FIXTURE_TEST_CASE(a_dry_run_marks_its_one_answer_too, seminar) {
    const auto marks = judge({});
    judge_is_at(marks.base_url());
    const auto done = run_to_end(run({"--dry-run"}));
    BOOST_REQUIRE_MESSAGE(done.code == 0, done.errors);
    BOOST_TEST(contains(done.output, "Marking: score 1"), done.output);
    BOOST_TEST(model.requests() == 1u);
    BOOST_TEST(marks.requests() == 1u);
    judge_is_at("http://127.0.0.1:1/v1"); // nobody is there
    const auto away = run_to_end(run({"--dry-run"}));
    BOOST_TEST(away.code == 3, away.errors);
    BOOST_TEST(contains(away.errors, "grader judge"), away.errors);
}

BOOST_AUTO_TEST_SUITE_END()
