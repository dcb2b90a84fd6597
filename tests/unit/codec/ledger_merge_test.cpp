// Ledgers of parts of a log, put together, are the ledger of all of it. Compared as bytes, for
// those are the same whatever the order in which things came.
#include "proctor/codec/ledger_codec.hpp"
#include "proctor/core/ledger.hpp"

#include <boost/test/unit_test.hpp>

#include <random>
#include <set>
#include <string>
#include <vector>

using namespace proctor;

namespace {

std::string bytes_of(const ledger& counted) {
    std::string bytes;
    append_ledger(bytes, counted);
    return bytes;
}

ledger fold(const std::vector<outcome>& outcomes, std::size_t begin, std::size_t end) {
    ledger counted;
    for (auto i = begin; i < end; ++i) counted.apply(outcomes[i]);
    return counted;
}

outcome some_outcome(record_kind kind, question_id id, std::mt19937_64& random) {
    outcome what(kind, id);
    what.format = random() % 2 ? question_format::multiple_choice : question_format::free_text;
    if (random() % 3) what.score = double(random() % 1000) / 1000;
    if (random() % 3) what.category = "category " + std::to_string(random() % 4);
    what.usage = {random() % 1000, random() % 100};
    what.model_seconds = double(random() % 10'000) / 1000;
    what.attempts = static_cast<std::uint32_t>(random() % 9);
    what.truncated = random() % 5 == 0;
    what.no_choice = random() % 5 == 0;
    what.chosen = static_cast<std::uint8_t>(random() % 5);
    what.key = static_cast<std::uint8_t>(random() % 27);
    what.answer_characters = static_cast<std::uint32_t>(random() % 1000);
    what.reasoning_characters = static_cast<std::uint32_t>(random() % 3 * 1000);
    if (kind != record_kind::failed) return what;
    what.error_kind = random() % 2 ? "timed_out" : "http_status";
    what.refused = random() % 3 == 0;
    return what;
}

// At most one result of a question, as a log has it but for odd cases.
std::vector<outcome> some_log(std::mt19937_64& random) {
    std::vector<outcome> log;
    std::set<question_id> completed;
    const auto questions = 1 + random() % 12;
    for (auto count = random() % 60; count > 0; --count) {
        const auto id = 1 + random() % questions;
        auto kind = static_cast<record_kind>(1 + random() % 4);
        if (kind == record_kind::result && !completed.insert(id).second) kind = record_kind::failed;
        log.push_back(some_outcome(kind, kind == record_kind::session ? 0 : id, random));
    }
    return log;
}

} // namespace

BOOST_AUTO_TEST_SUITE(merging_ledgers)

BOOST_AUTO_TEST_CASE(parts_put_together_are_the_fold_over_all) {
    std::mt19937_64 random(11);
    for (int round = 0; round < 3000; ++round) {
        const auto log = some_log(random);
        ledger together;
        for (std::size_t begin = 0; begin < log.size();) {
            const auto end = begin + 1 + random() % (log.size() - begin);
            BOOST_REQUIRE(together.merge(fold(log, begin, end)));
            begin = end;
        }
        const auto all = fold(log, 0, log.size());
        BOOST_REQUIRE_MESSAGE(bytes_of(together) == bytes_of(all), "round " << round);
        BOOST_TEST((together.total_spending() == all.total_spending()));
        BOOST_TEST((together.failures_by_kind() == all.failures_by_kind()));
    }
}

BOOST_AUTO_TEST_CASE(a_merged_ledger_goes_on_like_a_folded_one) {
    std::mt19937_64 random(12);
    for (int round = 0; round < 1000; ++round) {
        const auto log = some_log(random);
        const auto cut = log.empty() ? 0 : random() % log.size();
        const auto second = cut + (log.size() - cut) / 2;
        auto going_on = fold(log, 0, cut);
        BOOST_REQUIRE(going_on.merge(fold(log, cut, second)));
        for (auto i = second; i < log.size(); ++i) going_on.apply(log[i]);
        BOOST_REQUIRE(bytes_of(going_on) == bytes_of(fold(log, 0, log.size())));
    }
}

// Every order of the three kinds of one question, cut at every place.
BOOST_AUTO_TEST_CASE(ranks_decide_across_parts) {
    std::mt19937_64 random(13);
    const auto kinds = {record_kind::answered, record_kind::result, record_kind::failed};
    for (const auto first : kinds)
        for (const auto second : kinds)
            for (const auto third : kinds) {
                std::vector<outcome> log;
                int results = 0;
                for (const auto kind : {first, second, third}) {
                    results += kind == record_kind::result;
                    log.push_back(some_outcome(kind, 70'000, random));
                }
                if (results > 1) continue;
                for (std::size_t cut = 0; cut <= log.size(); ++cut) {
                    auto together = fold(log, 0, cut);
                    BOOST_TEST(together.merge(fold(log, cut, log.size())));
                    BOOST_TEST((bytes_of(together) == bytes_of(fold(log, 0, log.size()))),
                               to_string(first) << " " << to_string(second) << " "
                                                << to_string(third) << ", cut at " << cut);
                }
            }
}

BOOST_AUTO_TEST_CASE(a_question_completed_in_both_is_refused_and_changes_nothing) {
    std::mt19937_64 random(14);
    ledger earlier, later;
    for (const question_id id : {1, 2, 70'000})
        earlier.apply(some_outcome(record_kind::result, id, random));
    earlier.apply(some_outcome(record_kind::answered, 3, random));
    later.apply(some_outcome(record_kind::failed, 4, random));
    later.apply(some_outcome(record_kind::result, 3, random));
    later.apply(some_outcome(record_kind::result, 70'000, random));
    const auto before = bytes_of(earlier);
    const auto spent = earlier.total_spending();
    BOOST_TEST(!earlier.merge(later));
    BOOST_TEST((bytes_of(earlier) == before));
    BOOST_TEST((earlier.total_spending() == spent));
}

BOOST_AUTO_TEST_CASE(spending_of_lost_records_is_merged_too) {
    ledger earlier, later;
    earlier.add_spending({{1, 2}, 3});
    later.add_spending({{10, 20}, 30});
    BOOST_TEST(earlier.merge(later));
    BOOST_TEST((earlier.total_spending() == spending{{11, 22}, 33}));
}

BOOST_AUTO_TEST_SUITE_END()
