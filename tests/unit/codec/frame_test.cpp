// Segment headers and frames as bytes.
#include "proctor/codec/frame.hpp"

#include <boost/test/unit_test.hpp>

using namespace proctor;

namespace {

constexpr std::uint64_t salt = 0x1122334455667788;

segment_header sample_segment() {
    segment_header header;
    header.run = {'a', 'b', 'c'};
    header.first_lsn = 42;
    header.epoch = 7;
    header.salt = salt;
    header.created = wall_time{std::chrono::microseconds{1'700'000'000'123'456}};
    header.read_only_compatible = 2;
    header.compatible = 4;
    return header;
}

frame_header sample_frame() {
    frame_header header;
    header.record_count = 3;
    header.first_lsn = 42;
    header.durable_lsn = 41;
    header.written = wall_time{std::chrono::microseconds{5}};
    return header;
}

std::string flipped(std::string bytes, std::size_t bit) {
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << bit % 8));
    return bytes;
}

// Whether `bytes` hold a frame with an intact payload.
bool reads(std::string_view bytes) {
    const auto header = decode_frame_header(bytes, salt);
    if (!header || bytes.size() < frame_header_size + header->stored_size) return false;
    return payload_intact(*header, bytes.substr(frame_header_size, header->stored_size), salt);
}

} // namespace

BOOST_AUTO_TEST_SUITE(frame)

BOOST_AUTO_TEST_CASE(a_segment_header_round_trips) {
    const auto page = encode(sample_segment());
    BOOST_TEST(page.size() == page_size);
    const auto header = decode_segment_header(page);
    BOOST_REQUIRE(header.has_value());
    BOOST_TEST((header->run == sample_segment().run));
    BOOST_TEST(header->first_lsn == 42u);
    BOOST_TEST(header->epoch == 7u);
    BOOST_TEST(header->salt == salt);
    BOOST_TEST((header->created == sample_segment().created));
    BOOST_TEST(header->read_only_compatible == 2u);
    BOOST_TEST(header->compatible == 4u);
}

BOOST_AUTO_TEST_CASE(every_flipped_bit_of_a_segment_header_is_detected) {
    const auto page = encode(sample_segment());
    for (std::size_t bit = 0; bit < page.size() * 8; ++bit)
        BOOST_REQUIRE(decode_segment_header(flipped(page, bit)).error().code ==
                      failure_code::damaged);
}

BOOST_AUTO_TEST_CASE(a_newer_segment_is_unsupported_not_damaged) {
    auto header = sample_segment();
    header.incompatible = 1;
    BOOST_TEST((decode_segment_header(encode(header)).error().code == failure_code::unsupported));
}

BOOST_AUTO_TEST_CASE(a_frame_round_trips_on_page_boundaries) {
    for (const std::size_t size : {0, 1, 4031, 4032, 4033, 10000}) {
        const std::string payload(size, 'x');
        const auto bytes = encode(sample_frame(), payload, salt);
        BOOST_TEST(bytes.size() % page_size == 0u);
        const auto header = decode_frame_header(bytes, salt);
        BOOST_REQUIRE(header.has_value());
        BOOST_TEST(header->stored_size == size);
        BOOST_TEST(header->span() == bytes.size());
        BOOST_TEST(header->record_count == 3u);
        BOOST_TEST(header->next_lsn() == 45u);
        BOOST_TEST(header->durable_lsn == 41u);
        BOOST_TEST((header->written == sample_frame().written));
        BOOST_TEST(payload_intact(*header, payload, salt));
    }
}

BOOST_AUTO_TEST_CASE(every_flipped_bit_of_a_frame_is_detected) {
    const auto bytes = encode(sample_frame(), "some records", salt);
    const std::size_t covered = frame_header_size + std::string_view("some records").size();
    for (std::size_t bit = 0; bit < covered * 8; ++bit)
        BOOST_REQUIRE_MESSAGE(!reads(flipped(bytes, bit)), "bit " << bit << " passed");
}

BOOST_AUTO_TEST_CASE(every_truncation_of_a_frame_is_detected) {
    const auto bytes = encode(sample_frame(), "some records", salt);
    const std::size_t covered = frame_header_size + std::string_view("some records").size();
    for (std::size_t size = 0; size < covered; ++size)
        BOOST_REQUIRE_MESSAGE(!reads(std::string_view(bytes).substr(0, size)), size << " passed");
    BOOST_TEST(reads(std::string_view(bytes).substr(0, covered)));
    const auto header = decode_frame_header(bytes, salt);
    BOOST_REQUIRE(header.has_value());
    BOOST_TEST(!payload_intact(*header, "some record", salt));
}

BOOST_AUTO_TEST_CASE(a_frame_of_another_segment_does_not_read) {
    const auto bytes = encode(sample_frame(), "some records", salt + 1);
    BOOST_TEST(!reads(bytes));
}

BOOST_AUTO_TEST_SUITE_END()
