// Which choice an answer names, and how answers are marked.
#include "proctor/eval/choice_list.hpp"
#include "proctor/eval/grading.hpp"
#include "support/run_coro.hpp"

#include <boost/test/unit_test.hpp>

using namespace proctor;

namespace {

const std::vector<std::string> letters = {"A", "B", "C", "D"};
const std::vector<std::string> numbers = {"1", "2", "3", "4"};
const std::vector<std::string> gases = {"Oxygen", "Carbon dioxide", "Nitrogen", "Helium"};

std::string named(std::string_view text, const std::vector<std::string>& labels = letters,
                  const std::vector<std::string>& choices = gases) {
    return extract_choice(text, labels, choices).value_or("-");
}

grade mark(std::string text, std::string reference, std::string said) {
    question asked;
    asked.text = std::move(text);
    asked.reference_answer = std::move(reference);
    if (choices_in_text(asked.text, asked.reference_answer))
        asked.format = question_format::multiple_choice;
    answer given;
    given.text = std::move(said);
    return mark_by_extraction(asked, given);
}

// "1", "0" or "-" for unmarked.
std::string score(std::string reference, std::string said) {
    const auto given = mark("q", std::move(reference), std::move(said)).score;
    return given ? std::to_string(int(*given)) : "-";
}

} // namespace

BOOST_AUTO_TEST_SUITE(extract_choice_)

BOOST_AUTO_TEST_CASE(clear_answers_are_understood) {
    for (const char* text : {"B",
                             "b",
                             " B\n",
                             "B.",
                             "B)",
                             "(B)",
                             "(b)",
                             "[B]",
                             "**B**",
                             "**B.**",
                             "`B`",
                             "$B$",
                             "\"B\"",
                             "The answer is (B)",
                             "The answer is B.",
                             "the answer is b.",
                             "Answer: B",
                             "**Answer:** B",
                             "Answer:\nB",
                             "ANSWER: B",
                             "\\boxed{B}",
                             "$\\boxed{\\text{B}}$",
                             "option B",
                             "Option B.",
                             "B) Carbon dioxide",
                             "B. Carbon dioxide",
                             "(B) Carbon dioxide",
                             "**B) Carbon dioxide**",
                             "Carbon dioxide",
                             "carbon dioxide.",
                             "**Carbon dioxide**",
                             "It is carbon dioxide.",
                             "The answer is carbon dioxide.",
                             "The correct option is B",
                             "The correct choice is: (B).",
                             "I would choose B.",
                             "I'd go with option B",
                             "B is correct.",
                             "B is the correct answer",
                             "(B) is the right one",
                             "Option B is correct.",
                             "The answer to this question is B",
                             "The right answer must be B",
                             "So the answer should be B.",
                             "Therefore, B.",
                             "Thus the answer is B",
                             "B because plants need it",
                             "Plants take in this gas.\n\nB",
                             "Plants take it in.\n\n**B**\n",
                             "Plants take in this gas. So it is (B).",
                             "Final answer: B",
                             "### Answer\n\nB",
                             "The correct statement is B.",
                             "It's B.",
                             "I believe it is B",
                             "<answer>B</answer>",
                             "Answer - B",
                             "Carbon dioxide is the correct answer.",
                             "My answer is B, since A is what they give off."})
        BOOST_TEST(named(text) == "B", text);
}

BOOST_AUTO_TEST_CASE(the_last_statement_counts_and_the_final_one_most) {
    BOOST_TEST(named("The answer is A. Wait, no: the answer is B.") == "B");
    BOOST_TEST(
        named("The final answer is B. The answer is not A; one may think the answer is C.") == "B");
    BOOST_TEST(named("First \\boxed{A}, or rather \\boxed{B}.") == "B");
    BOOST_TEST(named("(A) is what they give off, (C) is inert. The answer is (B).") == "B");
    BOOST_TEST(named("A) wrong\nB) right\nC) wrong\nD) wrong\n\nAnswer: B") == "B");
    BOOST_TEST(named("B\n\nExplanation: A) Oxygen is given off. C) Nitrogen is not used.") == "B");
    BOOST_TEST(named("Option A is incorrect. Option D is wrong. Option B remains.") == "B");
}

BOOST_AUTO_TEST_CASE(articles_and_pronouns_are_no_choices) {
    const std::vector<std::string> nine = {"A", "B", "C", "D", "E", "F", "G", "H", "I"};
    BOOST_TEST(named("A gas that plants take in.") == "-");
    BOOST_TEST(named("It is a gas.") == "-");
    BOOST_TEST(named("A plant needs a lot of light.") == "-");
    BOOST_TEST(named("I think so.", nine, {}) == "-");
    BOOST_TEST(named("I am sure the answer is C.", nine, {}) == "C");
    BOOST_TEST(named("The answer is a supernova", letters,
                     {"A transit", "An equinox", "A supernova", "An aurora"}) == "C");
    BOOST_TEST(named("A supernova", letters,
                     {"A transit", "An equinox", "A supernova", "An aurora"}) == "C");
    BOOST_TEST(named("A transit", letters,
                     {"A supernova", "An equinox", "A transit", "An aurora"}) == "C");
    BOOST_TEST(named("A") == "A");
    BOOST_TEST(named("The answer is A.") == "A");
    BOOST_TEST(named("The answer is A because plants need it.") == "A");
}

BOOST_AUTO_TEST_CASE(unclear_answers_name_nothing) {
    for (const char* text :
         {"", "   ", "?", "A or B", "The answer is A or B.", "(A) and (B) are both possible",
          "Both A and B.", "Is it B?", "It is not B.", "The answer is not B.",
          "Neither A nor B is correct.", "If B is correct, we are lost.",
          "A) Oxygen\nB) Carbon dioxide\nC) Nitrogen\nD) Helium",
          "It could be oxygen or carbon dioxide.", "It is not carbon dioxide.", "Methane", "E",
          "The answer is E.", "Vitamin B is not a gas"})
        BOOST_TEST(named(text) == "-", text);
}

BOOST_AUTO_TEST_CASE(refusals_name_nothing) {
    for (const char* text : {"I'm sorry, but I can't help with that.",
                             "I cannot answer this. Option B talks about plants.", "I don't know.",
                             "As an AI, I have no opinion on (B)."})
        BOOST_TEST(named(text) == "-", text);
    BOOST_TEST(named("I don't know for sure, but the answer is B.") == "B");
}

BOOST_AUTO_TEST_CASE(numbers_are_labels_where_choices_are_numbered) {
    for (const char* text : {"2", "2.", "2)", "(2)", "**2**", "2) Carbon dioxide",
                             "2. Carbon dioxide", "option 2", "Option 2.", "The answer is 2",
                             "The correct answer is 2) Carbon dioxide. Explanation: 1) is not.",
                             "\\boxed{2}", "Carbon dioxide", "Answer: 2"})
        BOOST_TEST(named(text, numbers) == "2", text);
    for (const char* text : {"There are 2 atoms in it.", "B", "5", "In 2 of 3 cases"})
        BOOST_TEST(named(text, numbers) == "-", text);
}

BOOST_AUTO_TEST_CASE(a_number_that_is_a_label_and_another_choices_text_is_unclear) {
    const std::vector<std::string> values = {"2", "4", "8", "16"};
    BOOST_TEST(named("The answer is 4", numbers, values) == "-");
    BOOST_TEST(named("The answer is 4) 16", numbers, values) == "4");
    BOOST_TEST(named("The answer is 16", numbers, values) == "4");
    BOOST_TEST(named("The answer is 4 metres.", numbers,
                     {"2 metres", "4 metres", "8 metres", "16 metres"}) == "2");
}

BOOST_AUTO_TEST_CASE(signs_tell_choices_apart) {
    const std::vector<std::string> sums = {"$-1+12 i$", "$-1-6 i$", "$15+12 i$", "$15-6 i$"};
    BOOST_TEST(named("The sum is $-1+12 i$.", letters, sums) == "A");
    BOOST_TEST(named("$15-6 i$", letters, sums) == "D");
}

BOOST_AUTO_TEST_CASE(the_longer_choice_wins_over_one_that_it_contains) {
    const std::vector<std::string> acids = {"acid", "nucleic acid", "base", "salt"};
    BOOST_TEST(named("It is a nucleic acid.", letters, acids) == "B");
}

// Each repeats one piece for megabytes. What took a number of steps that grows with the square
// would not come to an end while anybody watches.
std::string repeated(std::string text, const std::string& piece, std::size_t size) {
    while (text.size() < size) text += piece;
    return text;
}

BOOST_AUTO_TEST_CASE(hostile_answers_take_no_more_than_linear_work) {
    const std::vector<std::string> alike = {"a a a a a c", "a a a a d", "b", "c"};
    for (const std::string piece : {"answer ", "answer is ", "(", "A ", "A) ", "so ",
                                    "option A or ", "a a a b ", "\n", "not "})
        (void)extract_choice(repeated("", piece, 4u << 20), letters, alike);
    const std::vector<std::string> labels = {"A", "B", "C", "D"};
    const std::vector<std::string> choices = {"x x x x x x x y", "x x x x", "x (", "A"};
    for (const std::string piece : {"(",         "(\n",
                                    "A",         "A\n",
                                    "A.\n",      "(A) ",
                                    "A, ",       "A or ",
                                    "x ",        "the answer is ",
                                    "it is ",    "\\boxed{",
                                    "\\boxed{A", "not ",
                                    "option ",   "the first option ",
                                    "- ",        "> ",
                                    ". ",        "- A",
                                    "答案是",    "选",
                                    "\xe3",      "answer:(((((((((",
                                    "is is "}) {
        for (const std::string front : {"", "A.\n"}) {
            const auto named = extract_choice(repeated(front, piece, 1u << 20), labels, choices);
            BOOST_TEST((!named || named->size() == 1));
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(choices_in_text_)

BOOST_AUTO_TEST_CASE(lists_are_found_with_labels_texts_and_key) {
    const auto found =
        choices_in_text("Which gas?\n1) Oxygen\n2) Carbon dioxide\n3) Helium", "2) Carbon dioxide");
    BOOST_REQUIRE(found.has_value());
    BOOST_TEST(found->key == "2");
    BOOST_TEST(found->labels == (std::vector<std::string>{"1", "2", "3"}),
               boost::test_tools::per_element());
    BOOST_TEST(found->texts == (std::vector<std::string>{"Oxygen", "Carbon dioxide", "Helium"}),
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(of_several_lists_the_last_one_that_fits_counts) {
    const auto found = choices_in_text(
        "Given:\n1. It rains.\n2. It pours.\nWhich follows?\nA. 1 only\nB. 2 only\nC. both", "C");
    BOOST_REQUIRE(found.has_value());
    BOOST_TEST(found->key == "C");
    BOOST_TEST(found->texts.at(2) == "both");
}

BOOST_AUTO_TEST_CASE(choices_may_stand_in_one_line) {
    const auto found = choices_in_text("Which? (A) red (B) dark blue (C) green", "(B)");
    BOOST_REQUIRE(found.has_value());
    BOOST_TEST(found->texts.at(1) == "dark blue");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(marking)

BOOST_AUTO_TEST_CASE(a_choice_is_marked_by_its_label) {
    const std::string text = "Which gas?\n1) Oxygen\n2) Carbon dioxide";
    const auto right = mark(text, "2) Carbon dioxide", "The answer is 2.");
    BOOST_TEST((right.score == 1.0));
    BOOST_TEST(right.reasoning == "the answer names 2, the key is 2");
    BOOST_TEST(right.reference_choice == "2");
    BOOST_TEST(right.model_choice == "2");
    BOOST_TEST((mark(text, "2) Carbon dioxide", "Oxygen").score == 0.0));
    const auto silent = mark(text, "2) Carbon dioxide", "I cannot tell.");
    BOOST_TEST((silent.score == 0.0));
    BOOST_TEST(silent.model_choice.empty());
}

BOOST_AUTO_TEST_CASE(listed_choices_are_marked_by_letter) {
    question asked;
    asked.choices = {"red", "blue"};
    asked.reference_answer = "B";
    asked.format = question_format::multiple_choice;
    answer said;
    said.text = "blue";
    BOOST_TEST((mark_by_extraction(asked, said).score == 1.0));
}

BOOST_AUTO_TEST_CASE(numbers_are_compared_by_value) {
    for (const auto& [reference, said] : std::vector<std::pair<std::string, std::string>>{
             {"18", "18"},
             {"18", "She makes $18 every day."},
             {"18", "16 - 7 = 9, 9 * 2 = **18**"},
             {"x = 9\n#### 18", "so\n#### 18"},
             {"70000", "He made $70,000."},
             {"2,125", "2125.00 dollars"},
             {"$1.50", "1.5"},
             {"50%", "about 50 %"},
             {"-5", "it is -5 degrees"},
             {"-5", "it is −5 degrees"},
             {"0.375", "3/8"},
             {"12", "The answer is 12, from 3 times 4."},
             {"12", "\\boxed{12} as 3 * 4"},
             {"8", "Eight legs."},
             {"1945", "1945."},
             {"0.5", ".5"},
             {"18", "18."}})
        BOOST_TEST(score(reference, said) == "1", reference << " | " << said);
    for (const auto& [reference, said] :
         std::vector<std::pair<std::string, std::string>>{{"18", "19"},
                                                          {"18", "18 or rather 20"},
                                                          {"18", "I cannot say."},
                                                          {"18", "1,800"},
                                                          {"5", "-5"},
                                                          {"2", "H2O"}})
        BOOST_TEST(score(reference, said) == "0", reference << " | " << said);
}

BOOST_AUTO_TEST_CASE(short_answers_are_compared_by_words) {
    for (const auto& [reference, said] : std::vector<std::pair<std::string, std::string>>{
             {"Greece", "Greece"},
             {"Greece", "greece."},
             {"Washington", "George Washington"},
             {"blue whale", "The **blue whale**."},
             {"watt", "It is the watt (W)."},
             {"FF", "ff"},
             {"The Sun", "sun"},
             {"Lima", "Peru is a country in South America with many cities and a long coast. Its "
                      "capital is Lima."},
             {"Lima", "Peru is a country in South America. The answer is: Lima, which lies on the "
                      "coast of the Pacific "
                      "Ocean and has many people in it."}})
        BOOST_TEST(score(reference, said) == "1", reference << " | " << said);
    for (const auto& [reference, said] : std::vector<std::pair<std::string, std::string>>{
             {"Greece", "Italy"}, {"Au", "Austria"}, {"Greece", "I don't know"}})
        BOOST_TEST(score(reference, said) == "0", reference << " | " << said);
}

BOOST_AUTO_TEST_CASE(what_only_a_reader_can_tell_stays_unmarked) {
    BOOST_TEST(score("Paris", "It is not Paris.") == "-");
    BOOST_TEST(
        score("Paris",
              "Paris is a large and lively city with many museums. But there are others which are "
              "older, larger and much warmer in the winter months of every year.") == "-");
    const auto open =
        mark("Why?", "Because light of short wavelength is scattered more", "It scatters.");
    BOOST_TEST(!open.score);
    BOOST_TEST(open.reasoning.find("needs a grader") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(graders_are_found_by_name) {
    const std::vector<std::string_view> known = {"extraction", "contains", "f1"};
    BOOST_TEST(grader_names() == known, boost::test_tools::per_element());
    const auto grader = make_grader("extraction");
    BOOST_REQUIRE(grader);
    BOOST_TEST(!grader->sends_requests());
    BOOST_TEST(!make_grader("other"));
    question asked;
    asked.reference_answer = "4";
    answer said;
    said.text = "4";
    const auto given = test::run_coro(grader->mark(asked, said));
    BOOST_REQUIRE(given.has_value());
    BOOST_TEST((given->score == 1.0));
}

namespace {

std::optional<double> score_by(std::string_view name, const std::string& reference,
                               const std::string& text) {
    question asked;
    asked.reference_answer = reference;
    answer said;
    said.text = text;
    return test::run_coro(make_grader(name)->mark(asked, said)).value().score;
}

} // namespace

BOOST_AUTO_TEST_CASE(contains_asks_for_the_words_of_the_reference_in_a_row) {
    BOOST_TEST((score_by("contains", "the Eiffel Tower", "I'd see The Eiffel tower!") == 1.0));
    BOOST_TEST((score_by("contains", "Eiffel Tower", "A tower by Eiffel.") == 0.0));
    BOOST_TEST((score_by("contains", "88", "It is 880.") == 0.0));
    BOOST_TEST((score_by("contains", "Paris", "") == 0.0));
    BOOST_TEST(!score_by("contains", "The", "the"));
}

BOOST_AUTO_TEST_CASE(f1_is_the_share_of_common_words) {
    BOOST_TEST((score_by("f1", "the Norman conquest", "Norman Conquest.") == 1.0));
    BOOST_TEST((score_by("f1", "Denmark, Iceland and Norway", "Denmark") == 2.0 * 1 / (1 + 4)));
    BOOST_TEST((score_by("f1", "one two", "two two three") == 2.0 * 1 / (3 + 2))); // counted once
    BOOST_TEST((score_by("f1", "Norway", "Sweden") == 0.0));
    BOOST_TEST((score_by("f1", "Norway", "") == 0.0));
    BOOST_TEST(!score_by("f1", "", "Norway"));
}

BOOST_AUTO_TEST_CASE(every_named_grader_marks_choices_by_extraction) {
    question asked;
    asked.format = question_format::multiple_choice;
    asked.choices = {"red", "green"};
    asked.reference_answer = "B";
    answer said;
    said.text = "The answer is (B).";
    for (const auto name : grader_names()) {
        const auto given = test::run_coro(make_grader(name)->mark(asked, said)).value();
        BOOST_TEST((given.score == 1.0), name);
        BOOST_TEST(given.model_choice == "B");
    }
}

BOOST_AUTO_TEST_SUITE_END()
