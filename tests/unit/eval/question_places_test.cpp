// Coming back to a question file: is it the same, and where does reading begin again.
#include "proctor/eval/dataset.hpp"
#include "support/scratch_dir.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <initializer_list>
#include <iterator>
#include <random>
#include <string>
#include <vector>

using namespace proctor;
using proctor::test::scratch_dir;

namespace {

using transcript = std::vector<std::string>;

std::string record(int answer, std::size_t padding = 0) {
    return R"({"question":"q )" + std::string(padding, 'x') + R"(","answer":)" +
           std::to_string(answer) + "}";
}

// Whatever can be told from what a reader hands out, record by record.
transcript read_on(question_reader& reader) {
    transcript all;
    while (true) {
        const auto number = std::to_string(reader.next_number());
        const auto next = reader.next();
        if (!next) return all;
        if (*next) {
            const auto& asked = **next;
            all.push_back(number + "=" + std::to_string(asked.number) + " line " +
                          std::to_string(asked.line) + ": " + asked.text + " -> " +
                          asked.reference_answer);
        } else {
            all.push_back(number + ": " + next->error().message());
        }
    }
}

question_index index_of(const std::string& path, std::uint64_t stride) {
    auto index = index_questions(path, [](const failure&) {}, stride);
    BOOST_REQUIRE_MESSAGE(index.has_value(), (index ? "" : index.error().message()));
    return std::move(*index);
}

bool is_question(const std::string& told) {
    return told.find(" -> ") != std::string::npos;
}

// From every place of every index: exactly what a reader from the beginning finds there.
void check_places(const std::string& path, std::initializer_list<std::uint64_t> strides) {
    auto whole = question_reader::open(path);
    BOOST_REQUIRE(whole.has_value());
    const auto all = read_on(*whole);
    for (const auto stride : strides) {
        const auto index = index_of(path, stride);
        BOOST_TEST(index.census.records == all.size());
        BOOST_TEST(index.places.size() == (all.empty() ? 0 : (all.size() - 1) / stride));
        auto places = index.places;
        places.insert(places.begin(), question_place{});
        for (std::size_t i = 0; i < places.size(); ++i) {
            const auto& place = places[i];
            const auto passed = std::ptrdiff_t(i * stride);
            BOOST_TEST(place.number == i * stride + 1);
            BOOST_TEST(place.questions == std::uint64_t(std::count_if(
                                              all.begin(), all.begin() + passed, is_question)));
            const transcript tail(all.begin() + passed, all.end());
            auto opened = question_reader::open(path, index, place);
            BOOST_REQUIRE(opened.has_value());
            BOOST_TEST(opened->next_number() == place.number);
            BOOST_TEST(read_on(*opened) == tail, boost::test_tools::per_element());
            // One that has read to the end goes back.
            BOOST_REQUIRE(whole->go_to(place).has_value());
            BOOST_TEST(read_on(*whole) == tail, boost::test_tools::per_element());
        }
    }
}

} // namespace

BOOST_AUTO_TEST_SUITE(question_places)

BOOST_AUTO_TEST_CASE(jsonl_goes_on_from_every_place) {
    const scratch_dir dir;
    const std::string one = record(1), two = record(2), three = record(3);
    for (const auto& text : {
             one + "\n" + two + "\n" + three + "\n",
             one + "\n" + two + "\n" + three, // no newline at the end
             "\xef\xbb\xbf" + one + "\r\n\r\n \t \r\n" + two + "\r\n" + three + "\r\n\r\n",
             "\n\n" + one + "\n{bad\n\n42\n" + two + "\n{\"question\":\"q\"}\n" + three + "\n\n",
             std::string("{bad"),
             std::string("{}\n[]\n\"x\"\n,\n]\n") + one,
             "{\"question\":\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\",\"answer\":\"\xc3\xa9\"}\n" +
                 std::string("{\"question\":\"\xff\",\"answer\":\"1\"}\n") + two +
                 "\n{\"question\":\"\\u2028\xe2\x80\xa8\\n\",\"answer\":\"x\"}\n" + three,
         })
        check_places(dir.write("q", text), {1, 2, 3, 5});
}

BOOST_AUTO_TEST_CASE(csv_goes_on_from_every_place) {
    const scratch_dir dir;
    for (const std::string_view text : {
             "question,answer\na,1\nb,2\nc,3\n",
             "\xef\xbb\xbf\n\nanswer,question\r\n1,\"a\r\n,\"\"b\"\r\n\r\n2\r\n3,c",
             "a,1,2,B\n\"b\n\n\",1,2,A\nc,1,2,C\nd,1,2,A\n",
             "question,answer\na,1\n\"b,2\nc,3\n",
             "question,answer",
         })
        check_places(dir.write("q", std::string(text)), {1, 2, 3, 5});
}

BOOST_AUTO_TEST_CASE(an_array_goes_on_from_every_place) {
    const scratch_dir dir;
    const std::string one = record(1), two = record(2), three = record(3);
    for (const auto& text : {
             "[" + one + "," + two + "," + three + "]",
             "\xef\xbb\xbf\n [ " + one + "\n,\n\n" + two + " ,\r\n" + three + "\r\n]\n",
             "[{\"question\":\"]}\\\"{ \\\\\",\n\"answer\":\"2\"}\n, 3 ,\"x,\\\"]\",[{}]," + one +
                 "]\n",
             "[" + one + "\n" + two + "," + three + "]",     // no comma
             "[" + one + ",\n,\n," + two + "]",              // no record before a comma
             "[,\n" + one + "," + two + "]",                 // nor before the first
             "[" + one + "," + two + "\n,\n]\n",             // nor after the last
             "[" + one + "," + two + "\n",                   // no bracket
             "[" + one + "," + two + ",\n",                  // nor a record
             "[" + one + "," + two + ",\n{\"question\":",    // no end
             "[" + one + "," + two + "]\n]" + three,         // more behind the end
             "[" + one + ",]" + three,                       // both
             "[},\n" + two + "\n,nul," + three + ",\n-1e5]", // not JSON
             "[{\"question\":\"\xe2\x82\xac\n\",\"answer\":\"1\"},\n{\"question\":\"\xe2\x82\xac\","
             "\n\"answer\":\"\xf0\x9f\x98\x80\"}," +
                 three + "]",
         })
        check_places(dir.write("q", text), {1, 2, 3, 5});
}

BOOST_AUTO_TEST_CASE(files_without_records_have_no_places) {
    const scratch_dir dir;
    for (const char* text : {"", "\n \n", "[]", " [ \n ] \n", "\xef\xbb\xbf"})
        check_places(dir.write("q", text), {1, 4096});
}

BOOST_AUTO_TEST_CASE(whatever_is_in_a_file_it_goes_on_from_every_place) {
    const scratch_dir dir;
    const std::string pieces[] = {record(1), record(2), record(3), ",",    ",",       ",\n",
                                  "\n",      "\r\n",    "\n\n",    " ",    "[",       "]",
                                  "{",       "}",       "\"",      "\\",   "42",      "nul",
                                  "\"x\"",   "[{}]",    "{bad}",   "\xff", "\xc3\xa9"};
    std::mt19937 random(20260101);
    for (int file = 0; file < 600; ++file) {
        std::string text = file % 2 ? "[" : record(0) + "\n";
        for (auto left = random() % 24; left > 0; --left)
            text += pieces[random() % std::size(pieces)];
        BOOST_TEST_CONTEXT(text) check_places(dir.write("q", text), {1, 2, 3});
    }
}

BOOST_AUTO_TEST_CASE(places_may_lie_anywhere_in_chunks) {
    const scratch_dir dir;
    for (const bool array : {false, true}) {
        std::string text = array ? "[\n" : "";
        for (int i = 1; i <= 40; ++i) {
            if (i > 1) text += array ? ",\n" : "\n";
            text += record(i, std::size_t(i) * 7919 % 90'000);
        }
        if (array) text += "]";
        check_places(dir.write("q", text), {1, 7});
    }
}

BOOST_AUTO_TEST_CASE(records_that_are_too_large_are_places_like_others) {
    const scratch_dir dir;
    const auto large = record(2, max_question_record);
    check_places(dir.write("q", record(1) + "\n" + large + "\n" + record(3) + "\n"), {1});
    check_places(dir.write("q", "[" + record(1) + ",\n" + large + ",\n" + record(3) + "]"), {1});
}

BOOST_AUTO_TEST_CASE(skipping_ends_at_the_same_record_from_every_place) {
    const scratch_dir dir;
    const auto path = dir.write("q", record(1) + "\n{bad\n\n" + record(3) + "\n" + record(4));
    const auto index = index_of(path, 1);
    for (const auto& place : index.places) {
        auto reader = question_reader::open(path, index, place);
        BOOST_REQUIRE(reader.has_value());
        while (reader->skip()) {
        }
        BOOST_TEST(reader->next_number() == 5u);
    }
}

BOOST_AUTO_TEST_CASE(one_place_stands_for_4096_records) {
    const scratch_dir dir;
    std::string text;
    for (int i = 1; i <= 2 * 4096 + 1; ++i) text += record(i % 10) + "\n";
    const auto path = dir.write("q", text);
    const auto index = index_questions(path, [](const failure&) {});
    BOOST_REQUIRE(index.has_value());
    BOOST_REQUIRE(index->places.size() == 2u);
    const auto line_size = record(0).size() + 1;
    BOOST_TEST((index->places[0] == question_place{4097, 4096 * line_size, 4097, 4096}));
    BOOST_TEST((index->places[1] == question_place{8193, 8192 * line_size, 8193, 8192}));
}

BOOST_AUTO_TEST_CASE(an_index_that_was_written_down_opens_its_file) {
    const scratch_dir dir;
    const auto path = dir.write("q", "[" + record(1) + ",\n{bad},\n" + record(3) + "]");
    const auto made = index_of(path, 2);
    const auto read = decode_question_index(encode(made), "questions.idx");
    BOOST_REQUIRE(read.has_value());
    BOOST_TEST((read->stamp == *stamp_of(path)));
    auto reader = question_reader::open(path, *read, read->at_or_before(3));
    BOOST_REQUIRE(reader.has_value());
    BOOST_TEST(read_on(*reader) == transcript{"3=3 line 3: q  -> 3"},
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(stamps)

BOOST_AUTO_TEST_CASE(a_file_that_nobody_touches_keeps_its_stamp) {
    const scratch_dir dir;
    const auto path = dir.write("q", record(1));
    const auto stamp = stamp_of(path);
    BOOST_REQUIRE(stamp.has_value());
    BOOST_TEST(stamp->size == record(1).size());
    BOOST_TEST((index_of(path, 1).stamp == *stamp));
    BOOST_TEST((*stamp_of(path) == *stamp));
    BOOST_TEST((stamp_of(dir.file("absent")).error().code == failure_code::not_found));
}

BOOST_AUTO_TEST_CASE(an_index_does_not_open_another_file) {
    const scratch_dir dir;
    const auto text = record(1) + "\n" + record(2);
    const auto path = dir.write("q", text);
    const auto index = index_of(path, 1);
    BOOST_TEST(question_reader::open(path, index, {}).has_value());

    std::filesystem::rename(dir.write("r", text), path); // the same bytes, another inode
    const auto replaced = question_reader::open(path, index, index.places.front());
    BOOST_REQUIRE(replaced.has_error());
    BOOST_TEST((replaced.error().code == failure_code::mismatch));
    BOOST_TEST(replaced.error().where == path);

    std::filesystem::remove(path);
    BOOST_TEST((question_reader::open(path, index, {}).error().code == failure_code::not_found));
}

// on_broken is called in the middle of the pass, and so stands for the other process.
BOOST_AUTO_TEST_CASE(a_file_that_changes_while_it_is_read_is_noticed) {
    const scratch_dir dir;
    const auto path = dir.file("q");
    const auto check = [&](const std::function<void()>& meddle) {
        dir.write("q", record(1) + "\n{bad\n" + record(3) + "\n");
        const auto index = index_questions(path, [&](const failure&) { meddle(); });
        BOOST_REQUIRE(index.has_error());
        BOOST_TEST((index.error().code == failure_code::io_error));
        BOOST_TEST(index.error().message() == path + ": was changed while it was read");
    };
    check([&] { std::ofstream(path, std::ios::app) << record(4) << '\n'; });
    check([&] { std::filesystem::resize_file(path, 10); });
    check([&] {
        std::filesystem::last_write_time(path, std::filesystem::file_time_type::clock::now() +
                                                   std::chrono::hours(1));
    });
}

BOOST_AUTO_TEST_SUITE_END()
