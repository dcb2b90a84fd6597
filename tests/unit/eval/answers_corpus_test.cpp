// Choice extraction against answers that people have labelled: tests/golden/answers.jsonl.
#include "proctor/eval/grading.hpp"
#include "support/source_dir.hpp"

#include <boost/json.hpp>
#include <boost/test/unit_test.hpp>

#include <fstream>
#include <iostream>
#include <map>

using namespace proctor;

namespace {

struct labelled_answer {
    std::string style, language, text;
    std::vector<std::string> labels, choices;
    std::optional<std::string> choice; // none: the answer names none
};

std::vector<labelled_answer> read_corpus() {
    std::ifstream file(test::source_dir() / "tests" / "golden" / "answers.jsonl");
    std::vector<labelled_answer> corpus;
    for (std::string line; std::getline(file, line);) {
        const auto row = boost::json::parse(line);
        const auto text_of = [&](const char* name) {
            return boost::json::value_to<std::string>(row.at(name));
        };
        labelled_answer next;
        next.style = text_of("style");
        next.language = text_of("language");
        next.text = text_of("answer");
        next.labels = boost::json::value_to<std::vector<std::string>>(row.at("labels"));
        next.choices = boost::json::value_to<std::vector<std::string>>(row.at("choices"));
        if (!row.at("choice").is_null()) next.choice = text_of("choice");
        corpus.push_back(std::move(next));
    }
    return corpus;
}

struct agreement {
    std::size_t right = 0, all = 0;
};

} // namespace

BOOST_AUTO_TEST_SUITE(answers_corpus)

BOOST_AUTO_TEST_CASE(extraction_agrees_with_people) {
    const auto corpus = read_corpus();
    BOOST_TEST(corpus.size() >= 400u);
    agreement total;
    std::map<std::string, agreement> by_style, by_language;
    for (const auto& row : corpus) {
        const auto named = extract_choice(row.text, row.labels, row.choices);
        const bool right = named == row.choice;
        for (auto* group : {&total, &by_style[row.style], &by_language[row.language]}) {
            group->right += right;
            ++group->all;
        }
        if (!right)
            BOOST_TEST_MESSAGE("disagrees: " << row.style << ": " << boost::json::value(row.text)
                                             << " is " << row.choice.value_or("none") << ", not "
                                             << named.value_or("none"));
        if (row.style == "refusal")
            BOOST_TEST(!named.has_value(), "a letter was taken from " << row.text);
    }
    for (const auto& groups : {by_style, by_language})
        for (const auto& [name, group] : groups)
            std::cout << "choice extraction, " << name << ": " << group.right << " of " << group.all
                      << '\n';
    std::cout << "choice extraction agrees with people on " << total.right << " of " << total.all
              << " labelled answers\n";
    BOOST_TEST(total.right * 100 >= total.all * 99);
}

BOOST_AUTO_TEST_SUITE_END()
