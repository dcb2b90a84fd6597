// Bytes whose checksums are right and whose contents are not, as no writer makes them.
#include "proctor/codec/compression.hpp"
#include "proctor/codec/crc32c.hpp"
#include "proctor/codec/frame.hpp"
#include "proctor/codec/ledger_codec.hpp"
#include "proctor/codec/little_endian.hpp"
#include "proctor/codec/record.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

using namespace proctor;

namespace {

// A record with `value` at `at`.
template <class Number>
std::string record_with(std::size_t at, Number value) {
    record_view record;
    record.question = 1;
    record.body = "{}";
    std::string bytes;
    append_record(bytes, record);
    put<Number>(bytes.data() + at, value);
    put<std::uint32_t>(bytes.data() + 4, mask_crc(crc32c(0, std::string_view(bytes).substr(8))));
    return bytes;
}

std::string record_of(question_id id) {
    return record_with(16, id);
}

constexpr std::uint64_t salt = 5;

// The header of a frame, with such sizes.
std::string frame_of(std::uint32_t stored_size, std::uint32_t raw_size) {
    auto bytes = encode(frame_header{}, {}, salt).substr(0, frame_header_size);
    put<std::uint32_t>(bytes.data() + 8, stored_size);
    put<std::uint32_t>(bytes.data() + 12, raw_size);
    const auto covered = std::string_view(bytes).substr(8);
    put<std::uint32_t>(bytes.data() + 4, mask_crc(crc32c(crc_seed(salt), covered)));
    return bytes;
}

bool is_damaged(const std::string& figures, std::uint64_t most) {
    varint_reader in(figures);
    const auto read = read_ledger(in, most);
    return !read && read.error().code == failure_code::damaged;
}

} // namespace

BOOST_AUTO_TEST_SUITE(hostile_bytes)

BOOST_AUTO_TEST_CASE(a_question_number_that_would_take_all_memory_is_damage) {
    const auto highest = record_of(highest_question), beyond = record_of(highest_question + 1);
    std::string_view left = highest;
    BOOST_TEST(take_record(left).has_value());
    left = beyond;
    const auto record = take_record(left);
    BOOST_TEST_REQUIRE(!record);
    BOOST_TEST((record.error().code == failure_code::damaged));
    BOOST_TEST(left.size() == beyond.size());
}

BOOST_AUTO_TEST_CASE(a_kind_of_record_that_there_is_not_is_damage) {
    for (const int kind : {0, 1, 4, 5, 255}) {
        const auto record = record_with(8, static_cast<std::uint8_t>(kind));
        std::string_view left = record;
        const auto taken = take_record(left);
        BOOST_TEST(taken.has_value() == (kind == 1 || kind == 4), "kind " << kind);
        if (!taken) BOOST_TEST((taken.error().code == failure_code::damaged));
    }
}

BOOST_AUTO_TEST_CASE(a_frame_of_more_bytes_than_one_may_hold_is_damage) {
    constexpr std::uint32_t most = max_frame_payload;
    BOOST_TEST(decode_frame_header(frame_of(most, most), salt).has_value());
    for (const auto& bytes : {frame_of(most + 1, most), frame_of(most, most + 1)}) {
        const auto header = decode_frame_header(bytes, salt);
        BOOST_TEST_REQUIRE(!header);
        BOOST_TEST((header.error().code == failure_code::damaged));
    }
}

BOOST_AUTO_TEST_CASE(a_segment_of_a_newer_version_is_not_supported) {
    for (const std::uint16_t version : {0, 1, 2}) {
        auto page = encode(segment_header{});
        put<std::uint16_t>(page.data() + 8, static_cast<std::uint16_t>(segment_version + version));
        const auto covered = std::string_view(page).substr(0, page_size - 4);
        put<std::uint32_t>(page.data() + page_size - 4, mask_crc(crc32c(0, covered)));
        const auto header = decode_segment_header(page);
        BOOST_TEST(header.has_value() == (version == 0));
        if (!header) BOOST_TEST((header.error().code == failure_code::unsupported));
    }
}

BOOST_AUTO_TEST_CASE(a_set_of_more_questions_than_there_are_records_is_damage) {
    ledger counted;
    for (question_id id = 1; id <= 1000; ++id) counted.apply({record_kind::result, id});
    std::string figures;
    append_ledger(figures, counted);
    BOOST_TEST(!is_damaged(figures, 1000));
    BOOST_TEST(is_damaged(figures, 999));
}

BOOST_AUTO_TEST_CASE(an_answer_that_is_in_no_set_is_damage) {
    ledger counted;
    counted.apply({record_kind::answered, 7});
    std::string figures;
    append_ledger(figures, counted);
    BOOST_TEST(!is_damaged(figures, 1));
    // Sets: none completed, {7} answered, none failed or refused; no kinds; one answer, of 7.
    BOOST_TEST_REQUIRE(figures.substr(0, 9) == std::string("\0\1\7\1\0\0\0\1\7", 9));
    figures[8] = 8;
    BOOST_TEST(is_damaged(figures, 1));
}

BOOST_AUTO_TEST_CASE(an_impossible_size_is_refused_before_memory_is_taken) {
    compressor press;
    const std::string stored(press.compress("text"));
    decompressor unpress;
    BOOST_TEST(unpress.decompress(stored, 4).has_value());
    const auto raw = unpress.decompress(stored, std::size_t{1} << 60);
    BOOST_TEST_REQUIRE(!raw);
    BOOST_TEST((raw.error().code == failure_code::damaged));
}

BOOST_AUTO_TEST_SUITE_END()
