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

BOOST_AUTO_TEST_SUITE_END()
