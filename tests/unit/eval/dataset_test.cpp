// Question files: where records begin and end, and what they say.
#include "proctor/eval/dataset.hpp"
#include "support/scratch_dir.hpp"
#include "support/source_dir.hpp"

#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <iostream>

using namespace proctor;
using proctor::test::scratch_dir;

namespace {

question parse(std::string_view text) {
    raw_record record;
    record.number = 1;
    record.line = 3;
    record.text = text;
    const auto parsed = parse_question(record);
    BOOST_REQUIRE_MESSAGE(parsed.has_value(),
                          text << ": " << (parsed ? "" : parsed.error().message()));
    return *parsed;
}

failure refuse(std::string_view text) {
    raw_record record;
    record.number = 1;
    record.line = 3;
    record.text = text;
    const auto parsed = parse_question(record);
    BOOST_REQUIRE_MESSAGE(parsed.has_error(), text);
    BOOST_TEST(parsed.error().where == "line 3");
    return parsed.error();
}

// A file's records in short: "1:4" for question 1 whose answer is 4, "2!7" for a broken record 2 of
// line 7.
std::vector<std::string> outline(const std::string& path) {
    auto reader = question_reader::open(path);
    BOOST_REQUIRE_MESSAGE(reader.has_value(), path);
    std::vector<std::string> lines;
    while (true) {
        const auto number = std::to_string(reader->next_number());
        const auto record = reader->next();
        if (!record) return lines;
        if (*record) {
            BOOST_TEST(std::to_string((*record)->number) == number);
            lines.push_back(number + ":" + (*record)->reference_answer);
        } else {
            const auto where = record->error().where;
            BOOST_TEST(where.substr(0, path.size() + 1) == path + ":");
            lines.push_back(number + "!" + where.substr(path.size() + 1));
        }
    }
}

using outline_list = std::vector<std::string>;

std::string record(int answer, std::size_t padding = 0) {
    return R"({"question":"q )" + std::string(padding, 'x') + R"(","answer":)" +
           std::to_string(answer) + "}";
}

} // namespace

BOOST_AUTO_TEST_SUITE(parse_question_)

BOOST_AUTO_TEST_CASE(the_original_shape_is_read) {
    const auto asked =
        parse(R"({"question":"Which gas?\n1) O2\n2) Carbon dioxide","answer":)"
              R"("The correct answer is 2) Carbon dioxide. Explanation: 1) is not.","text":"t"})");
    BOOST_TEST((asked.format == question_format::multiple_choice));
    BOOST_TEST(asked.choices.empty());
    BOOST_TEST(asked.reference_answer.substr(0, 18) == "The correct answer");
    BOOST_TEST(asked.context == "t");
    BOOST_TEST(!asked.context_is_part);
    BOOST_TEST(asked.line == 3u);
}

BOOST_AUTO_TEST_CASE(choices_in_the_text_need_an_answer_that_names_one) {
    const auto format = [](std::string_view text, std::string_view answer) {
        return parse("{\"question\":\"" + std::string(text) + "\",\"answer\":\"" +
                     std::string(answer) + "\"}")
            .format;
    };
    const auto mc = question_format::multiple_choice;
    const auto qa = question_format::free_text;
    BOOST_TEST((format("Which?\\nA) x\\nB) y", "B") == mc));
    BOOST_TEST((format("Which? A. red B. blue C. green", "B. blue") == mc));
    BOOST_TEST((format("Which? (A) red (B) blue", "(A)") == mc));
    BOOST_TEST((format("Which?\\n1) red\\n2) blue", "2) blue") == mc));
    BOOST_TEST((format("Which?\\n1) red\\n2) blue", "blue") == mc));
    BOOST_TEST((format("Which?\\n1) red\\n2) blue", "green") == qa));
    BOOST_TEST((format("Which? 1) red", "1) red") == qa));
    BOOST_TEST((format("Why is the sky blue?", "Because of scattering") == qa));
    BOOST_TEST((format("Do 1) and 2).\\n1) x\\n2) y", "so\\n#### 2") == qa));
}

BOOST_AUTO_TEST_CASE(options_give_up_their_labels) {
    const auto asked = parse(R"~({"passage":"p","question":"q","options":["(A)5(√3 + 1)","(B)6"],)~"
                             R"("label":"B","answer":null,"other":null})");
    BOOST_TEST(asked.choices == (std::vector<std::string>{"5(√3 + 1)", "6"}),
               boost::test_tools::per_element());
    BOOST_TEST(asked.reference_answer == "B");
    BOOST_TEST(asked.context == "p");
    BOOST_TEST(asked.context_is_part);
    BOOST_TEST(parse(R"({"passage":"","question":"q","options":["A x","B y"],"label":"A"})")
                   .context.empty());
}

BOOST_AUTO_TEST_CASE(options_printed_out_of_order_keep_their_labels) {
    const auto asked =
        parse(R"({"question":"q","options":["(A)one","(C)three","(B)two"],"label":"B"})");
    BOOST_TEST(asked.choices == (std::vector<std::string>{"one", "two", "three"}),
               boost::test_tools::per_element());
    BOOST_TEST(asked.reference_answer == "B");
    // An index counts the options as they are printed.
    BOOST_TEST(
        parse(R"({"question":"q","options":["(A)one","(C)three","(B)two"],"answer_index":1})")
            .reference_answer == "C");
}

BOOST_AUTO_TEST_CASE(a_text_that_looks_like_a_label_stays) {
    const auto asked =
        parse(R"({"question":"q","options":["A. Smith","J. Jones"],"answer":"A. Smith"})");
    BOOST_TEST(asked.choices.front() == "A. Smith");
    BOOST_TEST(asked.reference_answer == "A");
    BOOST_TEST(parse(R"({"question":"q","options":["A","B"],"answer":"B"})").choices.back() == "B");
}

BOOST_AUTO_TEST_CASE(an_answer_may_be_letter_place_or_text) {
    const auto key = [](std::string_view answer) {
        return parse(R"({"question":"q","choices":["red","blue","green"],)" + std::string(answer) +
                     "}")
            .reference_answer;
    };
    BOOST_TEST(key(R"("answer":2)") == "C"); // MMLU
    BOOST_TEST(key(R"("answer":"C")") == "C");
    BOOST_TEST(key(R"~("answer":"(c)")~") == "C");
    BOOST_TEST(key(R"("answer":"blue")") == "B");
    BOOST_TEST(key(R"("answer_index":0)") == "A");
    BOOST_TEST(key(R"("answer":"blue","answer_index":1)") == "B");
    BOOST_TEST(key(R"("label":"B","answer":null)") == "B");
}

BOOST_AUTO_TEST_CASE(the_arc_shape_brings_labels_of_its_own) {
    const auto asked = parse(R"({"id":"Mercury_7","question":"q","choices":{"text":["x","y","z"],)"
                             R"("label":["1","2","3"]},"answerKey":"2"})");
    BOOST_TEST(asked.reference_answer == "B");
    BOOST_TEST(asked.own_id == "Mercury_7");
    BOOST_TEST(
        parse(R"({"question":"q","choices":{"text":["x","y"],"label":["A","B"]},"answerKey":"B"})")
            .reference_answer == "B");
}

BOOST_AUTO_TEST_CASE(what_groups_and_names_a_question_is_kept) {
    const auto asked =
        parse(R"({"id":7,"question":"q","answer":18,"subject":"physics","context":"c"})");
    BOOST_TEST(asked.own_id == "7");
    BOOST_TEST(asked.category == "physics");
    BOOST_TEST(asked.reference_answer == "18");
    BOOST_TEST(asked.context == "c");
    BOOST_TEST((asked.format == question_format::free_text));
}

BOOST_AUTO_TEST_CASE(a_worked_solution_stays_as_it_is) {
    BOOST_TEST(parse(R"({"question":"q","answer":"2+2=4\n#### 4"})").reference_answer ==
               "2+2=4\n#### 4");
}

BOOST_AUTO_TEST_CASE(what_is_no_question_says_why) {
    BOOST_TEST((refuse(R"({"question":"q")").code == failure_code::bad_syntax));
    BOOST_TEST(
        (refuse("{\"question\":\"\xff\",\"answer\":\"1\"}").code == failure_code::bad_syntax));
    BOOST_TEST(refuse("42").detail == "expected a JSON object");
    for (const char* text :
         {R"({"question":"q"})", R"({"question":"q","answer":null})",
          R"({"question":"q","answer":" "})", R"({"question":"q","choices":["x","y"]})"})
        BOOST_TEST(refuse(text).detail == "no answer (expected answer, label or answer_index)");
    for (const char* text :
         {R"({"answer":"x"})", R"({"question":7,"answer":"x"})",
          R"({"question":"q","answer":["x"]})",
          R"({"question":"q","choices":["x","y"],"answer":"C"})",
          R"({"question":"q","choices":["x","y"],"answer":2})",
          R"({"question":"q","choices":["x","y"],"answer":-1})",
          R"({"question":"q","choices":["x"],"answer":"A"})",
          R"({"question":"q","choices":["x",null],"answer":"A"})",
          R"({"question":"q","choices":"x","answer":"A"})",
          R"({"question":"q","choices":{"text":["x","y"],"label":["A"]},"answer":"A"})",
          R"({"passage":[],"question":"q","answer":"A"})"})
        BOOST_TEST((refuse(text).code == failure_code::bad_value), text);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(question_reader_)

BOOST_AUTO_TEST_CASE(jsonl_is_read_line_by_line) {
    const scratch_dir dir;
    const auto path = dir.write("q", std::string("\xef\xbb\xbf") + record(1) +
                                         "\r\n\n  \r\n{bad\n42\n" + record(4));
    BOOST_TEST(outline(path) == (outline_list{"1:1", "2!4", "3!5", "4:4"}),
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(an_array_is_read_element_by_element) {
    const scratch_dir dir;
    const auto path = dir.write(
        "q", std::string("\n[ ") + record(1) +
                 ",\n {\"question\":\"]}\\\"{ \\\\\",\n\"answer\":\"2\"}\n, 3 ,\"x\",[{}]," +
                 record(6) + "]\n");
    BOOST_TEST(outline(path) == (outline_list{"1:1", "2:2", "3!5", "4!5", "5!5", "6:6"}),
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(an_array_that_is_not_well_formed_says_where) {
    const scratch_dir dir;
    const auto check = [&](std::string text, outline_list expected, std::string_view why) {
        const auto path = dir.write("q", text);
        BOOST_TEST(outline(path) == expected, boost::test_tools::per_element());
        std::string details;
        BOOST_TEST(take_census(path, [&](const failure& f) { details += f.detail; }).has_value());
        BOOST_TEST(details.find(why) != std::string::npos, details);
    };
    const auto one = record(1), two = record(2);
    check("[" + one + "\n" + two + "," + record(3) + "]", {"1:1", "2!2", "3:3"},
          "expected ',' before");
    check("[" + one + ",\n," + two + "]", {"1:1", "2!2", "3:2"}, "expected a record before ','");
    check("[" + one + ",\n]", {"1:1", "2!1"}, "expected a record after ','");
    check("[" + one + "\n", {"1:1", "2!2"}, "the array's ']' was expected");
    check("[" + one + ",", {"1:1", "2!1"}, "the array's ']' was expected");
    check("[" + one + ",\n{\"question\":", {"1:1", "2!2"}, "does not end");
    check("[" + one + "]\n]", {"1:1", "2!2"}, "expected nothing after");
    check("[" + one + "] " + two, {"1:1", "2!1"}, "expected nothing after");
    check("[}," + two + "]", {"1!1", "2:2"}, "not JSON");
}

BOOST_AUTO_TEST_CASE(empty_files_and_arrays_hold_nothing) {
    const scratch_dir dir;
    for (const char* text : {"", "\n \n", "[]", " [ \n ] \n", "\xef\xbb\xbf"})
        BOOST_TEST(outline(dir.write("q", text)).empty());
}

BOOST_AUTO_TEST_CASE(records_may_lie_across_chunks) {
    const scratch_dir dir;
    for (const bool array : {false, true}) {
        std::string text = array ? "[\n" : "";
        outline_list expected;
        for (int i = 1; i <= 40; ++i) {
            if (i > 1) text += array ? ",\n" : "\n";
            text += record(i, std::size_t(i) * 7919 % 90'000);
            expected.push_back(std::to_string(i) + ":" + std::to_string(i));
        }
        if (array) text += "]";
        BOOST_TEST(outline(dir.write("q", text)) == expected, boost::test_tools::per_element());
    }
}

BOOST_AUTO_TEST_CASE(a_record_that_is_too_large_is_passed_over) {
    const scratch_dir dir;
    for (const std::size_t padding :
         {max_question_record - 100, max_question_record, 2 * max_question_record}) {
        const std::string middle = padding < max_question_record ? "2:2" : "2!2";
        const auto jsonl = record(1) + "\n" + record(2, padding) + "\n" + record(3) + "\n";
        BOOST_TEST(outline(dir.write("q", jsonl)) == (outline_list{"1:1", middle, "3:3"}),
                   boost::test_tools::per_element());
        const auto array =
            std::string("[") + record(1) + ",\n" + record(2, padding) + ",\n" + record(3) + "]";
        BOOST_TEST(outline(dir.write("q", array)) == (outline_list{"1:1", middle, "3:3"}),
                   boost::test_tools::per_element());
    }
}

BOOST_AUTO_TEST_CASE(skipping_counts_but_does_not_look_inside) {
    const scratch_dir dir;
    for (const auto& text : {record(1) + "\n\n{no json}\n" + record(3),
                             std::string("[") + record(1) + ",{no json}," + record(3) + "]"}) {
        auto reader = question_reader::open(dir.write("q", text));
        BOOST_REQUIRE(reader.has_value());
        BOOST_TEST(reader->skip());
        BOOST_TEST(reader->skip());
        BOOST_TEST(reader->next_number() == 3u);
        const auto last = reader->next();
        BOOST_TEST((last && last->has_value() && (*last)->number == 3));
        BOOST_TEST(!reader->skip());
        BOOST_TEST(!reader->next());
    }
}

BOOST_AUTO_TEST_CASE(what_cannot_be_read_says_so) {
    const scratch_dir dir;
    BOOST_TEST((question_reader::open(dir.file("absent")).error().code == failure_code::not_found));
    BOOST_TEST((question_reader::open(dir.path().string()).error().code == failure_code::io_error));
    const auto csv = dir.write("q.csv", "\nnumber,answer\n");
    const auto why = question_reader::open(csv).error();
    BOOST_TEST((why.code == failure_code::bad_syntax));
    BOOST_TEST(why.where == csv + ":2");
    BOOST_TEST((take_census(csv, [](const failure&) {}).error().code == failure_code::bad_syntax));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(census)

BOOST_AUTO_TEST_CASE(it_counts_and_hashes_the_whole_file) {
    const scratch_dir dir;
    std::vector<std::string> broken;
    const auto note = [&](const failure& why) { broken.push_back(why.where); };
    const auto path = dir.write("q", std::string("[") + record(1) + ",\n7] trailing");
    const auto census = take_census(path, note);
    BOOST_REQUIRE(census.has_value());
    BOOST_TEST(census->records == 3u);
    BOOST_TEST(census->questions == 1u);
    BOOST_TEST(census->broken == 2u);
    BOOST_TEST(census->bytes == std::filesystem::file_size(path));
    BOOST_TEST(broken == (outline_list{path + ":2", path + ":2"}),
               boost::test_tools::per_element());
    // What follows the array's end is part of the file's identity.
    const auto other =
        take_census(dir.write("r", std::string("[") + record(1) + ",\n7] trailinG"), note);
    BOOST_TEST(census->sha256 != other->sha256);
    // FIPS 180-2, for the empty message
    BOOST_TEST(take_census(dir.write("e", ""), note)->sha256 ==
               "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

BOOST_AUTO_TEST_CASE(the_public_sets_are_read_whole) {
    const auto data = test::shared_data();
    if (!std::filesystem::exists(data)) {
        BOOST_TEST_MESSAGE("no public sets at " << data);
        std::cerr << "the_public_sets_are_read_whole: " << data
                  << " is not there, nothing was checked\n";
        return;
    }
    struct expectation {
        const char* file;
        std::uint64_t questions;
        question_format format;
        std::size_t choices;
    };
    const expectation sets[] = {
        {"agieval/logiqa-en.jsonl", 651, question_format::multiple_choice, 4},
        {"agieval/sat-math.jsonl", 220, question_format::multiple_choice, 4},
        {"agieval/aqua-rat.jsonl", 254, question_format::multiple_choice, 5},
        {"agieval/lsat-ar.jsonl", 230, question_format::multiple_choice, 5},
        {"gsm8k-test.jsonl", 1319, question_format::free_text, 0},
    };
    for (const auto& set : sets) {
        const auto path = (data / set.file).string();
        const auto census =
            take_census(path, [](const failure& why) { BOOST_ERROR(why.message()); });
        BOOST_REQUIRE(census.has_value());
        BOOST_TEST(census->questions == set.questions, set.file);
        auto reader = question_reader::open(path);
        while (const auto next = reader->next()) {
            BOOST_REQUIRE(next->has_value());
            BOOST_TEST(((*next)->format == set.format), set.file << " " << (*next)->number);
            BOOST_TEST((*next)->choices.size() == set.choices, set.file << " " << (*next)->number);
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()
