// What answers look like: positions of choices, and lengths.
#include "proctor/core/answer_figures.hpp"
#include "proctor/core/ledger.hpp"

#include <boost/test/unit_test.hpp>

#include <optional>
#include <string>

using namespace proctor;

namespace {

outcome choice_of(std::uint8_t chosen, std::uint8_t key, std::optional<double> score) {
    outcome what(record_kind::result, 1);
    what.format = question_format::multiple_choice;
    what.chosen = chosen;
    what.key = key;
    what.score = score;
    return what;
}

} // namespace

BOOST_AUTO_TEST_SUITE(answer_figures_)

BOOST_AUTO_TEST_CASE(letters_and_numbers_have_their_positions) {
    for (std::uint8_t i = 0; i < most_positions; ++i) {
        BOOST_TEST(choice_position(std::string(1, static_cast<char>('A' + i))) == i + 1);
        BOOST_TEST(choice_position(std::string(1, static_cast<char>('a' + i))) == i + 1);
        BOOST_TEST(choice_position(std::to_string(i + 1)) == i + 1);
    }
    for (const auto* other : {"", "0", "00", "01", "27", "99", "AB", "1a", "a1", "?", "@", "[", "`",
                              "{", "!", "\xc3\xa4", "100", "1\\"})
        BOOST_TEST(choice_position(other) == 0, other);
}

BOOST_AUTO_TEST_CASE(choices_are_counted_where_they_stand_and_marks_where_the_key_does) {
    answer_figures figures;
    figures.add(choice_of(1, 1, 1.0));
    figures.add(choice_of(1, 2, 0.0));
    figures.add(choice_of(0, 2, 0.0)); // none was named
    figures.add(choice_of(4, 2, {}));
    BOOST_TEST(figures.positions_in_use() == 4u);
    BOOST_TEST(figures.positions[0].chosen == 2u);
    BOOST_TEST(figures.positions[0].key() == 1u);
    BOOST_TEST(figures.positions[0].keyed.accuracy() == 1.0);
    BOOST_TEST(figures.positions[1].chosen == 0u);
    BOOST_TEST(figures.positions[1].key() == 3u);
    BOOST_TEST(figures.positions[1].keyed.marked == 2u);
    BOOST_TEST(figures.positions[3].chosen == 1u);
    BOOST_TEST(figures.chosen() == 3u);
    BOOST_TEST(figures.keyed() == 4u);
    // Choices 2/3, 0, 0, 1/3; keys 1/4, 3/4, 0, 0.
    BOOST_TEST(figures.total_variation() == 0.75, boost::test_tools::tolerance(1e-12));
}

BOOST_AUTO_TEST_CASE(choices_and_keys_that_lie_alike_are_not_apart) {
    answer_figures figures;
    BOOST_TEST(figures.total_variation() == 0.0);
    figures.add(choice_of(1, 2, 0.0));
    BOOST_TEST(figures.total_variation() == 1.0);
    figures.add(choice_of(2, 1, 0.0));
    BOOST_TEST(figures.total_variation() == 0.0);
    answer_figures only_keys;
    only_keys.add(choice_of(0, 2, 0.0));
    BOOST_TEST(only_keys.total_variation() == 0.0);
    BOOST_TEST(only_keys.positions_in_use() == 2u);
}

BOOST_AUTO_TEST_CASE(short_lengths_are_exact_and_long_ones_right_to_three_percent) {
    for (std::uint64_t length = 0; length <= 20; ++length) {
        text_lengths lengths;
        lengths.add(length);
        BOOST_TEST(lengths.quantile(0.5) == length);
        BOOST_TEST(lengths.mean() == double(length));
    }
    text_lengths lengths;
    for (std::uint64_t length = 1; length <= 10'000; ++length) lengths.add(length);
    BOOST_TEST(lengths.count() == 10'000u);
    BOOST_TEST(lengths.mean() == 5000.5);
    BOOST_TEST(double(lengths.quantile(0.5)) == 5000.0, boost::test_tools::tolerance(0.03));
    BOOST_TEST(double(lengths.quantile(0.95)) == 9500.0, boost::test_tools::tolerance(0.03));
    text_lengths longest;
    longest.add(std::uint64_t{16} << 20); // the body of a record
    BOOST_TEST(double(longest.quantile(1)) == double(16 << 20), boost::test_tools::tolerance(0.03));
    BOOST_TEST(text_lengths().mean() == 0.0);
    BOOST_TEST(text_lengths().quantile(0.5) == 0u);
}

BOOST_AUTO_TEST_CASE(of_reasoning_only_what_there_is_counts) {
    answer_figures figures;
    outcome what(record_kind::result, 1);
    figures.add(what);
    what.answer_characters = 10;
    what.reasoning_characters = 500;
    figures.add(what);
    BOOST_TEST(figures.lengths.count() == 2u);
    BOOST_TEST(figures.lengths.mean() == 5.0);
    BOOST_TEST(figures.reasoning.count() == 1u);
    BOOST_TEST(figures.reasoning.mean() == 500.0);
}

BOOST_AUTO_TEST_SUITE_END()
