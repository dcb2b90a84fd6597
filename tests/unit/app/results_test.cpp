// Which run fits, and what its results file says.
#include "proctor/app/export_command.hpp"
#include "proctor/app/results_csv.hpp"
#include "proctor/app/results_file.hpp"
#include "proctor/app/run_directory.hpp"
#include "proctor/storage/posix_file_system.hpp"

#include "support/result_records.hpp"
#include "support/scratch_dir.hpp"
#include "support/source_dir.hpp"

#include <boost/json/parse.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <filesystem>
#include <string>

namespace {

using namespace proctor;
using namespace proctor::test;

struct finished_run {
    finished_run() {
        make_run(disk, path, make_identity(),
                 {result_record(3, 1), failed_record(1), result_record(2, 0), failed_record(4),
                  answered_record(5), result_record(1, 1, "a \"b\",\nc")});
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

std::string exported(const finished_run& run, results_format format,
                     results_choice choice = results_choice::all) {
    posix_file_system disk;
    const auto view = run_view::open(disk, run.path).value();
    std::string text;
    const auto done = write_results(
        view,
        [&](std::string_view piece) {
            text += piece;
            return result<>();
        },
        format, choice, frame_of(disk, view));
    BOOST_REQUIRE(done.has_value());
    return text;
}

BOOST_AUTO_TEST_CASE(what_is_streamed_is_what_a_file_gets) {
    finished_run run;
    const auto path = run.directory.file("results.jsonl");
    BOOST_REQUIRE(
        write_results(run.disk, run.path, path, results_format::jsonl, results_choice::all, {})
            .has_value());
    BOOST_TEST(exported(run, results_format::jsonl) == read_all(run.disk, path).value());
}

BOOST_AUTO_TEST_CASE(csv_has_a_header_and_quotes_what_would_break_a_line) {
    finished_run run;
    const auto text = exported(run, results_format::csv);
    BOOST_TEST(text.starts_with("question_id,format,category,score,"));
    BOOST_TEST(text.find("\n1,qa,,1.0,,,1,\"a \"\"b\"\",\nc\",What is 1?,,,1,10,3,0.0,stop\n") !=
               std::string::npos);
    BOOST_TEST(text.find("\n4,qa,,,,,4,,What is 4?,after 600 s,timed_out,0,,,,\n") !=
               std::string::npos);
}

BOOST_AUTO_TEST_CASE(every_line_of_csv_has_all_columns) {
    std::string line;
    BOOST_REQUIRE(append_csv_line(line, "{}", {}).has_value());
    const auto commas = [](const std::string& text) {
        return std::count(text.begin(), text.end(), ',');
    };
    BOOST_TEST(commas(line) == commas(csv_header({})));
    BOOST_TEST(!append_csv_line(line, "not JSON", {}).has_value());
}

BOOST_AUTO_TEST_CASE(csv_has_a_column_for_what_was_kept_and_for_what_only_some_runs_have) {
    const csv_layout layout{true, true, {"source", "a/b, c", "tags"}};
    const auto header = csv_header(layout);
    BOOST_TEST(header.starts_with("question_id,repeat,format,"));
    BOOST_TEST(header.find(",choice_order,") != std::string::npos);
    BOOST_TEST(header.ends_with(",finish_reason,source,\"a/b, c\",tags\n"));
    BOOST_TEST(csv_header({}).find("choice_order") == std::string::npos);
    std::string line;
    BOOST_REQUIRE(append_csv_line(line,
                                  R"({"question_id": 1, "repeat": 2, "choice_order": "BA",)"
                                  R"("a/b, c": 7, "tags": ["x"]})",
                                  layout)
                      .has_value());
    BOOST_TEST(line == "1,2,,,,,,BA,,,,,,,,,,,,7,\"[\"\"x\"\"]\"\n");
}

BOOST_AUTO_TEST_CASE(a_checkpoint_has_the_layout_of_the_original_and_completed_results_alone) {
    finished_run run;
    const auto file = boost::json::parse(exported(run, results_format::checkpoint));
    BOOST_TEST(file.at("version").as_string() == "2.0");
    BOOST_TEST(file.at("timestamp").as_string().size() == 26u);
    BOOST_TEST(file.at("completed_count").to_number<int>() == 3);
    BOOST_TEST((file.at("completed_indices") == boost::json::value{1, 2, 3}));
    const auto& results = file.at("results").as_array();
    BOOST_REQUIRE(results.size() == 3u);
    for (std::size_t i = 0; i < results.size(); ++i)
        BOOST_TEST(results[i].at("question_id").to_number<std::size_t>() == i + 1);
    BOOST_TEST(file.at("metadata").is_object());
    BOOST_TEST(file.at_pointer("/config/model/generator_settings/model").as_string() == "m");
}

BOOST_AUTO_TEST_CASE(metadata_of_an_export_is_told_by_the_run_itself) {
    finished_run run;
    const auto file = boost::json::parse(exported(run, results_format::json));
    const auto& about = file.at("metadata");
    BOOST_TEST(about.at("model").as_string() == "m");
    BOOST_TEST(about.at("questions_file").as_string() == "q.jsonl");
    BOOST_TEST(about.at_pointer("/statistics/completed").to_number<int>() == 3);
    BOOST_TEST(about.at_pointer("/statistics/failed").to_number<int>() == 1);
    BOOST_TEST(file.at("results").as_array().size() == 4u); // an answer without a mark is none yet
}

BOOST_AUTO_TEST_CASE(a_file_that_could_not_be_replaced_leaves_nothing_beside_it) {
    finished_run run;
    const auto path = run.directory.file("taken");
    BOOST_REQUIRE(run.disk.make_directory(path).has_value());
    BOOST_TEST(
        !write_results(run.disk, run.path, path, results_format::json, results_choice::all, {})
             .has_value());
    std::size_t entries = 0;
    for ([[maybe_unused]] const auto& entry :
         std::filesystem::directory_iterator(run.directory.path()))
        ++entries;
    BOOST_TEST(entries == 2u); // the run, and what took the name
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

// Footers of version 1 do not tell of answers: the records are read.
BOOST_AUTO_TEST_CASE(figures_of_an_old_run_are_those_of_a_new_one) {
    posix_file_system disk;
    const auto statistics = [&](const std::string& version) {
        const auto path = source_dir() / "tests" / "golden" / version / "compacted";
        const auto run = run_view::open(disk, path.string()).value();
        BOOST_TEST(run.counted().knows_all_answers() == (version == "v2"));
        return frame_of(disk, run).metadata.at("statistics");
    };
    const auto told = statistics("v1");
    BOOST_TEST(told == statistics("v2"));
    BOOST_TEST(told.at_pointer("/choices/positions/1/chosen") == 5);
    BOOST_TEST(told.at_pointer("/answer_characters/count") == 9);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
