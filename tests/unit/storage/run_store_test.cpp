// The writer: what it seals and hands out, what it does when the disk says no, and whom it yields
// a run to.
#include "store_bench.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

using namespace proctor;
using namespace proctor::test;
using namespace std::chrono_literals;

namespace {

const std::string lock_path = join_path(run, lock_file);

// A run whose clock a test may turn.
struct timed_run {
    explicit timed_run(std::function<void(std::chrono::microseconds)> fence_wait = {}) {
        options.now = [this] { return now; };
        options.fence_wait = std::move(fence_wait);
    }

    std::unique_ptr<run_store> create() {
        auto created = run_store::create(disk, run, make_identity(), options);
        require(created);
        return std::move(*created);
    }

    wall_time now{1h};
    memory_file_system disk;
    store_options options = make_options(1 << 20, 1);
};

void write_lock(file_system& disk, std::string_view text) {
    auto lock = disk.lock(lock_path, locking::none);
    require(lock);
    require((*lock)->write_at(0, text));
}

// A snapshot of LSN 1 to 3 with one record of question 1, and whatever footer.
memory_file_system run_with_snapshot_of(const std::string& body, const ledger& counted) {
    auto disk = crashed_run(3);
    open_run(disk);
    snapshot_header header;
    header.run = make_identity().id;
    header.last_lsn = 3;
    header.epoch = 2;
    require(disk.remove(snapshot(1, 3, 2)));
    auto writer = snapshot_writer::create(disk, run, header);
    require(writer);
    require(writer->add(1, {record_kind::result, 0, 1, body, {}}));
    require(writer->finish(counted));
    require(disk.rename(writer->temporary_path(), snapshot(1, 3, 2)));
    return disk;
}

} // namespace

BOOST_AUTO_TEST_SUITE(compacting_a_run)

BOOST_AUTO_TEST_CASE(full_segments_become_snapshots_one_after_the_other) {
    memory_file_system disk;
    auto store = create_run(disk, full_at(3));
    append_each(*store, 1, 6);
    BOOST_TEST(store->sealed_bytes() == 2 * 3 * page_size);
    BOOST_TEST(log_files(disk) == (std::vector{segment(1), segment(3), segment(5)}),
               boost::test_tools::per_element());
    BOOST_TEST(store->compact().value());
    BOOST_TEST(log_files(disk) == (std::vector{snapshot(1, 2), segment(3), segment(5)}),
               boost::test_tools::per_element());
    BOOST_TEST(store->compact().value());
    BOOST_TEST(!store->compact().value());
    BOOST_TEST(store->sealed_bytes() == 0u);
    BOOST_TEST(log_files(disk) == (std::vector{snapshot(1, 2), snapshot(3, 4), segment(5)}),
               boost::test_tools::per_element());
    BOOST_TEST((inspected(disk) == condition::clean));
    BOOST_TEST(records_of(disk) == numbered_to(6), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_closed_run_is_snapshots_and_one_small_segment) {
    memory_file_system disk;
    auto store = create_run(disk, full_at(3));
    append_each(*store, 1, 3);
    require(store->close());
    compact_all(*store);
    store.reset();
    BOOST_TEST(log_files(disk) == (std::vector{snapshot(1, 2), snapshot(3, 3), segment(4)}),
               boost::test_tools::per_element());
    BOOST_TEST(disk.contents(segment(4)).size() == 2 * page_size);
    const auto report = replay_run(disk);
    require(report);
    BOOST_TEST(report->closed);
    BOOST_TEST(report->records == 0u);
    BOOST_TEST(report->next_lsn == 4u);
    BOOST_TEST(report->counted.completed_count() == 3u);
}

BOOST_AUTO_TEST_CASE(a_job_is_handed_out_once_until_it_has_an_end) {
    memory_file_system disk;
    auto store = create_run(disk, full_at(3));
    append_each(*store, 1, 6);
    const auto first = store->next_compaction();
    BOOST_TEST_REQUIRE(first.has_value());
    BOOST_TEST((first->segment == segment_key{1, 1}));
    BOOST_TEST(first->header.first_lsn == 1u);
    BOOST_TEST(first->header.last_lsn == 2u);
    BOOST_TEST(first->bytes == 3 * page_size);
    BOOST_TEST(!store->next_compaction().has_value());

    // Meanwhile the log goes on, and nothing of the job shows.
    const auto built = build_snapshot(disk, *first);
    require(built);
    append_each(*store, 7, 7);
    BOOST_TEST(log_files(disk).front() == segment(1));
    BOOST_TEST(records_of(disk) == numbered_to(7), boost::test_tools::per_element());

    require(store->adopt(*first, *built));
    BOOST_TEST(log_files(disk).front() == snapshot(1, 2));
    const auto second = store->next_compaction();
    BOOST_TEST_REQUIRE(second.has_value());
    BOOST_TEST((second->segment == segment_key{3, 1}));
}

BOOST_AUTO_TEST_CASE(an_abandoned_job_is_handed_out_again_and_leaves_nothing) {
    memory_file_system disk;
    auto store = create_run(disk, full_at(3));
    append_each(*store, 1, 3);
    const auto names = disk.list(run).value();
    const auto job = store->next_compaction();
    BOOST_TEST_REQUIRE(job.has_value());
    require(build_snapshot(disk, *job));
    BOOST_TEST(disk.list(run).value().size() == names.size() + 1);
    store->abandon(*job);
    BOOST_TEST(disk.list(run).value() == names, boost::test_tools::per_element());
    const auto again = store->next_compaction();
    BOOST_TEST_REQUIRE(again.has_value());
    BOOST_TEST((again->segment == job->segment));
    store->abandon(*again);
    compact_all(*store);
    BOOST_TEST(records_of(disk) == numbered_to(3), boost::test_tools::per_element());
}

// Ten million results of 20 KB, as a simulation of the rule.
BOOST_AUTO_TEST_CASE(snapshots_of_a_large_run_stay_below_two_thousand) {
    constexpr std::uint64_t all = 10'000'000ull * 20'000;
    std::uint64_t written = 0, snapshots = 0;
    while (written < all) {
        const auto limit = segment_limit(store_options().segment_size, snapshots++);
        BOOST_TEST_REQUIRE(limit <= std::uint64_t{1} << 30);
        written += limit;
    }
    BOOST_TEST(snapshots <= 1800u);
    BOOST_TEST(segment_limit(std::uint64_t{16} << 20, 0) == std::uint64_t{16} << 20);
    BOOST_TEST(segment_limit(std::uint64_t{16} << 20, 512) == std::uint64_t{16} << 20);
    BOOST_TEST(segment_limit(std::uint64_t{16} << 20, 576) == std::uint64_t{32} << 20);
    BOOST_TEST(segment_limit(std::uint64_t{16} << 20, 1024) == std::uint64_t{144} << 20);
}

BOOST_AUTO_TEST_CASE(bodies_are_found_in_snapshots_by_rank_and_then_by_age) {
    memory_file_system disk;
    auto store = create_run(disk, full_at(2));
    const auto said = [](const char* what) { return make_record(1, what, record_kind::answered); };
    for (const auto& record : {said("first"), make_record(1, "why", record_kind::failed),
                               said("second"), make_record(2, "", record_kind::failed)})
        require(store->append(record, 1));
    compact_all(*store);
    const auto body_of = [&](question_id id) {
        auto body = store->read_body(id);
        require(body);
        return *body;
    };
    BOOST_TEST_REQUIRE(body_of(1).has_value());
    BOOST_TEST(*body_of(1) == make_body(1, "second", record_kind::answered));
    BOOST_TEST(!body_of(2).has_value());
    BOOST_TEST(!body_of(3).has_value());
    for (const auto& record :
         {make_record(1, "marked"), said("third"), make_record(1, "again"), numbered(9)})
        require(store->append(record, 1));
    compact_all(*store);
    BOOST_TEST(*body_of(1) == make_body(1, "marked"));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(a_disk_that_says_no)

// At every call of an append that also seals. A name that may not be durable cannot be made good
// (the failed sync of a directory); everything else can.
BOOST_AUTO_TEST_CASE(an_append_for_which_there_was_no_room_succeeds_later) {
    std::size_t refusals = 0, mended = 0;
    for (std::size_t call = 1;; ++call) {
        memory_file_system disk;
        auto store = create_run(disk, full_at(2));
        append_each(*store, 1, 1);
        require(store->append(numbered(2), 1));
        const auto before = disk.calls().size();
        disk.plan({disk_fault::effect::fails_once, before + call, failure_code::disk_full, 100});
        const auto batch = numbered(3) + numbered(4);
        auto done = store->append(batch, 2);
        if (disk.calls().size() < before + call) break;
        const auto failed = disk.calls()[before + call - 1];
        if (failed == disk_call::sync_directory) {
            BOOST_TEST(fails_as(done, failure_code::io_error));
            BOOST_TEST(fails_as(store->append(batch, 2), failure_code::io_error));
            continue;
        }
        if (!done) {
            ++refusals;
            BOOST_TEST(fails_as(done, failure_code::disk_full), "call " << call);
            BOOST_TEST(store->written() == 2u);
            require(store->append(batch, 2));
        } else {
            ++mended; // a sync: its records are in a new segment
        }
        require(store->close());
        BOOST_TEST(disk.misuse().empty());
        BOOST_TEST(store->durable() == 4u);
        BOOST_TEST(records_of(disk) == numbered_to(4), boost::test_tools::per_element());
        store.reset();
        random_engine random(call);
        auto after = disk.after_power_cut(random);
        BOOST_TEST(records_of(after) == numbered_to(4), boost::test_tools::per_element());
    }
    BOOST_TEST(refusals >= 4u); // the records, the next segment's file, header, sync and name
    BOOST_TEST(mended == 1u);
}

BOOST_AUTO_TEST_CASE(room_is_made_for_small_batches_where_the_disk_has_it) {
    memory_file_system disk;
    auto options = make_options(1 << 20, 1);
    options.room_ahead = 3 * page_size;
    auto created = run_store::create(disk, run, make_identity(), options);
    require(created);
    auto& store = **created;
    const auto pages = [&] { return disk.contents(segment(1)).size() / page_size; };
    append_each(store, 1, 1);
    BOOST_TEST(pages() == 5u); // its header, a frame, room
    append_each(store, 2, 4);
    BOOST_TEST(pages() == 5u);
    fail_call(disk, failure_code::disk_full);
    append_each(store, 5, 5); // without room
    BOOST_TEST(pages() == 6u);
    const auto large = make_record(6, std::string(5 * page_size, 'x'));
    require(store.append(large, 1));
    BOOST_TEST(pages() == 12u);
    fail_call(disk, failure_code::io_error);
    BOOST_TEST(fails_as(store.append(numbered(7), 1), failure_code::io_error));
    created->reset();
    BOOST_TEST(records_of(disk).size() == 6u);
}

BOOST_AUTO_TEST_CASE(a_disk_that_stays_full_refuses_until_there_is_room) {
    memory_file_system disk;
    auto store = create_run(disk);
    append_each(*store, 1, 1);
    fail_call(disk, failure_code::disk_full, 0, disk_fault::effect::fails_for_good);
    for (int i = 0; i < 5; ++i)
        BOOST_TEST(fails_as(store->append(numbered(2), 1), failure_code::disk_full));
    disk.plan({});
    append_each(*store, 2, 3);
    BOOST_TEST(records_of(disk) == numbered_to(3), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_note_for_which_there_is_no_room_is_left_out) {
    memory_file_system disk;
    auto store = create_run(disk);
    append_each(*store, 1, 1);
    disk.plan(
        {disk_fault::effect::fails_once, disk.calls().size() + 1, failure_code::disk_full, 9});
    const auto noted = store->note();
    BOOST_TEST_REQUIRE(!noted.has_value());
    BOOST_TEST((noted.error().code == failure_code::disk_full));
    append_each(*store, 2, 2);
    require(store->close());
    BOOST_TEST(records_of(disk) == numbered_to(2), boost::test_tools::per_element());
    BOOST_TEST((inspected(disk) == condition::clean));
}

BOOST_AUTO_TEST_CASE(a_write_that_fails_otherwise_ends_the_stores_work) {
    memory_file_system disk;
    auto store = create_run(disk);
    append_each(*store, 1, 1);
    fail_call(disk, failure_code::io_error);
    BOOST_TEST(fails_as(store->append(numbered(2), 1), failure_code::io_error));
    BOOST_TEST(fails_as(store->append(numbered(2), 1), failure_code::io_error));
    BOOST_TEST(fails_as(store->sync(), failure_code::io_error));
}

BOOST_AUTO_TEST_CASE(a_failed_sync_is_made_good_once_in_a_new_segment_and_never_tried_again) {
    memory_file_system disk;
    auto store = create_run(disk);
    append_each(*store, 1, 2);
    require(store->append(numbered(3), 1));
    require(store->append(numbered(4), 1));
    fail_call(disk, failure_code::io_error);
    require(store->sync());
    BOOST_TEST(store->durable() == 4u);
    BOOST_TEST(disk.misuse().empty());
    BOOST_TEST(store->take_notes().size() == 1u);
    BOOST_TEST(store->take_notes().empty());
    BOOST_TEST(log_files(disk) == (std::vector{segment(1), segment(3, 2)}),
               boost::test_tools::per_element());
    BOOST_TEST(records_of(disk) == numbered_to(4), boost::test_tools::per_element());

    // Whatever became of the poisoned file's end, what was acknowledged is there.
    append_each(*store, 5, 5);
    for (unsigned seed = 1; seed <= 50; ++seed) {
        random_engine random(seed);
        auto after = disk.after_power_cut(random);
        BOOST_TEST(records_of(after) == numbered_to(5), boost::test_tools::per_element());
        BOOST_TEST(records_of(disk) == numbered_to(5), boost::test_tools::per_element());
        open_run(after);
        BOOST_TEST(records_of(after) == numbered_to(5), boost::test_tools::per_element());
    }
    // Only its trusted part is compacted.
    compact_all(*store);
    BOOST_TEST(log_files(disk) == (std::vector{snapshot(1, 2, 2), segment(3, 2)}),
               boost::test_tools::per_element());
    BOOST_TEST(disk.misuse().empty());
}

BOOST_AUTO_TEST_CASE(however_much_was_not_durable_it_is_written_anew_in_its_order) {
    memory_file_system disk;
    auto store = create_run(disk);
    const auto large = [](question_id id) {
        std::string bytes;
        const auto body =
            fmt::format(R"({{"question_id":{},"text":"{}"}})", id, std::string(150'000, 'x'));
        append_record(bytes, {record_kind::result, 0, id, body});
        return bytes;
    };
    // Small ones are kept together, large ones each by themselves.
    std::vector<std::string> appended;
    for (question_id id = 1; id <= 40; ++id) {
        appended.push_back(id % 10 == 0 ? large(id) : numbered(id));
        require(store->append(appended.back(), 1));
    }
    fail_call(disk, failure_code::io_error);
    require(store->sync());
    BOOST_TEST(store->durable() == 40u);
    BOOST_TEST(log_files(disk) == std::vector{segment(1, 2)}, boost::test_tools::per_element());
    BOOST_TEST((records_of(disk) == appended));
}

BOOST_AUTO_TEST_CASE(a_file_of_which_nothing_was_durable_goes_when_its_sync_has_failed) {
    memory_file_system disk;
    auto store = create_run(disk);
    require(store->append(numbered(1), 1));
    fail_call(disk, failure_code::disk_full);
    require(store->sync());
    BOOST_TEST(store->durable() == 1u);
    BOOST_TEST(log_files(disk) == std::vector{segment(1, 2)}, boost::test_tools::per_element());
    require(store->close());
    compact_all(*store);
    BOOST_TEST(records_of(disk) == numbered_to(1), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_second_failed_sync_is_sticky) {
    memory_file_system disk;
    auto store = create_run(disk);
    append_each(*store, 1, 2);
    require(store->append(numbered(3), 1));
    fail_call(disk, failure_code::io_error);
    require(store->sync());
    require(store->append(numbered(4), 1));
    fail_call(disk, failure_code::io_error);
    BOOST_TEST(fails_as(store->sync(), failure_code::io_error));
    BOOST_TEST(fails_as(store->sync(), failure_code::io_error));
    BOOST_TEST(fails_as(store->append(numbered(5), 1), failure_code::io_error));
    BOOST_TEST(fails_as(store->note(), failure_code::io_error));
    BOOST_TEST(fails_as(store->close(), failure_code::io_error));
    BOOST_TEST(fails_as(store->compact(), failure_code::io_error));
    BOOST_TEST(store->durable() == 3u);
    BOOST_TEST(disk.misuse().empty());
}

BOOST_AUTO_TEST_CASE(a_failure_while_a_failed_sync_is_made_good_is_sticky) {
    memory_file_system disk;
    auto store = create_run(disk);
    append_each(*store, 1, 2);
    require(store->append(numbered(3), 1));
    fail_call(disk, failure_code::io_error, 0, disk_fault::effect::fails_for_good);
    BOOST_TEST(fails_as(store->sync(), failure_code::io_error));
    disk.plan({});
    BOOST_TEST(fails_as(store->sync(), failure_code::io_error));
    BOOST_TEST(fails_as(store->append(numbered(4), 1), failure_code::io_error));
    BOOST_TEST(store->durable() == 2u);
    BOOST_TEST(disk.misuse().empty());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(holding_a_run)

BOOST_AUTO_TEST_CASE(a_segment_that_somebody_removed_acknowledges_nothing) {
    memory_file_system disk;
    auto store = create_run(disk);
    append_each(*store, 1, 1);
    require(store->append(numbered(2), 1));
    require(disk.remove(segment(1)));
    const auto synced = store->sync();
    BOOST_TEST_REQUIRE(fails_as(synced, failure_code::io_error));
    BOOST_TEST(synced.error().where == segment(1));
    BOOST_TEST(store->durable() == 1u);
    BOOST_TEST(!store->append(numbered(3), 1).has_value());
}

BOOST_AUTO_TEST_CASE(a_lock_that_somebody_else_wrote_yields_the_run) {
    timed_run test;
    auto store = test.create();
    append_each(*store, 1, 1);
    write_lock(test.disk, "somebody else");
    // It is looked at once in a period.
    test.now += test.options.fence_period / 2;
    append_each(*store, 2, 2);
    test.now += test.options.fence_period;
    require(store->append(numbered(3), 1));
    const auto synced = store->sync();
    BOOST_TEST_REQUIRE(fails_as(synced, failure_code::held));
    BOOST_TEST(synced.error().where == lock_path);
    BOOST_TEST(synced.error().detail.find("somebody else") == 0u);
    BOOST_TEST(store->durable() == 2u);
    BOOST_TEST(fails_as(store->append(numbered(4), 1), failure_code::held));
}

BOOST_AUTO_TEST_CASE(a_snapshot_is_not_named_in_a_run_that_somebody_else_took) {
    timed_run test;
    auto store = test.create();
    append_each(*store, 1, 2);
    require(store->close());
    write_lock(test.disk, "somebody else");
    test.now += 2 * test.options.fence_period;
    const auto before = log_files(test.disk);
    BOOST_TEST(fails_as(store->compact(), failure_code::held));
    BOOST_TEST(log_files(test.disk) == before, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_lock_that_is_gone_ends_the_work) {
    timed_run test;
    auto store = test.create();
    require(test.disk.remove(lock_path));
    test.now += 2 * test.options.fence_period;
    require(store->append(numbered(1), 1));
    const auto synced = store->sync();
    BOOST_TEST_REQUIRE(fails_as(synced, failure_code::io_error));
    BOOST_TEST(synced.error().where == lock_path);
}

BOOST_AUTO_TEST_CASE(a_clock_that_goes_back_hides_no_other_holder) {
    timed_run test;
    auto store = test.create();
    write_lock(test.disk, "somebody else");
    test.now -= 10min;
    require(store->append(numbered(1), 1));
    BOOST_TEST(fails_as(store->sync(), failure_code::held));
}

BOOST_AUTO_TEST_CASE(where_locks_do_not_reach_an_opener_waits_two_periods_and_looks_again) {
    std::vector<std::chrono::microseconds> waits;
    timed_run test([&](std::chrono::microseconds time) { waits.push_back(time); });
    test.options.fence_period = 3s;
    append_each(*test.create(), 1, 2);
    BOOST_TEST((waits == std::vector<std::chrono::microseconds>{6s}));

    const auto before = log_files(test.disk);
    test.options.fence_wait = [&](std::chrono::microseconds) {
        write_lock(test.disk, "a faster one ");
    };
    const auto opened = run_store::open(test.disk, run, test.options, {});
    BOOST_TEST_REQUIRE(fails_as(opened, failure_code::held));
    BOOST_TEST(opened.error().detail == "a faster one ");
    BOOST_TEST(log_files(test.disk) == before, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(recovery)

BOOST_AUTO_TEST_CASE(every_segment_that_is_found_becomes_a_snapshot) {
    auto disk = crashed_run(5, full_at(3));
    auto store = open_run(disk);
    BOOST_TEST(log_files(disk) == (std::vector{snapshot(1, 2, 2), snapshot(3, 4, 2),
                                               snapshot(5, 5, 2), segment(6, 2)}),
               boost::test_tools::per_element());
    BOOST_TEST(store->durable() == 5u);
    BOOST_TEST(store->sealed_bytes() == 0u);
    store.reset();
    // What recovery trusted is durable.
    random_engine random(6);
    auto after = disk.after_power_cut(random);
    BOOST_TEST(records_of(after) == numbered_to(5), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(superseded_and_temporary_files_are_removed_and_strange_ones_stay) {
    auto disk = crashed_run(4, full_at(3));
    const auto old = disk.contents(segment(1));
    open_run(disk); // snapshots 1 to 2 and 3 to 4
    disk.set_contents(segment(1), old);
    disk.set_contents(snapshot(1, 2, 1), disk.contents(snapshot(1, 2, 2))); // an earlier attempt
    disk.set_contents(snapshot(5, 9, 2) + ".tmp", "half a snapshot");
    disk.set_contents(run + "/notes.txt", "mine");
    disk.set_contents(snapshot(1, 1, 1), "whatever"); // within another that begins where it does
    for (const auto& ours : {"status.json", "run.log", "questions.idx", "questions.spool"})
        disk.set_contents(join_path(run, ours), "{}");
    BOOST_TEST((inspected(disk) == condition::clean));
    BOOST_TEST(list_run(disk, run)->unknown == std::vector<std::string>{"notes.txt"},
               boost::test_tools::per_element());
    open_run(disk);
    BOOST_TEST(disk.list(run).value() ==
                   (std::vector<std::string>{"LOCK", "notes.txt", "questions.idx",
                                             "questions.spool", "run.json", "run.log",
                                             snapshot_name({1, 2, 2}), snapshot_name({3, 4, 2}),
                                             "status.json", segment_name({5, 3})}),
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_segment_that_was_compacted_but_not_removed_costs_nothing) {
    auto disk = crashed_run(3);
    const auto old = disk.contents(segment(1));
    open_run(disk);
    require(disk.remove(segment(4, 2)));
    disk.set_contents(segment(1), old); // as after a crash between the two names
    seen_records seen;
    auto store = open_run(disk, seen);
    BOOST_TEST(seen.bytes().empty());
    BOOST_TEST(store->found().counted.completed_count() == 3u);
    append_each(*store, 4, 4);
    BOOST_TEST(records_of(disk) == numbered_to(4), boost::test_tools::per_element());
}

// Some of a segment is in a snapshot, and the machine died before the successor was named.
BOOST_AUTO_TEST_CASE(the_part_of_a_segment_that_no_snapshot_covers_is_read) {
    auto disk = crashed_run(3);
    open_run(disk);
    auto longer = crashed_run(5);
    for (const auto& name : {segment(4, 2)}) require(disk.remove(name));
    disk.set_contents(segment(1), longer.contents(segment(1)));
    flip(disk, segment(1), 2 * page_size + frame_header_size); // covered: not judged
    seen_records seen;
    auto store = open_run(disk, seen);
    BOOST_TEST(seen.first_lsn() == 4u);
    BOOST_TEST(log_files(disk) ==
                   (std::vector{snapshot(1, 3, 2), snapshot(4, 5, 3), segment(6, 3)}),
               boost::test_tools::per_element());
    BOOST_TEST(records_of(disk) == numbered_to(5), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_second_torn_segment_of_one_name_does_not_hinder) {
    auto disk = crashed_run(1);
    const auto whole = disk.contents(segment(1));
    const auto torn = whole + "torn";
    disk.set_contents(segment(1), torn);
    auto before = disk.after_kill();
    open_run(disk);
    // The crash came when the segment was aside already but its name was not durable.
    const auto aside = join_path(join_path(run, quarantine_directory), segment_name({1, 1}));
    require(before.make_directory(join_path(run, quarantine_directory)));
    before.set_contents(aside, torn);
    open_run(before);
    BOOST_TEST((before.contents(aside) == torn));
    BOOST_TEST(records_of(before) == numbered_to(1), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(snapshots_that_leave_a_gap_or_overlap_are_damage) {
    auto disk = crashed_run(7, full_at(3));
    open_run(disk);
    auto gap = disk.after_kill();
    require(gap.remove(snapshot(3, 4, 2)));
    const auto opened = run_store::open(gap, run, make_options(1 << 20, 3), {});
    BOOST_TEST_REQUIRE(fails_as(opened, failure_code::damaged));
    BOOST_TEST(opened.error().detail.find("records 3 to 4") != std::string::npos);
    BOOST_TEST((inspected(gap) == condition::damaged));

    auto overlap = disk.after_kill();
    overlap.set_contents(snapshot(4, 5, 9), "whatever");
    BOOST_TEST(fails_as(run_store::open(overlap, run, make_options(1 << 20, 3), {}),
                        failure_code::damaged));
    BOOST_TEST((inspected(overlap) == condition::damaged));
}

BOOST_AUTO_TEST_CASE(a_damaged_snapshot_changes_nothing_and_is_named) {
    auto disk = crashed_run(3);
    open_run(disk);
    auto text = disk.contents(snapshot(1, 3, 2));
    flip(disk, snapshot(1, 3, 2), text.size() - 1);
    const auto before = disk.list(run).value();
    const auto opened = run_store::open(disk, run, make_options(1 << 20, 3), {});
    BOOST_TEST_REQUIRE(fails_as(opened, failure_code::damaged));
    BOOST_TEST(opened.error().where.find(snapshot(1, 3, 2)) == 0u);
    BOOST_TEST(opened.error().detail.find("records 1 to 3 are at risk") != std::string::npos);
    BOOST_TEST(disk.list(run).value() == before, boost::test_tools::per_element());
    std::vector<complaint> complaints;
    BOOST_TEST((inspected(disk, complaints) == condition::damaged));
    BOOST_TEST_REQUIRE(complaints.size() == 1u);
    BOOST_TEST(complaints[0].first_lsn == 1u);
    BOOST_TEST(complaints[0].last_lsn == 3u);
}

BOOST_AUTO_TEST_CASE(a_question_that_a_footer_alone_tells_of_is_damage_when_it_is_looked_for) {
    ledger counted;
    counted.apply({record_kind::result, 2});
    auto disk = run_with_snapshot_of(make_body(1, "there"), counted);
    const auto store = open_run(disk);
    const auto body = store->read_body(2);
    BOOST_TEST_REQUIRE(fails_as(body, failure_code::damaged));
    BOOST_TEST(body.error().where == snapshot(1, 3, 2));
    BOOST_TEST(!store->read_body(3).value().has_value());
}

BOOST_AUTO_TEST_CASE(a_body_that_is_none_is_damage_where_only_it_could_tell_what_counts) {
    ledger counted;
    counted.apply({record_kind::result, 1});
    auto disk = run_with_snapshot_of("{}", counted);
    require(replay_run(disk)); // nobody has to look into it
    open_run(disk);
    const auto other = run_with_snapshot_of(make_body(1, "sound"), counted);
    auto later = disk.contents(snapshot(1, 3, 2));
    auto header = decode_snapshot_header(later).value();
    header.first_lsn = 4;
    header.last_lsn = 6;
    later.replace(0, snapshot_header_size, encode(header));
    auto trailer = decode_snapshot_trailer(
        std::string_view(later).substr(later.size() - snapshot_trailer_size), header.salt);
    require(trailer);
    trailer->first_lsn = 4;
    trailer->last_lsn = 6;
    later.replace(later.size() - snapshot_trailer_size, snapshot_trailer_size,
                  encode(*trailer, header.salt));
    disk.set_contents(snapshot(1, 3, 2), other.contents(snapshot(1, 3, 2)));
    disk.set_contents(snapshot(4, 6, 2), later);
    BOOST_TEST(fails_as(replay_run(disk), failure_code::damaged));
    BOOST_TEST((inspected(disk) == condition::damaged));
}

BOOST_AUTO_TEST_CASE(a_snapshot_that_may_be_read_but_not_written_beside_is_not_gone_on_with) {
    auto disk = crashed_run(3);
    open_run(disk);
    auto text = disk.contents(snapshot(1, 3, 2));
    auto header = decode_snapshot_header(text).value();
    header.read_only_compatible = 1;
    disk.set_contents(snapshot(1, 3, 2), text.replace(0, snapshot_header_size, encode(header)));
    BOOST_TEST(records_of(disk) == numbered_to(3), boost::test_tools::per_element());
    const auto opened = run_store::open(disk, run, make_options(1 << 20, 3), {});
    BOOST_TEST_REQUIRE(fails_as(opened, failure_code::unsupported));
    BOOST_TEST(opened.error().where == snapshot(1, 3, 2));
}

BOOST_AUTO_TEST_CASE(a_question_with_results_in_two_snapshots_is_counted_once) {
    memory_file_system disk;
    auto store = create_run(disk, full_at(2));
    for (const auto& record : {make_record(1, "first"), make_record(1, "second"), numbered(2)})
        require(store->append(record, 1));
    require(store->close());
    compact_all(*store);
    const auto view = run_view::open(disk, run);
    require(view);
    BOOST_TEST(view->counted().completed_count() == 2u);
    BOOST_TEST(view->counted().overall().marked == 2u);
    BOOST_TEST(view->counted().attempts() == 3u);
    BOOST_TEST(records_of(*view) == (std::vector{make_record(1, "first"), numbered(2)}),
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()
