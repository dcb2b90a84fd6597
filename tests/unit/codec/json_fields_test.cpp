// Record bodies: valid JSON whatever a model says, and readable again.
#include "proctor/codec/json_fields.hpp"

#include <boost/json/parse.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <limits>

using namespace proctor;

namespace {

std::string quoted(std::string_view text) {
    std::string out;
    append_json_string(out, text);
    return out;
}

std::string read_back(std::string_view text) {
    return std::string(boost::json::parse(quoted(text)).as_string());
}

std::string number(double value) {
    std::string out;
    append_json_number(out, value);
    return out;
}

question sample_question() {
    question asked;
    asked.number = 17;
    asked.text = "Which gas?\n1) O2\n2) CO2";
    asked.reference_answer = "2) CO2";
    asked.category = "biology";
    asked.own_id = "bio-3";
    asked.format = question_format::multiple_choice;
    return asked;
}

answer sample_answer() {
    answer said;
    said.text = "2) \"CO2\"\n";
    said.reasoning = "plants";
    said.finish_reason = "length";
    said.usage = {120, 7};
    said.model_seconds = 0.25;
    said.attempts = 3;
    return said;
}

record_view record_of(record_kind kind, std::string_view body, question_id id = 17) {
    record_view record;
    record.kind = kind;
    record.question = id;
    record.body = body;
    return record;
}

} // namespace

BOOST_AUTO_TEST_SUITE(json_fields)

BOOST_AUTO_TEST_CASE(strings_round_trip) {
    for (const std::string text :
         {"", "plain", "\"quotes\" \\ and\nlines\r\t", "√3 – 5 °C 漢字 😀", "\x01\x1f\x7f"})
        BOOST_TEST(read_back(text) == text);
    BOOST_TEST(read_back(std::string("nul\0!", 5)) == std::string("nul\0!", 5));
}

BOOST_AUTO_TEST_CASE(bytes_that_are_not_utf8_become_replacement_characters) {
    const std::string replaced = "\xef\xbf\xbd";
    BOOST_TEST(read_back("a\xff"
                         "b") == "a" + replaced + "b");
    BOOST_TEST(read_back("\xc3") == replaced);                               // cut off
    BOOST_TEST(read_back("\xed\xa0\x80") == replaced + replaced + replaced); // surrogate
    BOOST_TEST(read_back("\xc0\xaf") == replaced + replaced);                // overlong
    BOOST_TEST(read_back("\xf4\x90\x80\x80").size() == 4 * replaced.size()); // above U+10FFFF
}

BOOST_AUTO_TEST_CASE(every_pair_of_bytes_becomes_valid_json) {
    for (int first = 0; first < 256; ++first)
        for (int second = 0; second < 256; ++second) {
            const char text[] = {static_cast<char>(first), static_cast<char>(second)};
            boost::system::error_code ec;
            boost::json::parse(quoted({text, 2}), ec);
            BOOST_REQUIRE_MESSAGE(!ec, first << " " << second);
        }
}

BOOST_AUTO_TEST_CASE(every_byte_is_found_wherever_it_stands) {
    for (std::size_t at = 0; at < 40; ++at)
        for (int byte = 0; byte < 0x80; ++byte) {
            std::string text(40, 'x');
            text[at] = static_cast<char>(byte);
            const bool escaped = byte < 0x20 || byte == 0x7f || byte == '"' || byte == '\\';
            const auto json = quoted(text);
            BOOST_TEST((json == '"' + text + '"') != escaped, byte << " at " << at);
            BOOST_TEST(read_back(text) == text);
        }
}

BOOST_AUTO_TEST_CASE(numbers_stay_numbers_or_become_null) {
    BOOST_TEST(number(1) == "1.0");
    BOOST_TEST(number(0.25) == "0.25");
    BOOST_TEST(number(-3) == "-3.0");
    BOOST_TEST(number(123.456) == "123.456");
    BOOST_TEST(number(0.0001) == "0.0001");
    BOOST_TEST(number(0.00001234) == "1.234e-05");
    BOOST_TEST(number(-0.00012345678901234567) == "-0.00012345678901234567");
    BOOST_TEST(number(123456789012345.67) == "123456789012345.67");
    BOOST_TEST(number(1e15) == "1e+15");
    BOOST_TEST(number(std::numeric_limits<double>::infinity()) == "null");
    BOOST_TEST(number(std::numeric_limits<double>::quiet_NaN()) == "null");
    BOOST_TEST(boost::json::parse(number(1e300)).as_double() == 1e300);
}

BOOST_AUTO_TEST_CASE(a_result_body_reads_as_the_outcome_it_was_made_from) {
    grade mark;
    mark.score = 1;
    mark.reasoning = "the answer names 2, the key is 2";
    mark.reference_choice = mark.model_choice = "2";
    const auto body = result_body(sample_question(), sample_answer(), mark);
    BOOST_TEST(body.find('\n') == std::string::npos);

    const auto read = read_outcome(record_of(record_kind::result, body));
    BOOST_REQUIRE(read.has_value());
    const auto direct = outcome_of(sample_question(), sample_answer(), mark);
    BOOST_TEST((read->kind == direct.kind && read->format == direct.format));
    BOOST_TEST(read->question == direct.question);
    BOOST_TEST((read->score == direct.score));
    BOOST_TEST(read->category == direct.category);
    BOOST_TEST(read->usage.prompt == direct.usage.prompt);
    BOOST_TEST(read->usage.completion == direct.usage.completion);
    BOOST_TEST(read->model_seconds == direct.model_seconds);
    BOOST_TEST(read->attempts == direct.attempts);
    BOOST_TEST(read->truncated);
    BOOST_TEST(read->no_choice == direct.no_choice);
    BOOST_TEST(read->chosen == 2u);
    BOOST_TEST(direct.chosen == 2u);
    BOOST_TEST(read->key == 2u);
    BOOST_TEST(direct.key == 2u);
    BOOST_TEST(read->answer_characters == 9u); // 2) "CO2" and a line feed
    BOOST_TEST(direct.answer_characters == 9u);
    BOOST_TEST(read->reasoning_characters == 6u);
    BOOST_TEST(direct.reasoning_characters == 6u);
}

BOOST_AUTO_TEST_CASE(labels_read_as_the_positions_that_they_were_written_from) {
    for (const auto format : {question_format::multiple_choice, question_format::free_text})
        for (const std::string label :
             {"", "A", "z", "1", "26", "27", "AB", "\"", "\\", "\xff", "\n"}) {
            auto asked = sample_question();
            asked.format = format;
            grade mark;
            mark.model_choice = label;
            mark.reference_choice = "C";
            const auto body = result_body(asked, sample_answer(), mark);
            const auto read = read_outcome(record_of(record_kind::result, body)).value();
            const auto direct = outcome_of(asked, sample_answer(), mark);
            const bool choice = format == question_format::multiple_choice;
            BOOST_TEST(direct.chosen == (choice ? choice_position(label) : 0));
            BOOST_TEST(read.chosen == direct.chosen, label);
            BOOST_TEST(direct.key == (choice ? 3u : 0u));
            BOOST_TEST(read.key == direct.key);
            BOOST_TEST(read.no_choice == direct.no_choice);
        }
}

BOOST_AUTO_TEST_CASE(characters_are_counted_alike_before_and_after_writing) {
    struct {
        std::string text;
        std::uint32_t characters;
    } const cases[] = {{"", 0},
                       {"plain", 5},
                       {"\"quotes\" \\ and\nlines\r\t\x01\x7f", 24},
                       {"√3 – 5 °C 漢字 😀", 14},
                       {std::string(100, 'x') + "漢" + std::string(33, 'y'), 134},
                       {"a\xff\xc3", 3},    // each byte that is not UTF-8 is a U+FFFD
                       {"\xed\xa0\x80", 3}, // a surrogate
                       {std::string("nul\0!", 5), 5}};
    for (const auto& each : cases) {
        auto said = sample_answer();
        said.text = said.reasoning = each.text;
        const auto body = result_body(sample_question(), said, {});
        const auto read = read_outcome(record_of(record_kind::result, body)).value();
        const auto direct = outcome_of(sample_question(), said, grade());
        for (const auto& what : {read, direct}) {
            BOOST_TEST(what.answer_characters == each.characters, each.text);
            BOOST_TEST(what.reasoning_characters == each.characters, each.text);
        }
    }
}

BOOST_AUTO_TEST_CASE(every_pair_of_bytes_counts_alike_before_and_after_writing) {
    for (int first = 0; first < 256; ++first)
        for (int second = 0; second < 256; ++second) {
            answer said;
            said.text = {static_cast<char>(first), static_cast<char>(second)};
            const auto body = result_body(sample_question(), said, {});
            const auto read = read_outcome(record_of(record_kind::result, body)).value();
            const auto direct = outcome_of(sample_question(), said, grade());
            BOOST_REQUIRE_MESSAGE(read.answer_characters == direct.answer_characters,
                                  first << " " << second);
        }
}

BOOST_AUTO_TEST_CASE(an_escaped_pair_of_surrogates_is_one_character) {
    const auto characters = [](const std::string& text) {
        const auto body = R"({"question_id":17,"model_answer":)" + text + "}";
        return read_outcome(record_of(record_kind::result, body)).value().answer_characters;
    };
    BOOST_TEST(characters(R"("\ud83d\ude00")") == 1u);
    BOOST_TEST(characters(R"("a\uD83D\uDE00\u00e9\ud7ff\n")") == 5u);
    BOOST_TEST(characters("null") == 0u);
}

BOOST_AUTO_TEST_CASE(only_results_tell_of_answers) {
    const auto body = answered_body(sample_question(), sample_answer());
    const auto read = read_outcome(record_of(record_kind::answered, body)).value();
    const auto direct = outcome_of(sample_question(), sample_answer());
    BOOST_TEST(read.answer_characters == direct.answer_characters);
    BOOST_TEST(read.reasoning_characters == direct.reasoning_characters);
    BOOST_TEST(read.chosen == direct.chosen);
}

BOOST_AUTO_TEST_CASE(an_answer_without_a_choice_and_a_mark_is_told_apart_from_zero) {
    grade mark;
    const auto body = result_body(sample_question(), sample_answer(), mark);
    const auto read = read_outcome(record_of(record_kind::result, body));
    BOOST_REQUIRE(read.has_value());
    BOOST_TEST(!read->score);
    BOOST_TEST(read->no_choice);
}

BOOST_AUTO_TEST_CASE(an_answer_round_trips_through_answered_and_result_bodies) {
    for (const auto& body : {answered_body(sample_question(), sample_answer()),
                             result_body(sample_question(), sample_answer(), grade())}) {
        const auto said = read_answer(body);
        BOOST_REQUIRE(said.has_value());
        BOOST_TEST(said->text == sample_answer().text);
        BOOST_TEST(said->reasoning == "plants");
        BOOST_TEST(said->finish_reason == "length");
        BOOST_TEST(said->usage.completion == 7u);
        BOOST_TEST(said->model_seconds == 0.25);
        BOOST_TEST(said->attempts == 3u);
    }
}

BOOST_AUTO_TEST_CASE(a_failed_body_says_why) {
    question_failure why;
    why.kind = "http_status";
    why.message = "HTTP 400: too long";
    why.status = 400;
    why.refused = true;
    why.attempts = 1;
    const auto body = failed_body(sample_question(), why);
    const auto read = read_outcome(record_of(record_kind::failed, body));
    BOOST_REQUIRE(read.has_value());
    BOOST_TEST(read->error_kind == "http_status");
    BOOST_TEST(read->refused);
    BOOST_TEST(boost::json::parse(body).at("error_status").as_int64() == 400);
    BOOST_TEST(boost::json::parse(body).at("skipped").as_bool());
}

BOOST_AUTO_TEST_CASE(a_body_that_is_not_its_records_is_refused) {
    const auto body = answered_body(sample_question(), sample_answer());
    const auto code = [](const record_view& record) { return read_outcome(record).error().code; };
    BOOST_TEST((code(record_of(record_kind::answered, body, 18)) == failure_code::bad_value));
    BOOST_TEST(
        (code(record_of(record_kind::answered, "{\"question_id\":")) == failure_code::bad_syntax));
    BOOST_TEST((code(record_of(record_kind::answered, "[17]")) == failure_code::bad_value));
}

BOOST_AUTO_TEST_CASE(question_ids_beyond_the_precision_of_doubles_are_told_apart) {
    auto asked = sample_question();
    asked.number = (std::uint64_t{1} << 53) + 1;
    const auto body = answered_body(asked, sample_answer());
    BOOST_TEST(read_outcome(record_of(record_kind::answered, body, asked.number)).has_value());
    BOOST_TEST(read_outcome(record_of(record_kind::answered, body, asked.number - 1)).has_error());
}

BOOST_AUTO_TEST_CASE(absurd_numbers_in_a_body_count_as_none) {
    const auto read = read_outcome(
        record_of(record_kind::failed,
                  R"({"question_id":17,"attempts":1e300,"usage":{"prompt_tokens":-5}})"));
    BOOST_REQUIRE(read.has_value());
    BOOST_TEST(read->attempts == 0u);
    BOOST_TEST(read->usage.prompt == 0u);
}

BOOST_AUTO_TEST_CASE(a_repeat_is_told_in_body_and_header) {
    auto asked = sample_question();
    asked.repeats = 3;
    asked.repeat = 2;
    grade mark;
    mark.score = 1;
    mark.model_choice = "2";
    const auto body = result_body(asked, sample_answer(), mark);
    BOOST_TEST(boost::json::parse(body).at("question_id") == 17);
    BOOST_TEST(boost::json::parse(body).at("repeat") == 2);
    BOOST_TEST(read_model_choice(body).value() == "2");
    auto record = record_of(record_kind::result, asked, body);
    BOOST_TEST(record.question == 16u * 3 + 2);
    BOOST_TEST(record.question_number() == 17u);
    BOOST_TEST(record.repeat() == 2u);
    BOOST_TEST(read_outcome(record).value().question == 50u);
    BOOST_TEST(outcome_of(asked, sample_answer(), mark).question == 50u);
    record.question = 51; // the third time
    BOOST_TEST((read_outcome(record).error().code == failure_code::bad_value));
    record.question = 47; // the second time, of question 16
    BOOST_TEST((read_outcome(record).error().code == failure_code::bad_value));
}

BOOST_AUTO_TEST_CASE(what_is_asked_once_tells_of_no_repeat) {
    const auto asked = sample_question();
    const auto body = answered_body(asked, sample_answer());
    BOOST_TEST(!boost::json::parse(body).as_object().contains("repeat"));
    BOOST_TEST(read_model_choice(body).value() == "");
    const auto record = record_of(record_kind::answered, asked, body);
    BOOST_TEST(record.repeats == 0u);
    BOOST_TEST(record.question == 17u);
    BOOST_TEST(record.repeat() == 1u);
}

BOOST_AUTO_TEST_CASE(a_choice_of_a_shuffled_question_is_told_by_the_letter_that_the_set_gives_it) {
    auto asked = sample_question();
    asked.choice_order = "CAB";
    grade mark;
    mark.model_choice = "B";
    auto body = result_body(asked, sample_answer(), mark);
    BOOST_TEST(boost::json::parse(body).at("choice_order") == "CAB");
    BOOST_TEST(boost::json::parse(body).at("evaluation").at("model_choice") == "B");
    BOOST_TEST(read_model_choice(body).value() == "A");
    mark.model_choice.clear();
    BOOST_TEST(read_model_choice(result_body(asked, sample_answer(), mark)).value() == "");
    for (const auto* absurd : {"D", "b", "AB"}) {
        mark.model_choice = absurd;
        BOOST_TEST(read_model_choice(result_body(asked, sample_answer(), mark)).has_error(),
                   absurd);
    }
}

BOOST_AUTO_TEST_CASE(what_is_kept_of_a_question_stands_in_every_body) {
    auto asked = sample_question();
    asked.kept = R"("source":"exam","tags":[1, null])";
    question_failure why;
    for (const auto& body : {result_body(asked, sample_answer(), {}),
                             answered_body(asked, sample_answer()), failed_body(asked, why)}) {
        const auto object = boost::json::parse(body);
        BOOST_TEST(object.at("source") == "exam");
        BOOST_TEST(object.at("tags") == boost::json::parse("[1, null]"));
    }
}

BOOST_AUTO_TEST_CASE(all_members_of_results_are_known_by_name) {
    const auto& members = result_members();
    const auto knows = [&](std::string_view name) {
        return std::count(members.begin(), members.end(), name) == 1;
    };
    for (const auto* name : {"question_id", "repeat", "id", "choice_order", "category", "usage",
                             "evaluation", "score", "error_status", "refused"})
        BOOST_TEST(knows(name), name);
    BOOST_TEST(!knows("model_choice")); // a member of evaluation
}

BOOST_AUTO_TEST_SUITE_END()
