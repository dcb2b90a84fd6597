#include "proctor/sim/simulated_model.hpp"

#include "proctor/eval/choice_shuffle.hpp"
#include "proctor/eval/dataset.hpp"
#include "proctor/eval/model_grader.hpp"
#include "proctor/eval/prompt.hpp"
#include "support/scratch_dir.hpp"

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <set>
#include <string>
#include <vector>

namespace proctor {
namespace {

using test::scratch_dir;

// In all shapes that the key knows: choices apart, choices in the text, numbers, words.
std::string question_file(int of_each_kind) {
    std::string text;
    for (int i = 0; i < of_each_kind; ++i) {
        const auto n = std::to_string(i);
        text += R"({"question": "Which of these is number )" + n +
                R"(?", "options": ["(A)One", "(B)Another", "(C)A third", "(D)None"], "label": ")" +
                std::string(1, "ABCD"[i % 4]) + "\"}\n";
        text += R"({"question": "What is heavier than )" + n +
                R"( feathers?\n1) Air\n2) A stone\n3) Nothing", "answer": "2) A stone"})" + "\n";
        text += R"({"question": "How much is 1000 and )" + n + R"(?", "answer": ")" +
                std::to_string(1000 + i) + "\"}\n";
        text += R"({"question": "Ann has 5 and )" + n +
                R"( apples. How many?", "answer": "Add them.\n#### )" + std::to_string(5 + i) +
                "\"}\n";
        text +=
            R"({"question": "Which river is number )" + n + R"(?", "answer": "the Danube"})" + "\n";
    }
    return text;
}

std::vector<question> questions_in(const std::string& path) {
    auto reader = question_reader::open(path).value();
    std::vector<question> all;
    while (auto next = reader.next()) all.push_back(std::move(*next).value());
    return all;
}

simulated_model model_of(const std::string& file, double accuracy, std::uint64_t seed) {
    return {answer_key::read(file).value(), accuracy, seed, {}};
}

bool is_right(const question& asked, const simulated_model& model) {
    answer said;
    said.text = model.reply_to(build_prompt(asked, {})).text;
    const auto mark = mark_by_extraction(asked, said);
    BOOST_TEST_CONTEXT(build_prompt(asked, {}) << "\n=> " << said.text) {
        BOOST_REQUIRE(mark.score.has_value());
        if (asked.format == question_format::multiple_choice)
            BOOST_TEST(!mark.model_choice.empty());
    }
    return *mark.score == 1;
}

} // namespace

BOOST_AUTO_TEST_SUITE(simulated_models)

BOOST_AUTO_TEST_CASE(exactly_as_many_answers_are_right_as_ordered) {
    const scratch_dir directory;
    const auto file = directory.write("questions.jsonl", question_file(60));
    const auto questions = questions_in(file);
    BOOST_REQUIRE(questions.size() == 300u);
    for (const double accuracy : {0.0, 0.001, 0.25, 0.75, 0.9999, 1.0}) {
        for (const std::uint64_t seed : {1, 2}) {
            const auto model = model_of(file, accuracy, seed);
            int right = 0;
            for (const auto& asked : questions) right += is_right(asked, model);
            BOOST_TEST(right == std::lround(accuracy * 300), "accuracy " << accuracy);
        }
    }
}

BOOST_AUTO_TEST_CASE(the_same_question_gets_the_same_answer) {
    const scratch_dir directory;
    const auto file = directory.write("questions.jsonl", question_file(10));
    const auto one = model_of(file, 0.5, 7);
    const auto same = model_of(file, 0.5, 7);
    const auto other = model_of(file, 0.5, 8);
    int differences = 0;
    for (const auto& asked : questions_in(file)) {
        const auto prompt = build_prompt(asked, {});
        const auto reply = one.reply_to(prompt);
        BOOST_TEST(reply.text == same.reply_to(prompt).text);
        BOOST_TEST(reply.question == asked.number);
        BOOST_TEST(reply.prompt_hash == prompt_hash(prompt));
        differences += reply.text != other.reply_to(prompt).text;
    }
    BOOST_TEST(differences > 0);
}

BOOST_AUTO_TEST_CASE(a_right_answer_does_not_depend_on_the_other_questions_order) {
    const scratch_dir directory;
    const auto file = directory.write("questions.jsonl", question_file(3));
    const auto model = model_of(file, 0.5, 7);
    const auto questions = questions_in(file);
    std::vector<std::string> forwards, backwards;
    for (const auto& asked : questions)
        forwards.push_back(model.reply_to(build_prompt(asked, {})).text);
    for (auto i = questions.size(); i-- > 0;)
        backwards.insert(backwards.begin(), model.reply_to(build_prompt(questions[i], {})).text);
    BOOST_TEST(forwards == backwards);
}

BOOST_AUTO_TEST_CASE(unknown_prompts_get_one_of_their_choices) {
    const simulated_model model({}, 0.5, 1, {});
    const std::vector<std::string> letters = {"A", "B", "C"};
    const std::vector<std::string> texts = {"Iron", "Zinc", "Lead"};
    std::set<std::string> named;
    for (int i = 0; i < 100; ++i) {
        const auto reply =
            model.reply_to("Metal " + std::to_string(i) + "?\n\nA) Iron\nB) Zinc\nC) Lead");
        BOOST_TEST(reply.question == 0u);
        const auto choice = extract_choice(reply.text, letters, texts);
        BOOST_REQUIRE_MESSAGE(choice.has_value(), reply.text);
        named.insert(*choice);
    }
    BOOST_TEST(named.size() == 3u);
}

BOOST_AUTO_TEST_CASE(labels_are_seen_in_their_usual_forms) {
    BOOST_TEST(labels_in("Which?\nA) x\nB) y\nC) z").count == 3);
    BOOST_TEST(labels_in("Which?\n(A) x\n(B) y").count == 2);
    BOOST_TEST(labels_in("Which?\n1) x\n2) y\n3) z")[2] == "3");
    BOOST_TEST(labels_in("Who wrote Faust?").count == 0);
}

BOOST_AUTO_TEST_CASE(unknown_prompts_without_choices_get_a_sentence) {
    const simulated_model model({}, 0.5, 1, {});
    BOOST_TEST(!model.reply_to("Why?").text.empty());
    BOOST_TEST(!model.reply_to("").text.empty());
    BOOST_TEST(model.reply_to("Why?").text == model.reply_to("Why?").text);
}

// Two lines to a choice, so that not every line moves.
BOOST_AUTO_TEST_CASE(it_knows_as_much_when_choices_are_shuffled) {
    const scratch_dir directory;
    std::string text;
    for (int i = 0; i < 60; ++i)
        text += R"({"question": "Which one is number )" + std::to_string(i) +
                R"(?", "choices": ["first\nof all", "second", "third\nof all"], "answer": ")" +
                std::string(1, "ABC"[i % 3]) + "\"}\n";
    const auto file = directory.write("questions.jsonl", text);
    for (const double accuracy : {0.0, 0.6, 1.0}) {
        const auto model = model_of(file, accuracy, 3);
        for (std::uint64_t seed = 0; seed < 4; ++seed) {
            int right = 0, moved = 0;
            for (auto asked : questions_in(file)) {
                const bool is_known = is_right(asked, model);
                shuffle_choices(asked, seed);
                moved += asked.choice_order != "ABC";
                BOOST_TEST(model.reply_to(build_prompt(asked, {})).question == asked.number);
                BOOST_TEST(is_right(asked, model) == is_known);
                right += is_known;
            }
            BOOST_TEST(moved > 30);
            BOOST_TEST(right == std::lround(accuracy * 60));
        }
    }
}

BOOST_AUTO_TEST_CASE(latency_belongs_to_the_prompt) {
    const auto ordered = parse_latency("lognormal:200ms,0.5").value();
    const simulated_model model({}, 0.5, 1, ordered);
    BOOST_TEST((model.reply_to("a").latency == model.reply_to("a").latency));
    BOOST_TEST((model.reply_to("a").latency != model.reply_to("b").latency));
}

BOOST_AUTO_TEST_CASE(a_key_passes_over_what_is_no_question) {
    const scratch_dir directory;
    const auto file =
        directory.write("questions.jsonl", "{\"question\": \"One?\", \"answer\": \"1\"}\nnot json\n"
                                           "{\"question\": \"Three?\", \"answer\": \"3\"}\n");
    const auto key = answer_key::read(file).value();
    BOOST_TEST(key.entries().size() == 2u);
    const auto third = key.find("Three?");
    BOOST_REQUIRE(third.has_value());
    BOOST_TEST(third->entry.number == 3u);
    BOOST_TEST(!key.find("Two?").has_value());
    BOOST_TEST(answer_key::read("/nowhere/questions.jsonl").has_error());
}

BOOST_AUTO_TEST_CASE(verdicts_are_worded_as_ordered_and_a_grader_understands_them) {
    const auto verdict_as = [](std::string_view form, double accuracy) {
        const simulated_model judge({}, accuracy, 1, {}, parse_verdict_form(form).value());
        return read_verdict(judge.reply_to("Mark it.", reply_form::verdict).text);
    };
    for (const auto* form : {"plain", "prose", "fenced", "half", "fraction"})
        for (const double score : {0.0, 1.0}) {
            const auto read = verdict_as(form, score);
            BOOST_REQUIRE_MESSAGE(read.has_value(), form);
            BOOST_TEST(read->score == score, form);
        }
    BOOST_TEST(!verdict_as("nothing", 1).has_value());
    BOOST_TEST(parse_verdict_form("poem").has_error());

    const simulated_model moody({}, 1, 1, {}, verdict_form::mixed);
    std::set<std::string> worded;
    for (int i = 0; i < 100; ++i)
        worded.insert(moody.reply_to(std::to_string(i), reply_form::verdict).text);
    BOOST_TEST(worded.size() == 6u);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace proctor
