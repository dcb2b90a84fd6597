// From checksums to salts.
#include "proctor/codec/lost_salt.hpp"

#include "proctor/codec/crc32c.hpp"
#include "proctor/codec/frame.hpp"
#include "proctor/codec/snapshot_bytes.hpp"

#include <boost/test/unit_test.hpp>

#include <random>
#include <string>

using namespace proctor;

namespace {

std::string noise(std::mt19937_64& random, std::size_t size) {
    std::string text(size, '\0');
    for (auto& c : text) c = static_cast<char>(random());
    return text;
}

} // namespace

BOOST_AUTO_TEST_SUITE(lost_salts)

BOOST_AUTO_TEST_CASE(a_frame_tells_a_salt_as_good_as_its_own) {
    std::mt19937_64 random(2);
    for (int i = 0; i < 200; ++i) {
        const auto salt = random();
        frame_header header;
        header.record_count = 3;
        header.first_lsn = random() % 1000;
        const auto payload = noise(random, random() % 500);
        const auto frame = encode(header, payload, salt);
        const auto found = salt_of_header(std::string_view(frame).substr(0, frame_header_size));
        BOOST_TEST(crc_seed(found) == crc_seed(salt));
        const auto decoded = decode_frame_header(frame, found);
        BOOST_TEST_REQUIRE(decoded.has_value());
        BOOST_TEST(payload_intact(*decoded, payload, found));
        // With the seed of another header the payload does not agree.
        auto other = frame;
        other[40] = static_cast<char>(other[40] ^ 1);
        const auto wrong = salt_of_header(std::string_view(other).substr(0, frame_header_size));
        const auto believed = decode_frame_header(other, wrong);
        BOOST_TEST_REQUIRE(believed.has_value());
        BOOST_TEST(!payload_intact(*believed, payload, wrong));
    }
}

BOOST_AUTO_TEST_CASE(so_does_a_block) {
    std::mt19937_64 random(3);
    for (int i = 0; i < 200; ++i) {
        const auto salt = random();
        block_header header;
        header.records = 2;
        const auto stored = noise(random, 1 + random() % 500);
        const auto block = encode(header, stored, salt);
        const auto found = salt_of_header(std::string_view(block).substr(0, block_header_size));
        const auto decoded = decode_block_header(block, found);
        BOOST_TEST_REQUIRE(decoded.has_value());
        BOOST_TEST(payload_intact(*decoded, stored, found));
        BOOST_TEST(crc_seed(found) == crc_seed(salt));
    }
}

BOOST_AUTO_TEST_CASE(most_records_decide) {
    salt_vote votes;
    BOOST_TEST(!votes.winner().has_value());
    votes.add(7, 0);
    BOOST_TEST(votes.winner().value() == 7u);
    for (int i = 0; i < 3; ++i) votes.add(8, 10);
    votes.add(9, 40);
    BOOST_TEST(votes.winner().value() == 9u);
}

BOOST_AUTO_TEST_CASE(another_runs_header_is_known_by_what_is_left_of_it) {
    segment_header header;
    for (std::size_t i = 0; i < header.run.size(); ++i) header.run[i] = static_cast<char>(i + 1);
    auto other = header.run;
    for (auto& byte : other) byte = static_cast<char>(byte + 100);
    auto page = encode(header);
    BOOST_TEST(!tells_of_another_run(page, header.run));
    BOOST_TEST(tells_of_another_run(page, other));
    BOOST_TEST(!tells_of_another_run(page, run_id{}));
    page[30] = static_cast<char>(page[30] ^ 4);
    BOOST_TEST(!tells_of_another_run(page, header.run));
    BOOST_TEST(tells_of_another_run(page, other));
    // Nothing is left.
    BOOST_TEST(!tells_of_another_run(std::string(4096, '\0'), other));
    BOOST_TEST(!tells_of_another_run(page.substr(0, 30), other));
}

BOOST_AUTO_TEST_SUITE_END()
