// What proctor says, for programs.
#include "support/programs.hpp"

#include <boost/test/unit_test.hpp>

#include <set>

using namespace proctor::test;

namespace json = boost::json;

namespace {

constexpr std::size_t total = 20;

// Each line, which is one object that says when, how grave and what.
std::vector<json::object> messages_in(const std::string& text) {
    std::vector<json::object> messages;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        const auto message = json::parse(line).as_object();
        BOOST_TEST(message.at("message").as_string().size() > 0u);
        const std::string time(message.at("time").as_string());
        BOOST_TEST(time.size() == std::string("2026-11-23T18:02:59.123Z").size());
        BOOST_TEST(time.at(10) == 'T');
        BOOST_TEST(time.back() == 'Z');
        const std::string level(message.at("level").as_string());
        BOOST_TEST((std::set<std::string>{"debug", "info", "warning", "error"}.contains(level)),
                   level);
        messages.push_back(message);
    }
    return messages;
}

} // namespace

BOOST_AUTO_TEST_SUITE(cli)

BOOST_FIXTURE_TEST_CASE(logs_for_programs_are_an_object_a_line, workplace) {
    const simulator endpoint({"--latency", "1ms", "--faults", "500:50%"});
    dir.write("q.jsonl", few_questions(total));
    const auto run = run_to_end(ask(endpoint, "q.jsonl",
                                    {"--log-format", "json", "--verbose", "--max-retries", "30",
                                     "--set", "processing.progress_bar=true"}));
    BOOST_REQUIRE_MESSAGE(run.code == 0, run.errors);
    const auto said = messages_in(run.errors);
    BOOST_TEST(said.size() > total / 2);
    std::size_t retries = 0;
    bool is_saved = false;
    for (const auto& message : said) {
        if (message.contains("question_id")) {
            ++retries;
            BOOST_TEST(message.at("error_status").to_number<int>() == 500);
            BOOST_TEST(message.at("error_kind").as_string() == "http_status");
        }
        if (message.at("message").as_string().starts_with("Final checkpoint saved")) {
            is_saved = true;
            BOOST_TEST(message.at("completed_count").to_number<std::size_t>() == total);
        }
    }
    BOOST_TEST(retries > 0u);
    BOOST_TEST(is_saved);
    const auto kept = messages_in(text_of(runs().at(0) + "/run.log"));
    BOOST_TEST(!kept.empty());
    BOOST_TEST(kept.back() == said.back());
}

BOOST_FIXTURE_TEST_CASE(a_usage_error_is_an_object_too_where_the_flag_asks_for_it, workplace) {
    const auto run = run_to_end(proctor({"run", "nowhere.jsonl", "--log-format", "json"}));
    BOOST_TEST(run.code == 2);
    for (const auto& message : messages_in(run.errors))
        BOOST_TEST(message.at("level").as_string() == "error");
    const auto wrong = run_to_end(proctor({"run", "nowhere.jsonl", "--log-format", "xml"}));
    BOOST_TEST(wrong.code == 2);
    BOOST_TEST(contains(wrong.errors, "expected text or json, got 'xml'"));
}

BOOST_AUTO_TEST_SUITE_END()
