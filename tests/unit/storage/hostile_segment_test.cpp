// Logs whose checksums are right and whose contents are not, as no writer makes them.
#include "store_bench.hpp"

#include "proctor/codec/little_endian.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

using namespace proctor;
using namespace proctor::test;

namespace {

constexpr std::uint64_t salt = 3;

std::string header_page(lsn first) {
    segment_header header;
    header.run = make_identity().id;
    header.first_lsn = first;
    header.salt = salt;
    return encode(header);
}

std::string frame_of(lsn first, std::uint32_t count, std::string_view payload, lsn durable = 0) {
    frame_header header;
    header.first_lsn = first;
    header.record_count = count;
    header.durable_lsn = durable;
    return encode(header, payload, salt);
}

// A run whose first segment holds that, and nothing else.
memory_file_system run_of(const std::string& frames) {
    memory_file_system disk;
    create_run(disk);
    disk.set_contents(segment(1), header_page(1) + frames);
    return disk;
}

// Refused by everybody who reads it, and left as it is.
void expect_refused(memory_file_system& disk, failure_code code) {
    BOOST_TEST(fails_as(replay_run(disk), code));
    BOOST_TEST(fails_as(run_view::open(disk, run), code));
    const auto before = disk.list(run).value();
    BOOST_TEST(fails_as(run_store::open(disk, run, make_options(1 << 20, 2), {}), code));
    BOOST_TEST(disk.list(run).value() == before, boost::test_tools::per_element());
    BOOST_TEST((inspected(disk) == condition::damaged));
}

// Compaction reads what replay has not seen again.
result<snapshot_key> compacted(file_system& disk, lsn last) {
    compaction_job job;
    job.directory = run;
    job.header.run = make_identity().id;
    job.header.last_lsn = last;
    return build_snapshot(disk, job);
}

} // namespace

BOOST_AUTO_TEST_SUITE(hostile_segments)

BOOST_AUTO_TEST_CASE(what_is_crafted_right_is_read) {
    auto disk = run_of(frame_of(1, 2, numbered(1) + numbered(2)));
    BOOST_TEST(records_of(disk) == numbered_to(2), boost::test_tools::per_element());
    BOOST_TEST(compacted(disk, 2).has_value());
}

BOOST_AUTO_TEST_CASE(a_frame_with_more_in_it_than_its_records_is_damage) {
    auto disk = run_of(frame_of(1, 1, numbered(1) + numbered(2)));
    expect_refused(disk, failure_code::damaged);
    BOOST_TEST(fails_as(compacted(disk, 1), failure_code::damaged));
}

BOOST_AUTO_TEST_CASE(a_frame_with_less_in_it_than_its_records_is_damage) {
    auto disk = run_of(frame_of(1, 3, numbered(1) + numbered(2)));
    expect_refused(disk, failure_code::damaged);
    BOOST_TEST(fails_as(compacted(disk, 3), failure_code::damaged));
}

BOOST_AUTO_TEST_CASE(a_frame_of_a_newer_encoding_is_not_supported) {
    frame_header header;
    header.first_lsn = 1;
    header.record_count = 1;
    header.flags = 1;
    auto disk = run_of(encode(header, numbered(1), salt));
    expect_refused(disk, failure_code::unsupported);
    BOOST_TEST(fails_as(compacted(disk, 1), failure_code::unsupported));
}

BOOST_AUTO_TEST_CASE(a_record_that_says_another_question_than_its_body_is_damage) {
    auto disk = run_of(frame_of(1, 1, make_raw_record(1, make_body(2, "of another"))));
    expect_refused(disk, failure_code::damaged);
}

BOOST_AUTO_TEST_CASE(a_frame_that_reaches_into_the_next_segment_is_damage) {
    auto disk = run_of(frame_of(1, 2, numbered(1) + numbered(2)));
    disk.set_contents(segment(2), header_page(2));
    expect_refused(disk, failure_code::damaged);
}

BOOST_AUTO_TEST_CASE(a_frame_that_begins_too_late_is_damage_to_a_compaction) {
    auto disk = run_of(frame_of(1, 1, numbered(1)) + frame_of(3, 1, numbered(3)));
    BOOST_TEST(fails_as(compacted(disk, 3), failure_code::damaged));
    // What it tells of itself alone was never acknowledged.
    BOOST_TEST(records_of(disk) == numbered_to(1), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_log_that_ends_too_early_is_damage_to_a_compaction) {
    auto disk = run_of(frame_of(1, 1, numbered(1)));
    BOOST_TEST(fails_as(compacted(disk, 2), failure_code::damaged));
}

// 1 to 3 are in a snapshot.
BOOST_AUTO_TEST_CASE(
    frames_that_snapshots_cover_are_not_judged_and_none_behind_them_is_passed_over) {
    const auto records_behind = [](const std::vector<lsn>& frames, bool torn) {
        auto disk = crashed_run(3);
        open_run(disk);
        require(disk.remove(segment(4, 2)));
        std::string log;
        for (const auto number : frames) log += frame_of(number, 1, numbered(number));
        disk.set_contents(segment(1), header_page(1) + log);
        const auto report = replay_run(disk);
        require(report);
        BOOST_TEST(report->torn.has_value() == torn);
        BOOST_TEST((inspected(disk) == (torn ? condition::torn : condition::clean)));
        open_run(disk);
        BOOST_TEST(records_of(disk) == numbered_to(3 + report->records),
                   boost::test_tools::per_element());
        return report->records;
    };
    BOOST_TEST(records_behind({1, 2, 3, 4, 5}, false) == 2u);
    BOOST_TEST(records_behind({2, 1, 3, 4, 5}, false) == 2u);
    BOOST_TEST(records_behind({1, 3, 2, 4, 5}, false) == 2u);
    BOOST_TEST(records_behind({1, 2, 2, 3, 4}, false) == 1u);
    BOOST_TEST(records_behind({1, 2, 4, 5}, false) == 2u);
    BOOST_TEST(records_behind({1, 2}, false) == 0u);
    BOOST_TEST(records_behind({1, 2, 5}, true) == 0u);
    BOOST_TEST(records_behind({1, 2, 3, 5}, true) == 0u);
}

BOOST_AUTO_TEST_CASE(a_record_of_an_impossible_length_is_damage_before_memory_is_taken) {
    auto record = numbered(1);
    put<std::uint32_t>(record.data(), ~std::uint32_t{0});
    memory_file_system disk;
    disk.set_contents("/any", record);
    auto file = disk.open("/any");
    require(file);
    std::string buffer;
    const auto read = read_record(**file, "/any", {}, buffer);
    BOOST_TEST_REQUIRE(fails_as(read, failure_code::damaged));
    BOOST_TEST(read.error().detail == "a record's length is impossible");
    BOOST_TEST(buffer.size() < page_size * 16);
}

BOOST_AUTO_TEST_CASE(a_record_whose_size_nobody_knows_is_read_to_its_end) {
    memory_file_system disk;
    const auto record = make_record(1, std::string(50'000, 'x'));
    disk.set_contents("/any", record + "more");
    auto file = disk.open("/any");
    require(file);
    std::string buffer;
    const auto read = read_record(**file, "/any", {}, buffer);
    require(read);
    BOOST_TEST((read->bytes == record));
    fail_call(disk, failure_code::io_error, 1);
    BOOST_TEST(fails_as(read_record(**file, "/any", {}, buffer), failure_code::io_error));
    disk.set_contents("/short", record.substr(0, 40'000));
    file = disk.open("/short");
    require(file);
    BOOST_TEST(fails_as(read_record(**file, "/short", {}, buffer), failure_code::damaged));
}

BOOST_AUTO_TEST_SUITE_END()
