// Which run fits, and what its results file says.
#include "proctor/app/results_file.hpp"
#include "proctor/app/run_directory.hpp"
#include "proctor/codec/json_fields.hpp"
#include "proctor/storage/posix_file_system.hpp"

#include "support/scratch_dir.hpp"
#include "support/store_records.hpp"

#include <boost/json/parse.hpp>
#include <boost/test/unit_test.hpp>

#include <fmt/format.h>

#include <string>

namespace {

using namespace proctor;
using namespace proctor::test;

question asked(question_id number) {
    question made;
    made.number = number;
    made.text = fmt::format("What is {}?", number);
    made.reference_answer = fmt::format("{}", number);
    return made;
}

std::string result_record(question_id number, double score) {
    answer said;
    said.text = "so";
    grade mark;
    mark.score = score;
    return make_raw_record(number, result_body(asked(number), said, mark));
}

std::string failed_record(question_id number) {
    question_failure why;
    why.kind = "timed_out";
    why.message = "after 600 s";
    return make_raw_record(number, failed_body(asked(number), why), record_kind::failed);
}

struct finished_run {
    finished_run() {
        auto store = run_store::create(disk, path, make_identity(), make_options(8192, 3)).value();
        for (const auto& record : {result_record(3, 1), failed_record(1), result_record(2, 0),
                                   failed_record(4), result_record(1, 1)})
            BOOST_REQUIRE(store->append(record, 1).has_value());
        BOOST_REQUIRE(store->close().has_value());
    }

    scratch_dir directory;
    posix_file_system disk;
    std::string path = directory.file("run");
};

BOOST_AUTO_TEST_SUITE(results)

BOOST_AUTO_TEST_CASE(results_are_in_order_each_question_once_the_best_record_of_it) {
    finished_run run;
    const auto path = run.directory.file("results.json");
    boost::json::object metadata;
    metadata["model"] = "m";
    BOOST_REQUIRE(
        write_results(run.disk, run.path, path, results_format::json, results_choice::all, metadata)
            .has_value());
    const auto file = boost::json::parse(read_all(run.disk, path).value());
    BOOST_TEST(file.at("metadata").at("model").as_string() == "m");
    const auto& rows = file.at("results").as_array();
    BOOST_REQUIRE(rows.size() == 4);
    for (std::size_t i = 0; i < rows.size(); ++i)
        BOOST_TEST(rows[i].at("question_id").to_number<std::size_t>() == i + 1);
    BOOST_TEST(rows[0].at("skipped").as_bool() == false); // its failure came first
    BOOST_TEST(rows[3].at("skipped").as_bool() == true);
    BOOST_TEST(rows[3].at("error_kind").as_string() == "timed_out");
}

BOOST_AUTO_TEST_CASE(the_incorrect_ones_can_be_had_alone_as_lines) {
    finished_run run;
    const auto path = run.directory.file("wrong.jsonl");
    BOOST_REQUIRE(write_results(run.disk, run.path, path, results_format::jsonl,
                                results_choice::incorrect, {})
                      .has_value());
    const auto text = read_all(run.disk, path).value();
    BOOST_TEST(boost::json::parse(text).at("question_id").to_number<int>() == 2);
    BOOST_TEST(text.ends_with("}\n"));
}

BOOST_AUTO_TEST_CASE(a_results_file_that_cannot_be_written_leaves_no_half) {
    finished_run run;
    const auto done = write_results(run.disk, run.path, run.directory.file("none/results.json"),
                                    results_format::json, results_choice::all, {});
    BOOST_TEST(!done.has_value());
}

BOOST_AUTO_TEST_CASE(the_latest_run_that_fits_is_found_and_others_are_passed_over_with_a_reason) {
    scratch_dir directory;
    posix_file_system disk;
    const auto make = [&](const std::string& name, const std::string& model,
                          const std::string& when) {
        auto identity = make_identity();
        identity.settings["model"] = model;
        identity.created = when;
        BOOST_REQUIRE(run_store::create(disk, directory.file(name), identity, make_options(8192, 3))
                          .has_value());
    };
    make("checkpoint_a", "m", "2026-01-01T00:00:00");
    make("checkpoint_b", "m", "2026-01-02T00:00:00");
    make("checkpoint_c", "other", "2026-01-03T00:00:00");
    BOOST_REQUIRE(disk.make_directory(directory.file("checkpoint_half"))
                      .has_value()); // never got its run.json
    const auto search = find_run(disk, directory.path().string(), make_identity().settings);
    BOOST_REQUIRE(search.has_value());
    BOOST_REQUIRE(search->fitting.has_value());
    BOOST_TEST(search->fitting->directory == directory.file("checkpoint_b"));
    BOOST_REQUIRE(search->passed_over.size() == 1);
    BOOST_TEST(search->passed_over[0].find("model: the run has \"other\", you ask for \"m\"") !=
               std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_named_run_that_does_not_fit_is_refused_with_the_differences) {
    finished_run run;
    auto wanted = make_identity().settings;
    BOOST_TEST(named_run(run.disk, run.path, wanted).has_value());
    wanted["model"] = "other";
    const auto named = named_run(run.disk, run.path, wanted);
    BOOST_REQUIRE(!named.has_value());
    BOOST_TEST((named.error().code == failure_code::mismatch));
    BOOST_TEST(named.error().detail.find("model: the run has \"m\"") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(who_holds_a_run_is_told_in_words) {
    BOOST_TEST(
        describe_holder(
            R"({"host":"node7","pid":4711,"boot_id":"x","started":"2026-11-23T18:02:59.123456"})") ==
        "process 4711 on node7 since 2026-11-23T18:02:59");
    BOOST_TEST(describe_holder("") == "another process");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
