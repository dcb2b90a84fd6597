// The page of figures.
#include "proctor/app/metrics.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

namespace {

using namespace proctor;

bool contains(const std::string& text, std::string_view part) {
    return text.find(part) != text.npos;
}

BOOST_AUTO_TEST_SUITE(metrics_for_prometheus)

BOOST_AUTO_TEST_CASE(figures_are_told_with_their_names_and_labels) {
    ledger counted;
    outcome what(record_kind::result, 1);
    what.score = 1;
    counted.apply(what);
    metrics now;
    now.figures.total = 10;
    now.figures.endpoints.attempts = 7;
    now.figures.endpoints.troubles["429"] = 3;
    now.endpoints.push_back({"https://a \"b\"/v1", 5, 16, false});
    const auto text = metrics_text(counted, now);
    for (const auto* line :
         {"# TYPE proctor_questions gauge\nproctor_questions 10\n",
          "\nproctor_questions_completed 1\n", "\nproctor_attempts_total 7\n",
          "\nproctor_attempt_failures_total{kind=\"429\"} 3\n",
          "\nproctor_requests_in_flight{endpoint=\"https://a \\\"b\\\"/v1\"} 5\n",
          "\nproctor_endpoint_up{endpoint=\"https://a \\\"b\\\"/v1\"} 0\n",
          "\n# TYPE proctor_request_duration_seconds histogram\n", "_bucket{le=\"+Inf\"} "})
        BOOST_TEST(contains(text, line), line);
    BOOST_TEST(text.back() == '\n');
}

BOOST_AUTO_TEST_CASE(they_have_one_page) {
    const auto pages = metrics_pages([] { return std::string("proctor_questions 10\n"); });
    const auto page = pages({"/metrics", "x"});
    BOOST_TEST(page.status == 200u);
    BOOST_TEST(page.content_type == "text/plain; version=0.0.4");
    BOOST_TEST(page.body == "proctor_questions 10\n");
    BOOST_TEST(pages({"/metrics?x=1", "x"}).status == 200u);
    for (const auto* other : {"/", "/metrics/", "/metricsx", ""})
        BOOST_TEST(pages({other, "x"}).status == 404u);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
