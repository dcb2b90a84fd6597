// What a model that marks is told, and what is made of what it says.
#include "proctor/eval/model_grader.hpp"
#include "support/run_coro.hpp"

#include <boost/test/unit_test.hpp>

#include <deque>
#include <string>
#include <vector>

using namespace proctor;

namespace {

std::string score(std::string_view reply) {
    const auto read = read_verdict(reply);
    return read ? std::to_string(int(read->score)) : "-";
}

question open_question() {
    question asked;
    asked.number = 7;
    asked.text = "Why is the sky blue?";
    asked.reference_answer = "Because light of short wavelength is scattered more";
    return asked;
}

answer said(std::string text) {
    answer made;
    made.text = std::move(text);
    return made;
}

// A grader's model that says one thing after the other, and keeps what it was asked.
struct scripted_judge {
    std::deque<std::string> replies;
    std::vector<std::string> prompts;
    failure_code then = failure_code::unreachable; // once there are no more replies

    model_grader grader(grading_way way = grading_way::model) {
        return {way, [this](const question& prompt) { return reply(prompt); }};
    }
    asio::awaitable<result<answer>> reply(const question& prompt) {
        prompts.push_back(prompt.text);
        if (replies.empty()) co_return failure(then, "judge", "away");
        auto made = said(replies.front());
        replies.pop_front();
        co_return made;
    }
};

} // namespace

BOOST_AUTO_TEST_SUITE(model_grading)

BOOST_AUTO_TEST_CASE(a_verdict_is_found_in_whatever_comes_back) {
    const std::vector<std::pair<std::string, std::string>> table = {
        {R"({"score": 1, "reasoning": "right"})", "1"},
        {R"({"score": 0, "reasoning": "wrong"})", "0"},
        {R"({"reasoning": "right", "score": 1.0})", "1"},
        {"Sure!\n\n{\"score\": 1, \"reasoning\": \"a { b\"}\n\nAnything else?", "1"},
        {"```json\n{\n  \"score\": 0,\n  \"reasoning\": \"no\"\n}\n```", "0"},
        {R"({"score": 1, "reasoning": "It says wha)", "1"},
        {R"({"score": "1", "reasoning": ""})", "1"},
        {R"({"score": "1/1"})", "1"},
        {R"({"score": "0/1"})", "0"},
        {R"({"score": 1/1, "reasoning": "x"})", "1"},
        {R"({"score": " 0 "})", "0"},
        {R"({"score": true})", "1"},
        {R"({'score': 1, 'reasoning': 'right'})", "1"},
        {R"({"score": 1, "reasoning": "trailing",})", "1"},
        {R"({"verdict": {"score": 1}})", "1"},
        {R"({"score": 1} and once more {"score": 1})", "1"},
        {R"({"note": "no score"} {"score": 0})", "0"},
    };
    for (const auto& [reply, expected] : table) BOOST_TEST(score(reply) == expected, reply);
}

BOOST_AUTO_TEST_CASE(what_holds_no_verdict_is_never_read_as_one) {
    for (const std::string reply : {"",
                                    "I cannot tell.",
                                    "{",
                                    "{\"score\"",
                                    "{\"score\":",
                                    "{\"score\": 1",
                                    "{\"score\": null}",
                                    "{\"score\": \"\"}",
                                    "{\"score\": \"1/0\"}",
                                    "{\"score\": 0.5}",
                                    "{\"score\": 10}",
                                    "{\"score\": -1}",
                                    "{\"score\": \"high\"}",
                                    "{\"score\": \"1/2\"}",
                                    "{\"score\": [1]}",
                                    "{\"score\": 0 or 1, \"reasoning\": \"one sentence\"}",
                                    "{\"score\": 1} no: {\"score\": 0}",
                                    "Score: 0 or 1",
                                    "{\"score\": 1e999}",
                                    "{\"reasoning\": \"\\\"score\\\": 1,\"}"})
        BOOST_TEST(score(reply) == "-", reply);
}

BOOST_AUTO_TEST_CASE(hostile_replies_are_read_in_linear_time) {
    std::string braces(1 << 20, '{'), objects, quotes;
    for (int i = 0; i < 1 << 17; ++i) objects += R"({"a":)";
    for (int i = 0; i < 1 << 17; ++i) quotes += R"({"score")";
    for (const auto& reply : {braces, objects, quotes}) BOOST_TEST(score(reply) == "-");
}

BOOST_AUTO_TEST_CASE(reasoning_is_one_short_line) {
    const auto read =
        read_verdict("{\"score\": 1, \"reasoning\": \"a\\nb " + std::string(1000, 'x') + "\"}");
    BOOST_REQUIRE(read.has_value());
    BOOST_TEST(read->reasoning.starts_with("a b x"));
    BOOST_TEST(read->reasoning.size() < 600u);
}

BOOST_AUTO_TEST_CASE(the_prompt_holds_what_there_is_to_judge_by) {
    auto asked = open_question();
    asked.choices = {"Dust", "Scattering"};
    asked.context = "A passage.";
    asked.context_is_part = true;
    const auto prompt = marking_prompt(asked, said("It scatters."));
    for (const std::string& part : {asked.text, asked.reference_answer, std::string("It scatters."),
                                    std::string("B) Scattering"), asked.context})
        BOOST_TEST(prompt.find(part) != std::string::npos, part);
    BOOST_TEST(marking_prompt(asked, said("")).size() < marking_prompt(asked, said(""), 2).size());
    BOOST_TEST(marking_prompt(asked, said(""), 2).size() <
               marking_prompt(asked, said(""), 3).size());
}

BOOST_AUTO_TEST_CASE(an_unreadable_reply_is_asked_for_again_in_stricter_words) {
    scripted_judge judge{{"Well.", "", R"({"score": 1, "reasoning": "fine"})"}, {}};
    auto grader = judge.grader();
    const auto asked = open_question();
    const auto given = test::run_coro(grader.mark(asked, said("Scattering."))).value();
    BOOST_TEST((given.score == 1.0));
    BOOST_TEST(given.reasoning == "fine");
    BOOST_REQUIRE(judge.prompts.size() == 3u);
    BOOST_TEST(judge.prompts[0] != judge.prompts[1]);
    BOOST_TEST(judge.prompts[1] != judge.prompts[2]);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_read_in_the_end_is_unmarked_with_its_reason) {
    scripted_judge judge{{"a", "b", "perhaps\nnot"}, {}};
    auto grader = judge.grader();
    const auto given = test::run_coro(grader.mark(open_question(), said("x"))).value();
    BOOST_TEST(!given.score);
    BOOST_TEST(given.reasoning.find("perhaps not") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(an_outage_is_a_failure_and_no_mark) {
    scripted_judge judge;
    auto grader = judge.grader();
    BOOST_TEST(test::run_coro(grader.mark(open_question(), said("x"))).has_error());
}

BOOST_AUTO_TEST_CASE(a_refusal_for_good_leaves_the_answer_unmarked_with_its_reason) {
    scripted_judge judge;
    judge.then = failure_code::refused_content;
    auto grader = judge.grader();
    const auto given = test::run_coro(grader.mark(open_question(), said("x"))).value();
    BOOST_TEST(!given.score);
    BOOST_TEST(given.reasoning.find("judge: away") != std::string::npos);
    BOOST_TEST(judge.prompts.size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_hybrid_asks_only_where_extraction_is_unsure) {
    const auto exam = [](std::string reference, std::vector<std::string> choices = {}) {
        question asked;
        asked.reference_answer = std::move(reference);
        asked.choices = std::move(choices);
        if (!asked.choices.empty()) asked.format = question_format::multiple_choice;
        return asked;
    };
    const struct {
        question asked;
        const char* text;
        bool waits;
    } table[] = {
        {exam("B", {"red", "green"}), "The answer is A.", false},
        {exam("B", {"red", "green"}), "I would rather not say.", true},
        {exam("42"), "It is 41.", false},
        {exam("42"), "Nobody knows.", true},
        {exam("Paris"), "Paris", false},
        {exam("Paris"), "The capital of France", true}, // other words for it
        {exam("Paris"), "It is not Paris.", true},
        {open_question(), "It scatters.", true},
    };
    for (const auto& row : table) {
        scripted_judge judge{{R"({"score": 1})"}, {}};
        auto grader = judge.grader(grading_way::hybrid);
        auto given = grader.mark_at_once(row.asked, said(row.text));
        BOOST_TEST(given.has_value() != row.waits, row.text);
        if (!given) given = test::run_coro(grader.mark(row.asked, said(row.text))).value();
        BOOST_TEST(judge.prompts.size() == std::size_t(row.waits), row.text);
        BOOST_TEST(given->score.has_value());
        const auto always = judge.grader();
        BOOST_TEST(!always.mark_at_once(row.asked, said(row.text)));
    }
}

BOOST_AUTO_TEST_SUITE_END()
