// What the model gets to read.
#include "proctor/eval/prompt.hpp"

#include <boost/test/unit_test.hpp>

using namespace proctor;

BOOST_AUTO_TEST_SUITE(prompt)

BOOST_AUTO_TEST_CASE(a_question_of_the_original_shape_goes_verbatim) {
    question asked;
    asked.text = "Which gas?\n1) O2\n2) CO2 ";
    asked.context = "About gases.";
    BOOST_TEST(build_prompt(asked, {}) == asked.text);
    prompt_settings settings;
    settings.use_context = true;
    BOOST_TEST(build_prompt(asked, settings) == "About gases.\n\n" + asked.text);
}

BOOST_AUTO_TEST_CASE(passage_question_and_choices_follow_each_other) {
    question asked;
    asked.text = "Who wins?";
    asked.context = "A race.";
    asked.context_is_part = true;
    asked.choices = {"the hare", "the tortoise"};
    BOOST_TEST(build_prompt(asked, {}) == "A race.\n\nWho wins?\n\nA) the hare\nB) the tortoise\n\n"
                                          "Answer with the letter of the right choice.");
}

BOOST_AUTO_TEST_CASE(a_template_is_filled_in_one_pass) {
    question asked;
    asked.text = "What is {choices}?";
    asked.context = "A {question}.";
    asked.choices = {"this", "that"};
    prompt_settings settings;
    settings.template_text = "{context}|{question}|{choices}|{other}{{question}}|{";
    BOOST_TEST(build_prompt(asked, settings) ==
               "A {question}.|What is {choices}?|A) this\nB) that|{other}{What is {choices}?}|{");
    asked.choices.clear();
    settings.template_text = "{question}{choices}";
    BOOST_TEST(build_prompt(asked, settings) == asked.text);
}

BOOST_AUTO_TEST_CASE(a_text_for_completions_ends_where_the_answer_begins) {
    question asked;
    asked.text = "Who wins?";
    prompt_settings settings;
    settings.spoken = dialect::completions;
    BOOST_TEST(build_prompt(asked, settings) == "Question: Who wins?\nAnswer:");
    asked.choices = {"the hare", "the tortoise"};
    settings.system = "Races.";
    settings.examples = {{"1 + 1?", "2"}, {"Which?\n\nA) x", "A"}};
    const auto text = build_prompt(asked, settings);
    BOOST_TEST(text == "Races.\n\n"
                       "Question: 1 + 1?\nAnswer: 2\n\n"
                       "Question: Which?\n\nA) x\nAnswer: A\n\n"
                       "Question: Who wins?\n\nA) the hare\nB) the tortoise\n\n"
                       "Answer with the letter of the right choice.\nAnswer:");
    BOOST_TEST(question_in(text) == word_question(asked, settings));
}

BOOST_AUTO_TEST_CASE(a_template_alone_words_a_text_for_completions) {
    question asked;
    asked.text = "3";
    prompt_settings settings;
    settings.spoken = dialect::completions;
    settings.template_text = "Q: {question}\nA:";
    settings.examples = {{"Q: 1\nA:", "one"}};
    BOOST_TEST(build_prompt(asked, settings) == "Q: 1\nA: one\n\nQ: 3\nA:");
    settings.template_text = "{question} is ";
    settings.examples = {{"1 is ", "one"}}; // no second blank
    BOOST_TEST(build_prompt(asked, settings) == "1 is one\n\n3 is ");
}

BOOST_AUTO_TEST_CASE(a_question_is_found_in_a_text_that_was_built_without_a_template) {
    BOOST_TEST(question_in("Question: a\nAnswer:") == "a");
    BOOST_TEST(question_in("Question: a\nAnswer: b\n\nQuestion: c\n\nd\nAnswer:") == "c\n\nd");
    for (const std::string_view other :
         {"", "a", "Question: a", "\nAnswer:", "a\nAnswer:", "Question: a\nAnswer: b"})
        BOOST_TEST(question_in(other) == other);
}

BOOST_AUTO_TEST_SUITE_END()
