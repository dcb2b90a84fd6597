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

BOOST_AUTO_TEST_SUITE_END()
