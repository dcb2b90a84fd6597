// The figures of a run, against what is worked out by hand.
#include "proctor/app/report.hpp"

#include "proctor/app/repeat_figures.hpp"
#include "proctor/codec/json_fields.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <utility>
#include <vector>

namespace {

using namespace proctor;
using boost::test_tools::tolerance;

outcome marked(question_id id, std::optional<double> score, std::string category = "") {
    outcome what(record_kind::result, id);
    what.format = question_format::multiple_choice;
    what.score = score;
    what.category = std::move(category);
    what.usage = {100, 20};
    what.attempts = 1;
    what.model_seconds = 0.5;
    return what;
}

outcome failed(question_id id) {
    outcome what(record_kind::failed, id);
    what.error_kind = "timed_out";
    what.attempts = 3;
    return what;
}

// Eight questions: three right, one wrong, two unmarked, one failed, one answered.
std::vector<outcome> eight() {
    outcome waits(record_kind::answered, 8);
    waits.usage = {100, 20};
    waits.attempts = 1;
    return {marked(1, 1, "law"), marked(2, 1, "law"), marked(3, 1), marked(4, 0),
            marked(5, {}),       marked(6, {}),       failed(7),    waits};
}

ledger ledger_of(const std::vector<outcome>& outcomes) {
    ledger counted;
    for (const auto& each : outcomes) counted.apply(each);
    return counted;
}

double number(const boost::json::value& value, const std::string& pointer) {
    return value.at_pointer(pointer).to_number<double>();
}

BOOST_AUTO_TEST_SUITE(figures)

BOOST_AUTO_TEST_CASE(accuracy_has_its_interval_overall_and_by_category) {
    const boost::json::value told = figures_json(ledger_of(eight()), 8, {});
    // Three of four: (0.75 + z²/8 ± z √(0.1875/4 + z²/64)) / (1 + z²/4), z² = 3.8415.
    BOOST_TEST(number(told, "/overall/accuracy") == 0.75);
    BOOST_TEST(number(told, "/overall/interval_95/0") == 0.300642, tolerance(1e-5));
    BOOST_TEST(number(told, "/overall/interval_95/1") == 0.954413, tolerance(1e-5));
    // Two of two: 1 / (1 + z²/2).
    BOOST_TEST(number(told, "/by_category/law/interval_95/0") == 0.342380, tolerance(1e-5));
    BOOST_TEST(number(told, "/by_category/law/interval_95/1") == 1.0, tolerance(1e-12));
    BOOST_TEST(number(told, "/multiple_choice/marked") == 4);
    BOOST_TEST(told.at_pointer("/free_text/accuracy").is_null());
}

BOOST_AUTO_TEST_CASE(at_worst_all_that_has_no_mark_is_wrong) {
    const auto counted = ledger_of(eight());
    const boost::json::value told = figures_json(counted, 8, {});
    // Three of eight.
    BOOST_TEST(number(told, "/if_unmarked_were_wrong/accuracy") == 0.375);
    BOOST_TEST(number(told, "/if_unmarked_were_wrong/interval_95/0") == 0.136844, tolerance(1e-5));
    BOOST_TEST(number(told, "/if_unmarked_were_wrong/interval_95/1") == 0.694258, tolerance(1e-5));
    run_figures session;
    session.total = 8;
    BOOST_TEST(summary_text(counted, session)
                   .find("If all without a mark were wrong: 37.5%  13.7% to 69.4%\n") !=
               std::string::npos);
}

BOOST_AUTO_TEST_CASE(why_there_is_no_mark_is_told_by_who_marks) {
    auto unclear = marked(1, 0);
    unclear.no_choice = true;
    const auto counted = ledger_of({unclear, marked(2, {})});
    const auto says = [&](bool model_marks, const std::string& text) {
        run_figures session;
        session.total = 2;
        session.model_marks = model_marks;
        return summary_text(counted, session).find(text) != std::string::npos;
    };
    BOOST_TEST(says(false, "No choice named: 1 (scored 0)\n"));
    BOOST_TEST(says(false, "Unmarked: 1 (no number, no short answer to compare with; "));
    BOOST_TEST(says(true, "No choice named: 1 (by extraction; the grader marked them)\n"));
    BOOST_TEST(says(true, "Unmarked: 1 (the grader gave no verdict: each result says why; "));
}

BOOST_AUTO_TEST_CASE(where_all_is_marked_there_is_nothing_worse_to_tell) {
    run_figures session;
    session.total = 1;
    BOOST_TEST(summary_text(ledger_of({marked(1, 1)}), session).find("If all") ==
               std::string::npos);
}

BOOST_AUTO_TEST_CASE(questions_are_counted_by_what_became_of_them) {
    const boost::json::value told = figures_json(ledger_of(eight()), 8, {});
    BOOST_TEST(number(told, "/total_questions") == 8);
    BOOST_TEST(number(told, "/completed") == 6);
    BOOST_TEST(number(told, "/overall/unmarked") == 2);
    BOOST_TEST(number(told, "/answered") == 1);
    BOOST_TEST(number(told, "/failed") == 1);
    BOOST_TEST(number(told, "/refused") == 0);
    BOOST_TEST(number(told, "/failures_by_kind/timed_out") == 1);
    BOOST_TEST(number(told, "/prompt_tokens") == 700);
    BOOST_TEST(number(told, "/completion_tokens") == 140);
    BOOST_TEST(number(told, "/requests") == 10); // seven of one, and three
    BOOST_TEST(number(told, "/retries") == 2);
    BOOST_TEST(number(told, "/latency_seconds/p50") == 0.5, tolerance(0.03));
}

BOOST_AUTO_TEST_CASE(figures_of_a_run_do_not_tell_how_often_it_was_interrupted) {
    auto outcomes = eight();
    const auto whole = figures_json(ledger_of(outcomes), 8, {});
    for (std::size_t cut = 0; cut <= outcomes.size(); ++cut) {
        const auto at = outcomes.begin() + static_cast<std::ptrdiff_t>(cut);
        auto resumed = ledger_of({outcomes.begin(), at});
        BOOST_REQUIRE(resumed.merge(ledger_of({at, outcomes.end()})));
        BOOST_TEST(figures_json(resumed, 8, {}) == whole);
    }
}

BOOST_AUTO_TEST_CASE(of_a_run_without_answers_nothing_is_made_up) {
    const boost::json::value told = figures_json({}, 0, {});
    BOOST_TEST(told.at_pointer("/overall/accuracy").is_null());
    BOOST_TEST(told.at_pointer("/if_unmarked_were_wrong").is_null());
    BOOST_TEST(told.at_pointer("/latency_seconds").is_null());
    BOOST_TEST(number(told, "/retries") == 0);
}

BOOST_AUTO_TEST_CASE(tokens_cost_what_a_million_of_them_does) {
    price_list prices;
    prices.prompt = 0.5;
    prices.completion = 2;
    prices.currency = "EUR";
    BOOST_TEST(*cost_of({3'000'000, 250'000}, prices) == 2.0); // 1.5 + 0.5
    BOOST_TEST(cost_text({3'000'000, 250'000}, prices) == "2.00 EUR");
    BOOST_TEST(cost_text({1'000, 100}, prices) == "0.0007 EUR");
    BOOST_TEST(!cost_of({3'000'000, 250'000}, {}));
    BOOST_TEST(cost_text({3'000'000, 250'000}, {}) == "");

    const boost::json::value told = figures_json(ledger_of(eight()), 8, prices);
    // 700 prompt and 140 completion tokens: 350 and 280 millionths.
    BOOST_TEST(number(told, "/cost/amount") == 0.00063, tolerance(1e-12));
    BOOST_TEST(told.at_pointer("/cost/currency").as_string() == "EUR");
    run_figures session;
    session.prices = prices;
    BOOST_TEST(summary_text(ledger_of(eight()), session).find("Cost: 0.0006 EUR\n") !=
               std::string::npos);
    BOOST_TEST(boost::json::value(figures_json(ledger_of(eight()), 8, {})).at("cost").is_null());
}

BOOST_AUTO_TEST_CASE(throughput_is_that_of_the_session) {
    run_figures session;
    session.total = 8;
    session.completed_before = 2;
    session.session_seconds = 8;
    session.retries = 2;
    const boost::json::value told = session_json(ledger_of(eight()), session);
    BOOST_TEST(number(told, "/questions") == 4);
    BOOST_TEST(number(told, "/questions_per_second") == 0.5);
    BOOST_TEST(number(told, "/retries") == 2);
    session.completed_before = 6; // it found nothing to do
    BOOST_TEST(boost::json::value(session_json(ledger_of(eight()), session))
                   .at("questions_per_second")
                   .is_null());
}

// The set's B is right, and two of three say so, with two letters.
BOOST_AUTO_TEST_CASE(a_majority_is_of_choices_whatever_letters_they_had) {
    const std::pair<std::string, std::string> said[] = {{"AB", "A"}, {"BA", "A"}, {"AB", "B"}};
    repeat_reader reader(3);
    question asked;
    asked.number = 1;
    asked.repeat = 0;
    asked.repeats = 3;
    asked.format = question_format::multiple_choice;
    for (const auto& [order, letter] : said) {
        ++asked.repeat;
        asked.choice_order = order;
        grade mark;
        mark.model_choice = letter;
        mark.score = order == (letter == "A" ? "BA" : "AB") ? 1 : 0;
        const auto body = result_body(asked, {}, mark);
        BOOST_REQUIRE(reader.add(record_of(record_kind::result, asked, body)).has_value());
    }
    BOOST_TEST(reader.finish().majority() == 1.0);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
