// In which order choices are put, and which of them must keep theirs.
#include "proctor/eval/choice_shuffle.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdlib>
#include <map>
#include <set>

using namespace proctor;

namespace {

using text_list = std::vector<std::string>;

question of_choices(text_list choices, std::string right = "A") {
    question asked;
    asked.number = 1;
    asked.text = "Which one?";
    asked.choices = std::move(choices);
    asked.reference_answer = std::move(right);
    asked.format = question_format::multiple_choice;
    return asked;
}

question numbered(std::size_t choices, question_id number, std::uint16_t repeat = 1) {
    text_list texts;
    for (std::size_t i = 1; i <= choices; ++i) texts.push_back("item " + std::to_string(i));
    auto asked = of_choices(std::move(texts));
    asked.number = number;
    asked.repeat = repeat;
    asked.repeats = most_repeats;
    return asked;
}

std::string order_of(question asked, std::uint64_t seed) {
    shuffle_choices(asked, seed);
    return asked.choice_order;
}

bool is_free(text_list choices) {
    return freedom_of_choices(of_choices(std::move(choices))) == choice_freedom::free;
}

} // namespace

BOOST_AUTO_TEST_SUITE(shuffled_choices)

// By another program, from the description in the header: nothing here may ever give another order.
BOOST_AUTO_TEST_CASE(an_order_follows_from_seed_number_and_repeat_alone) {
    BOOST_TEST(order_of(numbered(4, 1, 1), 0) == "ACBD");
    BOOST_TEST(order_of(numbered(4, 1, 1), 1) == "BCDA");
    BOOST_TEST(order_of(numbered(4, 1, 2), 1) == "CDAB");
    BOOST_TEST(order_of(numbered(4, 2, 1), 1) == "ADBC");
    BOOST_TEST(order_of(numbered(5, highest_question, 1000), (std::uint64_t{1} << 40) + 7) ==
               "BCADE");
    BOOST_TEST(order_of(numbered(26, 17, 3), 42) == "XNMUWQERTLPCDYFIOGVJBKHSZA");
}

BOOST_AUTO_TEST_CASE(the_reference_goes_with_its_choice) {
    auto asked = of_choices({"Iron", "Mercury", "Gold", "Zinc"}, "B");
    shuffle_choices(asked, 1); // BCDA
    BOOST_TEST((asked.choices == text_list{"Mercury", "Gold", "Zinc", "Iron"}));
    BOOST_TEST(asked.reference_answer == "A");
    BOOST_TEST(asked.choice_order == "BCDA");
    BOOST_TEST(asked.text == "Which one?");
}

BOOST_AUTO_TEST_CASE(every_place_is_as_likely_as_any_other) {
    std::map<std::size_t, int> places;
    std::set<std::string> orders;
    for (question_id number = 1; number <= 4000; ++number) {
        const auto order = order_of(numbered(4, number), 9);
        ++places[order.find('A')];
        orders.insert(order);
    }
    BOOST_TEST(orders.size() == 24u);
    for (const auto& [place, count] : places)
        BOOST_TEST(std::abs(count - 1000) < 110, place << ": " << count); // 4 standard deviations
}

BOOST_AUTO_TEST_CASE(what_has_no_choices_of_its_own_stays_as_it_is) {
    question free_text;
    free_text.reference_answer = "88";
    BOOST_TEST((freedom_of_choices(free_text) == choice_freedom::no_choices));
    auto in_text = of_choices({}, "2) Carbon dioxide");
    in_text.text = "Which gas?\n1) Oxygen\n2) Carbon dioxide";
    BOOST_TEST((freedom_of_choices(in_text) == choice_freedom::in_text));
    auto bound = of_choices({"One", "Two", "Both", "All of the above"}, "D");
    BOOST_TEST((freedom_of_choices(bound) == choice_freedom::bound));
    for (auto* each : {&free_text, &in_text, &bound}) {
        const auto before = *each;
        shuffle_choices(*each, 1);
        BOOST_TEST(each->choices == before.choices, boost::test_tools::per_element());
        BOOST_TEST(each->reference_answer == before.reference_answer);
        BOOST_TEST(each->choice_order.empty());
    }
}

BOOST_AUTO_TEST_CASE(choices_that_refer_to_others_keep_their_order) {
    for (const auto* last :
         {"All of the above", "None of the above.", "none of the above is right", "None above",
          "Both A and B", "A and C", "(A) or (B)", "Neither A nor B", "A, B and C", "A, C", "A & B",
          "Both A & C", "Only A", "B only", "Option C", "The same as answer B", "a and b", "A/B",
          "A and C are correct"})
        BOOST_TEST(!is_free({"Iron", "Gold", "Zinc", last}), last);
}

BOOST_AUTO_TEST_CASE(choices_that_only_look_so_are_free) {
    for (const auto* last : {"A", "A dog and a cat", "Above the knee", "It flies above clouds",
                             "I and II only", "Vitamin C", "X and Y", "1 and 2",
                             "An answer a child gives", "None of these", "A and B-flat", "E and F"})
        BOOST_TEST(is_free({"Iron", "Gold", "Zinc", last}), last);
    BOOST_TEST(is_free({"A", "B", "AB", "O"})); // blood groups
}

BOOST_AUTO_TEST_SUITE_END()
