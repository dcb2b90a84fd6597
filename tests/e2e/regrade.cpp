// Answers that are marked again: nobody asks the model for them, and the run that has them stays as
// it is.
#include "support/programs.hpp"

#include <boost/test/unit_test.hpp>

#include <filesystem>

using namespace proctor::test;

namespace {

constexpr std::size_t total = 30;

// References that extraction leaves unmarked, for they are too long to be matched. Some records are
// no questions.
std::string essays() {
    std::string text;
    for (std::size_t i = 1; i <= total; ++i) {
        if (i % 7 == 0) text += "{\"question\": \"Without an answer?\"}\n";
        text += R"({"question": "Why is )" + std::to_string(i) +
                R"( so?", "answer": "because of the one, the other and reason number )" +
                std::to_string(i) + "\"}\n";
    }
    return text;
}

struct archive : workplace {
    explicit archive(const words& options = {})
        : model(words{"--questions", dir.write("q.jsonl", essays()), "--accuracy", "0.5"} +
                options) {
        dir.write("run.yaml",
                  "model:\n  generator_settings:\n    model: m\n    base_url: " + model.base_url() +
                      "\n    api_key: ${MODEL_KEY}\ntls: {ca_file: " + model.ca_file() + "}\n");
    }

    command first_run(const words& more = {}) const {
        auto made = proctor(words{"run", "q.jsonl", "-c", "run.yaml", "--no-progress-bar"} + more);
        made.environment["MODEL_KEY"] = "canary-of-the-model";
        return made;
    }
    // The model's key is not at hand any more.
    command regrade(const words& more) const {
        return proctor(words{"regrade", "checkpoints", "--no-progress-bar"} + more);
    }
    void judge_is_at(const std::string& base_url) const {
        dir.write("model_servers.yaml", "servers:\n  - shortname: judge\n    openai_api_base: " +
                                            base_url + "\n    openai_model: judge-70b\n");
    }

    // Every file of a run.
    std::map<std::string, std::string> content_of(const std::string& run) const {
        std::map<std::string, std::string> found;
        for (const auto& entry : std::filesystem::directory_iterator(run))
            found[entry.path().filename().string()] = text_of(entry.path());
        return found;
    }

    simulator model;
};

struct faulty_archive : archive {
    faulty_archive() : archive({"--faults", "400:30%"}) {}
};

struct slow_archive : archive {
    slow_archive() : archive({"--latency", "300ms"}) {}
};

simulator judge(const words& options = {}) {
    return simulator(options + words{"--accuracy", "1"}, false);
}

std::size_t marked_with(const boost::json::array& results, double mark) {
    std::size_t count = 0;
    for (const auto& each : results) {
        const auto& score = each.at("score");
        count += score.is_number() && score.to_number<double>() == mark;
    }
    return count;
}

} // namespace

BOOST_AUTO_TEST_SUITE(marking_again)

BOOST_FIXTURE_TEST_CASE(another_marking_asks_nobody_and_leaves_the_old_run_as_it_is, archive) {
    const auto first = run_to_end(first_run());
    BOOST_REQUIRE_MESSAGE(first.code == 0, first.errors);
    const auto first_path = results_path(*this, first.errors);
    const auto before = results_in(first_path);
    BOOST_TEST(marked_with(before, 1) + marked_with(before, 0) == 0u); // all unmarked
    const auto old_run = runs().front();
    const auto content = content_of(old_run);
    const auto requests = model.requests();
    const auto asked = model.asked();

    for (int time = 1; time <= 2; ++time) { // the second time there is nothing left to do
        const auto again = run_to_end(regrade({"--grader", "contains"}));
        BOOST_REQUIRE_MESSAGE(again.code == 0, again.errors);
        BOOST_TEST(runs().size() == 2u);
        const auto path = results_path(*this, again.errors);
        BOOST_TEST(path != first_path);
        const auto results = results_in(path);
        BOOST_REQUIRE(results.size() == total);
        BOOST_TEST(marked_with(results, 1) == total / 2);
        BOOST_TEST(marked_with(results, 0) == total / 2);
        for (std::size_t i = 0; i < total; ++i)
            for (const auto* kept : {"question_id", "question", "reference_answer", "model_answer",
                                     "finish_reason", "usage", "attempts", "model_time_seconds"})
                BOOST_TEST(results[i].at(kept) == before[i].at(kept), kept);
        BOOST_TEST(contains(again.output, "Overall Accuracy: 0.500 (15/30)"), again.output);
    }
    BOOST_TEST((content_of(old_run) == content));
    BOOST_TEST(results_in(first_path) == before);
    BOOST_TEST(model.requests() == requests);
    BOOST_TEST((model.asked() == asked));
}

BOOST_FIXTURE_TEST_CASE(a_model_that_marks_goes_on_after_a_kill_by_either_command, archive) {
    BOOST_REQUIRE(run_to_end(first_run()).code == 0);
    const auto old_run = runs().front();
    const auto content = content_of(old_run);
    const auto requests = model.requests();
    std::size_t made = 1;
    for (const auto way : {"hybrid", "model"}) {
        const words again{"--grader", "judge", "--grading", way};
        std::size_t marked = 0;
        {
            const auto slow = judge({"--latency", "100ms"});
            judge_is_at(slow.base_url());
            child_process killed(
                regrade(again + words{"--parallel", "2", "--save-incremental", "--ack-fd", "3"}));
            killed.acknowledged.wait_for("\n");
            killed.send(SIGKILL);
            killed.wait();
            marked = count_lines(killed.acknowledged.all());
        }
        BOOST_TEST(runs().size() == ++made);
        const auto quick = judge();
        judge_is_at(quick.base_url());
        const auto rest = run_to_end(std::string(way) == "hybrid"
                                         ? regrade(again)
                                         : proctor({"resume", "checkpoints", "--no-progress-bar"}));
        BOOST_REQUIRE_MESSAGE(rest.code == 0, rest.errors);
        BOOST_TEST(runs().size() == made);
        BOOST_TEST(marked_with(results_in(results_path(*this, rest.errors)), 1) == total);
        BOOST_TEST(marked > 0u);
        BOOST_TEST(quick.requests() <= total - marked, "a marking that was counted was made again");
        BOOST_TEST(quick.requests() > 0u);
    }
    BOOST_TEST((content_of(old_run) == content));
    BOOST_TEST(model.requests() == requests);
}

BOOST_FIXTURE_TEST_CASE(an_interruption_counts_what_the_grader_was_asked, archive) {
    BOOST_REQUIRE(run_to_end(first_run()).code == 0);
    const auto slow = judge({"--latency", "1h"});
    judge_is_at(slow.base_url());
    child_process stuck(regrade({"--grader", "judge", "--parallel", "4"}));
    while (slow.requests() < 4) BOOST_REQUIRE(!stuck.ends_within(std::chrono::milliseconds{20}));
    stuck.send(SIGTERM);
    stuck.errors.wait_for("Interrupted: no new questions; 4 in flight");
    stuck.send(SIGTERM);
    BOOST_TEST(stuck.wait().code == 143);
}

BOOST_FIXTURE_TEST_CASE(what_failed_stays_failed, faulty_archive) {
    const auto first = run_to_end(first_run({"--max-failures", "100%"}));
    BOOST_REQUIRE_MESSAGE(first.code == 3, first.errors);
    const auto requests = model.requests();
    const auto quick = judge();
    judge_is_at(quick.base_url());
    for (const words& how : {words{"--grader", "contains"}, words{"--grader", "judge"}}) {
        const auto again = run_to_end(regrade(how));
        BOOST_TEST(again.code == 3, again.errors);
        std::size_t failed = 0;
        for (const auto& each : results_in(results_path(*this, again.errors))) {
            if (each.at("skipped").as_bool())
                ++failed;
            else
                BOOST_TEST(each.at("score").is_number());
        }
        BOOST_TEST(contains(again.output, "; they have no answer to mark\n"), again.output);
        BOOST_TEST(failed > 0u);
        BOOST_TEST(failed < total);
        BOOST_TEST(failed + quick.requests() == (how[1] == "judge" ? total : failed));
    }
    BOOST_TEST(model.requests() == requests);

    // What it is merged into is a run like any other, whose resume asks for the rest.
    BOOST_TEST(contains(text_of(dir.file("checkpoints/latest/run.json")), "regraded_from"));
    const auto merged = run_to_end(proctor({"merge", "merged", "checkpoints"}));
    BOOST_REQUIRE_MESSAGE(merged.code == 0, merged.errors);
    BOOST_TEST(!contains(text_of(dir.file("merged/run.json")), "regraded_from"));
}

BOOST_FIXTURE_TEST_CASE(what_cannot_be_marked_again_is_told, archive) {
    BOOST_REQUIRE(run_to_end(first_run()).code == 0);
    const auto other_model = run_to_end(regrade({"--grader", "f1", "--model", "other"}));
    BOOST_TEST(other_model.code == 4);
    BOOST_TEST(contains(other_model.errors, "model: "), other_model.errors);
    BOOST_TEST(run_to_end(regrade({"--disable-checkpointing"})).code == 2);
    BOOST_TEST(run_to_end(proctor({"regrade", "nowhere"})).code == 4);
    BOOST_TEST(run_to_end(proctor({"regrade"})).code == 2);

    dir.write("q.jsonl", essays() + R"({"question": "One more?", "answer": "yes"})");
    const auto changed = run_to_end(regrade({"--grader", "f1"}));
    BOOST_TEST(changed.code == 4);
    BOOST_TEST(contains(changed.errors, "this is not the question file of"), changed.errors);
    BOOST_TEST(runs().size() == 1u);
}

BOOST_FIXTURE_TEST_CASE(a_run_that_somebody_works_on_is_left_alone, slow_archive) {
    child_process working(first_run({"--parallel", "1", "--save-incremental", "--ack-fd", "3"}));
    working.acknowledged.wait_for("\n");
    const auto refused = run_to_end(regrade({"--grader", "contains"}));
    BOOST_TEST(refused.code == 5, refused.errors);
    BOOST_TEST(contains(refused.errors, "is held by process " + std::to_string(working.id())),
               refused.errors);
    working.send(SIGKILL);
    working.wait();
    const auto answered = count_lines(working.acknowledged.all());
    const auto requests = model.requests();

    // Half a run is marked as far as it goes.
    const auto half = run_to_end(regrade({"--grader", "contains"}));
    BOOST_TEST(half.code == 3, half.errors);
    BOOST_TEST(results_in(results_path(*this, half.errors)).size() >= answered);
    BOOST_TEST(model.requests() == requests);

    // It has gone on since: its new answers are marked, too.
    const auto rest = run_to_end(
        first_run({"--resume-from", runs().front(), "--parallel", "30", "--fixed-parallelism"}));
    BOOST_REQUIRE_MESSAGE(rest.code == 0, rest.errors);
    const auto whole = run_to_end(regrade({"--grader", "contains"}));
    BOOST_TEST(whole.code == 0, whole.errors);
    BOOST_TEST(runs().size() == 3u);
}

BOOST_AUTO_TEST_SUITE_END()
