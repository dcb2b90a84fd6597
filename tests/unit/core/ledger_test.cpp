// The fold over records: which record of a question counts, in whatever order they come.
#include "proctor/core/ledger.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <set>

using namespace proctor;

namespace {

outcome result_of(question_id id, double score) {
    outcome what(record_kind::result, id);
    what.score = score;
    what.format = question_format::multiple_choice;
    what.category = "physics";
    what.model_seconds = 0.2;
    what.attempts = 2;
    what.usage = {100, 10};
    return what;
}

outcome answered_of(question_id id) {
    auto what = result_of(id, 0);
    what.kind = record_kind::answered;
    what.score.reset();
    return what;
}

outcome failed_of(question_id id, std::string kind, bool refused = false) {
    outcome what(record_kind::failed, id);
    what.error_kind = std::move(kind);
    what.refused = refused;
    what.attempts = 9;
    return what;
}

} // namespace

BOOST_AUTO_TEST_SUITE(question_set_)

BOOST_AUTO_TEST_CASE(it_holds_what_was_put_in) {
    question_set set;
    std::set<question_id> model;
    for (question_id id : {1, 63, 64, 65, 1000, 64, 1, 100000}) {
        BOOST_TEST(set.insert(id) == model.insert(id).second);
        BOOST_TEST(set.size() == model.size());
    }
    for (question_id id = 0; id < 2000; ++id) BOOST_TEST(set.contains(id) == model.contains(id));
    BOOST_TEST(set.erase(64));
    BOOST_TEST(!set.erase(64));
    BOOST_TEST(!set.erase(5'000'000));
    BOOST_TEST(!set.contains(64));
    BOOST_TEST(set.size() == model.size() - 1);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(ledger_)

BOOST_AUTO_TEST_CASE(figures_add_up) {
    ledger book;
    book.apply(result_of(1, 1));
    book.apply(result_of(2, 0));
    auto open = result_of(3, 0);
    open.score.reset();
    open.format = question_format::free_text;
    open.category.clear();
    open.truncated = true;
    book.apply(open);
    auto silent = result_of(4, 0);
    silent.no_choice = true;
    book.apply(silent);
    book.apply(failed_of(5, "timed_out"));
    book.apply(failed_of(6, "http_status", true));
    book.apply(outcome(record_kind::session, 0));

    BOOST_TEST(book.completed_count() == 4u);
    BOOST_TEST(book.failed_count() == 2u);
    BOOST_TEST(book.refused_count() == 1u);
    BOOST_TEST(book.refused(6));
    BOOST_TEST(book.overall().marked == 3u);
    BOOST_TEST(book.overall().unmarked == 1u);
    BOOST_TEST(book.overall().accuracy() == 1.0 / 3);
    BOOST_TEST(book.of(question_format::multiple_choice).marked == 3u);
    BOOST_TEST(book.of(question_format::free_text).unmarked == 1u);
    BOOST_TEST(book.by_category().at("physics").marked == 3u);
    BOOST_TEST(book.by_category().size() == 1u);
    BOOST_TEST(book.usage().prompt == 400u);
    BOOST_TEST(book.attempts() == 4 * 2u + 2 * 9u);
    BOOST_TEST(book.truncated_count() == 1u);
    BOOST_TEST(book.no_choice_count() == 1u);
    BOOST_TEST(book.latencies().count() == 4u);
    BOOST_TEST(book.failures_by_kind().at("timed_out") == 1u);
}

BOOST_AUTO_TEST_CASE(of_answers_those_of_the_result_that_counts_are_told) {
    const auto with = [](outcome what, std::uint8_t chosen, std::uint32_t characters) {
        what.chosen = chosen;
        what.key = 2;
        what.answer_characters = characters;
        return what;
    };
    ledger book;
    BOOST_TEST(book.knows_all_answers()); // there is none
    book.apply(with(failed_of(1, "timed_out"), 0, 0));
    book.apply(with(answered_of(1), 3, 70));
    BOOST_TEST(book.answers_said().lengths.count() == 0u);
    book.apply(with(result_of(1, 1), 2, 7));
    book.apply(with(result_of(1, 0), 1, 1000)); // only the first one counts
    book.apply(with(answered_of(1), 1, 1000));
    BOOST_TEST(book.answers_said().lengths.count() == 1u);
    BOOST_TEST(book.answers_said().lengths.mean() == 7.0);
    BOOST_TEST(book.answers_said().chosen() == 1u);
    BOOST_TEST(book.answers_said().positions[1].keyed.score() == 1.0);
    BOOST_TEST(book.knows_all_answers());
}

BOOST_AUTO_TEST_CASE(a_ledger_that_was_merged_with_one_without_answers_does_not_know_them_all) {
    ledger old, book;
    old.apply(result_of(1, 1));
    auto state = old.state();
    state.answers_said = {};
    old = ledger(state);
    BOOST_TEST(!old.knows_all_answers());
    book.apply(result_of(2, 1));
    BOOST_TEST(book.merge(old));
    BOOST_TEST(!book.knows_all_answers());
    book.apply(result_of(3, 1));
    BOOST_TEST(!book.knows_all_answers());
}

BOOST_AUTO_TEST_CASE(a_failure_is_made_good_by_a_result) {
    ledger book;
    book.apply(failed_of(1, "timed_out"));
    BOOST_TEST(book.failed(1));
    book.apply(result_of(1, 1));
    BOOST_TEST(book.completed(1));
    BOOST_TEST(!book.failed(1));
    BOOST_TEST(book.failures_by_kind().empty());
}

BOOST_AUTO_TEST_CASE(the_latest_failure_counts) {
    ledger book;
    book.apply(failed_of(1, "http_status", true));
    book.apply(failed_of(1, "timed_out"));
    BOOST_TEST(book.failed_count() == 1u);
    BOOST_TEST(!book.refused(1));
    BOOST_TEST(book.failures_by_kind().at("timed_out") == 1u);
}

BOOST_AUTO_TEST_CASE(ranks_decide_in_any_order) {
    std::vector<outcome> records = {failed_of(1, "timed_out"), answered_of(1), result_of(1, 1)};
    std::vector<std::size_t> order = {0, 1, 2};
    do {
        ledger book;
        for (const auto i : order) book.apply(records[i]);
        BOOST_TEST(book.completed(1));
        BOOST_TEST(!book.answered(1));
        BOOST_TEST(!book.failed(1));
        BOOST_TEST(book.completed_count() == 1u);
        BOOST_TEST(book.answered_count() == 0u);
        BOOST_TEST(book.failed_count() == 0u);
        BOOST_TEST(book.overall().score() == 1.0);
        // `answered` and `result` tell of the same requests.
        BOOST_TEST(book.usage().prompt == 100u);
        BOOST_TEST(book.attempts() == 9u + 2u);
    } while (std::next_permutation(order.begin(), order.end()));
}

BOOST_AUTO_TEST_CASE(an_answer_outranks_a_failure_in_either_order) {
    for (const bool failed_first : {true, false}) {
        ledger book;
        if (failed_first) book.apply(failed_of(1, "timed_out"));
        book.apply(answered_of(1));
        if (!failed_first) book.apply(failed_of(1, "timed_out"));
        BOOST_TEST(book.answered(1));
        BOOST_TEST(!book.failed(1));
        BOOST_TEST(book.failures_by_kind().empty());
    }
}

BOOST_AUTO_TEST_SUITE_END()
