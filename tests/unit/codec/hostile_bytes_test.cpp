// Bytes whose checksums are right and whose contents are not, as no writer makes them.
#include "proctor/codec/compression.hpp"
#include "proctor/codec/crc32c.hpp"
#include "proctor/codec/ledger_codec.hpp"
#include "proctor/codec/little_endian.hpp"
#include "proctor/codec/record.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

using namespace proctor;

namespace {

std::string record_of(question_id id) {
    record_view record;
    record.question = 1;
    record.body = "{}";
    std::string bytes;
    append_record(bytes, record);
    put<std::uint64_t>(bytes.data() + 16, id);
    put<std::uint32_t>(bytes.data() + 4, mask_crc(crc32c(0, std::string_view(bytes).substr(8))));
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
