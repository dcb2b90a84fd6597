// A run in shares, on machines of their own: together they put each question once, and merged they
// are what one run would have been.
#include "support/programs.hpp"

#include <boost/test/unit_test.hpp>

#include <set>

using namespace proctor::test;

namespace {

constexpr unsigned questions = 50;

struct shared_exam : workplace {
    shared_exam()
        : endpoint({"--questions", dir.write("q.jsonl", few_questions(questions)), "--accuracy",
                    "0.6"}) {}

    finished put(const std::string& part, const words& more = {}) const {
        return ask_to_end(endpoint, "q.jsonl", words{"--shard", part} + more);
    }

    simulator endpoint;
};

std::map<std::string, std::string> of_an_array(const std::string& task) {
    return {{"SLURM_ARRAY_TASK_ID", task},
            {"SLURM_ARRAY_TASK_MIN", "0"},
            {"SLURM_ARRAY_TASK_MAX", "2"},
            {"SLURM_ARRAY_TASK_COUNT", "3"},
            {"SLURM_ARRAY_TASK_STEP", "1"}};
}

} // namespace

BOOST_AUTO_TEST_SUITE(shards)

BOOST_FIXTURE_TEST_CASE(together_they_are_one_run, shared_exam) {
    // The first one is killed on its way.
    child_process killed(
        ask(endpoint, "q.jsonl",
            {"--shard", "1/3", "--parallel", "1", "--save-incremental", "--ack-fd", "3"}));
    killed.acknowledged.wait_for("\n4\n");
    killed.send(SIGKILL);
    killed.wait();
    // In flight, or answered and not durable yet.
    const auto cut_off = endpoint.requests() - count_lines(killed.acknowledged.all());
    for (const auto* part : {"2/3", "1/3", "3/3"}) {
        const auto run = put(part);
        BOOST_TEST(!contains(run.errors, "Not this run"), run.errors);
    }
    const auto parts = runs();
    BOOST_REQUIRE(parts.size() == 3u);
    for (const auto* name : {"_1-of-3", "_2-of-3", "_3-of-3"})
        BOOST_TEST(std::count_if(parts.begin(), parts.end(),
                                 [&](const std::string& run) { return run.ends_with(name); }) == 1);
    const auto asked = endpoint.requests();
    BOOST_TEST(asked <= questions + cut_off);

    // Merged, nothing is left to ask: neither by a resume nor by the command without a shard.
    result_of(words{"merge", "checkpoints/whole"} + parts);
    const auto resumed = say({"resume", "checkpoints/whole", "--no-progress-bar"});
    BOOST_TEST(resumed.code == 0, resumed.errors);
    const auto again = ask_to_end(endpoint, "q.jsonl", {"--resume-from", "checkpoints/whole"});
    BOOST_TEST(contains(again.errors, "Resuming from checkpoint with 50 completed questions"),
               again.errors);
    BOOST_TEST(endpoint.requests() == asked);

    const auto merged = results_in(results_path(*this, again.errors));
    const auto alone = results_in(
        results_path(*this, ask_to_end(endpoint, "q.jsonl", {"--no-auto-resume"}).errors));
    BOOST_REQUIRE(merged.size() == questions);
    for (std::size_t i = 0; i < merged.size(); ++i)
        BOOST_TEST(lasting_part(merged[i]) == lasting_part(alone[i]));
}

BOOST_FIXTURE_TEST_CASE(tasks_of_an_array_job_know_their_share, shared_exam) {
    std::set<std::int64_t> all;
    for (const auto* task : {"0", "1", "2"}) {
        auto job = ask(endpoint, "q.jsonl", {"--shard", "auto"});
        job.environment = of_an_array(task);
        const auto run = run_to_end(job);
        BOOST_REQUIRE_MESSAGE(run.code == 0, run.errors);
        for (const auto& result : results_in(results_path(*this, run.errors)))
            BOOST_TEST(all.insert(result.at("question_id").as_int64()).second);
    }
    BOOST_TEST(all.size() == questions);
    // A resume is of the same shard, wherever it is started.
    const auto status = boost::json::parse(result_of({"status", runs().back(), "--json"}));
    BOOST_TEST(status.at("total") == 16);
    BOOST_TEST(say({"resume", runs().back(), "--no-progress-bar"}).code == 0);
    BOOST_TEST(endpoint.requests() == questions);

    const auto nowhere = run_to_end(ask(endpoint, "q.jsonl", {"--shard", "auto"}));
    BOOST_TEST(nowhere.code == 2);
    BOOST_TEST(contains(nowhere.errors, "no task of an array job"), nowhere.errors);
}

BOOST_FIXTURE_TEST_CASE(shares_that_cannot_be_are_refused, shared_exam) {
    for (const auto* part : {"0/3", "4/3", "3", "first"}) {
        const auto run = run_to_end(ask(endpoint, "q.jsonl", {"--shard", part}));
        BOOST_TEST(run.code == 2);
        BOOST_TEST(contains(run.errors, "expected K/N, K from 1 to N, such as 3/8, or auto"),
                   run.errors);
    }
    for (const auto& drawn : {words{"--random", "9"}, words{"--shuffle-choices"}}) {
        const auto run = run_to_end(ask(endpoint, "q.jsonl", words{"--shard", "1/2"} + drawn));
        BOOST_TEST(run.code == 2);
        BOOST_TEST(contains(run.errors, "say --seed S, the same for all"), run.errors);
    }
    const auto empty = run_to_end(ask(endpoint, "q.jsonl", {"--shard", "51/51"}));
    BOOST_TEST(empty.code == 2);
    BOOST_TEST(contains(empty.errors, "51/51 has no question: there are only 50"), empty.errors);
    BOOST_TEST(!std::filesystem::exists(dir.file("checkpoints")));
    BOOST_TEST(endpoint.requests() == 0u);
}

BOOST_FIXTURE_TEST_CASE(a_share_is_the_same_however_it_is_written_and_another_n_is_told,
                        shared_exam) {
    put("02/10");
    const auto again = put("2/10");
    BOOST_TEST(contains(again.errors, "Resuming from checkpoint with 5 completed questions"),
               again.errors);
    BOOST_TEST(runs().size() == 1u);
    const auto other = put("2/5");
    BOOST_TEST(contains(other.errors, R"(selection.shard: the run has "2/10", you ask for "2/5")"),
               other.errors);
    BOOST_TEST(
        contains(result_of({"merge", "packed", runs().front()}), "It is still shard 2/10 alone"));
}

BOOST_FIXTURE_TEST_CASE(what_is_merged_of_some_shares_goes_on_with_the_others, shared_exam) {
    put("1/3");
    put("3/3");
    result_of(words{"merge", "checkpoints/some"} + runs());
    const auto status = boost::json::parse(result_of({"status", "checkpoints/some", "--json"}));
    BOOST_TEST(status.at("total") == questions);
    BOOST_TEST(status.at("completed_count") == 33);
    const auto rest = say({"resume", "checkpoints/some", "--no-progress-bar"});
    BOOST_TEST(rest.code == 0, rest.errors);
    BOOST_TEST(endpoint.requests() == questions);
    for (const auto& [question, times] : endpoint.asked()) BOOST_TEST(times == 1u, question);
}

BOOST_FIXTURE_TEST_CASE(a_regraded_share_stays_one, shared_exam) {
    put("2/3");
    const auto again = say({"regrade", runs().front(), "--no-progress-bar", "--grader", "f1"});
    BOOST_TEST(again.code == 0, again.errors);
    BOOST_REQUIRE(runs().size() == 2u);
    for (const auto& run : runs()) {
        const auto status = boost::json::parse(result_of({"status", run, "--json"}));
        BOOST_TEST(status.at("total") == 17);
        BOOST_TEST(status.at("completed_count") == 17);
        BOOST_TEST(json_of(run + "/run.json").at("settings").at("selection").at("shard") == "2/3");
    }
    BOOST_TEST(endpoint.requests() == 17u);
}

BOOST_FIXTURE_TEST_CASE(a_configuration_for_array_jobs_can_be_looked_at_anywhere, shared_exam) {
    const auto shown =
        say({"config", "--set", "processing.shard=auto", "--set", "processing.limit=7"});
    BOOST_TEST(shown.code == 2);
    BOOST_TEST(contains(shown.output, "limit: 7"), shown.output);
    BOOST_TEST(contains(shown.errors, "no task of an array job"), shown.errors);
}

BOOST_FIXTURE_TEST_CASE(a_checkpoint_of_all_is_gone_on_with_in_shares, shared_exam) {
    ask_to_end(endpoint, "q.jsonl", {"--limit", "2"});
    result_of({"export", "checkpoints", "--format", "checkpoint", "-o", "all.json"});
    const auto asked = endpoint.requests();
    for (const auto* part : {"1/3", "2/3", "3/3"}) put(part, {"--resume-from", "all.json"});
    BOOST_TEST(endpoint.requests() == asked + questions - 2);
}

// The same set, asked with its choices and without.
BOOST_FIXTURE_TEST_CASE(another_format_is_another_run, shared_exam) {
    ask_to_end(endpoint, "q.jsonl");
    const words as_text{"--question-format", "qa", "--limit", "5"};
    const auto run = ask_to_end(endpoint, "q.jsonl", as_text);
    BOOST_TEST(contains(run.output, "QA Accuracy:"), run.output);
    const auto results = results_in(results_path(*this, run.errors));
    BOOST_REQUIRE(results.size() == 5u);
    BOOST_TEST(results[2].at("reference_answer") == "4"); // of "What is 3 plus one?"
    BOOST_TEST(results[2].at("format") == "qa");
    BOOST_TEST(runs().size() == 2u);
}

BOOST_AUTO_TEST_SUITE_END()
