// run.json, and what fits a run.
#include "proctor/storage/run_identity.hpp"
#include "support/memory_file_system.hpp"
#include "support/store_records.hpp"

#include <boost/json/parse.hpp>
#include <boost/test/unit_test.hpp>

using namespace proctor;
using namespace proctor::test;

namespace {

boost::json::object object(const char* text) {
    return boost::json::parse(text).as_object();
}

} // namespace

BOOST_AUTO_TEST_SUITE(identity)

BOOST_AUTO_TEST_CASE(an_identity_round_trips) {
    auto written = make_identity();
    written.settings["seed"] = std::uint64_t{18'446'744'073'709'551'615u};
    written.settings["sampling"] = {{"temperature", 0.5}, {"top_p", nullptr}};
    written.about["questions_file"] = "a \"quoted\"\n \xc3\xa9";
    const auto read = decode_identity(encode(written), "run.json");
    BOOST_TEST_REQUIRE(read.has_value());
    BOOST_TEST((read->id == written.id));
    BOOST_TEST(read->created == written.created);
    BOOST_TEST(read->made_by == written.made_by);
    BOOST_TEST((read->settings == written.settings));
    BOOST_TEST((read->about == written.about));
    BOOST_TEST(to_hex(read->id) == "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a");
}

BOOST_AUTO_TEST_CASE(every_flipped_bit_is_detected) {
    const auto text = encode(make_identity());
    for (std::size_t i = 0; i < text.size(); ++i)
        for (int bit = 0; bit < 8; ++bit) {
            auto flipped = text;
            flipped[i] = static_cast<char>(flipped[i] ^ (1 << bit));
            BOOST_TEST(!decode_identity(flipped, "run.json").has_value(),
                       "byte " << i << ", bit " << bit);
        }
}

BOOST_AUTO_TEST_CASE(every_shorter_or_longer_file_is_detected) {
    const auto text = encode(make_identity());
    for (std::size_t size = 0; size < text.size(); ++size)
        BOOST_TEST(!decode_identity(text.substr(0, size), "run.json").has_value(), size);
    BOOST_TEST(!decode_identity(text + "{}", "run.json").has_value());
    BOOST_TEST(!decode_identity(text + "\n", "run.json").has_value());
}

BOOST_AUTO_TEST_CASE(a_newer_format_is_not_damage) {
    auto text = encode(make_identity());
    const std::string_view version = "\"format_version\": 1";
    text.replace(text.find(version), version.size(), "\"format_version\": 2");
    const auto read = decode_identity(text, "run.json");
    BOOST_TEST_REQUIRE(!read.has_value());
    BOOST_TEST((read.error().code == failure_code::unsupported));
}

BOOST_AUTO_TEST_CASE(a_directory_without_run_json_is_no_run) {
    memory_file_system disk;
    const auto read = read_identity(disk, "/");
    BOOST_TEST_REQUIRE(!read.has_value());
    BOOST_TEST((read.error().code == failure_code::not_found));
}

BOOST_AUTO_TEST_CASE(the_fingerprint_does_not_depend_on_the_order_of_keys) {
    BOOST_TEST(fingerprint(object(R"({"a":1,"b":{"c":2,"d":[3,{"e":4,"f":5}]}})")) ==
               fingerprint(object(R"({"b":{"d":[3,{"f":5,"e":4}],"c":2},"a":1})")));
    BOOST_TEST(fingerprint(object(R"({"a":1})")) != fingerprint(object(R"({"a":2})")));
}

BOOST_AUTO_TEST_CASE(each_difference_is_listed_by_its_name) {
    const auto recorded = object(R"({"model":"a","n":12,"sampling":{"temperature":0,"top_p":1}})");
    const auto wanted = object(R"({"model":"b","n":12,"sampling":{"temperature":0.5,"top_p":1}})");
    const auto found = differences(recorded, wanted);
    BOOST_TEST_REQUIRE(found.size() == 2u);
    BOOST_TEST(found[0] == R"(model: the run has "a", you ask for "b")");
    BOOST_TEST(found[1] == "sampling.temperature: the run has 0, you ask for 0.5");
    BOOST_TEST(differences(recorded, recorded).empty());
}

BOOST_AUTO_TEST_CASE(what_is_unset_fits_anything) {
    BOOST_TEST(differences(object(R"({"seed":7})"), object(R"({"seed":null})")).empty());
    BOOST_TEST(differences(object(R"({"seed":null})"), object(R"({"seed":7})")).empty());
    BOOST_TEST(differences(object(R"({"seed":7})"), object("{}")).empty());
}

BOOST_AUTO_TEST_CASE(numbers_are_compared_by_value) {
    BOOST_TEST(differences(object(R"({"t":1})"), object(R"({"t":1.0})")).empty());
    BOOST_TEST(
        differences(object(R"({"seed":9007199254740993})"), object(R"({"seed":9007199254740992})"))
            .size() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
