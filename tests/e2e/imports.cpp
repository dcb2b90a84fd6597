// Runs that begin with what is known already: a JSON checkpoint of the original system, and a run
// as it was at one of its snapshots.
#include "support/programs.hpp"

#include <boost/json/serialize.hpp>
#include <boost/test/unit_test.hpp>

#include <set>

using namespace proctor::test;

namespace {

namespace json = boost::json;

struct class_room : workplace {
    class_room() { dir.write("q.jsonl", few_questions(10)); }

    finished import(const std::string& from, const words& more = {}) const {
        return run_to_end(ask(endpoint, "q.jsonl", words{"--resume-from", from} + more));
    }

    simulator endpoint;
};

std::string question_text(unsigned i) {
    return "What is " + std::to_string(i) + " plus one?";
}

json::object entry(unsigned number, const std::string& question, const std::string& answer,
                   double score) {
    return {{"question_id", number},
            {"question", question},
            {"reference_answer", "B"},
            {"model_answer", answer},
            {"score", score},
            {"evaluation", {{"score", score}, {"reasoning", "as the original marked it"}}},
            {"model_time_seconds", 1.5}};
}

// In the layout of the original: numbered by its sample, with an error in an answer's place.
std::string checkpoint_of_the_original(const std::string& model) {
    auto skipped = entry(6, question_text(6), "B", 0);
    skipped["skipped"] = true;
    const json::object checkpoint{
        {"timestamp", "2024-12-15T15:45:30.123456"},
        {"completed_count", 6},
        {"completed_indices", {1, 2, 3, 4, 5, 6}},
        {"results",
         {entry(1, question_text(3), "B", 1), entry(2, question_text(7), "A", 0),
          entry(3, question_text(4), "Error: connection refused", 0),
          entry(4, question_text(5), "", 0), entry(5, "Of another set?", "B", 1), skipped}},
        {"metadata", json::object{}},
        {"config", {{"model", {{"generator_settings", {{"model", model}}}}}}},
        {"version", "2.0"}};
    return json::serialize(checkpoint);
}

std::string first_snapshot(const workplace& where) {
    for (const auto& file : where.files())
        if (contains(file, "/snapshot-00000000000000000001-")) return file;
    throw std::runtime_error("there is no snapshot");
}

} // namespace

BOOST_AUTO_TEST_SUITE(imports)

BOOST_FIXTURE_TEST_CASE(a_checkpoint_of_the_original_is_gone_on_with_and_its_errors_are_asked_again,
                        class_room) {
    dir.write("old.json", checkpoint_of_the_original("m"));
    const auto run = import("old.json");
    BOOST_REQUIRE_MESSAGE(run.code == 0, run.errors);
    BOOST_TEST(contains(run.errors, "Imported 2 results from old.json"));
    BOOST_TEST(contains(run.errors, "3 of its entries have no answer and are asked again"));
    BOOST_TEST(contains(run.errors, "1 of its results are of questions that are not put here"));
    BOOST_TEST(endpoint.requests() == 8u);
    const auto results = results_in(results_path(*this, run.errors));
    BOOST_REQUIRE(results.size() == 10u);
    BOOST_TEST(results[2].at("model_answer").as_string() == "B");
    BOOST_TEST(results[2].at("evaluation").at("reasoning").as_string() ==
               "as the original marked it");
    BOOST_TEST(results[6].at("score").to_number<double>() == 0);
    BOOST_TEST(results[6].at("model_time_seconds").to_number<double>() == 1.5);
}

BOOST_FIXTURE_TEST_CASE(the_same_command_goes_on_with_the_run_that_an_import_made, class_room) {
    dir.write("old.json", checkpoint_of_the_original("m"));
    BOOST_TEST(import("old.json").code == 0);
    const auto again = import("old.json");
    BOOST_TEST(again.code == 0, again.errors);
    BOOST_TEST(!contains(again.errors, "Imported"));
    BOOST_TEST(runs().size() == 1u);
    BOOST_TEST(endpoint.requests() == 8u);
}

BOOST_FIXTURE_TEST_CASE(what_cannot_be_imported_is_refused_and_leaves_no_run, class_room) {
    dir.write("other.json", checkpoint_of_the_original("another-model"));
    const auto other = import("other.json");
    BOOST_TEST(other.code == 4);
    BOOST_TEST(contains(other.errors, "another-model"), other.errors);
    dir.write("no.json", "{\"version\": \"1.0\"}");
    const auto strange = import("no.json");
    BOOST_TEST(strange.code == 4);
    BOOST_TEST(contains(strange.errors, "version"), strange.errors);
    dir.write("broken.json", "{\"version\": ");
    BOOST_TEST(import("broken.json").code == 4);
    BOOST_TEST(import("absent.json").code == 4);
    BOOST_TEST(runs().empty());
    BOOST_TEST(endpoint.requests() == 0u);
}

BOOST_FIXTURE_TEST_CASE(a_snapshot_brings_back_what_was_done_by_then_as_a_new_run, class_room) {
    // In two sessions: however the disk gathers them, the first snapshot has none of the second.
    dir.write("q.jsonl", few_questions(400));
    const auto begun =
        run_to_end(ask(endpoint, "q.jsonl", {"--parallel", "4", "--max-total-tokens", "2000"}));
    BOOST_REQUIRE_MESSAGE(begun.code == 7, begun.errors);
    ask_to_end(endpoint, "q.jsonl", {"--max-total-tokens", "1000000"});
    const auto snapshot = first_snapshot(*this);
    const auto before = endpoint.requests();
    const auto back = import(snapshot);
    BOOST_TEST(back.code == 0, back.errors);
    BOOST_TEST(contains(back.errors, "Back to " + snapshot), back.errors);
    BOOST_TEST(runs().size() == 2u);
    const auto asked_again = endpoint.requests() - before;
    BOOST_TEST(asked_again > 0u);
    BOOST_TEST(asked_again < 400u);
    BOOST_TEST(results_in(results_path(*this, back.errors)).size() == 400u);
    BOOST_TEST(import(snapshot).code == 0); // the run that it made, which is complete
    BOOST_TEST(runs().size() == 2u);
    BOOST_TEST(endpoint.requests() == before + asked_again);
}

BOOST_AUTO_TEST_SUITE_END()
