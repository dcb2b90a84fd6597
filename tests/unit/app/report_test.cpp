// The figures of a run, against what is worked out by hand.
#include "proctor/app/report.hpp"

#include "proctor/app/repeat_figures.hpp"
#include "proctor/codec/json_fields.hpp"

#include <boost/test/unit_test.hpp>

#include <memory>
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

// Of four answers three name a choice: the first one twice, the fourth once. The keys are one first
// and three second choices, of which one is unmarked.
std::vector<outcome> choosing() {
    const auto choice = [](outcome what, std::uint8_t chosen, std::uint8_t key) {
        what.chosen = chosen;
        what.key = key;
        what.answer_characters = static_cast<std::uint32_t>(10 * what.question);
        return what;
    };
    auto thoughtful = choice(marked(4, {}), 4, 2);
    thoughtful.reasoning_characters = 1'000'000;
    return {choice(marked(1, 1), 1, 1), choice(marked(2, 0), 1, 2), choice(marked(3, 0), 0, 2),
            thoughtful};
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
    auto outcomes = choosing();
    for (auto& each : eight()) {
        each.question += 100;
        outcomes.push_back(each);
    }
    const auto whole = figures_json(ledger_of(outcomes), 8, {});
    for (std::size_t cut = 0; cut <= outcomes.size(); ++cut) {
        const auto at = outcomes.begin() + static_cast<std::ptrdiff_t>(cut);
        auto resumed = ledger_of({outcomes.begin(), at});
        BOOST_REQUIRE(resumed.merge(ledger_of({at, outcomes.end()})));
        BOOST_TEST(figures_json(resumed, 8, {}) == whole);
    }
}

BOOST_AUTO_TEST_CASE(choices_are_told_by_position_beside_the_keys) {
    const auto counted = ledger_of(choosing());
    const boost::json::value told = figures_json(counted, 4, {});
    const auto& positions = told.at_pointer("/choices/positions").as_array();
    BOOST_REQUIRE(positions.size() == 4u);
    const boost::json::value first{
        {"position", 1}, {"chosen", 2}, {"key", 1}, {"marked", 1}, {"accuracy", 1.0}};
    const boost::json::value fourth{
        {"position", 4}, {"chosen", 1}, {"key", 0}, {"marked", 0}, {"accuracy", nullptr}};
    BOOST_TEST(positions[0] == first);
    BOOST_TEST(number(positions[1], "/key") == 3);
    BOOST_TEST(number(positions[1], "/marked") == 2);
    BOOST_TEST(number(positions[1], "/accuracy") == 0);
    BOOST_TEST(positions[3] == fourth);
    BOOST_TEST(number(told, "/choices/total_variation") == 0.75, tolerance(1e-12));
    run_figures session;
    session.total = 4;
    BOOST_TEST(summary_text(counted, session)
                   .find("  choice           chosen           is right  accuracy\n"
                         "  A, 1          2   66.7%          1   25.0%    100.0%\n"
                         "  B, 2          0    0.0%          3   75.0%      0.0%\n"
                         "  C, 3          0    0.0%          0    0.0%\n"
                         "  D, 4          1   33.3%          0    0.0%\n"
                         "Choices and right ones differ in position by 75.0% (total "
                         "variation)\n") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(lengths_are_told_of_answers_and_of_reasoning_if_there_is_any) {
    const auto counted = ledger_of(choosing());
    const boost::json::value told = figures_json(counted, 4, {});
    BOOST_TEST(number(told, "/answer_characters/count") == 4);
    BOOST_TEST(number(told, "/answer_characters/mean") == 25);
    BOOST_TEST(number(told, "/answer_characters/median") == 20);
    BOOST_TEST(number(told, "/answer_characters/p95") == 40, tolerance(0.03));
    BOOST_TEST(number(told, "/reasoning_characters/count") == 1);
    BOOST_TEST(number(told, "/reasoning_characters/mean") == 1e6);
    run_figures session;
    session.total = 4;
    const auto text = summary_text(counted, session);
    BOOST_TEST(text.find("\nAnswer length: mean 25.0, median 20, p95 ") != std::string::npos);
    BOOST_TEST(text.find("\nReasoning length: mean 1000000.0, median ") != std::string::npos);
    BOOST_TEST(text.find(" characters, of 1 answers\n") != std::string::npos);
    const boost::json::value silent = figures_json(ledger_of({marked(1, 1)}), 1, {});
    BOOST_TEST(silent.at("reasoning_characters").is_null());
    BOOST_TEST(summary_text(ledger_of({marked(1, 1)}), session).find("Reasoning length") ==
               std::string::npos);
}

BOOST_AUTO_TEST_CASE(positions_are_told_where_choices_are_marked) {
    auto text = marked(1, 1);
    text.format = question_format::free_text;
    auto unmarked = marked(2, {});
    unmarked.key = 1;
    run_figures session;
    for (const auto& each : {text, unmarked})
        BOOST_TEST(summary_text(ledger_of({each}), session).find("is right") == std::string::npos);
    const boost::json::value told = figures_json(ledger_of({text}), 1, {});
    BOOST_TEST(told.at("choices").is_null());
}

BOOST_AUTO_TEST_CASE(what_the_ledger_does_not_know_is_read_or_not_told) {
    const auto whole = ledger_of(choosing());
    auto state = whole.state();
    state.answers_said = {};
    const ledger old(state);
    const auto read = std::make_shared<answer_figures>(whole.answers_said());
    BOOST_TEST(figures_json(old, 4, {}, nullptr, read.get()) == figures_json(whole, 4, {}));
    run_figures session;
    session.total = 4;
    auto with_read = session;
    with_read.answers = read;
    BOOST_TEST(summary_text(old, with_read) == summary_text(whole, session));
    const boost::json::value told = figures_json(old, 4, {});
    for (const auto* name : {"choices", "answer_characters", "reasoning_characters"})
        BOOST_TEST(told.at(name).is_null(), name);
    BOOST_TEST(summary_text(old, session).find("length") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(of_a_run_without_answers_nothing_is_made_up) {
    const boost::json::value told = figures_json({}, 0, {});
    BOOST_TEST(told.at_pointer("/overall/accuracy").is_null());
    BOOST_TEST(told.at_pointer("/if_unmarked_were_wrong").is_null());
    BOOST_TEST(told.at_pointer("/latency_seconds").is_null());
    BOOST_TEST(told.at_pointer("/choices").is_null());
    BOOST_TEST(told.at_pointer("/answer_characters").is_null());
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
