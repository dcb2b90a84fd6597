// The page of a run: well-formed, true to its figures, and proof against what comes from outside.
#include "proctor/app/report_page.hpp"

#include "proctor/app/charts.hpp"
#include "proctor/app/html_page.hpp"
#include "support/markup.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <string>
#include <vector>

namespace {

using namespace proctor;
using namespace proctor::test;

constexpr auto hostile = R"(<script>alert("x & 'y'")</script>)";

bool contains(const std::string& text, std::string_view part) {
    return text.find(part) != text.npos;
}

outcome marked(question_id id, std::optional<double> score, const std::string& category) {
    outcome what(record_kind::result, id);
    what.format = question_format::multiple_choice;
    what.score = score;
    what.category = category;
    what.usage = {100, 20};
    what.attempts = 1;
    what.model_seconds = 0.1 * double(id);
    what.answer_characters = static_cast<std::uint32_t>(10 * id);
    what.chosen = 1;
    what.key = 2;
    return what;
}

run_report report_with(const std::vector<outcome>& outcomes) {
    run_report run;
    for (const auto& each : outcomes) run.counted.apply(each);
    run.status.directory = "checkpoints/checkpoint_q_m_1";
    run.status.created = "2026-11-29T01:02:03.000004";
    run.status.state = run_state::finished;
    run.status.total = outcomes.size();
    run.status.completed = run.counted.completed_count();
    run.status.failed = run.counted.failed_count();
    run.status.failed_by_kind = run.counted.failures_by_kind();
    run.status.tokens = run.counted.usage();
    run.identity.settings = {{"model", "mistral"}, {"sampling", {{"temperature", 0.5}}}};
    run.identity.about = {{"questions_file", "/data/sets/law.jsonl"}};
    return run;
}

run_report small_report() {
    outcome failed(record_kind::failed, 5);
    failed.error_kind = "timed_out";
    return report_with({marked(1, 1, "law"), marked(2, 1, "law"), marked(3, 1, "art"),
                        marked(4, 0, "art"), failed});
}

BOOST_AUTO_TEST_SUITE(report_pages)

BOOST_AUTO_TEST_CASE(a_page_shows_the_figures_of_its_run) {
    const auto page = report_page(small_report());
    parse_markup(page);
    for (const auto* part :
         {"<title>mistral · law.jsonl</title>", "<h1>mistral</h1>", "<b>75.0 %</b>",
          "95 %: 30.1 to 95.4 %, of 4 marked", // as in report_test.cpp
          "<td>law</td><td>2</td><td>100.0 %</td><td>34.2 to 100.0 %</td>",
          "<td>art</td><td>2</td><td>50.0 %</td>", "<b>480</b>", "400 prompt, 80 completion",
          "If all without a mark were wrong: 60.0 %", "<td>timed_out</td><td>1</td>",
          "They differ by 100.0 % (total variation)",
          "<td>sampling.temperature</td><td class=\"text\">0.5</td>"})
        BOOST_TEST(contains(page, part), part);
    BOOST_TEST(!contains(page, "Length of reasoning"));
    BOOST_TEST(!contains(page, "Repeats"));
}

BOOST_AUTO_TEST_CASE(nothing_from_outside_becomes_markup) {
    auto run = report_with({marked(1, 1, hostile)});
    outcome failed(record_kind::failed, 2);
    failed.error_kind = hostile;
    run.counted.apply(failed);
    run.status.failed_by_kind = run.counted.failures_by_kind();
    run.status.directory = hostile;
    run.status.prices = {1, 1, hostile};
    run.identity.made_by = hostile;
    run.identity.settings = {{"model", hostile}, {hostile, hostile}};
    run.identity.about = {{"questions_file", hostile}};
    run.config = {{hostile, {{hostile, boost::json::array{hostile, 1}}}}};
    run.sessions = {{hostile, hostile, hostile, hostile, hostile, 1}};
    const auto page = report_page(run);
    BOOST_TEST(!contains(page, "<script"));
    // Sessions show the first characters of a time, and no tag has to be whole to be one.
    const auto document = parse_markup(page);
    BOOST_TEST(count_elements(document, "script") == 0u);
    BOOST_TEST(document.get<std::string>("html.body.main.header.h1") == hostile);
}

BOOST_AUTO_TEST_CASE(it_loads_nothing) {
    const auto page = report_page(small_report());
    BOOST_TEST(contains(page, "content=\"default-src 'none'; style-src 'unsafe-inline'; "));
    for (const auto* part : {"http://", "https://", "src=", "href=", "url(", "@import"})
        BOOST_TEST(!contains(page, part), part);
}

BOOST_AUTO_TEST_CASE(a_run_without_any_result_has_a_page_too) {
    for (const auto& page : {report_page(run_report{}), report_page(report_with({}))}) {
        parse_markup(page);
        BOOST_TEST(contains(page, "nothing is marked"));
    }
}

BOOST_AUTO_TEST_CASE(many_categories_are_cut_and_told_of) {
    std::vector<outcome> outcomes;
    for (question_id id = 1; id <= 1203; ++id)
        outcomes.push_back(marked(id, 1, "subject " + std::to_string(id)));
    const auto page = report_page(report_with(outcomes));
    const auto document = parse_markup(page);
    BOOST_TEST(contains(page, "1,003 more categories"));
    BOOST_TEST(page.size() < 200'000u);
}

BOOST_AUTO_TEST_CASE(sessions_tell_how_they_ended) {
    auto run = small_report();
    run.sessions = {
        {"2026-11-29T01:00:00.5", "", "gpu1", "0.1.0", "", 7},
        {"2026-11-29T02:00:00.5", "2026-11-29T03:00:00.5", "gpu2", "0.1.0", "finished", 8}};
    auto page = report_page(run);
    BOOST_TEST(contains(page, "2 processes worked on this run."));
    BOOST_TEST(contains(page, "never said: killed, or its machine was"));
    BOOST_TEST(contains(page, "<td>2026-11-29 03:00:00</td><td class=\"text\">finished</td>"));
    run.sessions.pop_back();
    run.status.state = run_state::running;
    page = report_page(run);
    BOOST_TEST(contains(page, "1 process worked on this run."));
    BOOST_TEST(contains(page, "<td class=\"text\">works</td>"));
    BOOST_TEST(contains(page, "The run goes on"));
}

// Those of a merged run come by turns.
BOOST_AUTO_TEST_CASE(an_end_is_that_of_its_own_process) {
    const auto says = [](const char* event, const char* host, int pid, const char* at) {
        return boost::json::object{
            {"event", event}, {"host", host}, {"pid", pid}, {"at", at}, {"why", at}};
    };
    std::vector<session_line> sessions;
    for (const auto& body :
         {says("end", "a", 9, "0"), says("begin", "a", 1, "1"), says("begin", "b", 1, "2"),
          says("begin", "a", 2, "3"), says("end", "b", 1, "4"), says("end", "a", 1, "5"),
          says("begin", "a", 1, "6"), says("end", "a", 1, "7")})
        add_session(sessions, body);
    std::string told;
    for (const auto& each : sessions)
        told += each.began + each.host + std::to_string(each.process) + each.ended + each.why + " ";
    BOOST_TEST(told == "1a155 2b144 3a2 6a177 ");
}

BOOST_AUTO_TEST_CASE(a_run_that_may_live_elsewhere_is_not_called_dead) {
    auto run = small_report();
    run.sessions = {{"2026-11-29T01:00:00.5", "", "gpu1", "0.1.0", "", 7}};
    run.status.state = run_state::unknown;
    const auto page = report_page(run);
    BOOST_TEST(!contains(page, "never said"));
    BOOST_TEST(contains(page, "on another host: not known here"));
    BOOST_TEST(contains(page, "gpu1, process 7"));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(charts)

std::string number(double value) {
    return fmt::format("{:g}", value);
}

BOOST_AUTO_TEST_CASE(a_spread_counts_every_value) {
    for (const auto& values : std::vector<std::vector<double>>{
             {1}, {0.21, 0.22, 0.22}, {1e-9, 1e9}, {0.001, 0.01, 0.1, 1, 10, 100}}) {
        histogram spread;
        for (const auto value : values) spread.add(value);
        const auto document = parse_markup(spread_chart(spread, number));
        std::size_t counted = 0;
        each_element(document, [&](const std::string& name, const markup_tree& element) {
            if (name != "title") return;
            const auto text = element.data();
            counted += std::stoul(text.substr(text.rfind(' ')));
        });
        BOOST_TEST(counted == values.size());
        BOOST_TEST(count_elements(document, "rect") <= 65u);
        // p50, p95, p99, and at least two on the axis.
        BOOST_TEST(count_elements(document, "text") >= 5u);
        BOOST_TEST(count_elements(document, "text") <= 20u);
    }
    BOOST_TEST(spread_chart(histogram(), number) == "");
}

// All answers are "A".
BOOST_AUTO_TEST_CASE(no_two_ticks_have_one_name) {
    text_lengths lengths;
    for (int i = 0; i < 3; ++i) lengths.add(1);
    std::vector<std::string> texts;
    each_element(parse_markup(spread_chart(
                     lengths.spread(), [](double value) { return fmt::format("{:.0f}", value); })),
                 [&](const std::string& name, const markup_tree& element) {
                     if (name == "text") texts.push_back(element.data());
                 });
    BOOST_TEST(texts == (std::vector<std::string>{"1", "p50 1", "p95 1", "p99 1"}),
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(quantiles_stand_where_the_axis_has_them) {
    histogram spread;
    for (int i = 0; i < 100; ++i) spread.add(i < 90 ? 0.1 : 10);
    std::vector<std::string> texts;
    each_element(parse_markup(spread_chart(spread, number)),
                 [&](const std::string& name, const markup_tree& element) {
                     if (name == "text") texts.push_back(element.data());
                 });
    BOOST_TEST(std::count(texts.begin(), texts.end(), "1") == 1);
    BOOST_REQUIRE(texts.size() > 3u);
    // Right to about 2 %.
    using boost::test_tools::tolerance;
    BOOST_TEST(texts.end()[-3].starts_with("p50 "));
    BOOST_TEST(std::stod(texts.end()[-3].substr(4)) == 0.1, tolerance(0.03));
    BOOST_TEST(texts.end()[-2].starts_with("p95 "));
    BOOST_TEST(std::stod(texts.end()[-2].substr(4)) == 10.0, tolerance(0.03));
}

BOOST_AUTO_TEST_CASE(an_interval_stays_on_its_line) {
    for (const double mean : {0.0, 0.5, 1.0}) {
        const auto document = parse_markup(interval_chart(mean, {0, 1}));
        each_element(document, [&](const std::string& name, const markup_tree& element) {
            if (name != "rect") return;
            const auto x = element.get<double>("<xmlattr>.x");
            BOOST_TEST(x >= 0);
            BOOST_TEST(x + element.get<double>("<xmlattr>.width") <= 100.001);
        });
    }
}

BOOST_AUTO_TEST_CASE(text_is_escaped) {
    BOOST_TEST(html_text("a < b && c > \"d\" 'e'\n\té") ==
               "a &lt; b &amp;&amp; c &gt; &quot;d&quot; &#39;e&#39;\n\té");
    BOOST_TEST(html_text("one\r\ntwo\rthree\r") == "one\ntwo\nthree\n");
    BOOST_TEST(html_text(std::string_view("\0\x1b[31m\x7f", 7)) ==
               "\xef\xbf\xbd\xef\xbf\xbd[31m\xef\xbf\xbd");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
