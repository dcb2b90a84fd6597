// Sets of question numbers, most of all where their chunks and words end.
#include "proctor/core/ledger.hpp"

#include <boost/test/unit_test.hpp>

#include <initializer_list>
#include <random>
#include <set>
#include <utility>
#include <vector>

using namespace proctor;

namespace {

constexpr question_id chunk = 65'536;

question_set set_of(std::initializer_list<question_id> ids) {
    question_set set;
    for (const auto id : ids) set.insert(id);
    return set;
}

std::vector<std::pair<question_id, std::uint64_t>> runs_of(const question_set& set) {
    std::vector<std::pair<question_id, std::uint64_t>> runs;
    set.each_run([&](question_id first, std::uint64_t count) { runs.emplace_back(first, count); });
    return runs;
}

std::set<question_id> members_of(const question_set& set) {
    std::set<question_id> members;
    set.each_member([&](question_id id) { members.insert(id); });
    return members;
}

} // namespace

BOOST_AUTO_TEST_SUITE(sets_of_questions)

BOOST_AUTO_TEST_CASE(runs_do_not_end_where_a_word_or_a_chunk_does) {
    auto set = set_of({0, 5, 6, 63, 64, 65});
    set.insert_run(chunk - 2, 4);
    set.insert(3 * chunk);
    const std::vector<std::pair<question_id, std::uint64_t>> expected{
        {0, 1}, {5, 2}, {63, 3}, {chunk - 2, 4}, {3 * chunk, 1}};
    BOOST_TEST((runs_of(set) == expected));
    BOOST_TEST(set.size() == 11u);
    BOOST_TEST(runs_of(question_set()).empty());
}

BOOST_AUTO_TEST_CASE(a_run_is_as_good_as_its_members_one_by_one) {
    for (const question_id first : {question_id{0}, question_id{1}, question_id{63},
                                    question_id{64}, chunk - 1, chunk, 2 * chunk - 70})
        for (const std::uint64_t count : {0ull, 1ull, 63ull, 64ull, 65ull, 200ull, 70'000ull}) {
            question_set at_once, one_by_one;
            at_once.insert(first + count / 2); // is not counted twice
            one_by_one.insert(first + count / 2);
            at_once.insert_run(first, count);
            for (auto id = first; id < first + count; ++id) one_by_one.insert(id);
            BOOST_TEST((at_once == one_by_one), first << " " << count);
            BOOST_TEST(at_once.size() == one_by_one.size());
        }
}

BOOST_AUTO_TEST_CASE(chunk_borders_are_no_borders) {
    question_set set;
    for (const auto id : {chunk - 1, chunk, chunk + 1, 2 * chunk - 1, 2 * chunk}) {
        BOOST_TEST(set.insert(id));
        BOOST_TEST(!set.insert(id));
        BOOST_TEST(set.contains(id));
    }
    BOOST_TEST(!set.contains(0));
    BOOST_TEST(!set.contains(chunk + 2));
    BOOST_TEST(!set.contains(5 * chunk));
    BOOST_TEST(set.erase(chunk));
    BOOST_TEST(!set.erase(5 * chunk));
    BOOST_TEST(
        (members_of(set) == std::set<question_id>{chunk - 1, chunk + 1, 2 * chunk - 1, 2 * chunk}));
}

BOOST_AUTO_TEST_CASE(sets_are_equal_by_their_members) {
    auto grown = set_of({7, 10 * chunk});
    grown.erase(10 * chunk); // its chunk is there still
    BOOST_TEST((grown == set_of({7})));
    BOOST_TEST((set_of({7}) == grown));
    BOOST_TEST(!(grown == set_of({8})));
    BOOST_TEST(!(grown == set_of({7, 8})));
}

BOOST_AUTO_TEST_CASE(what_two_sets_share_is_seen) {
    const auto low = set_of({1, chunk - 1});
    const auto high = set_of({chunk, 3 * chunk});
    BOOST_TEST(!low.intersects(high));
    BOOST_TEST(!high.intersects(low));
    BOOST_TEST(!low.intersects({}));
    BOOST_TEST(low.intersects(set_of({chunk - 1, 9 * chunk})));
    BOOST_TEST(set_of({3 * chunk}).intersects(high));
}

BOOST_AUTO_TEST_CASE(union_and_difference_are_those_of_sets) {
    std::mt19937_64 random(5);
    for (int round = 0; round < 40; ++round) {
        question_set a, b;
        std::set<question_id> model_a, model_b;
        for (int i = 0; i < 300; ++i) {
            // Dense around the borders of chunks, so that sets meet.
            const auto id = (random() % 4) * chunk + random() % 100 - (random() % 2 ? 0 : 50);
            if (id > 5 * chunk) continue;
            (random() % 2 ? a : b).insert(id);
        }
        model_a = members_of(a);
        model_b = members_of(b);
        auto both = a;
        both |= b;
        auto only_a = a;
        only_a -= b;
        auto expected_both = model_a;
        expected_both.insert(model_b.begin(), model_b.end());
        auto expected_only = model_a;
        for (const auto id : model_b) expected_only.erase(id);
        BOOST_TEST((members_of(both) == expected_both));
        BOOST_TEST(both.size() == expected_both.size());
        BOOST_TEST((members_of(only_a) == expected_only));
        BOOST_TEST(only_a.size() == expected_only.size());
        BOOST_TEST(a.intersects(b) == (expected_only.size() != model_a.size()));
    }
}

BOOST_AUTO_TEST_SUITE_END()
