#include "proctor/net/retry.hpp"

#include <boost/test/unit_test.hpp>

#include <optional>
#include <string>

namespace proctor {

// How Boost.Test shows it.
static std::ostream& operator<<(std::ostream& out, retry_decision::action what) {
    return out << int(what);
}

namespace {

using action = retry_decision::action;

attempt_failure of_status(unsigned status, std::string detail = "") {
    attempt_failure failed(failure(failure_code::http_status, "https://host", std::move(detail)));
    failed.status = status;
    return failed;
}

attempt_failure of_code(failure_code code) {
    return attempt_failure(failure(code, "here", ""));
}

retry_decision decide(const attempt_failure& failed, unsigned attempt = 1,
                      retry_policy policy = {}) {
    random_engine random(1);
    return decide_retry(failed, attempt, policy, random);
}

} // namespace

BOOST_AUTO_TEST_SUITE(retry)

BOOST_AUTO_TEST_CASE(statuses_are_judged_as_the_contract_says) {
    struct {
        unsigned status;
        action expected;
        bool refused;
    } const table[] = {
        {408, action::retry, false},         {409, action::retry, false},
        {425, action::retry, false},         {429, action::retry, false},
        {500, action::retry, false},         {502, action::retry, false},
        {503, action::retry, false},         {529, action::retry, false},
        {599, action::retry, false},         {400, action::fail_question, true},
        {404, action::fail_question, false}, {405, action::fail_question, false},
        {413, action::fail_question, true},  {422, action::fail_question, true},
        {451, action::fail_question, false}, {301, action::fail_question, false},
        {401, action::stop_run, false},      {402, action::stop_run, false},
        {403, action::stop_run, false},
    };
    for (const auto& [status, expected, refused] : table) {
        BOOST_TEST_CONTEXT("status " << status) {
            const auto decision = decide(of_status(status));
            BOOST_TEST(decision.what == expected);
            BOOST_TEST(decision.refused == refused);
        }
    }
}

BOOST_AUTO_TEST_CASE(what_fails_while_the_endpoint_is_known_to_be_away_is_waited_for) {
    random_engine random(1);
    for (const auto& failed : {of_status(500), of_status(429), of_code(failure_code::timed_out),
                               of_code(failure_code::connection_lost)}) {
        const attempts_so_far known_away(99, false);
        BOOST_TEST(decide_retry(failed, known_away, {}, random).what == action::wait);
    }
    const attempts_so_far known_away(99, false);
    BOOST_TEST(decide_retry(of_status(400), known_away, {}, random).what == action::fail_question);
    BOOST_TEST(decide_retry(of_status(401), known_away, {}, random).what == action::stop_run);
}

BOOST_AUTO_TEST_CASE(no_retry_begins_after_the_time_limit) {
    random_engine random(1);
    retry_policy policy;
    policy.time_limit = std::chrono::minutes{5};
    const attempts_so_far in_time(2, true, std::chrono::minutes{5});
    const attempts_so_far late(2, true, std::chrono::minutes{6});
    BOOST_TEST(decide_retry(of_status(500), in_time, policy, random).what == action::retry);
    const auto given_up = decide_retry(of_status(500), late, policy, random);
    BOOST_TEST(given_up.what == action::fail_question);
    BOOST_TEST(!given_up.refused);
}

BOOST_AUTO_TEST_CASE(failures_without_a_status_are_judged_by_their_kind) {
    struct {
        failure_code code;
        action expected;
        bool refused;
    } const table[] = {
        {failure_code::connection_lost, action::retry, false},
        {failure_code::timed_out, action::retry, false},
        {failure_code::short_of_memory, action::retry, false},
        {failure_code::bad_response, action::retry, false},
        {failure_code::unreachable, action::wait, false},
        {failure_code::tls_untrusted, action::stop_run, false},
        {failure_code::proxy_refused, action::stop_run, false},
        {failure_code::refused_content, action::fail_question, true},
    };
    for (const auto& [code, expected, refused] : table) {
        BOOST_TEST_CONTEXT(to_string(code)) {
            const auto decision = decide(of_code(code));
            BOOST_TEST(decision.what == expected);
            BOOST_TEST(decision.refused == refused);
        }
    }
}

BOOST_AUTO_TEST_CASE(an_empty_account_stops_the_run_whatever_else_is_said) {
    for (const unsigned status : {429u, 400u, 503u}) {
        auto failed = of_status(status);
        failed.no_credit = true;
        failed.should_retry = true;
        failed.retry_after = std::chrono::seconds{1};
        BOOST_TEST(decide(failed).what == action::stop_run);
        random_engine random(1);
        const attempts_so_far known_away(1, false);
        BOOST_TEST(decide_retry(failed, known_away, {}, random).what == action::stop_run);
    }
}

BOOST_AUTO_TEST_CASE(an_unknown_model_stops_the_run) {
    for (const auto* detail :
         {"The model `gpt-9` does not exist or you do not have access to it.",
          "The model `llama` does not exist.", "model 'x' not found, try pulling it first",
          "Model not found: x", "{\"code\": \"model_not_found\"}"})
        BOOST_TEST(decide(of_status(404, detail)).what == action::stop_run);
    BOOST_TEST(decide(of_status(404, "Not Found")).what == action::fail_question);
    BOOST_TEST(decide(of_status(400, "The model does not exist")).what == action::fail_question);
}

BOOST_AUTO_TEST_CASE(retries_end) {
    retry_policy policy;
    policy.max_retries = 3;
    BOOST_TEST(decide(of_status(500), 3, policy).what == action::retry);
    const auto last = decide(of_status(500), 4, policy);
    BOOST_TEST(last.what == action::fail_question);
    BOOST_TEST(!last.refused); // a later run may fare better
    BOOST_TEST(decide(of_code(failure_code::unreachable), 4, policy).what == action::wait);
}

BOOST_AUTO_TEST_CASE(the_endpoints_own_word_overrides) {
    auto failed = of_status(500);
    failed.should_retry = false;
    BOOST_TEST(decide(failed).what == action::fail_question);

    failed = of_status(400);
    failed.should_retry = true;
    BOOST_TEST(decide(failed).what == action::retry);
    const auto last = decide(failed, 9);
    BOOST_TEST(last.what == action::fail_question);
    BOOST_TEST(last.refused);

    failed = of_status(401);
    failed.should_retry = true;
    BOOST_TEST(decide(failed).what == action::stop_run);
}

BOOST_AUTO_TEST_CASE(back_off_has_full_jitter_up_to_a_doubling_bound) {
    const retry_policy policy;
    random_engine random(7);
    for (unsigned attempt = 1; attempt <= 8; ++attempt) {
        const auto bound = std::min(policy.cap, policy.base * (1 << (attempt - 1)));
        duration least = duration::max(), most{};
        for (int i = 0; i < 1000; ++i) {
            const auto after = decide_retry(of_status(500), attempt, policy, random).after;
            least = std::min(least, after);
            most = std::max(most, after);
        }
        BOOST_TEST_CONTEXT("attempt " << attempt) {
            BOOST_TEST(most.count() <= bound.count());
            BOOST_TEST(most.count() > 0.95 * double(bound.count()));
            BOOST_TEST(least.count() < 0.05 * double(bound.count()));
        }
    }
}

BOOST_AUTO_TEST_CASE(many_attempts_do_not_overflow_the_back_off) {
    retry_policy policy;
    policy.max_retries = 5000;
    const auto decision = decide(of_status(500), 4999, policy);
    BOOST_TEST((decision.after >= duration{} && decision.after <= policy.cap));
}

BOOST_AUTO_TEST_CASE(what_the_endpoint_asked_for_is_the_least) {
    auto failed = of_status(429);
    failed.retry_after = std::chrono::minutes{5};
    BOOST_TEST((decide(failed).after == std::chrono::minutes{5}));
    failed.retry_after = duration{};
    BOOST_TEST((decide(failed).after <= retry_policy().base));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace proctor
