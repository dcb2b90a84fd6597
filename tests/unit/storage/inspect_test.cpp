// What proctor-dump is made of: looking on where recovery stops.
#include "store_bench.hpp"

#include <string>
#include <vector>

using namespace proctor;
using namespace proctor::test;

namespace {

// `last` records, two a frame, each frame synced; closed, and nothing of it compacted.
memory_file_system closed_run(lsn last, std::uint64_t segment_size = 1 << 20) {
    memory_file_system disk;
    auto store = create_run(disk, segment_size);
    for (lsn number = 1; number < last; number += 2) {
        require(store->append(numbered(number) + numbered(number + 1), 2));
        require(store->sync());
    }
    require(store->close());
    return disk;
}

void spoil(memory_file_system& disk, const std::string& path, std::size_t at, std::size_t count) {
    auto text = disk.contents(path);
    text.replace(at, count, std::string(count, '#'));
    disk.set_contents(path, std::move(text));
}

// Everything that an inspection shows.
struct watcher {
    std::vector<lsn> records;
    std::vector<std::uint64_t> frames; // offsets
    std::vector<complaint> complaints;

    inspection_observer observer() {
        inspection_observer observer;
        observer.record = [this](const segment_reader&, const record_view&, record_place,
                                 lsn number) { records.push_back(number); };
        observer.frame = [this](const segment_reader&, const segment_reader::frame& frame) {
            frames.push_back(frame.offset);
        };
        observer.complain = [this](const complaint& one) { complaints.push_back(one); };
        return observer;
    }
};

using numbers = std::vector<lsn>;

} // namespace

BOOST_AUTO_TEST_SUITE(inspection)

BOOST_AUTO_TEST_CASE(a_sound_run_is_summed_up) {
    auto disk = closed_run(6, full_at(3));
    disk.set_contents(run + "/notes.txt", "mine");
    watcher seen;
    const auto summary = inspect_run(disk, run, seen.observer());
    require(summary);
    BOOST_TEST((summary->verdict == condition::clean));
    BOOST_TEST(seen.complaints.empty());
    BOOST_TEST(seen.records == (numbers{1, 2, 3, 4, 5, 6}), boost::test_tools::per_element());
    BOOST_TEST_REQUIRE(summary->identity.has_value());
    BOOST_TEST((summary->identity->id == make_identity().id));
    BOOST_TEST(summary->lock_text == "tester, pid 1");
    BOOST_TEST_REQUIRE(summary->unknown_files.size() == 1u);
    BOOST_TEST(summary->unknown_files[0] == "notes.txt");

    BOOST_TEST_REQUIRE(summary->segments.size() == 3u);
    const auto& first = summary->segments[0];
    BOOST_TEST(first.records == 4u);
    BOOST_TEST(first.frames == 2u);
    BOOST_TEST(first.next_lsn == 5u);
    BOOST_TEST(first.file_bytes == 3 * page_size);
    BOOST_TEST(first.frame_bytes == 2 * page_size);
    BOOST_TEST(first.padding_bytes == 2 * (page_size - frame_header_size - 2 * numbered(1).size()));
    BOOST_TEST(first.by_kind[std::size_t(record_kind::result)].records == 4u);
    BOOST_TEST(first.by_kind[std::size_t(record_kind::result)].body_bytes ==
               4 * make_body(1, "number 1").size());
    BOOST_TEST(!first.closed);
    BOOST_TEST(!summary->segments[1].closed);
    BOOST_TEST(summary->segments[2].closed);
    BOOST_TEST(summary->segments[2].records == 0u);
}

BOOST_AUTO_TEST_CASE(it_goes_on_behind_damage) {
    auto disk = closed_run(10);
    spoil(disk, segment(1), 2 * page_size, 1);                     // header of 3 and 4
    spoil(disk, segment(1), 3 * page_size + frame_header_size, 1); // payload of 5 and 6
    watcher seen;
    const auto summary = inspect_run(disk, run, seen.observer());
    require(summary);
    BOOST_TEST((summary->verdict == condition::damaged));
    BOOST_TEST(seen.records == (numbers{1, 2, 7, 8, 9, 10}), boost::test_tools::per_element());
    BOOST_TEST_REQUIRE(seen.complaints.size() == 1u);
    const auto& complained = seen.complaints[0];
    BOOST_TEST((complained.severity == condition::damaged));
    BOOST_TEST(complained.path == segment(1));
    BOOST_TEST(complained.offset == 2 * page_size);
    BOOST_TEST(complained.first_lsn == 3u);
    BOOST_TEST(complained.last_lsn == 6u);
    BOOST_TEST(complained.message() == segment(1) +
                                           ", offset 8192: no frame begins here; records 3 "
                                           "to 6 cannot be read");
}

BOOST_AUTO_TEST_CASE(each_damaged_place_is_complained_of) {
    auto disk = closed_run(10);
    spoil(disk, segment(1), 1 * page_size, 1);
    spoil(disk, segment(1), 4 * page_size, 1);
    watcher seen;
    require(inspect_run(disk, run, seen.observer()));
    BOOST_TEST(seen.records == (numbers{3, 4, 5, 6, 9, 10}), boost::test_tools::per_element());
    BOOST_TEST_REQUIRE(seen.complaints.size() == 2u);
    BOOST_TEST(seen.complaints[0].last_lsn == 2u);
    BOOST_TEST(seen.complaints[1].first_lsn == 7u);
}

BOOST_AUTO_TEST_CASE(damage_at_a_segments_end_does_not_hide_its_successor) {
    auto disk = closed_run(6, full_at(3));
    spoil(disk, segment(1), 2 * page_size, 1);
    watcher seen;
    const auto summary = inspect_run(disk, run, seen.observer());
    require(summary);
    BOOST_TEST((summary->verdict == condition::damaged));
    BOOST_TEST(seen.records == (numbers{1, 2, 5, 6}), boost::test_tools::per_element());
    BOOST_TEST_REQUIRE(seen.complaints.size() == 1u);
    BOOST_TEST(seen.complaints[0].first_lsn == 3u);
    BOOST_TEST(seen.complaints[0].last_lsn == 4u);
}

BOOST_AUTO_TEST_CASE(a_missing_middle_is_complained_of_once) {
    auto disk = closed_run(6, full_at(2));
    require(disk.remove(segment(3)));
    watcher seen;
    const auto summary = inspect_run(disk, run, seen.observer());
    require(summary);
    BOOST_TEST((summary->verdict == condition::damaged));
    BOOST_TEST(seen.records == (numbers{1, 2, 5, 6}), boost::test_tools::per_element());
    BOOST_TEST_REQUIRE(seen.complaints.size() == 1u);
    BOOST_TEST(seen.complaints[0].first_lsn == 3u);
    BOOST_TEST(seen.complaints[0].last_lsn == 4u);
}

BOOST_AUTO_TEST_CASE(without_its_header_a_segment_is_read_by_its_frames) {
    auto disk = closed_run(6, full_at(3));
    spoil(disk, segment(1), 100, 1);
    watcher seen;
    const auto summary = inspect_run(disk, run, seen.observer());
    require(summary);
    BOOST_TEST((summary->verdict == condition::damaged));
    BOOST_TEST(seen.records == (numbers{1, 2, 3, 4, 5, 6}), boost::test_tools::per_element());
    BOOST_TEST(!summary->segments.at(0).header.has_value());
    BOOST_TEST(summary->lost_records == 0u);
    BOOST_TEST_REQUIRE(seen.complaints.size() == 1u);
    BOOST_TEST(seen.complaints[0].what.ends_with("; its frames are read without it"));
}

BOOST_AUTO_TEST_CASE(without_header_and_frames_nothing_of_a_segment_is_read) {
    auto disk = closed_run(6, full_at(3));
    disk.set_contents(segment(1), std::string(disk.contents(segment(1)).size(), 'x'));
    watcher seen;
    const auto summary = inspect_run(disk, run, seen.observer());
    require(summary);
    BOOST_TEST((summary->verdict == condition::damaged));
    BOOST_TEST(seen.records == (numbers{5, 6}), boost::test_tools::per_element());
    BOOST_TEST(summary->lost_records == 4u);
    BOOST_TEST_REQUIRE(seen.complaints.size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_file_may_have_any_name_and_be_looked_at_alone) {
    auto disk = closed_run(6, full_at(3));
    disk.set_contents("/copy", disk.contents(segment(5)) + std::string(70, '#'));
    watcher seen;
    const auto summary = inspect_segment(disk, "/copy", seen.observer());
    require(summary);
    BOOST_TEST((summary->verdict == condition::torn));
    BOOST_TEST(summary->torn_bytes == 70u);
    BOOST_TEST(seen.records == (numbers{5, 6}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_file_that_is_not_there_is_a_failure_and_a_strange_one_is_damage) {
    memory_file_system disk;
    const auto missing = inspect_segment(disk, "/none", {});
    BOOST_TEST_REQUIRE(!missing.has_value());
    BOOST_TEST((missing.error().code == failure_code::not_found));
    BOOST_TEST(!inspect_run(disk, "/none", {}).has_value());
    for (const auto size : {0, 10, 5000}) {
        disk.set_contents("/strange", std::string(static_cast<std::size_t>(size), 'x'));
        const auto strange = inspect_segment(disk, "/strange", {});
        require(strange);
        BOOST_TEST((strange->verdict == condition::damaged));
    }
}

BOOST_AUTO_TEST_CASE(
    what_a_file_whose_sync_failed_holds_behind_its_successors_beginning_is_passed_over) {
    memory_file_system disk;
    auto store = create_run(disk);
    append_each(*store, 1, 2);
    require(store->append(numbered(3), 1));
    fail_call(disk, failure_code::io_error);
    require(store->sync());
    watcher seen;
    const auto summary = inspect_run(disk, run, seen.observer());
    require(summary);
    BOOST_TEST((summary->verdict == condition::clean));
    BOOST_TEST(summary->segments.at(0).passed_over_bytes == page_size);
    BOOST_TEST(seen.records == (numbers{1, 2, 3}), boost::test_tools::per_element());
    BOOST_TEST(seen.complaints.empty());
}

BOOST_AUTO_TEST_CASE(a_damaged_identity_does_not_hide_the_log) {
    auto disk = closed_run(2);
    spoil(disk, run + "/run.json", 30, 1);
    watcher seen;
    const auto summary = inspect_run(disk, run, seen.observer());
    require(summary);
    BOOST_TEST((summary->verdict == condition::damaged));
    BOOST_TEST(!summary->identity.has_value());
    BOOST_TEST(seen.records == (numbers{1, 2}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_run_that_was_never_quite_made_is_not_damage) {
    memory_file_system disk;
    require(disk.make_directory(run));
    watcher seen;
    const auto summary = inspect_run(disk, run, seen.observer());
    require(summary);
    BOOST_TEST((summary->verdict == condition::clean));
    BOOST_TEST(seen.complaints.size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_run_whose_identity_is_gone_is_damaged) {
    auto disk = closed_run(2);
    require(disk.remove(run + "/run.json"));
    const auto summary = inspect_run(disk, run, {});
    require(summary);
    BOOST_TEST((summary->verdict == condition::damaged));
}

BOOST_AUTO_TEST_CASE(a_bad_record_in_a_sound_frame_is_damage) {
    auto disk = crashed_run(2);
    auto reader = segment_reader::open(disk, run, {1, 1});
    require(reader);
    auto payload = numbered(3) + numbered(4);
    payload.back() = '#'; // before the frame's checksum is made
    frame_header header;
    header.first_lsn = 3;
    header.record_count = 2;
    disk.set_contents(segment(1),
                      disk.contents(segment(1)) + encode(header, payload, reader->header().salt));
    watcher seen;
    const auto summary = inspect_run(disk, run, seen.observer());
    require(summary);
    BOOST_TEST((summary->verdict == condition::damaged));
    BOOST_TEST(seen.records == (numbers{1, 2, 3}), boost::test_tools::per_element());
    BOOST_TEST_REQUIRE(seen.complaints.size() == 1u);
    BOOST_TEST(seen.complaints[0].offset == 3 * page_size);
}

BOOST_AUTO_TEST_CASE(whoever_has_seen_enough_is_shown_no_more) {
    auto disk = closed_run(10, full_at(3));
    watcher seen;
    auto observer = seen.observer();
    observer.enough = [&] { return seen.records.size() >= 4; };
    require(inspect_run(disk, run, observer));
    BOOST_TEST(seen.records == (numbers{1, 2, 3, 4}), boost::test_tools::per_element());
    BOOST_TEST(seen.complaints.empty());
}

BOOST_AUTO_TEST_SUITE_END()
