// Whole runs made at once, and runs put together.
#include "store_bench.hpp"

#include "proctor/codec/json_fields.hpp"
#include "proctor/codec/ledger_codec.hpp"
#include "proctor/storage/run_builder.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

using namespace proctor;
using namespace proctor::test;

namespace {

run_builder begin_run(file_system& disk, std::uint64_t segment_size = 1 << 20) {
    auto builder = run_builder::create(disk, run, make_identity(), make_options(segment_size, 5));
    require(builder);
    return std::move(*builder);
}

record_view view_of(std::string_view bytes) {
    return take_record(bytes).value();
}

void add_numbered(run_builder& builder, lsn first, lsn last) {
    for (auto number = first; number <= last; ++number) {
        const auto record = numbered(number);
        require(builder.add(view_of(record)));
    }
}

bool is_there(file_system& disk, const std::string& path) {
    return disk.list(path).has_value();
}

// A closed run of these records in a directory of its own, the last of it written at `hour`.
void make_run(file_system& disk, const std::string& directory,
              const std::vector<std::string>& records, int hour) {
    auto options = make_options(full_at(3), 1);
    options.now = [hour] { return wall_time{std::chrono::hours{hour}}; };
    auto store = run_store::create(disk, directory, make_identity(), options);
    require(store);
    for (const auto& record : records) require((*store)->append(record, 1));
    require((*store)->close());
    compact_all(**store);
}

result<merge_report> merge(file_system& disk, const std::vector<std::string>& directories) {
    std::vector<run_view> views;
    std::vector<const run_view*> runs;
    for (const auto& directory : directories) {
        auto view = run_view::open(disk, directory);
        require(view);
        views.push_back(std::move(*view));
    }
    for (const auto& view : views) runs.push_back(&view);
    auto builder = begin_run(disk, 500);
    return merge_runs(runs, builder);
}

} // namespace

BOOST_AUTO_TEST_SUITE(building_a_run)

BOOST_AUTO_TEST_CASE(lsns_are_dense_and_the_run_is_like_any_other) {
    memory_file_system disk;
    auto builder = begin_run(disk, 1000);
    add_numbered(builder, 1, 20);
    BOOST_TEST(builder.records() == 20u);
    require(builder.finish({}));
    const auto report = replay_run(disk);
    require(report);
    BOOST_TEST(report->files.covered == 20u);
    BOOST_TEST(report->files.snapshots.size() > 2u);
    BOOST_TEST(report->next_lsn == 21u);
    BOOST_TEST(report->closed);
    BOOST_TEST(report->counted.completed_count() == 20u);
    BOOST_TEST((inspected(disk) == condition::clean));
    lsn expected = 0;
    const auto view = run_view::open(disk, run);
    require(view);
    auto cursor = view->records();
    for (;;) {
        const auto entry = cursor.next();
        require(entry);
        if (!*entry) break;
        BOOST_TEST((*entry)->number == ++expected);
    }
    BOOST_TEST(expected == 20u);
    // And it can be gone on with.
    append_each(*open_run(disk), 21, 22);
    BOOST_TEST(records_of(disk) == numbered_to(22), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(an_empty_run_can_be_built) {
    memory_file_system disk;
    require(begin_run(disk).finish({}));
    BOOST_TEST(records_of(disk).empty());
    append_each(*open_run(disk), 1, 1);
}

BOOST_AUTO_TEST_CASE(nothing_has_its_name_before_it_is_finished) {
    memory_file_system disk;
    {
        auto builder = begin_run(disk, 500);
        add_numbered(builder, 1, 10);
        BOOST_TEST(!is_there(disk, run));
        BOOST_TEST(is_there(disk, run + ".making"));
        BOOST_TEST(fails_as(run_view::open(disk, run), failure_code::not_found));
    }
    BOOST_TEST(!is_there(disk, run));

    // What that attempt left goes with the next one.
    auto builder = begin_run(disk);
    BOOST_TEST(disk.list(run + ".making").value().empty());
    add_numbered(builder, 1, 2);
    require(builder.finish({}));
    BOOST_TEST(disk.list("/").value() == std::vector<std::string>{"run"},
               boost::test_tools::per_element());
    BOOST_TEST(records_of(disk) == numbered_to(2), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_machine_that_dies_leaves_the_whole_run_or_none) {
    const auto build = [](memory_file_system& disk) {
        auto builder = begin_run(disk, 500);
        add_numbered(builder, 1, 4);
        require(builder.finish({}));
    };
    memory_file_system whole;
    build(whole);
    std::size_t none = 0, all = 0;
    random_engine random(3);
    for (std::size_t call = 1; call <= whole.calls().size(); ++call) {
        memory_file_system disk;
        disk.plan({disk_fault::effect::machine_dies, call});
        try {
            build(disk);
        } catch (const machine_died&) {
        }
        for (int i = 0; i < 10; ++i) {
            auto after = disk.after_power_cut(random);
            if (!is_there(after, run)) {
                ++none;
                continue;
            }
            ++all;
            BOOST_TEST(records_of(after) == numbered_to(4), boost::test_tools::per_element());
            BOOST_TEST((inspected(after) == condition::clean));
        }
    }
    BOOST_TEST(none > 100u);
    BOOST_TEST(all > 0u);
}

BOOST_AUTO_TEST_CASE(a_name_that_is_taken_is_left_alone) {
    memory_file_system disk;
    append_each(*create_run(disk), 1, 1);
    BOOST_TEST(fails_as(run_builder::create(disk, run, make_identity(), make_options(1, 1)),
                        failure_code::already_exists));
    // Taken while the other one was being built.
    memory_file_system later;
    auto builder = begin_run(later);
    add_numbered(builder, 1, 3);
    append_each(*create_run(later), 1, 1);
    BOOST_TEST(fails_as(builder.finish({}), failure_code::already_exists));
    BOOST_TEST(records_of(later) == numbered_to(1), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_body_that_is_no_records_is_refused) {
    memory_file_system disk;
    auto builder = begin_run(disk);
    const auto record = make_raw_record(1, "no JSON");
    BOOST_TEST(fails_as(builder.add(view_of(record)), failure_code::damaged));
}

BOOST_AUTO_TEST_CASE(what_superseded_records_cost_is_kept) {
    memory_file_system disk;
    auto builder = begin_run(disk, 500);
    add_numbered(builder, 1, 6);
    require(builder.finish({{1000, 100}, 7}));
    const auto view = run_view::open(disk, run);
    require(view);
    BOOST_TEST((view->counted().total_spending() == spending{{1060, 112}, 13}));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(merging_runs)

BOOST_AUTO_TEST_CASE(shards_become_one_run_with_the_sum_of_their_figures) {
    memory_file_system disk;
    make_run(disk, "/odd",
             {make_record(0, "odd", record_kind::session), numbered(1), numbered(5), numbered(3),
              make_record(9, "", record_kind::failed)},
             1);
    make_run(disk, "/even",
             {make_record(0, "even", record_kind::session), numbered(4), numbered(2),
              make_record(8, "said", record_kind::answered),
              make_record(6, "", record_kind::failed), numbered(6)},
             2);
    const auto report = merge(disk, {"/odd", "/even"});
    require(report);
    BOOST_TEST(report->records == 8u);
    BOOST_TEST(report->conflicts == 0u);
    BOOST_TEST(report->first_conflicts.empty());
    auto expected = numbered_to(6);
    expected.insert(expected.begin(), {make_record(0, "odd", record_kind::session),
                                       make_record(0, "even", record_kind::session)});
    expected.push_back(make_record(8, "said", record_kind::answered));
    expected.push_back(make_record(9, "", record_kind::failed));
    const auto view = run_view::open(disk, run);
    require(view);
    BOOST_TEST(records_of(*view) == expected, boost::test_tools::per_element());
    BOOST_TEST(view->found().next_lsn == 11u);

    auto sum = run_view::open(disk, "/odd")->counted();
    BOOST_TEST(sum.merge(run_view::open(disk, "/even")->counted()));
    BOOST_TEST((view->counted().total_spending() == sum.total_spending()));
    std::string merged, summed;
    append_ledger(merged, view->counted());
    append_ledger(summed, sum);
    BOOST_TEST((merged == summed));
}

BOOST_AUTO_TEST_CASE(the_higher_rank_counts_in_whichever_run_it_stands) {
    memory_file_system disk;
    const auto said = make_record(1, "said", record_kind::answered);
    const auto why = make_record(2, "why", record_kind::failed);
    make_run(disk, "/a", {numbered(3), said, why, make_record(4, "", record_kind::answered)}, 1);
    make_run(disk, "/b",
             {make_record(3, "", record_kind::failed), numbered(1),
              make_record(2, "said", record_kind::answered),
              make_record(4, "", record_kind::failed)},
             2);
    for (const auto& order : {std::vector<std::string>{"/a", "/b"}, {"/b", "/a"}}) {
        auto copy = disk.after_kill();
        const auto report = merge(copy, order);
        require(report);
        BOOST_TEST(report->records == 4u);
        BOOST_TEST(report->conflicts == 0u);
        BOOST_TEST(records_of(copy) ==
                       (std::vector{numbered(1), make_record(2, "said", record_kind::answered),
                                    numbered(3), make_record(4, "", record_kind::answered)}),
                   boost::test_tools::per_element());
        const auto view = run_view::open(copy, run);
        require(view);
        BOOST_TEST(view->counted().attempts() == 8u);
        BOOST_TEST(view->counted().usage().prompt == 80u);
    }
}

BOOST_AUTO_TEST_CASE(of_two_results_the_one_of_the_later_run_counts_and_the_conflict_is_told) {
    memory_file_system disk;
    make_run(disk, "/early", {numbered(1), make_record(2, "early"), make_record(5, "early")}, 1);
    make_run(disk, "/late", {make_record(5, "late"), make_record(2, "late"), numbered(3)}, 2);
    for (const auto& order : {std::vector<std::string>{"/early", "/late"}, {"/late", "/early"}}) {
        auto copy = disk.after_kill();
        const auto report = merge(copy, order);
        require(report);
        BOOST_TEST(report->records == 4u);
        BOOST_TEST(report->conflicts == 2u);
        BOOST_TEST(report->first_conflicts == (std::vector<question_id>{2, 5}),
                   boost::test_tools::per_element());
        BOOST_TEST(records_of(copy) == (std::vector{numbered(1), make_record(2, "late"),
                                                    numbered(3), make_record(5, "late")}),
                   boost::test_tools::per_element());
        const auto view = run_view::open(copy, run);
        require(view);
        BOOST_TEST(view->counted().completed_count() == 4u);
        BOOST_TEST(view->counted().overall().marked == 4u);
        BOOST_TEST((view->counted().total_spending() == spending{{60, 12}, 6}));
    }
}

BOOST_AUTO_TEST_CASE(many_conflicts_are_counted_and_some_are_listed) {
    memory_file_system disk;
    make_run(disk, "/a", numbered_to(50), 1);
    make_run(disk, "/b", numbered_to(50), 2);
    make_run(disk, "/c", numbered_to(50), 3);
    const auto report = merge(disk, {"/b", "/c", "/a"});
    require(report);
    BOOST_TEST(report->conflicts == 50u);
    BOOST_TEST(report->first_conflicts.size() == 20u);
    BOOST_TEST(run_view::open(disk, run)->counted().attempts() == 150u);
}

BOOST_AUTO_TEST_CASE(a_run_that_still_has_a_log_is_merged_with_it) {
    memory_file_system disk;
    append_each(*create_run(disk), 4, 6);
    require(disk.rename(run, "/open"));
    make_run(disk, "/closed", numbered_to(3), 1);
    const auto report = merge(disk, {"/open", "/closed"});
    require(report);
    BOOST_TEST(records_of(disk) == numbered_to(6), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(empty_runs_make_an_empty_run) {
    memory_file_system disk;
    make_run(disk, "/a", {}, 1);
    make_run(disk, "/b", {}, 2);
    const auto report = merge(disk, {"/a", "/b"});
    require(report);
    BOOST_TEST(report->records == 0u);
    BOOST_TEST(records_of(disk).empty());
}

BOOST_AUTO_TEST_SUITE_END()
