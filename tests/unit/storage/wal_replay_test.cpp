// A run on disk, written, read back, and read with things done to it that no program would do.
#include "store_bench.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

using namespace proctor;
using namespace proctor::test;

BOOST_AUTO_TEST_SUITE(a_run)

BOOST_AUTO_TEST_CASE(what_was_appended_is_found_again) {
    memory_file_system disk;
    auto store = create_run(disk);
    BOOST_TEST(store->written() == 0u);
    require(store->append(numbered(1) + numbered(2), 2));
    BOOST_TEST(store->written() == 2u);
    BOOST_TEST(store->durable() == 0u);
    require(store->sync());
    BOOST_TEST(store->durable() == 2u);
    require(store->note());
    require(store->append(numbered(3), 1));
    require(store->close());
    BOOST_TEST(store->durable() == 3u);
    store.reset();

    seen_records seen;
    store = open_run(disk, seen);
    BOOST_TEST(seen.bytes() == numbered_to(3), boost::test_tools::per_element());
    BOOST_TEST((store->identity().settings == make_identity().settings));
    BOOST_TEST(store->found().closed);
    BOOST_TEST(store->found().records == 3u);
    BOOST_TEST(store->found().frames == 4u);
    BOOST_TEST(!store->found().torn.has_value());
    BOOST_TEST(store->durable() == 3u);
    append_each(*store, 4, 5);
    store.reset();

    seen_records again;
    store = open_run(disk, again);
    BOOST_TEST(again.bytes() == (std::vector{numbered(4), numbered(5)}),
               boost::test_tools::per_element());
    BOOST_TEST(again.first_lsn() == 4u);
    BOOST_TEST(!store->found().closed);
    BOOST_TEST(store->found().counted.completed_count() == 5u);
    BOOST_TEST(records_of(disk) == numbered_to(5), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_record_is_found_by_its_place) {
    memory_file_system disk;
    append_each(*create_run(disk, full_at(2)), 1, 5);
    seen_records seen;
    const auto report = replay_run(disk, seen);
    require(report);
    std::string buffer;
    for (std::size_t i = 0; i < seen.places().size(); ++i) {
        const auto place = seen.places()[i];
        const auto path = join_path(run, segment_name(report->files.segments.at(place.segment)));
        auto file = disk.open(path);
        require(file);
        const auto record = read_record(**file, path, place, buffer);
        require(record);
        BOOST_TEST(record->question == i + 1);
    }
    auto file = disk.open(segment(1));
    require(file);
    for (const auto offset : {page_size + 70, 2 * page_size - 8})
        BOOST_TEST(fails_as(read_record(**file, "f", {offset}, buffer), failure_code::damaged));
}

BOOST_AUTO_TEST_CASE(a_full_segment_is_followed_by_another) {
    auto disk = crashed_run(7, full_at(3));
    const auto report = replay_run(disk);
    require(report);
    const std::vector<segment_key> expected{{1, 1}, {3, 1}, {5, 1}, {7, 1}};
    BOOST_TEST((report->files.segments == expected));
    BOOST_TEST(report->next_lsn == 8u);
    BOOST_TEST((inspected(disk) == condition::clean));
}

BOOST_AUTO_TEST_CASE(sealing_makes_the_sealed_segment_durable) {
    memory_file_system disk;
    auto store = create_run(disk, full_at(2));
    require(store->append(numbered(1), 1));
    BOOST_TEST(store->durable() == 0u);
    require(store->append(numbered(2), 1));
    BOOST_TEST(store->durable() == 1u);
}

BOOST_AUTO_TEST_CASE(notes_alone_never_seal_a_segment) {
    memory_file_system disk;
    auto store = create_run(disk, full_at(1));
    for (int i = 0; i < 5; ++i) require(store->note());
    append_each(*store, 1, 2);
    require(store->close());
    const auto report = replay_run(disk);
    require(report);
    BOOST_TEST(report->records == 2u);
    BOOST_TEST(report->closed);
}

BOOST_AUTO_TEST_CASE(a_batch_above_the_cap_becomes_several_frames) {
    memory_file_system disk;
    auto store = create_run(disk, std::uint64_t{64} << 20);
    const std::string payload(400'000, 'x');
    std::string batch;
    for (lsn number = 1; number <= 5; ++number) batch += make_record(number, payload);
    require(store->append(batch, 5));
    require(store->close());
    const auto report = replay_run(disk);
    require(report);
    BOOST_TEST(report->records == 5u);
    BOOST_TEST(report->frames == 4u); // 2, 2, 1 and the closing one

    batch.clear();
    auto many = [&](std::uint32_t count) {
        for (std::uint32_t i = 0; i < count; ++i) batch += make_record(1, "again");
    };
    many(1025);
    seen_records seen;
    store = nullptr;
    store = open_run(disk, seen);
    require(store->append(batch, 1025));
    store.reset();
    const auto after = replay_run(disk);
    require(after);
    BOOST_TEST(after->frames == 2u); // behind the snapshot
}

BOOST_AUTO_TEST_CASE(a_record_above_the_frame_cap_has_a_frame_to_itself) {
    memory_file_system disk;
    auto store = create_run(disk, std::uint64_t{64} << 20);
    const auto around = make_body(2, "").size();
    const auto largest = make_record(2, std::string(max_record_body - around, 'x'));
    require(store->append(numbered(1) + largest + numbered(3), 3));
    require(store->close());
    store.reset();
    seen_records seen;
    store = open_run(disk, seen);
    BOOST_TEST_REQUIRE(seen.bytes().size() == 3u);
    BOOST_TEST((seen.bytes()[1] == largest));
    for (std::size_t i = 0; i < 3; ++i) {
        const auto body = store->read_body(i + 1);
        require(body);
        BOOST_TEST((*body == seen.bytes()[i].substr(record_header_size)));
    }
}

BOOST_AUTO_TEST_CASE(reopening_puts_a_snapshot_in_the_old_files_place_and_begins_a_new_one) {
    auto disk = crashed_run(3);
    auto store = open_run(disk);
    append_each(*store, 4, 6);
    BOOST_TEST(log_files(disk) == (std::vector{snapshot(1, 3, 2), segment(4, 2)}),
               boost::test_tools::per_element());
    BOOST_TEST(records_of(disk) == numbered_to(6), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_run_may_be_opened_again_and_again_without_a_record) {
    auto disk = crashed_run(0);
    for (int i = 0; i < 5; ++i) {
        seen_records seen;
        open_run(disk, seen);
    }
    seen_records seen;
    append_each(*open_run(disk, seen), 1, 2);
    BOOST_TEST(log_files(disk) == std::vector{segment(1, 7)}, boost::test_tools::per_element());
    const auto report = replay_run(disk);
    require(report);
    BOOST_TEST(report->records == 2u);
    BOOST_TEST((inspected(disk) == condition::clean));
}

BOOST_AUTO_TEST_CASE(a_second_opener_is_told_who_holds_the_run) {
    memory_file_system disk;
    auto store = create_run(disk);
    seen_records seen;
    const auto second = run_store::open(disk, run, make_options(1 << 20, 3), seen.visitor());
    BOOST_TEST_REQUIRE(fails_as(second, failure_code::held));
    BOOST_TEST(second.error().detail == "tester, pid 1");
    store.reset();
    open_run(disk, seen);
}

BOOST_AUTO_TEST_CASE(the_text_of_a_lock_hides_a_longer_one_before_it) {
    memory_file_system disk;
    create_run(disk);
    auto options = make_options(1 << 20, 3);
    options.lock_text = "me";
    seen_records seen;
    const auto opened = run_store::open(disk, run, options, seen.visitor());
    require(opened);
    BOOST_TEST(disk.contents(join_path(run, lock_file)) == "me           ");
}

BOOST_AUTO_TEST_CASE(a_directory_that_exists_is_not_made_a_run) {
    memory_file_system disk;
    create_run(disk);
    const auto second = run_store::create(disk, run, make_identity(), make_options(1 << 20, 3));
    BOOST_TEST(fails_as(second, failure_code::already_exists));
}

BOOST_AUTO_TEST_CASE(a_run_whose_making_was_interrupted_is_no_run) {
    memory_file_system whole;
    create_run(whole);
    const auto calls = whole.calls().size();
    for (std::size_t call = 1; call <= calls; ++call) {
        memory_file_system disk;
        disk_fault fault;
        fault.at = call;
        disk.plan(fault);
        try {
            create_run(disk);
            BOOST_ERROR("the machine lived");
        } catch (const machine_died&) {
        }
        auto found = disk.after_kill();
        seen_records seen;
        const auto opened = run_store::open(found, run, make_options(1 << 20, 3), seen.visitor());
        // The last call makes a name durable that is there already.
        BOOST_TEST(
            (opened.has_value() ? call == calls : opened.error().code == failure_code::not_found));
    }
}

BOOST_AUTO_TEST_CASE(left_over_temporary_files_are_removed) {
    auto disk = crashed_run(2);
    disk.set_contents(segment(3, 2) + ".tmp", "half a header");
    seen_records seen;
    open_run(disk, seen);
    for (const auto& name : disk.list(run).value()) BOOST_TEST(!name.ends_with(".tmp"), name);
}

BOOST_AUTO_TEST_CASE(a_visitor_that_fails_ends_the_opening) {
    auto disk = crashed_run(3);
    const auto opened =
        run_store::open(disk, run, make_options(1 << 20, 2),
                        [](const record_view&, record_place, lsn number) -> result<> {
                            if (number == 2)
                                return failure{failure_code::bad_value, "here", "not to my liking"};
                            return {};
                        });
    BOOST_TEST(fails_as(opened, failure_code::bad_value));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(a_torn_tail)

BOOST_AUTO_TEST_CASE(a_torn_tail_is_cut_and_kept_aside) {
    auto disk = crashed_run(3);
    auto text = disk.contents(segment(1));
    text.resize(text.size() - page_size + 80); // into the last frame's record
    disk.set_contents(segment(1), text);
    BOOST_TEST((inspected(disk) == condition::torn));

    seen_records seen;
    auto store = open_run(disk, seen);
    BOOST_TEST(seen.bytes() == numbered_to(2), boost::test_tools::per_element());
    const auto torn = store->found().torn;
    BOOST_TEST_REQUIRE(torn.has_value());
    BOOST_TEST(torn->path == segment(1));
    BOOST_TEST(torn->offset == 3 * page_size);
    BOOST_TEST(torn->bytes == 80u);
    append_each(*store, 3, 4);
    store.reset();

    BOOST_TEST(log_files(disk) == (std::vector{snapshot(1, 2, 2), segment(3, 2)}),
               boost::test_tools::per_element());
    const auto aside = join_path(join_path(run, quarantine_directory), segment_name({1, 1}));
    BOOST_TEST((disk.contents(aside) == text));
    const auto report = replay_run(disk);
    require(report);
    BOOST_TEST(report->records == 2u);
    BOOST_TEST(!report->torn.has_value());
    BOOST_TEST(records_of(disk) == numbered_to(4), boost::test_tools::per_element());
    BOOST_TEST((inspected(disk) == condition::clean));
}

BOOST_AUTO_TEST_CASE(zeros_to_the_end_are_room_and_anything_else_behind_them_is_torn) {
    auto disk = crashed_run(2);
    const auto frames = disk.contents(segment(1));
    const auto room = std::string(70 * page_size + 100, '\0');
    disk.set_contents(segment(1), frames + room);
    auto report = replay_run(disk);
    require(report);
    BOOST_TEST(report->records == 2u);
    BOOST_TEST(!report->torn.has_value());
    const auto looked = inspect_run(disk, run, {});
    require(looked);
    BOOST_TEST((looked->verdict == condition::clean));
    BOOST_TEST(looked->segments.at(0).room_bytes == room.size());
    disk.set_contents(segment(1), frames + room + "x");
    report = replay_run(disk);
    require(report);
    BOOST_TEST(report->records == 2u);
    BOOST_TEST_REQUIRE(report->torn.has_value());
    BOOST_TEST(report->torn->bytes == room.size() + 1);
    BOOST_TEST((inspected(disk) == condition::torn));
}

BOOST_AUTO_TEST_CASE(a_frame_that_became_zeros_is_no_room_once_it_was_durable) {
    auto disk = crashed_run(3);
    auto text = disk.contents(segment(1));
    text.replace(2 * page_size, page_size, page_size, '\0'); // of record 2
    disk.set_contents(segment(1), text);
    BOOST_TEST(fails_as(replay_run(disk), failure_code::damaged));
}

BOOST_AUTO_TEST_CASE(room_that_cannot_be_read_is_no_end) {
    auto disk = crashed_run(2);
    disk.set_contents(segment(1), disk.contents(segment(1)) + std::string(page_size, '\0'));
    auto reader = segment_reader::open(disk, run, {1, 1});
    require(reader);
    const auto end = 3 * page_size;
    fail_call(disk, failure_code::io_error, 1);
    BOOST_TEST(fails_as(reader->read(end), failure_code::io_error));
    const auto frame = reader->read(end);
    require(frame);
    BOOST_TEST(!frame->has_value());
}

BOOST_AUTO_TEST_CASE(a_frame_behind_a_hole_that_was_not_acknowledged_is_torn_too) {
    memory_file_system disk;
    {
        auto store = create_run(disk);
        append_each(*store, 1, 1);
        for (lsn number = 2; number <= 4; ++number) require(store->append(numbered(number), 1));
    }
    flip(disk, segment(1), 3 * page_size + frame_header_size); // of record 3
    seen_records seen;
    auto store = open_run(disk, seen);
    BOOST_TEST(seen.bytes() == numbered_to(2), boost::test_tools::per_element());
    BOOST_TEST_REQUIRE(store->found().torn.has_value());
    BOOST_TEST(store->found().torn->offset == 3 * page_size);
    // Record 4 of old stood behind the hole, and must not come back.
    const auto other = make_record(3, "new");
    require(store->append(other, 1));
    require(store->close());
    BOOST_TEST(records_of(disk) == (std::vector{numbered(1), numbered(2), other}),
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_lost_frame_without_records_is_passed) {
    memory_file_system disk;
    {
        auto store = create_run(disk);
        append_each(*store, 1, 1);
        require(store->note());
        append_each(*store, 2, 3);
    }
    flip(disk, segment(1), 2 * page_size + 8);
    seen_records seen;
    const auto report = replay_run(disk, seen);
    require(report);
    BOOST_TEST(seen.bytes() == numbered_to(3), boost::test_tools::per_element());
    BOOST_TEST(!report->torn.has_value());
    BOOST_TEST_REQUIRE(report->notes.size() == 1u);
    BOOST_TEST(report->notes[0].find("offset 8192") != std::string::npos);
    std::vector<complaint> complaints;
    BOOST_TEST((inspected(disk, complaints) == condition::clean));
    BOOST_TEST(complaints.size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_disk_that_cannot_be_read_is_no_torn_tail) {
    memory_file_system disk;
    {
        auto store = create_run(disk);
        append_each(*store, 1, 1);
        require(store->note());
        append_each(*store, 2, 3);
    }
    flip(disk, segment(1), 2 * page_size + 8);
    auto whole = disk.after_kill();
    require(replay_run(whole));
    for (std::size_t call = 1; call <= whole.calls().size(); ++call) {
        auto failing = disk.after_kill();
        disk_fault fault;
        fault.what = disk_fault::effect::fails_once;
        fault.at = call;
        failing.plan(fault);
        BOOST_TEST(fails_as(replay_run(failing), failure_code::io_error), "call " << call);
    }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(damage)

BOOST_AUTO_TEST_CASE(a_flipped_bit_in_the_middle_is_damage_with_its_place) {
    auto disk = crashed_run(5);
    flip(disk, segment(1), 2 * page_size + frame_header_size + 30); // of record 2
    const auto report = replay_run(disk);
    BOOST_TEST_REQUIRE(fails_as(report, failure_code::damaged));
    BOOST_TEST(report.error().where == segment(1) + ", offset 8192");
    BOOST_TEST(report.error().detail.find("records 2 to 2") != std::string::npos,
               report.error().detail);
    BOOST_TEST(report.error().detail.find("proctor-dump --verify " + run) != std::string::npos);

    std::vector<complaint> complaints;
    BOOST_TEST((inspected(disk, complaints) == condition::damaged));
    BOOST_TEST_REQUIRE(complaints.size() == 1u);
    BOOST_TEST(complaints[0].offset == 2 * page_size);
    BOOST_TEST(complaints[0].first_lsn == 2u);
    BOOST_TEST(complaints[0].last_lsn == 2u);
}

BOOST_AUTO_TEST_CASE(damage_changes_nothing_on_the_disk) {
    auto disk = crashed_run(5);
    flip(disk, segment(1), 2 * page_size);
    const auto before = disk.contents(segment(1));
    const auto names = disk.list(run).value();
    seen_records seen;
    const auto opened = run_store::open(disk, run, make_options(1 << 20, 2), seen.visitor());
    BOOST_TEST(fails_as(opened, failure_code::damaged));
    BOOST_TEST((disk.contents(segment(1)) == before));
    BOOST_TEST(disk.list(run).value() == names, boost::test_tools::per_element());
}

// Every bit of a closed run: silence is allowed only where nothing is stored.
BOOST_AUTO_TEST_CASE(every_flipped_bit_is_detected_or_hits_padding) {
    memory_file_system disk;
    {
        auto store = create_run(disk, full_at(4));
        append_each(*store, 1, 4);
        require(store->close());
    }
    const auto intact = numbered_to(4);
    std::size_t detected = 0, padding = 0, torn = 0;
    for (const lsn first : {1, 4, 5}) {
        const auto path = segment(first);
        const auto text = disk.contents(path);
        for (std::size_t at = 0; at < text.size(); ++at) {
            const auto bit = static_cast<int>(at % 8);
            flip(disk, path, at, bit);
            seen_records seen;
            const auto report = replay_run(disk, seen);
            if (!report) {
                ++detected;
            } else {
                // The last frame, which closes the run, holds no record.
                BOOST_TEST((seen.bytes() == intact), path << " byte " << at);
                (report->torn ? torn : padding) += 1;
            }
            flip(disk, path, at, bit);
        }
    }
    BOOST_TEST(detected > 2 * page_size);
    BOOST_TEST(torn >= frame_header_size - 8);
    BOOST_TEST(padding < 5 * page_size);
}

BOOST_AUTO_TEST_CASE(every_shorter_file_is_detected_or_torn) {
    memory_file_system disk;
    {
        auto store = create_run(disk, full_at(3));
        append_each(*store, 1, 3);
        require(store->close());
    }
    // Sealed ones hold records 1 and 2, and 3. The end of a last frame is padding, and may go.
    const std::vector<std::pair<lsn, std::size_t>> sealed{
        {1, 2 * page_size + frame_header_size + numbered(2).size()},
        {3, page_size + frame_header_size + numbered(3).size()}};
    for (const auto& [first, needed] : sealed) {
        const auto text = disk.contents(segment(first));
        for (std::size_t size = 0; size < text.size(); size += 64) {
            disk.set_contents(segment(first), text.substr(0, size));
            BOOST_TEST(replay_run(disk).has_value() == (size >= needed),
                       "segment " << first << ", size " << size);
        }
        disk.set_contents(segment(first), text);
    }
    const auto last = disk.contents(segment(4));
    for (std::size_t size = 0; size < last.size(); size += 8) {
        disk.set_contents(segment(4), last.substr(0, size));
        const auto report = replay_run(disk);
        BOOST_TEST(report.has_value() == (size >= page_size), "size " << size);
        if (!report) continue;
        const bool whole = size >= page_size + frame_header_size; // the closing frame
        BOOST_TEST(report->closed == whole, "size " << size);
        BOOST_TEST(report->torn.has_value() == (size > page_size && !whole), "size " << size);
        BOOST_TEST(report->records == 3u);
    }
}

BOOST_AUTO_TEST_CASE(a_missing_segment_in_the_middle_is_damage) {
    auto disk = crashed_run(7, full_at(3));
    require(disk.remove(segment(3)));
    const auto report = replay_run(disk);
    BOOST_TEST_REQUIRE(fails_as(report, failure_code::damaged));
    BOOST_TEST(report.error().detail.find("records 3 to 4") != std::string::npos,
               report.error().detail);
    std::vector<complaint> complaints;
    BOOST_TEST((inspected(disk, complaints) == condition::damaged));
    BOOST_TEST_REQUIRE(complaints.size() == 1u);
    BOOST_TEST(complaints[0].first_lsn == 3u);
    BOOST_TEST(complaints[0].last_lsn == 4u);
}

BOOST_AUTO_TEST_CASE(a_missing_first_segment_is_damage) {
    auto disk = crashed_run(7, full_at(3));
    require(disk.remove(segment(1)));
    const auto report = replay_run(disk);
    BOOST_TEST_REQUIRE(fails_as(report, failure_code::damaged));
    BOOST_TEST(report.error().detail.find("records 1 to 2") != std::string::npos);
    BOOST_TEST((inspected(disk) == condition::damaged));
}

// Nothing on disk tells how many segments there were: FORMAT.md says so. What remains is that the
// run does not read as closed.
BOOST_AUTO_TEST_CASE(a_missing_last_segment_reads_as_a_run_that_was_not_closed) {
    memory_file_system disk;
    {
        auto store = create_run(disk, full_at(3));
        append_each(*store, 1, 3);
        require(store->close());
    }
    require(disk.remove(segment(4)));
    const auto report = replay_run(disk);
    require(report);
    BOOST_TEST(report->records == 3u);
    BOOST_TEST(!report->closed);
}

BOOST_AUTO_TEST_CASE(a_run_without_any_segment_is_damage) {
    auto disk = crashed_run(2);
    require(disk.remove(segment(1)));
    BOOST_TEST(fails_as(replay_run(disk), failure_code::damaged));
    BOOST_TEST((inspected(disk) == condition::damaged));
}

BOOST_AUTO_TEST_CASE(another_runs_segment_is_damage) {
    auto disk = crashed_run(3);
    memory_file_system other;
    auto identity = make_identity();
    identity.id.fill('x');
    {
        auto store = run_store::create(other, run, identity, make_options(1 << 20, 9));
        require(store);
        append_each(**store, 1, 3);
    }
    disk.set_contents(segment(1), other.contents(segment(1)));
    const auto report = replay_run(disk);
    BOOST_TEST_REQUIRE(fails_as(report, failure_code::damaged));
    BOOST_TEST(report.error().detail == "this segment is another run's");
    BOOST_TEST((inspected(disk) == condition::damaged));
}

BOOST_AUTO_TEST_CASE(a_segment_under_another_ones_name_is_damage) {
    auto disk = crashed_run(3);
    disk.set_contents(segment(4), disk.contents(segment(1)));
    BOOST_TEST(fails_as(replay_run(disk), failure_code::damaged));
    BOOST_TEST((inspected(disk) == condition::damaged));
}

BOOST_AUTO_TEST_CASE(frames_that_stand_in_the_wrong_order_are_damage) {
    auto disk = crashed_run(5);
    auto text = disk.contents(segment(1));
    std::swap_ranges(text.begin() + 2 * page_size, text.begin() + 3 * page_size,
                     text.begin() + 3 * page_size); // records 2 and 3
    disk.set_contents(segment(1), text);
    BOOST_TEST(fails_as(replay_run(disk), failure_code::damaged));
    BOOST_TEST((inspected(disk) == condition::damaged));
}

BOOST_AUTO_TEST_CASE(a_frame_that_stands_there_twice_is_damage) {
    auto disk = crashed_run(5);
    auto text = disk.contents(segment(1));
    text.replace(3 * page_size, page_size, text.substr(2 * page_size, page_size));
    disk.set_contents(segment(1), text);
    const auto report = replay_run(disk);
    BOOST_TEST_REQUIRE(fails_as(report, failure_code::damaged));
    BOOST_TEST(report.error().detail.find("a frame of LSN 2 stands where LSN 3 is expected") == 0u);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(newer_formats)

BOOST_AUTO_TEST_CASE(what_may_be_read_but_not_written_beside_is_not_gone_on_with) {
    auto disk = crashed_run(2);
    segment_header header;
    header.run = make_identity().id;
    header.salt = 5;
    header.read_only_compatible = 1;
    disk.set_contents(segment(1), encode(header));
    require(replay_run(disk));
    seen_records seen;
    const auto opened = run_store::open(disk, run, make_options(1 << 20, 2), seen.visitor());
    BOOST_TEST(fails_as(opened, failure_code::unsupported));
}

BOOST_AUTO_TEST_CASE(an_unknown_incompatible_feature_is_refused) {
    auto disk = crashed_run(2);
    segment_header header;
    header.run = make_identity().id;
    header.incompatible = 1;
    disk.set_contents(segment(1), encode(header));
    BOOST_TEST(fails_as(replay_run(disk), failure_code::unsupported));
}

BOOST_AUTO_TEST_CASE(frames_are_skipped_only_if_their_type_says_so) {
    for (const unsigned type : {0x70u, 0x80u}) {
        auto disk = crashed_run(1);
        auto reader = segment_reader::open(disk, run, {1, 1});
        require(reader);
        const auto salt = reader->header().salt;
        frame_header unknown;
        unknown.type = static_cast<frame_type>(type);
        unknown.first_lsn = 2;
        frame_header known;
        known.record_count = 1;
        known.first_lsn = 2;
        disk.set_contents(segment(1), disk.contents(segment(1)) +
                                          encode(unknown, "whatever", salt) +
                                          encode(known, numbered(2), salt));
        seen_records seen;
        const auto report = replay_run(disk, seen);
        if (type < 0x80) {
            BOOST_TEST(fails_as(report, failure_code::unsupported));
        } else {
            require(report);
            BOOST_TEST(seen.bytes() == numbered_to(2), boost::test_tools::per_element());
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()
