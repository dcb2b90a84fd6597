// Reading a segment that somebody writes on.
#include "support/memory_file_system.hpp"
#include "support/store_records.hpp"

#include <boost/test/unit_test.hpp>

#include <optional>

using namespace proctor;
using namespace proctor::test;

namespace {

std::string frame_of(lsn first, lsn durable, const segment_header& segment) {
    frame_header header;
    header.type = frame_type::note;
    header.first_lsn = first;
    header.durable_lsn = durable;
    return encode(header, {}, segment.salt);
}

std::string records_frame_of(lsn first, lsn durable, const segment_header& segment) {
    frame_header frame;
    frame.first_lsn = first;
    frame.durable_lsn = durable;
    frame.record_count = 1;
    return encode(frame, make_record(1, "{}"), segment.salt);
}

struct new_segment {
    new_segment() {
        BOOST_TEST_REQUIRE(disk.make_directory("/run").has_value());
        header.salt = 7;
        writer.emplace(segment_writer::create(disk, "/run", header).value());
    }

    memory_file_system disk;
    segment_header header;
    std::optional<segment_writer> writer;
};

} // namespace

BOOST_AUTO_TEST_SUITE(live_segment)

// A reader that had opened the file in the middle of a write took the frames behind it, which say
// that all before them is durable, for the proof that the cut was damage.
BOOST_FIXTURE_TEST_CASE(what_was_written_after_the_opening_proves_nothing, new_segment) {
    // A page of what is being written, as a reader may see it.
    BOOST_TEST_REQUIRE(writer->append(std::string(page_size, '\0')).has_value());
    auto reader = segment_reader::open(disk, "/run", {1, 1});
    BOOST_TEST_REQUIRE(reader.has_value());
    BOOST_TEST_REQUIRE(writer->append(frame_of(9, 8, header)).has_value());

    const auto found = judge_gap(*reader, page_size, 1, no_limit);
    BOOST_TEST_REQUIRE(found.has_value());
    BOOST_TEST((found->what == gap::kind::torn));
    auto later = segment_reader::open(disk, "/run", {1, 1});
    BOOST_TEST((judge_gap(*later, page_size, 1, no_limit)->what == gap::kind::damage));
}

// The same where the writer had made room: the frames come within the file's size.
BOOST_FIXTURE_TEST_CASE(what_was_written_into_room_meanwhile_is_no_damage, new_segment) {
    BOOST_TEST_REQUIRE(writer->append(frame_of(1, 0, header), 3 * page_size).has_value());
    auto reader = segment_reader::open(disk, "/run", {1, 1});
    BOOST_TEST_REQUIRE(reader.has_value());
    const auto end = 2 * page_size;
    BOOST_TEST(!reader->read(end)->has_value());
    BOOST_TEST_REQUIRE(writer->append(records_frame_of(1, 0, header)).has_value());
    BOOST_TEST_REQUIRE(writer->append(frame_of(2, 1, header)).has_value());
    auto found = judge_gap(*reader, end, 1, no_limit);
    BOOST_TEST_REQUIRE(found.has_value());
    BOOST_TEST((found->what == gap::kind::written_meanwhile));
    BOOST_TEST(found->go_on == end);
    // Two preads search behind the place; the third looks at it again.
    for (unsigned call = 1; call <= 3; ++call) {
        disk.plan(
            {disk_fault::effect::fails_once, disk.calls().size() + call, failure_code::io_error});
        found = judge_gap(*reader, end, 1, no_limit);
        BOOST_TEST((!found && found.error().code == failure_code::io_error), "call " << call);
    }
}

BOOST_FIXTURE_TEST_CASE(what_was_written_since_is_seen_when_it_is_asked_for, new_segment) {
    auto reader = segment_reader::open(disk, "/run", {1, 1});
    BOOST_TEST_REQUIRE(reader.has_value());
    BOOST_TEST_REQUIRE(writer->append(frame_of(1, 0, header)).has_value());
    const auto is_there = [&] {
        const auto frame = reader->read(page_size);
        BOOST_TEST_REQUIRE(frame.has_value());
        return frame->has_value();
    };
    BOOST_TEST(!is_there());
    disk.plan({disk_fault::effect::fails_once, disk.calls().size() + 1, failure_code::io_error});
    const auto failed = reader->refresh();
    BOOST_TEST_REQUIRE(!failed.has_value());
    BOOST_TEST((failed.error().code == failure_code::io_error));
    BOOST_TEST(!is_there());
    BOOST_TEST_REQUIRE(reader->refresh().has_value());
    BOOST_TEST(is_there());
}

BOOST_AUTO_TEST_SUITE_END()
