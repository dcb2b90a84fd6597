// The shapes of public sets, each with a sample of our own; CSV; what gzip and zstd make of them.
#include "proctor/eval/dataset.hpp"
#include "support/scratch_dir.hpp"

#include <boost/test/unit_test.hpp>

#include <zlib.h>
#include <zstd.h>

#include <set>

using namespace proctor;
using proctor::test::scratch_dir;

namespace {

std::vector<question> read_all(const std::string& path, const question_fields& fields = {}) {
    auto reader = question_reader::open(path, fields);
    BOOST_REQUIRE_MESSAGE(reader.has_value(), (reader ? "" : reader.error().message()));
    std::vector<question> all;
    while (auto next = reader->next()) {
        BOOST_REQUIRE_MESSAGE(next->has_value(), (*next ? "" : next->error().message()));
        all.push_back(std::move(**next));
    }
    return all;
}

question read_one(std::string_view text, const question_fields& fields = {}) {
    const scratch_dir dir;
    const auto all = read_all(dir.write("q", std::string(text)), fields);
    BOOST_REQUIRE(all.size() == 1u);
    return all.front();
}

using text_list = std::vector<std::string>;

void check_choices(const question& asked, const text_list& choices, std::string_view right) {
    BOOST_TEST(asked.choices == choices, boost::test_tools::per_element());
    BOOST_TEST(asked.reference_answer == right);
    BOOST_TEST((asked.format == question_format::multiple_choice));
}

const text_list metals{"Iron", "Mercury", "Gold", "Zinc"};

std::string gzip(std::string_view text) {
    z_stream stream{};
    constexpr int gzip_with_any_window = 15 + 16;
    BOOST_REQUIRE(::deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, gzip_with_any_window, 8,
                                 Z_DEFAULT_STRATEGY) == Z_OK);
    std::string out(::deflateBound(&stream, text.size()), '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream.avail_in = static_cast<uInt>(text.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    BOOST_REQUIRE(::deflate(&stream, Z_FINISH) == Z_STREAM_END);
    out.resize(stream.total_out);
    ::deflateEnd(&stream);
    return out;
}

std::string zstd(std::string_view text) {
    auto* context = ::ZSTD_createCCtx();
    ::ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1); // as the program zstd does
    std::string out(::ZSTD_compressBound(text.size()), '\0');
    const auto size = ::ZSTD_compress2(context, out.data(), out.size(), text.data(), text.size());
    ::ZSTD_freeCCtx(context);
    BOOST_REQUIRE(!::ZSTD_isError(size));
    out.resize(size);
    return out;
}

std::string many_records(std::size_t count) {
    std::string text;
    for (std::size_t i = 1; i <= count; ++i)
        text += R"({"question": "What is )" + std::to_string(i * 7919) + R"( less )" +
                std::to_string(i * 7918) + R"(?", "answer": ")" + std::to_string(i) + "\"}\n";
    return text;
}

} // namespace

BOOST_AUTO_TEST_SUITE(question_shapes)

BOOST_AUTO_TEST_CASE(mmlu_gives_an_index_or_a_letter) {
    for (const auto* answer : {"1", "\"B\"", "\"Mercury\""})
        check_choices(
            read_one(std::string(R"({"question": "Which is liquid?", "subject": "metals",)"
                                 R"( "choices": ["Iron", "Mercury", "Gold", "Zinc"],)"
                                 R"( "answer": )") +
                     answer + "}"),
            metals, "B");
}

BOOST_AUTO_TEST_CASE(arc_comes_in_two_shapes) {
    const auto flat = read_one(R"({"id": "m1", "question": "Which is liquid?", "choices": )"
                               R"({"text": ["Iron", "Mercury", "Gold", "Zinc"], "label": )"
                               R"(["1", "2", "3", "4"]}, "answerKey": "2"})");
    check_choices(flat, metals, "B");
    BOOST_TEST(flat.own_id == "m1");
    const auto nested = read_one(
        R"({"id": "m2", "question": {"stem": "Which is liquid?", "choices": [)"
        R"({"text": "Iron", "label": "A"}, {"text": "Mercury", "label": "B"}, )"
        R"({"text": "Gold", "label": "C"}, {"text": "Zinc", "label": "D"}]}, "answerKey": "B"})");
    check_choices(nested, metals, "B");
    BOOST_TEST(nested.text == "Which is liquid?");
}

BOOST_AUTO_TEST_CASE(options_may_be_named_by_their_letters) {
    check_choices(read_one(R"({"question": "Which is liquid?", "options": {"A": "Iron", "B": )"
                           R"("Mercury", "C": "Gold", "D": "Zinc"}, "answer": "Mercury", )"
                           R"("answer_idx": "B"})"),
                  metals, "B");
    check_choices(read_one(R"({"question": "Which is liquid?", "A": "Iron", "B": "Mercury", )"
                           R"("C": "Gold", "D": "Zinc", "answer": "B"})"),
                  metals, "B");
}

// The order is a promise: a run that goes on must find it again. Python says the same of FNV-1a.
BOOST_AUTO_TEST_CASE(choices_without_an_order_get_one_that_never_changes) {
    const auto gpqa =
        read_one(R"({"Question": "Which is liquid?", "Correct Answer": "Mercury", )"
                 R"("Incorrect Answer 1": "Iron", "Incorrect Answer 2": "Gold", )"
                 R"("Incorrect Answer 3": "Zinc", "High-level domain": "Chemistry"})");
    const auto sciq =
        read_one(R"({"question": "Which is liquid?", "distractor3": "Iron", "distractor1": "Gold",)"
                 R"( "distractor2": "Zinc", "correct_answer": "Mercury", "support": "At room )"
                 R"(temperature."})");
    BOOST_TEST(gpqa.category == "Chemistry");
    BOOST_TEST(sciq.context == "At room temperature.");
    BOOST_TEST(!sciq.context_is_part);
    check_choices(gpqa, sciq.choices, sciq.reference_answer);
    check_choices(gpqa, {"Iron", "Gold", "Zinc", "Mercury"}, "D");
    BOOST_TEST(std::set<std::string>(gpqa.choices.begin(), gpqa.choices.end()).size() == 4u);
}

BOOST_AUTO_TEST_CASE(fields_are_kept_as_they_are) {
    question_fields fields;
    fields.kept = {"source", "difficulty", "say \"it\"", "absent", "meta"};
    const auto asked =
        read_one(R"({"question": "Who?", "answer": "I", "difficulty": 0.35, "source": null,)"
                 R"("say \"it\"": "two\nlines", "meta": {"year": 2019, "tags": ["a", true]}})",
                 fields);
    BOOST_TEST(asked.kept == R"("source":null,"difficulty":0.35,"say \"it\"":"two\nlines",)"
                             R"("meta":{"year": 2019, "tags": ["a", true]})");
    BOOST_TEST(read_one(R"({"question": "Who?", "answer": "I"})", fields).kept.empty());
    BOOST_TEST(read_one("question,answer,source\nWho?,I,\"exam, 2019\"\n", fields).kept ==
               R"("source":"exam, 2019")");
}

BOOST_AUTO_TEST_CASE(all_questions_may_be_read_as_free_text) {
    question_fields fields;
    fields.format = question_format::free_text;
    const auto read = [&](std::string_view text) {
        auto asked = read_one(text, fields);
        BOOST_TEST((asked.format == question_format::free_text));
        BOOST_TEST(asked.choices.empty());
        return asked.reference_answer;
    };
    BOOST_TEST(read(R"({"question": "Which?", "options": ["(A)Iron", "(C)Zinc", "(B)Gold"],)"
                    R"( "label": "B"})") == "Gold");
    BOOST_TEST(read(R"({"question": "Which?", "choices": ["Iron", "Gold"], "answer": 1})") ==
               "Gold");
    BOOST_TEST(read(R"({"question": "Which?", "correct_answer": "Gold", "distractor1": "Tin"})") ==
               "Gold");
    // Where they stand in its text, they stay there.
    BOOST_TEST(read(R"({"question": "Which?\nA) Iron\nB) Gold", "answer": "B) Gold"})") ==
               "B) Gold");
    BOOST_TEST(read(R"({"question": "Who?", "answer": "I"})") == "I");
    BOOST_TEST(read("question,A,B,answer\nWhich?,Iron,Gold,B\n") == "Gold");
    BOOST_TEST(fields.text() == "format=qa");
}

BOOST_AUTO_TEST_CASE(all_questions_may_have_to_be_multiple_choice) {
    const scratch_dir dir;
    question_fields fields;
    fields.names = {{"question", "prompt"}};
    fields.format = question_format::multiple_choice;
    BOOST_TEST(fields.text() == "question=prompt, format=mc");
    const auto path =
        dir.write("q", R"({"prompt": "Which?", "choices": ["Iron", "Gold"], "answer": 1})"
                       "\n"
                       R"({"prompt": "Who?", "answer": "I"})"
                       "\n"
                       R"({"prompt": "Which?\nA) Iron\nB) Gold", "answer": "B) Gold"})"
                       "\n");
    std::vector<std::string> told;
    const auto index = index_questions(
        path, [&](const failure& why) { told.push_back(why.message()); }, 2, fields);
    BOOST_REQUIRE(index.has_value());
    BOOST_TEST(index->census.questions == 2u);
    BOOST_TEST(told == text_list{path + ":2: no choices, and processing.question_format is mc"},
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(fields_may_have_other_names) {
    const question_fields fields{{{"question", "prompt"},
                                  {"choices", "wrong, right, silly"},
                                  {"answer", "target"},
                                  {"category", "topic"},
                                  {"context", "hint"},
                                  {"id", "key"}},
                                 {},
                                 {}};
    const auto asked =
        read_one(R"({"prompt": "Which is liquid?", "question": "no", "wrong": "Iron",)"
                 R"( "right": "Mercury", "silly": "Wood", "target": 1, "topic": "m", )"
                 R"("hint": "Think.", "key": 7})",
                 fields);
    check_choices(asked, {"Iron", "Mercury", "Wood"}, "B");
    BOOST_TEST(asked.text == "Which is liquid?");
    BOOST_TEST(asked.category == "m");
    BOOST_TEST(asked.context == "Think.");
    BOOST_TEST(asked.own_id == "7");
    BOOST_TEST(fields.text() == "question=prompt, choices=wrong, right, silly, answer=target, "
                                "category=topic, context=hint, id=key");

    const scratch_dir dir;
    const auto path = dir.write("q", R"({"question": "Which?", "answer": "1"})");
    std::vector<std::string> told;
    const auto index = index_questions(
        path, [&](const failure& why) { told.push_back(why.message()); }, 2, fields);
    BOOST_REQUIRE(index.has_value());
    BOOST_TEST(index->fields == fields.text());
    BOOST_TEST(told == text_list{path + ":1: no question (expected a text in prompt)"},
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(csv_files)

BOOST_AUTO_TEST_CASE(a_line_of_names_says_what_is_what) {
    const scratch_dir dir;
    const auto all =
        read_all(dir.write("q.csv", "\xef\xbb\xbfid,question,options,answer,subject\r\n"
                                    "7,\"Which, of \"\"these\"\",\nis liquid?\","
                                    "\"[\"\"Iron\"\",\"\"Mercury\"\"]\",1,metals\r\n"
                                    "\r\n"
                                    "8,What is 5\" in cm?,,12.7,\r\n"));
    BOOST_REQUIRE(all.size() == 2u);
    BOOST_TEST(all[0].text == "Which, of \"these\",\nis liquid?");
    BOOST_TEST(all[0].own_id == "7");
    BOOST_TEST(all[0].line == 2u);
    BOOST_TEST(all[0].category == "metals");
    check_choices(all[0], {"Iron", "Mercury"}, "B");
    BOOST_TEST(all[1].number == 2u);
    BOOST_TEST(all[1].line == 5u);
    BOOST_TEST(all[1].text == "What is 5\" in cm?");
    BOOST_TEST(all[1].reference_answer == "12.7");
    BOOST_TEST((all[1].format == question_format::free_text));
}

BOOST_AUTO_TEST_CASE(mmlu_has_no_line_of_names) {
    const scratch_dir dir;
    const auto all = read_all(dir.write("q.csv", "Which is liquid?,Iron,Mercury,Gold,Zinc,B\n"
                                                 "\"Which is\nnot?\",1,0,2,3,A"));
    BOOST_REQUIRE(all.size() == 2u);
    check_choices(all[0], metals, "B");
    check_choices(all[1], {"1", "0", "2", "3"}, "A");
    BOOST_TEST(all[1].number == 2u);
    BOOST_TEST(all[1].text == "Which is\nnot?");
}

BOOST_AUTO_TEST_CASE(a_column_may_have_another_name) {
    const scratch_dir dir;
    const auto path = dir.write("q.csv", "prompt,target\nWhat is 2+2?,4\n");
    const auto all = read_all(path, {{{"question", "prompt"}, {"answer", "target"}}, {}, {}});
    BOOST_REQUIRE(all.size() == 1u);
    BOOST_TEST(all[0].reference_answer == "4");
    BOOST_TEST((question_reader::open(path).error().code == failure_code::bad_syntax));
}

BOOST_AUTO_TEST_CASE(broken_rows_are_told_with_their_lines_and_counted) {
    const scratch_dir dir;
    const auto path = dir.write("q.csv", "question,answer\n"
                                         "\"a\nb\",1\n"
                                         "c,2,3\n"
                                         "d\n"
                                         "e,\n"
                                         "f,6\n"
                                         "\"g,7\n"
                                         "h,8\n");
    std::vector<std::string> told;
    const auto census =
        take_census(path, [&](const failure& why) { told.push_back(why.message()); });
    BOOST_REQUIRE(census.has_value());
    BOOST_TEST(census->records == 6u);
    BOOST_TEST(census->questions == 2u);
    BOOST_TEST(
        told == (text_list{path + ":4: 3 fields for 2 columns", path + ":5: 1 fields for 2 columns",
                           path + ":6: no answer (expected answer, label or answer_index)",
                           path + ":8: a quotation mark does not close"}),
        boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(compressed_files)

BOOST_AUTO_TEST_CASE(they_say_what_was_compressed) {
    const scratch_dir dir;
    const auto text = many_records(9000);
    const auto plain = take_census(dir.write("plain", text), [](const failure&) {});
    BOOST_REQUIRE(plain.has_value());
    // In two pieces, as `cat a.gz b.gz` makes them.
    const auto half = text.size() / 2;
    for (const auto& bytes :
         {gzip(text), zstd(text), gzip(text.substr(0, half)) + gzip(text.substr(half)),
          zstd(text.substr(0, half)) + zstd(text.substr(half))}) {
        BOOST_TEST(bytes.size() < text.size() / 2);
        const auto path = dir.write("packed", bytes);
        const auto index = index_questions(path, [](const failure&) {}, 1000);
        BOOST_REQUIRE_MESSAGE(index.has_value(), (index ? "" : index.error().message()));
        BOOST_TEST(index->census.questions == 9000u);
        BOOST_TEST(index->census.bytes == text.size());
        BOOST_TEST(index->census.sha256 == plain->sha256);
        BOOST_TEST(decode_question_index(encode(*index), "i").has_value());

        // From the last place to the first, each before where the reader is.
        auto reader = question_reader::open(path, *index, index->places.back());
        BOOST_REQUIRE(reader.has_value());
        for (auto place = index->places.rbegin(); place != index->places.rend(); ++place) {
            BOOST_REQUIRE(reader->go_to(*place).has_value());
            const auto asked = reader->next();
            BOOST_REQUIRE((asked && asked->has_value()));
            BOOST_TEST((*asked)->number == place->number);
            BOOST_TEST((*asked)->reference_answer == std::to_string(place->number));
        }
    }
}

BOOST_AUTO_TEST_CASE(damage_and_a_missing_end_are_no_end_of_the_file) {
    const scratch_dir dir;
    const auto text = many_records(9000);
    for (const auto& whole : {gzip(text), zstd(text)}) {
        auto flipped = whole;
        for (std::size_t i = 0; i < 64; ++i) flipped[whole.size() / 2 + i] ^= 0x55;
        for (const auto& bytes : {whole.substr(0, whole.size() - 5), whole + "more", flipped}) {
            const auto path = dir.write("packed", bytes);
            const auto census = take_census(path, [](const failure&) {});
            BOOST_REQUIRE(census.has_error());
            BOOST_TEST((census.error().code == failure_code::io_error));
            BOOST_TEST(census.error().where == path);
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()
