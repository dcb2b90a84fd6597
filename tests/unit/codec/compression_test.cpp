// zstd, as far as snapshots rely on it.
#include "proctor/codec/compression.hpp"

#include <boost/test/unit_test.hpp>

#include <random>
#include <string>

using namespace proctor;

namespace {

std::string noise(std::size_t size) {
    std::mt19937_64 random(3);
    std::string bytes(size, '\0');
    for (char& c : bytes) c = static_cast<char>(random());
    return bytes;
}

bool damaged(const result<std::string_view>& read) {
    return !read && read.error().code == failure_code::damaged;
}

} // namespace

BOOST_AUTO_TEST_SUITE(compression)

BOOST_AUTO_TEST_CASE(texts_round_trip_through_the_same_objects) {
    compressor zstd;
    decompressor back;
    for (const auto& text : {std::string(), std::string("a"), std::string(1 << 20, 'x'),
                             noise(300'000), std::string("short again")}) {
        const std::string stored(zstd.compress(text));
        const auto read = back.decompress(stored, text.size());
        BOOST_TEST_REQUIRE(read.has_value());
        BOOST_TEST((*read == text));
    }
    BOOST_TEST(zstd.compress(std::string(1 << 20, 'x')).size() < 1000u);
}

BOOST_AUTO_TEST_CASE(another_size_than_was_told_is_damage) {
    const std::string text(10'000, 'x');
    compressor zstd;
    const std::string stored(zstd.compress(text));
    decompressor back;
    for (const std::size_t size : {std::size_t{0}, text.size() - 1, text.size() + 1})
        BOOST_TEST(damaged(back.decompress(stored, size)), size);
    BOOST_TEST(back.decompress(stored, text.size()).has_value());
}

BOOST_AUTO_TEST_CASE(what_is_cut_off_or_no_frame_is_damage) {
    const auto text = noise(2000) + std::string(2000, 'x');
    compressor zstd;
    const std::string stored(zstd.compress(text));
    decompressor back;
    for (std::size_t size = 0; size < stored.size(); ++size)
        BOOST_TEST(damaged(back.decompress(std::string_view(stored).substr(0, size), text.size())),
                   "size " << size);
    BOOST_TEST(damaged(back.decompress(noise(500), 500)));
    BOOST_TEST(damaged(back.decompress(stored + "x", text.size())));
}

// There is no checksum in the frame, the block around it has one: here nothing may crash, and
// nothing but `raw_size` bytes may come out.
BOOST_AUTO_TEST_CASE(flipped_bits_do_no_more_than_change_bytes) {
    const auto text = noise(300) + std::string(3000, 'x') + noise(300);
    compressor zstd;
    const std::string stored(zstd.compress(text));
    decompressor back;
    for (std::size_t bit = 0; bit < stored.size() * 8; ++bit) {
        auto flipped = stored;
        flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
        const auto read = back.decompress(flipped, text.size());
        if (read)
            BOOST_TEST(read->size() == text.size());
        else
            BOOST_TEST((read.error().code == failure_code::damaged));
    }
}

BOOST_AUTO_TEST_SUITE_END()
