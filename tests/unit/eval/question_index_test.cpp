// The index of a question file as a value and as text.
#include "proctor/codec/sealed_json.hpp"
#include "proctor/eval/question_index.hpp"

#include <boost/json/parse.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <limits>
#include <set>
#include <string>
#include <string_view>
#include <utility>

using namespace proctor;

namespace {

// Of nine records two are broken: 2 and 7.
question_index example_index() {
    question_index index;
    index.stamp.device = 66306;
    index.stamp.inode = std::numeric_limits<std::uint64_t>::max();
    index.stamp.size = 1234;
    index.stamp.modified = std::chrono::nanoseconds(1'767'225'600'123'456'789);
    index.stamp.changed = std::chrono::nanoseconds(-1);
    index.census = {9, 7, 2, 1234, std::string(64, 'a')};
    index.fields = "question=prompt";
    index.places = {{5, 600, 6, 3}, {9, 1100, 12, 6}};
    return index;
}

failure_code refusal(std::string_view text) {
    const auto decoded = decode_question_index(text, "questions.idx");
    BOOST_REQUIRE(decoded.has_error());
    BOOST_TEST(decoded.error().where == "questions.idx");
    return decoded.error().code;
}

} // namespace

BOOST_AUTO_TEST_SUITE(question_index_)

BOOST_AUTO_TEST_CASE(the_place_at_or_before_a_record_is_found) {
    const auto index = example_index();
    BOOST_TEST((index.at_or_before(1) == question_place{}));
    BOOST_TEST((index.at_or_before(4) == question_place{}));
    BOOST_TEST(index.at_or_before(5).number == 5u);
    BOOST_TEST(index.at_or_before(8).number == 5u);
    BOOST_TEST(index.at_or_before(9).number == 9u);
    BOOST_TEST(index.at_or_before(1000).number == 9u);
    BOOST_TEST((question_index{}.at_or_before(7) == question_place{}));
}

BOOST_AUTO_TEST_CASE(what_is_done_is_passed_up_to_the_last_place) {
    const auto reached = [](const std::set<question_id>& done, question_place from = {}) {
        return example_index()
            .pass_over_done(from, [&](question_id id) { return done.contains(id); })
            .number;
    };
    BOOST_TEST(reached({}) == 1u);
    BOOST_TEST(reached({1, 3}) == 1u);
    BOOST_TEST(reached({1, 3, 4}) == 5u);
    BOOST_TEST(reached({1, 3, 4, 5, 6}) == 5u);
    BOOST_TEST(reached({1, 3, 4, 5, 6, 8}) == 9u);
    BOOST_TEST(reached({1, 3, 4, 5, 6, 8, 9}) == 9u);
    BOOST_TEST(reached({1, 3, 5, 6, 8, 9}) == 1u);
    BOOST_TEST(reached({5, 6, 8}, {5, 600, 6, 3}) == 9u);
    BOOST_TEST(reached({5, 6}, {5, 600, 6, 3}) == 5u);
    BOOST_TEST(reached({1}, {9, 1100, 12, 6}) == 9u);
}

BOOST_AUTO_TEST_CASE(a_small_file_is_read_from_its_beginning) {
    BOOST_TEST((question_index{}.pass_over_done({}, [](question_id) { return true; }) ==
                question_place{}));
}

BOOST_AUTO_TEST_CASE(every_part_of_a_stamp_tells_files_apart) {
    const auto stamp = example_index().stamp;
    auto other = stamp;
    BOOST_TEST((other == stamp));
    other.device ^= 1;
    BOOST_TEST((other != stamp));
    other = stamp;
    other.inode ^= 1;
    BOOST_TEST((other != stamp));
    other = stamp;
    ++other.size;
    BOOST_TEST((other != stamp));
    other = stamp;
    ++other.modified;
    BOOST_TEST((other != stamp));
    other = stamp;
    ++other.changed;
    BOOST_TEST((other != stamp));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(question_index_text)

BOOST_AUTO_TEST_CASE(an_index_round_trips) {
    const auto written = example_index();
    const auto read = decode_question_index(encode(written), "questions.idx");
    BOOST_REQUIRE_MESSAGE(read.has_value(), (read ? "" : read.error().message()));
    BOOST_TEST((read->stamp == written.stamp));
    BOOST_TEST(read->census.records == 9u);
    BOOST_TEST(read->census.questions == 7u);
    BOOST_TEST(read->census.broken == 2u);
    BOOST_TEST(read->census.bytes == 1234u);
    BOOST_TEST(read->census.sha256 == std::string(64, 'a'));
    BOOST_TEST(read->fields == "question=prompt");
    BOOST_TEST((read->places == written.places));
    BOOST_TEST(encode(*read) == encode(written));
}

BOOST_AUTO_TEST_CASE(it_is_one_line_in_the_form_that_the_header_shows) {
    const auto text = encode(example_index());
    const std::string front =
        R"({"format_version": 2, "stamp": {"device": 66306, "inode": 18446744073709551615, )"
        R"("size": 1234, "mtime_ns": 1767225600123456789, "ctime_ns": -1}, "census": {"records": )"
        R"(9, "questions": 7, "broken": 2, "bytes": 1234, "sha256": ")" +
        std::string(64, 'a') +
        R"("}, "fields": "question=prompt", "places": [[5, 600, 6, 3], [9, 1100, 12, 6]], "sha256": ")";
    BOOST_TEST(text.substr(0, front.size()) == front);
    BOOST_TEST(text.find('\n') == text.size() - 1);
}

BOOST_AUTO_TEST_CASE(every_flipped_bit_is_damage) {
    const auto text = encode(example_index());
    for (std::size_t i = 0; i < text.size(); ++i)
        for (int bit = 0; bit < 8; ++bit) {
            auto flipped = text;
            flipped[i] = static_cast<char>(flipped[i] ^ (1 << bit));
            BOOST_TEST((refusal(flipped) == failure_code::damaged),
                       "byte " << i << ", bit " << bit);
        }
}

BOOST_AUTO_TEST_CASE(every_shorter_or_longer_text_is_damage) {
    const auto text = encode(example_index());
    for (std::size_t size = 0; size < text.size(); ++size)
        BOOST_TEST((refusal(text.substr(0, size)) == failure_code::damaged), size);
    BOOST_TEST((refusal(text + "\n") == failure_code::damaged));
}

BOOST_AUTO_TEST_CASE(a_sealed_line_of_something_else_is_refused) {
    BOOST_TEST((refusal(sealed({{"format_version", 1}})) == failure_code::unsupported));
    BOOST_TEST((refusal(sealed({{"format_version", 2}})) == failure_code::damaged));
    BOOST_TEST((refusal(sealed({{"run_id", "x"}})) == failure_code::damaged));
    BOOST_TEST((refusal(sealed({{"format_version", "1"}})) == failure_code::damaged));
    const auto change = [](std::string_view from, std::string_view to) {
        auto text = encode(example_index());
        text.replace(text.find(from), from.size(), to);
        auto object = boost::json::parse(text).as_object();
        object.erase("sha256");
        return sealed(std::move(object));
    };
    BOOST_TEST((refusal(change("\"question=prompt\"", "[]")) == failure_code::damaged));
    BOOST_TEST((refusal(change("[5, 600, 6, 3]", "[5, 600, 6]")) == failure_code::damaged));
    BOOST_TEST((refusal(change("[5, 600, 6, 3]", "[5, 600, -6, 3]")) == failure_code::damaged));
    BOOST_TEST((refusal(change("\"inode\"", "\"node\"")) == failure_code::damaged));
}

BOOST_AUTO_TEST_CASE(places_that_would_be_walked_for_ever_are_damage) {
    const auto refused = [](question_place second) {
        auto index = example_index();
        index.places.back() = second;
        return refusal(encode(index)) == failure_code::damaged;
    };
    BOOST_TEST(refused({5, 1100, 12, 6}));   // no further
    BOOST_TEST(refused({9, 600, 12, 6}));    // another record at the same place
    BOOST_TEST(refused({9, 1100, 5, 6}));    // lines backwards
    BOOST_TEST(refused({9, 1100, 12, 2}));   // fewer questions
    BOOST_TEST(refused({9, 1100, 12, 8}));   // more questions than records
    BOOST_TEST(refused({9, 1235, 12, 6}));   // behind the file's end
    BOOST_TEST(refused({600, 1100, 12, 6})); // more records than bytes
}

BOOST_AUTO_TEST_SUITE_END()
