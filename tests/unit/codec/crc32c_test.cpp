// CRC-32C against published values and against its definition.
#include "proctor/codec/crc32c.hpp"

#include <boost/test/unit_test.hpp>

#include <random>
#include <string>

using namespace proctor;

namespace {

// Bit by bit, straight from the polynomial.
std::uint32_t by_definition(std::string_view data) {
    std::uint32_t crc = ~0u;
    for (const char c : data) {
        crc ^= static_cast<unsigned char>(c);
        for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ (crc & 1 ? 0x82f63b78u : 0u);
    }
    return ~crc;
}

} // namespace

BOOST_AUTO_TEST_SUITE(crc32c_)

BOOST_AUTO_TEST_CASE(published_values_come_out) {
    std::string rising(32, '\0'), falling(32, '\0');
    for (int i = 0; i < 32; ++i) {
        rising[std::size_t(i)] = static_cast<char>(i);
        falling[std::size_t(i)] = static_cast<char>(31 - i);
    }
    // RFC 3720, appendix B.4
    BOOST_TEST(crc32c(0, std::string(32, '\0')) == 0x8a9136aau);
    BOOST_TEST(crc32c(0, std::string(32, '\xff')) == 0x62a8ab43u);
    BOOST_TEST(crc32c(0, rising) == 0x46dd794eu);
    BOOST_TEST(crc32c(0, falling) == 0x113fdb5cu);
    BOOST_TEST(crc32c(0, std::string_view("123456789")) == 0xe3069283u);
    BOOST_TEST(crc32c(0, std::string_view()) == 0u);
}

BOOST_AUTO_TEST_CASE(every_length_and_alignment_agrees_with_the_definition) {
    std::mt19937 random(7);
    std::string data(900, '\0');
    for (auto& c : data) c = static_cast<char>(random());
    for (std::size_t begin = 0; begin < 9; ++begin)
        for (std::size_t size = 0; begin + size <= data.size(); ++size) {
            const auto part = std::string_view(data).substr(begin, size);
            BOOST_REQUIRE(crc32c(0, part) == by_definition(part));
        }
}

BOOST_AUTO_TEST_CASE(long_inputs_can_come_in_pieces) {
    std::mt19937 random(8);
    std::string data(1 << 20, '\0');
    for (auto& c : data) c = static_cast<char>(random());
    const auto whole = crc32c(0, data);
    BOOST_TEST(whole == by_definition(data));
    std::uint32_t crc = 0;
    for (std::size_t at = 0; at < data.size();) {
        const auto size = std::min<std::size_t>(1 + random() % 5000, data.size() - at);
        crc = crc32c(crc, std::string_view(data).substr(at, size));
        at += size;
    }
    BOOST_TEST(crc == whole);
}

BOOST_AUTO_TEST_CASE(it_runs_backwards) {
    std::mt19937 random(9);
    for (std::size_t size = 0; size < 300; ++size) {
        std::string data(size, '\0');
        for (auto& c : data) c = static_cast<char>(random());
        const auto begun = static_cast<std::uint32_t>(random());
        BOOST_TEST(crc32c_before(crc32c(begun, data), data) == begun);
        BOOST_TEST(unmask_crc(mask_crc(begun)) == begun);
    }
}

BOOST_AUTO_TEST_SUITE_END()
