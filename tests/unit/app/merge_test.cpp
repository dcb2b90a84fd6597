// Which runs belong together, and what comes of them.
#include "proctor/app/merge_command.hpp"
#include "proctor/app/report.hpp"

#include "support/result_records.hpp"
#include "support/scratch_dir.hpp"

#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <string>

namespace {

using namespace proctor;
using namespace proctor::test;

run_identity shard(const std::string& which, char id) {
    auto identity = identity_of(6);
    identity.id.fill(id);
    identity.settings["selection"].as_object()["shard"] = which;
    return identity;
}

struct two_halves {
    two_halves() {
        make_run(disk, directory.file("odd"), shard("1/2", 'a'),
                 {result_record(1, 1), result_record(5, 0), failed_record(3)});
        make_run(disk, directory.file("even"), shard("2/2", 'b'),
                 {result_record(2, 1), result_record(4, 0), answered_record(6)});
    }

    run_view view(const std::string& name) {
        return run_view::open(disk, directory.file(name)).value();
    }

    scratch_dir directory;
    posix_file_system disk;
    std::string out = directory.file("whole");
};

BOOST_AUTO_TEST_SUITE(merging)

BOOST_FIXTURE_TEST_CASE(figures_of_a_merger_are_those_of_its_parts, two_halves) {
    const auto odd = view("odd"), even = view("even");
    const auto report = merge_into(disk, out, {&odd, &even});
    BOOST_REQUIRE(report.has_value());
    BOOST_TEST(report->records == 6u);
    BOOST_TEST(report->conflicts == 0u);

    auto expected = odd.counted();
    BOOST_REQUIRE(expected.merge(even.counted()));
    const auto whole = view("whole");
    BOOST_TEST((whole.counted().state() == expected.state()));
    BOOST_TEST(figures_json(whole.counted(), 6, {}) == figures_json(expected, 6, {}));
    for (question_id id = 1; id <= 6; ++id)
        BOOST_TEST(whole.find(id).value().value() ==
                   (id % 2 ? odd : even).find(id).value().value());
}

BOOST_FIXTURE_TEST_CASE(a_merger_is_a_run_of_its_own_and_no_shard_any_more, two_halves) {
    const auto odd = view("odd"), even = view("even");
    BOOST_REQUIRE(merge_into(disk, out, {&odd, &even}).has_value());
    const auto identity = view("whole").identity();
    BOOST_TEST((identity.id != odd.identity().id && identity.id != even.identity().id));
    BOOST_TEST(!identity.settings.at("selection").as_object().contains("shard"));
    BOOST_TEST(identity.about.at("merged_from").as_array().size() == 2u);
    auto store = run_store::open(disk, out, make_options(8192, 9), {});
    BOOST_TEST(store.has_value()); // it can be gone on with
}

BOOST_FIXTURE_TEST_CASE(a_single_shard_that_is_packed_anew_stays_a_shard, two_halves) {
    const auto odd = view("odd");
    BOOST_REQUIRE(merge_into(disk, out, {&odd}).has_value());
    BOOST_TEST(fingerprint(view("whole").identity().settings) ==
               fingerprint(odd.identity().settings));
}

BOOST_FIXTURE_TEST_CASE(runs_about_something_else_are_refused_with_every_difference, two_halves) {
    auto other = shard("2/2", 'c');
    other.settings["model"] = "other";
    other.settings["extra"] = true;
    make_run(disk, directory.file("other"), other, {});
    const auto odd = view("odd"), stranger = view("other");
    const auto report = merge_into(disk, out, {&odd, &stranger});
    BOOST_REQUIRE(!report.has_value());
    BOOST_TEST((report.error().code == failure_code::mismatch));
    const auto& detail = report.error().detail;
    BOOST_TEST(detail.find(R"(model: "m" in the first, "other" in the second)") != detail.npos);
    BOOST_TEST(detail.find("extra: nothing in the first, true in the second") != detail.npos);
    BOOST_TEST(detail.find("shard") == detail.npos);
    BOOST_TEST(!std::filesystem::exists(out));
}

BOOST_FIXTURE_TEST_CASE(a_run_is_not_merged_with_itself, two_halves) {
    const auto odd = view("odd"), again = view("odd");
    BOOST_TEST((merge_into(disk, out, {&odd, &again}).error().code == failure_code::mismatch));
}

BOOST_FIXTURE_TEST_CASE(a_question_with_two_results_is_a_conflict_and_is_listed, two_halves) {
    make_run(disk, directory.file("third"), shard("2/2", 'c'),
             {result_record(5, 1), result_record(6, 1)});
    const auto odd = view("odd"), third = view("third");
    const auto report = merge_into(disk, out, {&odd, &third});
    BOOST_REQUIRE(report.has_value());
    BOOST_TEST(report->conflicts == 1u);
    BOOST_TEST((report->first_conflicts == std::vector<question_id>{5}));
    BOOST_TEST(view("whole").counted().completed_count() == 3u);
}

BOOST_FIXTURE_TEST_CASE(a_directory_that_is_there_is_not_merged_into, two_halves) {
    const auto odd = view("odd");
    const auto report = merge_into(disk, directory.file("even"), {&odd});
    BOOST_TEST((report.error().code == failure_code::already_exists));
    BOOST_TEST(view("even").counted().completed_count() == 2u);
}

BOOST_FIXTURE_TEST_CASE(a_merger_that_fails_leaves_nothing, two_halves) {
    const auto odd = view("odd");
    for (const auto& entry : std::filesystem::directory_iterator(directory.file("odd")))
        if (entry.path().extension() == ".snap") std::filesystem::resize_file(entry.path(), 300);
    BOOST_TEST(!merge_into(disk, out, {&odd}).has_value());
    BOOST_TEST(!std::filesystem::exists(out));
    BOOST_TEST(!std::filesystem::exists(out + ".making"));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
