// configs/README.md names every member that results and their metadata have.
#include "support/programs.hpp"

#include <boost/test/unit_test.hpp>

#include <set>

using namespace proctor::test;

namespace json = boost::json;

namespace {

// Members whose own members are named by the data.
const std::set<std::string> named_by_data{"by_category", "failures_by_kind", "troubles", "config"};

void collect_members(const json::value& value, std::set<std::string>& names) {
    if (value.is_array())
        for (const auto& item : value.get_array()) collect_members(item, names);
    if (!value.is_object()) return;
    for (const auto& [key, member] : value.get_object()) {
        const auto [name, is_new] = names.emplace(key);
        if (!named_by_data.contains(*name)) collect_members(member, names);
    }
}

// The page's text from one heading to another.
std::string between(const std::string& begin, const std::string& end) {
    const auto page = text_of(source_path("configs/README.md"));
    const auto from = page.find("\n## " + begin);
    const auto to = page.find("\n## " + end, from);
    BOOST_REQUIRE(from != page.npos);
    BOOST_REQUIRE(to != page.npos);
    return page.substr(from, to - from);
}

void check_named(const json::value& value, const std::string& page) {
    std::set<std::string> names;
    collect_members(value, names);
    BOOST_TEST(names.size() > 5u);
    for (const auto& name : names)
        BOOST_TEST((contains(page, "`" + name + "`") || contains(page, "\"" + name + "\": ")),
                   name << " is not in configs/README.md");
}

} // namespace

BOOST_AUTO_TEST_SUITE(commands)

BOOST_FIXTURE_TEST_CASE(every_member_of_the_results_is_on_the_page, workplace) {
    const simulator endpoint({"--latency", "1ms", "--faults", "400:50%"});
    dir.write("q.jsonl", R"({"question": "2 + 2?", "answer": "4", "category": "sums", "id": "s1"})"
                         "\n" +
                             few_questions(40));
    const words all{"--max-failures", "100%", "--shuffle-choices", "--seed", "1"};
    const auto run = run_to_end(ask(endpoint, "q.jsonl", all));
    BOOST_REQUIRE_MESSAGE(run.code == 3, run.errors);
    const auto file = json_of(results_path(*this, run.errors)).as_object();
    const auto& results = file.at("results").as_array();
    const auto failed = std::count_if(results.begin(), results.end(), [](const auto& each) {
        return each.at("skipped").as_bool();
    });
    BOOST_TEST(failed > 0);
    BOOST_TEST(failed < 41);
    check_named(results, between("A result\n", "`…_summary"));
    check_named(file.at("metadata"), between("`…_summary", "`proctor compare"));
}

BOOST_AUTO_TEST_SUITE_END()
