// Headers, blocks and trailers of snapshots: what goes in comes out, and nothing else passes.
#include "proctor/codec/snapshot_bytes.hpp"

#include "proctor/codec/crc32c.hpp"
#include "proctor/codec/little_endian.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

using namespace proctor;

namespace {

constexpr std::uint64_t salt = 0x0123'4567'89ab'cdef;

snapshot_header sample_header() {
    snapshot_header header;
    header.run.fill('r');
    header.first_lsn = 17;
    header.last_lsn = 40'000;
    header.epoch = 3;
    header.salt = salt;
    header.created = wall_time{std::chrono::microseconds{1'735'689'600'123'456}};
    header.read_only_compatible = 4;
    header.compatible = 5;
    return header;
}

template <class Decode>
void every_flipped_bit_is_refused(const std::string& bytes, std::size_t checked, Decode decode) {
    for (std::size_t bit = 0; bit < checked * 8; ++bit) {
        auto flipped = bytes;
        flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
        BOOST_TEST(!decode(flipped).has_value(), "bit " << bit);
    }
}

template <class Decode>
void every_shorter_text_is_refused(const std::string& bytes, Decode decode) {
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        const auto read = decode(bytes.substr(0, size));
        BOOST_TEST_REQUIRE(!read.has_value(), "size " << size);
        BOOST_TEST((read.error().code == failure_code::damaged));
    }
}

// With the checksum made anew.
std::string changed_header(std::size_t at, char value) {
    auto bytes = encode(sample_header());
    bytes[at] = value;
    const auto end = snapshot_header_size - 4;
    put<std::uint32_t>(bytes.data() + end,
                       mask_crc(crc32c(0, std::string_view(bytes).substr(0, end))));
    return bytes;
}

block_header sample_block() {
    block_header header;
    header.raw_size = 1000;
    header.records = 7;
    header.first_question = 123'456'789'012;
    return header;
}

} // namespace

BOOST_AUTO_TEST_SUITE(bytes_of_snapshots)

BOOST_AUTO_TEST_CASE(a_header_round_trips) {
    const auto written = sample_header();
    const auto bytes = encode(written);
    BOOST_TEST(bytes.size() == snapshot_header_size);
    const auto read = decode_snapshot_header(bytes + "what follows");
    BOOST_TEST_REQUIRE(read.has_value());
    BOOST_TEST(read->version == snapshot_version);
    BOOST_TEST((read->run == written.run));
    BOOST_TEST(read->first_lsn == written.first_lsn);
    BOOST_TEST(read->last_lsn == written.last_lsn);
    BOOST_TEST(read->epoch == written.epoch);
    BOOST_TEST(read->salt == written.salt);
    BOOST_TEST((read->created == written.created));
    BOOST_TEST(read->read_only_compatible == 4u);
    BOOST_TEST(read->compatible == 5u);
    const auto decode = [](const std::string& text) { return decode_snapshot_header(text); };
    every_flipped_bit_is_refused(bytes, bytes.size(), decode);
    every_shorter_text_is_refused(bytes, decode);
}

BOOST_AUTO_TEST_CASE(an_older_header_tells_its_version) {
    auto written = sample_header();
    written.version = 1;
    BOOST_TEST(decode_snapshot_header(encode(written)).value().version == 1u);
}

BOOST_AUTO_TEST_CASE(a_newer_header_is_not_damage) {
    for (const auto& bytes : {changed_header(8, snapshot_version + 1), changed_header(12, 1)}) {
        const auto read = decode_snapshot_header(bytes);
        BOOST_TEST_REQUIRE(!read.has_value());
        BOOST_TEST((read.error().code == failure_code::unsupported));
    }
    BOOST_TEST(decode_snapshot_header(changed_header(16, 1)).has_value());
}

BOOST_AUTO_TEST_CASE(a_block_round_trips) {
    for (const auto kind : {block_kind::records, block_kind::footer}) {
        auto written = sample_block();
        written.kind = kind;
        const auto bytes = encode(written, "compressed", salt);
        BOOST_TEST(bytes.size() == block_header_size + 10);
        const auto read = decode_block_header(bytes, salt);
        BOOST_TEST_REQUIRE(read.has_value());
        BOOST_TEST((read->kind == kind));
        BOOST_TEST(read->stored_size == 10u);
        BOOST_TEST(read->raw_size == 1000u);
        BOOST_TEST(read->records == 7u);
        BOOST_TEST(read->first_question == written.first_question);
        BOOST_TEST(read->span() == bytes.size());
        BOOST_TEST(payload_intact(*read, "compressed", salt));
        BOOST_TEST(!payload_intact(*read, "compresseD", salt));
        BOOST_TEST(!payload_intact(*read, "compresse", salt));
        BOOST_TEST(!payload_intact(*read, "compressed", salt + 1));
        const auto decode = [](const std::string& text) { return decode_block_header(text, salt); };
        every_flipped_bit_is_refused(bytes, block_header_size, decode);
        every_shorter_text_is_refused(bytes.substr(0, block_header_size), decode);
        BOOST_TEST(!decode_block_header(bytes, salt + 1).has_value());
    }
}

BOOST_AUTO_TEST_CASE(a_block_larger_than_any_may_be_is_refused) {
    auto block = sample_block();
    block.raw_size = max_block_raw + 1;
    BOOST_TEST(!decode_block_header(encode(block, "x", salt), salt).has_value());
    block.kind = block_kind::footer;
    BOOST_TEST(decode_block_header(encode(block, "x", salt), salt).has_value());
    block.raw_size = max_footer_raw + 1;
    BOOST_TEST(!decode_block_header(encode(block, "x", salt), salt).has_value());
}

BOOST_AUTO_TEST_CASE(a_trailer_round_trips) {
    snapshot_trailer written;
    written.footer_offset = 1'000'000;
    written.file_size = 2'000'000;
    written.first_lsn = 3;
    written.last_lsn = 4;
    written.records = 2;
    const auto bytes = encode(written, salt);
    BOOST_TEST(bytes.size() == snapshot_trailer_size);
    const auto read = decode_snapshot_trailer(bytes, salt);
    BOOST_TEST_REQUIRE(read.has_value());
    BOOST_TEST(read->footer_offset == 1'000'000u);
    BOOST_TEST(read->file_size == 2'000'000u);
    BOOST_TEST(read->first_lsn == 3u);
    BOOST_TEST(read->last_lsn == 4u);
    BOOST_TEST(read->records == 2u);
    const auto decode = [](const std::string& text) { return decode_snapshot_trailer(text, salt); };
    every_flipped_bit_is_refused(bytes, bytes.size(), decode);
    every_shorter_text_is_refused(bytes, decode);
    BOOST_TEST(!decode_snapshot_trailer(bytes, salt + 1).has_value());
    BOOST_TEST(!decode_snapshot_trailer(bytes + "x", salt).has_value());
}

BOOST_AUTO_TEST_CASE(entries_are_taken_off_one_by_one) {
    std::string block;
    record_view record;
    record.question = 9;
    record.repeats = 2;
    record.body = "{}";
    append_entry(block, 100, record);
    record.kind = record_kind::answered;
    append_entry(block, 77, record);
    std::string_view left = block;
    const auto first = take_entry(left);
    BOOST_TEST_REQUIRE(first.has_value());
    BOOST_TEST(first->number == 100u);
    BOOST_TEST(first->record.question == 9u);
    BOOST_TEST(first->record.repeats == 2u);
    const auto second = take_entry(left);
    BOOST_TEST_REQUIRE(second.has_value());
    BOOST_TEST(second->number == 77u);
    BOOST_TEST((second->record.kind == record_kind::answered));
    BOOST_TEST(left.empty());
    BOOST_TEST(!take_entry(left).has_value());
}

BOOST_AUTO_TEST_CASE(an_entry_that_is_cut_off_is_damage_and_stays_where_it_is) {
    std::string block;
    record_view record;
    record.body = "{}";
    append_entry(block, 1, record);
    for (std::size_t size = 0; size < block.size(); ++size) {
        auto left = std::string_view(block).substr(0, size);
        BOOST_TEST(!take_entry(left).has_value());
        BOOST_TEST(left.size() == size);
    }
}

BOOST_AUTO_TEST_SUITE_END()
