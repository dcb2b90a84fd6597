// Lines of JSON that carry their own digest.
#include "proctor/codec/sealed_json.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

using namespace proctor;

namespace {

const std::string line = sealed({{"a", 1}});

} // namespace

BOOST_AUTO_TEST_SUITE(sealed_json)

BOOST_AUTO_TEST_CASE(the_digest_is_that_of_the_line_without_it) {
    // printf '{"a": 1}' | sha256sum
    BOOST_TEST(line == "{\"a\": 1, \"sha256\": "
                       "\"f9d86028c6e0d64e225186f96acb69338b2c59764df79162107f5c4bb34d1310\"}\n");
    BOOST_TEST(is_sealed(line));
}

BOOST_AUTO_TEST_CASE(every_flipped_bit_breaks_the_seal) {
    for (std::size_t i = 0; i < line.size(); ++i)
        for (int bit = 0; bit < 8; ++bit) {
            auto flipped = line;
            flipped[i] = static_cast<char>(flipped[i] ^ (1 << bit));
            BOOST_TEST(!is_sealed(flipped), "byte " << i << ", bit " << bit);
        }
}

BOOST_AUTO_TEST_CASE(every_shorter_or_longer_line_breaks_the_seal) {
    for (std::size_t size = 0; size < line.size(); ++size) {
        BOOST_TEST(!is_sealed(line.substr(0, size)), size);
        BOOST_TEST(!is_sealed(line.substr(line.size() - size)), size);
    }
    BOOST_TEST(!is_sealed(line + "\n"));
    BOOST_TEST(!is_sealed(" " + line));
}

BOOST_AUTO_TEST_SUITE_END()
