// What runs leave behind, and how later ones deal with it.
#include "support/programs.hpp"

#include <boost/test/unit_test.hpp>

using namespace proctor::test;

namespace {

struct class_room : workplace {
    class_room() { dir.write("q.jsonl", few_questions(12)); }

    command ask_all(const words& more = {}) const { return ask(endpoint, "q.jsonl", more); }
    finished complete(const words& more = {}) const {
        return ask_to_end(endpoint, "q.jsonl", more);
    }

    simulator endpoint;
};

std::vector<std::string> last_lines(const std::string& text, std::size_t count) {
    std::istringstream in(text);
    std::vector<std::string> lines;
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    lines.erase(lines.begin(),
                lines.end() - static_cast<std::ptrdiff_t>(std::min(count, lines.size())));
    return lines;
}

} // namespace

BOOST_AUTO_TEST_SUITE(cli)

BOOST_FIXTURE_TEST_CASE(results_and_the_redacted_configuration_are_there_when_a_run_is_complete,
                        class_room) {
    const auto run = complete({"--output-dir", "out", "--output-prefix", "exam"});
    const auto path = results_path(*this, run.errors);
    BOOST_TEST(path.filename().string().starts_with("exam_m_"));
    const auto whole = json_of(path);
    BOOST_TEST(whole.at("results").as_array().size() == 12u);
    BOOST_TEST(whole.at("metadata").at("model").as_string() == "m");
    const auto& first = whole.at("results").as_array().at(0);
    for (const auto* field :
         {"question_id", "question", "reference_answer", "model_answer", "evaluation", "score",
          "format", "model_time_seconds", "evaluation_time_seconds", "skipped", "attempts", "usage",
          "finish_reason"})
        BOOST_TEST(first.as_object().contains(field), field << " is missing");

    std::string configuration;
    for (const auto& file : files())
        if (file.starts_with("out/exam_config_m_") && file.ends_with(".yaml"))
            configuration = text_of(dir.file(file));
    BOOST_TEST(contains(configuration, "output_prefix: exam"));
}

BOOST_FIXTURE_TEST_CASE(standard_output_ends_with_the_accuracies, class_room) {
    const auto lines = last_lines(complete().output, 2);
    BOOST_REQUIRE(lines.size() == 2u);
    BOOST_TEST(lines[0].starts_with("Overall Accuracy: "));
    BOOST_TEST(lines[0].ends_with("/12)"));
    BOOST_TEST(lines[1].starts_with("MC Accuracy: "));
}

BOOST_FIXTURE_TEST_CASE(figures_are_saved_apart_and_do_not_tell_of_interruptions, class_room) {
    const auto summary = [](const workplace& where) {
        for (const auto& file : where.files())
            if (file.starts_with("rag_results_summary_m_") && file.ends_with(".json"))
                return json_of(where.dir.file(file));
        return boost::json::value();
    };
    const auto lasting_figures = [](const boost::json::value& told) {
        auto figures = told.at("statistics").as_object();
        figures.erase("latency_seconds");
        return figures;
    };
    complete();
    const auto whole = summary(*this);
    BOOST_REQUIRE(whole.is_object());
    BOOST_TEST(whole.at_pointer("/statistics/completed").to_number<int>() == 12);
    BOOST_TEST(whole.at_pointer("/session/questions").to_number<int>() == 12);
    for (const auto* field : {"timestamp", "version", "model", "questions_sha256", "fingerprint"})
        BOOST_TEST(whole.as_object().contains(field), field << " is missing");
    BOOST_TEST(!whole.as_object().contains("config"));

    workplace other;
    other.dir.write("q.jsonl", few_questions(12));
    const auto interrupted =
        run_to_end(other.ask(endpoint, "q.jsonl", {"-j", "2", "--max-total-tokens", "1"}));
    BOOST_REQUIRE_MESSAGE(interrupted.code == 7, interrupted.errors);
    BOOST_TEST(summary(other).is_null()); // the run is not complete
    const auto resumed = run_to_end(other.ask(endpoint, "q.jsonl"));
    BOOST_REQUIRE_MESSAGE(resumed.code == 0, resumed.errors);
    const auto told = summary(other);
    BOOST_REQUIRE(told.is_object());
    BOOST_TEST(lasting_figures(told) == lasting_figures(whole));
    BOOST_TEST(told.at("fingerprint") == whole.at("fingerprint"));
    BOOST_TEST(told.at_pointer("/session/questions").to_number<int>() < 12);
}

BOOST_FIXTURE_TEST_CASE(the_cost_is_that_of_all_tokens_by_the_prices_that_were_named, class_room) {
    const auto run = complete({"--set", "prices.prompt=1000000", "--set", "prices.completion=2e6"});
    const auto told = json_of(results_path(*this, run.errors)).at("metadata");
    const auto tokens = [&](const char* kind) {
        return told.at("statistics").at(kind).to_number<double>();
    };
    const auto cost = tokens("prompt_tokens") + 2 * tokens("completion_tokens");
    BOOST_TEST(cost > 0);
    BOOST_TEST(told.at_pointer("/statistics/cost/amount").to_number<double>() == cost);
    BOOST_TEST(contains(run.output, "\nCost: "));
    const auto status = run_to_end(proctor({"status", "checkpoints/latest", "--json"}));
    BOOST_TEST(boost::json::parse(status.output).at_pointer("/cost/amount").to_number<double>() ==
               cost);
    BOOST_TEST(contains(run_to_end(proctor({"status", "checkpoints/latest"})).output, "cost:"));

    const auto half = run_to_end(ask_all({"--set", "prices.prompt=1"}));
    BOOST_TEST(half.code == 2);
    BOOST_TEST(contains(half.errors, "prices: prompt and completion go together"));
}

BOOST_FIXTURE_TEST_CASE(jsonl_results_have_a_line_for_each_question, class_room) {
    const auto run = complete({"--set", "output.format=jsonl"});
    const auto path = results_path(*this, run.errors);
    BOOST_TEST(path.extension() == ".jsonl");
    std::istringstream lines(text_of(path));
    int expected = 0;
    for (std::string line; std::getline(lines, line);)
        BOOST_TEST(boost::json::parse(line).at("question_id").to_number<int>() == ++expected);
    BOOST_TEST(expected == 12);
}

BOOST_FIXTURE_TEST_CASE(wrong_answers_are_saved_apart_when_asked_for, class_room) {
    const simulator half_right({"--questions", dir.file("q.jsonl"), "--accuracy", "0.5"});
    const auto run = run_to_end(ask(half_right, "q.jsonl", {"--save-incorrect"}));
    BOOST_REQUIRE_MESSAGE(run.code == 0, run.errors);
    BOOST_TEST(contains(run.output, "(6/12)"));
    std::vector<std::filesystem::path> found;
    for (const auto& file : files())
        if (contains(file, "_incorrect_")) found.push_back(dir.file(file));
    BOOST_REQUIRE(found.size() == 1u);
    const auto wrong = results_in(found.front());
    BOOST_TEST(wrong.size() == 6u);
    for (const auto& result : wrong) BOOST_TEST(result.at("score").to_number<double>() == 0);

    const auto none = complete({"--save-incorrect", "--set", "output.format=none"});
    BOOST_TEST(contains(none.errors, "output.save_incorrect writes no file"));
}

BOOST_FIXTURE_TEST_CASE(the_latest_run_and_its_status_are_linked, class_room) {
    complete();
    const auto checkpoints = dir.path() / "checkpoints";
    BOOST_TEST(std::filesystem::equivalent(checkpoints / "latest", runs().at(0)));
    const auto status = json_of(checkpoints / "latest.json");
    BOOST_TEST(status.at("completed_count").to_number<int>() == 12);
    BOOST_TEST(status.at("total").to_number<int>() == 12);
    for (const auto* field : {"timestamp", "config", "version"})
        BOOST_TEST(status.as_object().contains(field), field << " is missing");
}

BOOST_FIXTURE_TEST_CASE(a_complete_run_that_is_started_again_asks_nobody, class_room) {
    const auto first = complete();
    const auto again = complete();
    BOOST_TEST(endpoint.requests() == 12u);
    BOOST_TEST(contains(again.errors, "Loaded checkpoint: "));
    BOOST_TEST(contains(again.errors, "Previous progress: 12 questions"));
    BOOST_TEST(contains(again.errors, "Remaining: 0 questions to process"));
    BOOST_TEST(results_path(*this, again.errors) == results_path(*this, first.errors));
    BOOST_TEST(runs().size() == 1u);
}

BOOST_FIXTURE_TEST_CASE(no_auto_resume_begins_a_new_run, class_room) {
    complete();
    complete({"--no-auto-resume"});
    BOOST_TEST(endpoint.requests() == 24u);
    BOOST_TEST(runs().size() == 2u);
}

BOOST_FIXTURE_TEST_CASE(must_resume_rather_fails_than_begins_a_new_run, class_room) {
    const auto run = run_to_end(ask_all({"--must-resume"}));
    BOOST_TEST(run.code == 4);
    BOOST_TEST(endpoint.requests() == 0u);
}

BOOST_FIXTURE_TEST_CASE(a_named_run_of_something_else_is_refused_with_each_difference, class_room) {
    complete();
    dir.write("other.jsonl", few_questions(11));
    const auto run = run_to_end(proctor({"run", "other.jsonl", "--model", "another", "--base-url",
                                         endpoint.base_url(), "--resume-from", runs().at(0)}));
    BOOST_TEST(run.code == 4);
    for (const auto* part : {"model", "another", "questions", "12", "11"})
        BOOST_TEST(contains(run.errors, part), "\"" << part << "\" is not in: " << run.errors);
    BOOST_TEST(endpoint.requests() == 12u);
}

BOOST_FIXTURE_TEST_CASE(a_run_that_does_not_fit_is_passed_over_with_its_differences, class_room) {
    complete();
    const auto other = complete({"--set", "model.generator_settings.temperature=1"});
    BOOST_TEST(contains(other.errors, "Not this run: "));
    BOOST_TEST(contains(other.errors, "temperature"));
    BOOST_TEST(runs().size() == 2u);
}

BOOST_FIXTURE_TEST_CASE(of_many_runs_that_do_not_fit_the_newest_are_told, class_room) {
    const auto at_temperature = [&](int i, const words& more = {}) {
        return complete(
                   words{"--set", "model.generator_settings.temperature=0." + std::to_string(i)} +
                   more)
            .errors;
    };
    const auto told = [](const std::string& errors) {
        std::size_t count = 0;
        constexpr std::string_view words = "Not this run: ";
        for (auto at = errors.find(words); at != errors.npos; at = errors.find(words, at + 1))
            ++count;
        return count;
    };
    for (int i = 1; i <= 7; ++i) at_temperature(i);
    const auto errors = at_temperature(8);
    BOOST_TEST(told(errors) == 5u);
    BOOST_TEST(contains(errors, "temperature: the run has 0.7"), errors);
    BOOST_TEST(contains(errors, "Nor 2 older (--verbose tells what differs)"), errors);
    BOOST_TEST(told(at_temperature(9, {"--verbose"})) == 8u);
}

BOOST_FIXTURE_TEST_CASE(a_run_that_another_process_holds_is_refused, class_room) {
    const simulator slow({"--latency", "1h"});
    child_process holder(ask(slow, "q.jsonl"));
    holder.errors.wait_for("New run: ");
    const auto second = run_to_end(ask(slow, "q.jsonl"));
    BOOST_TEST(second.code == 5);
    BOOST_TEST(contains(second.errors, "held by process " + std::to_string(holder.id())));
}

BOOST_FIXTURE_TEST_CASE(without_checkpointing_nothing_but_the_results_is_left, class_room) {
    const auto run = complete({"--disable-checkpointing", "--output-dir", "out"});
    BOOST_TEST(!std::filesystem::exists(dir.file("checkpoints")));
    BOOST_TEST(results_in(results_path(*this, run.errors)).size() == 12u);
    BOOST_TEST(std::distance(std::filesystem::directory_iterator(dir.file("out")),
                             std::filesystem::directory_iterator()) ==
               3);                    // results, figures, configuration
    BOOST_TEST(files().size() == 4u); // and the questions
}

BOOST_FIXTURE_TEST_CASE(keys_and_headers_appear_nowhere, class_room) {
    const simulator strict({"--api-key", "sk-canary-key"});
    const scratch_dir elsewhere; // the header's value stands in the file itself
    const auto file = elsewhere.write("run.yaml", "model:\n"
                                                  "  generator_settings:\n"
                                                  "    api_key: ${EXAM_KEY}\n"
                                                  "    headers: {X-Tenant: canary-tenant}\n");
    const words configured{"--config", file, "--verbose", "--show-answers", "--save-incorrect"};
    const auto check = [&](const finished& run) {
        BOOST_TEST(!contains(run.output, "canary"));
        BOOST_TEST(!contains(run.errors, "canary"));
        for (const auto& left : files())
            BOOST_TEST(!contains(text_of(dir.file(left)), "canary"), "a secret is in " << left);
    };
    auto how = ask(strict, "q.jsonl", configured);
    how.environment = {{"EXAM_KEY", "sk-canary-wrong"}};
    const auto refused = run_to_end(how);
    BOOST_TEST(refused.code == 77);
    check(refused);

    how.environment["EXAM_KEY"] = "sk-canary-key";
    const auto run = run_to_end(how);
    BOOST_REQUIRE_MESSAGE(run.code == 0, run.errors);
    check(run);
}

BOOST_AUTO_TEST_SUITE_END()
