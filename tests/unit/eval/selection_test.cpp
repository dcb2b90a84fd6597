// Which questions a seed selects. The values are those that CPython 3.11 gives.
#include "proctor/eval/selection.hpp"

#include <boost/test/unit_test.hpp>

using namespace proctor;

namespace {

void check_sample(std::uint64_t population, std::uint64_t seed,
                  const std::vector<std::uint64_t>& expected) {
    BOOST_TEST(python_sample(population, expected.size(), seed) == expected,
               boost::test_tools::per_element());
}

} // namespace

BOOST_AUTO_TEST_SUITE(selections)

BOOST_AUTO_TEST_CASE(small_populations_are_drawn_from_a_list) {
    check_sample(10, 1, {2, 1, 4});
    check_sample(10, 42, {1, 0, 4, 9, 6, 5, 8, 2, 3, 7});
    check_sample(21, 7, {10, 4, 12, 1, 2});
}

BOOST_AUTO_TEST_CASE(large_populations_are_drawn_without_a_list) {
    check_sample(100, 0, {49, 97, 53, 5, 33});
    check_sample(1000, 42, {654, 114, 25,  759, 281, 250, 228, 142, 754, 104,
                            692, 758, 913, 558, 89,  604, 432, 32,  30,  95});
    check_sample(10'000'000, 12345, {6989721, 170610, 5010345, 6180922, 3249098, 4533956});
}

BOOST_AUTO_TEST_CASE(seeds_and_populations_may_be_longer_than_a_word) {
    check_sample(100'000, (std::uint64_t{1} << 40) + 7,
                 {80439, 97953, 83823, 74762, 92483, 62380, 32878, 80686});
    check_sample(std::uint64_t{1} << 33, 9, {5898329840, 595022250, 4322605648, 6454399878});
}

// sum(i * x for i, x in enumerate(random.sample(range(population), count), 1)) after random.seed(3)
BOOST_AUTO_TEST_CASE(each_side_of_the_border_is_as_in_python) {
    const auto check_sum = [](std::uint64_t population, std::uint64_t count,
                              std::uint64_t expected) {
        std::uint64_t sum = 0, i = 0;
        for (const auto x : python_sample(population, count, 3)) sum += ++i * x;
        BOOST_TEST(sum == expected, population << ", " << count);
    };
    check_sum(21, 5, 165);
    check_sum(22, 5, 165);
    check_sum(85, 6, 1148);
    check_sum(86, 6, 1148);
    check_sum(85, 21, 11897);
    check_sum(86, 21, 11575);
    check_sum(277, 22, 31923);
    check_sum(278, 22, 32053);
    check_sum(1045, 300, 24444275);
    check_sum(1045, 341, 31094524);
    check_sum(1046, 341, 28843892);
    check_sum(4117, 342, 122605430);
    check_sum(4118, 342, 118227248);
    check_sum(5000, 5000, 31184520928);
}

BOOST_AUTO_TEST_CASE(a_selection_counts_and_knows_places) {
    selection chosen;
    BOOST_TEST(chosen.count(9) == 9u);
    BOOST_TEST(chosen.contains(9));
    chosen.limit = 5;
    BOOST_TEST(chosen.count(9) == 5u);
    BOOST_TEST(chosen.count(3) == 3u);
    BOOST_TEST(chosen.contains(5));
    BOOST_TEST(!chosen.contains(6));
    chosen.drawn = draw_questions(10, 3, 1);
    BOOST_TEST(chosen.count(9) == 3u);
    BOOST_TEST(chosen.contains(3)); // 2, 1 and 4, counted from 1
    BOOST_TEST(chosen.contains(2));
    BOOST_TEST(chosen.contains(5));
    BOOST_TEST(!chosen.contains(1));
}

BOOST_AUTO_TEST_CASE(shards_share_all_questions_and_no_question_twice) {
    const auto sample = draw_questions(50, 20, 1);
    for (std::uint64_t of = 1; of <= 30; ++of) {
        std::uint64_t limited = 0, drawn = 0;
        std::vector<int> chosen_by(51);
        question_set all;
        for (std::uint64_t number = 1; number <= of; ++number) {
            selection part;
            part.limit = 20;
            part.part = shard{number, of};
            limited += part.count(50);
            std::uint64_t places = 0;
            for (std::uint64_t place = 1; place <= 50; ++place)
                if (part.contains(place)) ++places, ++chosen_by[place];
            BOOST_TEST(places == part.count(50));
            const auto share = share_of(sample, {number, of});
            BOOST_TEST(share.size() == shard({number, of}).share_of(20));
            drawn += share.size();
            all |= share;
        }
        BOOST_TEST(limited == 20u);
        BOOST_TEST(drawn == 20u);
        BOOST_TEST((all == sample));
        for (std::uint64_t place = 1; place <= 50; ++place)
            BOOST_TEST(chosen_by[place] == (place <= 20 ? 1 : 0));
    }
}

BOOST_AUTO_TEST_CASE(a_shard_is_written_as_k_of_n) {
    BOOST_TEST((parse_shard("3/8") == shard{3, 8}));
    BOOST_TEST((parse_shard("1/1") == shard{1, 1}));
    BOOST_TEST((parse_shard("03/08") == shard{3, 8}));
    BOOST_TEST(to_string(shard{3, 8}) == "3/8");
    for (const auto* wrong : {"", "3", "/8", "3/", "0/8", "9/8", "-1/8", "3/8 ", "3 /8", "a/b",
                              "1/18446744073709551615", "3/99999999999999999999"})
        BOOST_TEST(!parse_shard(wrong).has_value(), wrong);
}

BOOST_AUTO_TEST_SUITE_END()
