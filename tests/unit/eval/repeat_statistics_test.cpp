// Values that were worked out by hand.
#include "proctor/eval/repeat_statistics.hpp"

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <initializer_list>
#include <optional>
#include <string_view>

using namespace proctor;

namespace {

outcome marked(std::optional<double> score, question_format format = question_format::free_text) {
    outcome what;
    what.format = format;
    what.score = score;
    return what;
}

struct chosen {
    std::string_view choice;
    double score;
};

double majority_of(std::initializer_list<chosen> answers) {
    repeat_statistics figures(answers.size());
    std::uint64_t repeat = 0;
    for (const auto& [choice, score] : answers)
        figures.add(1, ++repeat, marked(score, question_format::multiple_choice), choice);
    figures.finish();
    return figures.majority();
}

} // namespace

BOOST_AUTO_TEST_SUITE(repeats, *boost::unit_test::tolerance(1e-12))

BOOST_AUTO_TEST_CASE(tasks_are_numbered_question_by_question) {
    BOOST_TEST(task_of(1, 1, 3) == 1u);
    BOOST_TEST(task_of(1, 3, 3) == 3u);
    BOOST_TEST(task_of(2, 1, 3) == 4u);
    BOOST_TEST(task_of(10'000'000, 1000, 1000) == 10'000'000'000u);
    for (const std::uint64_t repeats : {1, 2, 3, 1000})
        for (question_id task = 1; task < 5000; ++task)
            BOOST_TEST_REQUIRE(
                task_of(question_of(task, repeats), repeat_of(task, repeats), repeats) == task);
    for (question_id question = 1; question < 10; ++question)
        BOOST_TEST(task_of(question, 1, 1) == question);
}

// Marks {1, 1}, {0, 0}, {1, 0}: mean 1/2; sums of s − m by question 1, −1 and 0; √2 / 6.
BOOST_AUTO_TEST_CASE(a_standard_error_is_clustered) {
    clustered_marks marks;
    for (const double sum : {2, 0, 1}) marks.add_cluster(2, sum);
    BOOST_TEST(marks.mean() == 0.5);
    BOOST_TEST(marks.standard_error() == std::sqrt(2) / 6);
    BOOST_TEST(marks.range().low == 0.5 - 1.959963984540054 * std::sqrt(2) / 6);
    BOOST_TEST(marks.range().high == 0.5 + 1.959963984540054 * std::sqrt(2) / 6);
}

// {1} and {0, 0, 0}: mean 1/4; 3/4 and −3/4; √(9/8) / 4.
BOOST_AUTO_TEST_CASE(clusters_may_differ_in_size) {
    clustered_marks marks;
    marks.add_cluster(1, 1);
    marks.add_cluster(3, 0);
    marks.add_cluster(0, 0); // a question without a mark is none
    BOOST_TEST(marks.marks() == 4u);
    BOOST_TEST(marks.mean() == 0.25);
    BOOST_TEST(marks.standard_error() == std::sqrt(9.0 / 8) / 4);
}

BOOST_AUTO_TEST_CASE(one_question_says_nothing_of_others) {
    clustered_marks marks;
    marks.add_cluster(5, 3);
    BOOST_TEST(marks.range().low == 0.0);
    BOOST_TEST(marks.range().high == 1.0);
}

// {1} of {1, 0}, and a second question of which nothing is marked: {1, 0}, {0, 0}.
BOOST_AUTO_TEST_CASE(what_is_missing_may_be_counted_as_wrong) {
    clustered_marks marks, filled;
    marks.add_cluster(1, 1);
    filled.add_cluster(2, 1);
    filled.add_cluster(2, 0);
    BOOST_TEST(marks.filled_up(2, 2).mean() == 0.25);
    BOOST_TEST(marks.filled_up(2, 2).standard_error() == filled.standard_error());
}

BOOST_AUTO_TEST_CASE(pass_at_k_is_the_unbiased_one) {
    BOOST_TEST(pass_at_k(5, 2, 1) == 0.4);
    BOOST_TEST(pass_at_k(5, 2, 2) == 1 - 3.0 / 10); // C(3, 2) / C(5, 2)
    BOOST_TEST(pass_at_k(5, 2, 3) == 1 - 1.0 / 10); // C(3, 3) / C(5, 3)
    BOOST_TEST(pass_at_k(5, 2, 4) == 1.0);          // there are no four wrong ones
    BOOST_TEST(pass_at_k(10, 1, 5) == 0.5);
    BOOST_TEST(pass_at_k(4, 0, 4) == 0.0);
    BOOST_TEST(pass_at_k(1000, 1, 1000) == 1.0);
    BOOST_TEST(pass_at_k(1000, 1, 500) == 0.5);
}

BOOST_AUTO_TEST_CASE(figures_are_over_questions) {
    repeat_statistics figures(3);
    const std::optional<double> marks[3][3] = {
        {1.0, 1.0, 0.0}, {0.0, 0.0, 1.0}, {1.0, std::nullopt, 1.0}};
    for (question_id question = 0; question < 3; ++question)
        for (std::uint64_t repeat = 0; repeat < 3; ++repeat)
            figures.add(10 * (question + 1), repeat + 1, marked(marks[question][repeat]), "");
    figures.finish();
    BOOST_TEST(figures.questions() == 3u);
    BOOST_TEST(figures.overall().mean() == 5.0 / 8);
    const auto& passes = figures.passes();
    BOOST_TEST_REQUIRE(passes.size() == 3u);
    BOOST_TEST(passes[0].k == 1u);
    BOOST_TEST(passes[0].rate() == (2.0 / 3 + 1.0 / 3 + 1) / 3);
    BOOST_TEST(passes[1].k == 2u);
    BOOST_TEST(passes[1].rate() == (1 + 2.0 / 3 + 1) / 3);
    BOOST_TEST(passes[2].k == 3u);
    BOOST_TEST(passes[2].questions == 2u); // the third has but two marks
    BOOST_TEST(passes[2].rate() == 1.0);
    BOOST_TEST(figures.majority() == 2.0 / 3);
    // Repeats have 2/3, 1/2 and 2/3: the mean is 11/18, what is off 1/18, −1/9 and 1/18.
    BOOST_TEST(figures.spread() == std::sqrt((1.0 / 324 + 4.0 / 324 + 1.0 / 324) / 2));
}

BOOST_AUTO_TEST_CASE(a_choice_is_voted_by_its_label) {
    BOOST_TEST(majority_of({{"A", 1}, {"A", 1}, {"B", 0}}) == 1.0);
    // Most are wrong, and yet no wrong choice has as many votes.
    BOOST_TEST(majority_of({{"A", 1}, {"A", 1}, {"B", 0}, {"C", 0}, {"D", 0}}) == 1.0);
    BOOST_TEST(majority_of({{"A", 1}, {"B", 0}}) == 0.5);
    BOOST_TEST(majority_of({{"A", 1}, {"B", 0}, {"C", 0}}) == 1.0 / 3);
    BOOST_TEST(majority_of({{"A", 1}, {"", 0}, {"", 0}}) == 1.0);
    BOOST_TEST(majority_of({{"", 0}, {"", 0}}) == 0.0);
}

BOOST_AUTO_TEST_CASE(groups_have_their_own_clusters) {
    repeat_statistics figures(2);
    auto what = marked(1, question_format::multiple_choice);
    what.category = "law";
    figures.add(1, 1, what, "A");
    figures.add(1, 2, what, "A");
    figures.add(2, 1, marked(0), "");
    figures.finish();
    BOOST_TEST(figures.of(question_format::multiple_choice).marks() == 2u);
    BOOST_TEST(figures.of(question_format::free_text).marks() == 1u);
    BOOST_TEST(figures.of_category("law").mean() == 1.0);
    BOOST_TEST(figures.of_category("physics").marks() == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
