// Numbers and texts of footers.
#include "proctor/codec/varint.hpp"

#include <boost/test/unit_test.hpp>

#include <limits>

using namespace proctor;

BOOST_AUTO_TEST_SUITE(varints)

BOOST_AUTO_TEST_CASE(numbers_round_trip_in_as_many_bytes_as_they_need) {
    std::size_t expected = 0;
    for (unsigned bits = 0; bits <= 64; ++bits) {
        const auto value =
            bits == 64 ? std::numeric_limits<std::uint64_t>::max() : (std::uint64_t{1} << bits) - 1;
        std::string bytes;
        append_varint(bytes, value);
        expected = bits == 0 ? 1 : (bits + 6) / 7;
        BOOST_TEST(bytes.size() == expected);
        varint_reader in(bytes);
        BOOST_TEST(in.number() == value);
        BOOST_TEST(in.ok());
        BOOST_TEST(in.left().empty());
    }
}

BOOST_AUTO_TEST_CASE(texts_round_trip_whatever_is_in_them) {
    const std::string text("nul\0 and \xff", 10);
    std::string bytes;
    append_text(bytes, text);
    append_text(bytes, "");
    append_varint(bytes, 7);
    varint_reader in(bytes);
    BOOST_TEST(in.text() == text);
    BOOST_TEST(in.text().empty());
    BOOST_TEST(in.number() == 7u);
    BOOST_TEST(in.ok());
}

BOOST_AUTO_TEST_CASE(what_is_cut_off_reads_as_nothing_and_is_told) {
    std::string bytes;
    append_varint(bytes, 1'000'000);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        varint_reader in(std::string_view(bytes).substr(0, size));
        BOOST_TEST(in.number() == 0u);
        BOOST_TEST(!in.ok());
        BOOST_TEST(in.number() == 0u);
        BOOST_TEST(in.text().empty());
        BOOST_TEST(!in.ok());
    }
    std::string text;
    append_text(text, "abc");
    varint_reader in(std::string_view(text).substr(0, 3));
    BOOST_TEST(in.text().empty());
    BOOST_TEST(!in.ok());
}

BOOST_AUTO_TEST_CASE(a_number_without_an_end_is_refused) {
    const std::string endless(30, '\xff');
    varint_reader in(endless);
    BOOST_TEST(in.number() == 0u);
    BOOST_TEST(!in.ok());
}

BOOST_AUTO_TEST_CASE(a_text_longer_than_what_is_left_is_refused) {
    std::string bytes;
    append_varint(bytes, std::numeric_limits<std::uint64_t>::max());
    bytes += "abc";
    varint_reader in(bytes);
    BOOST_TEST(in.text().empty());
    BOOST_TEST(!in.ok());
}

BOOST_AUTO_TEST_SUITE_END()
