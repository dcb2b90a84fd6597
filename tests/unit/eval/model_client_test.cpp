// One attempt, told as an answer or as a failure that the retry policy can judge.
#include "proctor/eval/model_client.hpp"
#include "support/run_coro.hpp"
#include "support/scripted_transport.hpp"

#include <boost/test/unit_test.hpp>

using namespace proctor;
using namespace proctor::test;
using namespace std::chrono_literals;

namespace {

struct fixture {
    asio::io_context io;
    manual_clock clock;
    scrubber secrets;
    model_settings settings;
    question asked;

    fixture() {
        secrets.add("sk-secret");
        settings.sampling.model = "some-model";
        asked.text = "2 + 2?";
    }
    boost::system::result<answer, attempt_failure> ask(scripted_transport::script script) {
        scripted_transport network(std::move(script), clock, 1500ms);
        model_client client(network, clock, secrets, settings);
        auto said = run_coro(io, clock, client.ask(asked));
        BOOST_TEST(network.requests().size() == 1u);
        BOOST_TEST(network.requests().front().path == path_of(settings.prompt.spoken));
        BOOST_TEST(network.requests().front().body == client.request_body(asked));
        if (!said) return said.error();
        return said->said;
    }
    bool probe(result<http_response> reply) {
        scripted_transport network([&](const http_request& request) {
            BOOST_TEST((request.method == http_method::get));
            BOOST_TEST(request.path == models_path);
            return reply;
        });
        model_client client(network, clock, secrets, settings);
        return run_coro(io, client.probe()).has_value();
    }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(model_client_, fixture)

BOOST_AUTO_TEST_CASE(an_answer_comes_with_its_duration) {
    const auto said = ask([](const http_request&) { return chat_reply("4"); });
    BOOST_REQUIRE(said.has_value());
    BOOST_TEST(said->text == "4");
    BOOST_TEST(said->model_seconds == 1.5);
    BOOST_TEST(said->usage.prompt == 10u);
}

BOOST_AUTO_TEST_CASE(a_refusing_status_keeps_what_the_retry_policy_needs) {
    const auto said = ask([](const http_request&) {
        auto reply = response(429, R"({"error":{"message":"slow down, sk-secret"}})");
        reply.retry_after = 3s;
        reply.should_retry = true;
        return reply;
    });
    BOOST_REQUIRE(said.has_error());
    const auto why = said.error();
    BOOST_TEST((why.why.code == failure_code::http_status));
    BOOST_TEST(why.why.where == chat_path);
    BOOST_TEST(why.why.detail == "HTTP 429: slow down, ***");
    BOOST_TEST(why.status == 429u);
    BOOST_TEST((why.retry_after == 3s));
    BOOST_TEST((why.should_retry == true));
}

BOOST_AUTO_TEST_CASE(an_empty_account_is_told_by_the_body_of_the_refusal) {
    const auto say = [&](std::string body) {
        return ask([&](const http_request&) { return response(429, body); });
    };
    BOOST_TEST(say(R"({"error":{"code":"insufficient_quota"}})").error().no_credit);
    BOOST_TEST(!say(R"({"error":{"code":"rate_limit_exceeded"}})").error().no_credit);
}

BOOST_AUTO_TEST_CASE(a_failed_exchange_is_passed_on_scrubbed) {
    const auto said = ask([](const http_request&) {
        return failure(failure_code::timed_out, "https://h/?k=sk-secret", "after sk-secret s");
    });
    BOOST_TEST((said.error().why.code == failure_code::timed_out));
    BOOST_TEST(said.error().why.message() == "https://h/?k=***: after *** s");
    BOOST_TEST(said.error().status == 0u);
}

BOOST_AUTO_TEST_CASE(a_reply_that_is_no_completion_is_a_bad_response) {
    const auto said = ask([](const http_request&) { return response(200, "<html> sk-secret"); });
    BOOST_TEST((said.error().why.code == failure_code::bad_response));
    BOOST_TEST(said.error().status == 200u);
    BOOST_TEST(said.error().why.detail.find("sk-secret") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_base_model_goes_on_with_a_text) {
    settings.prompt.spoken = dialect::completions;
    settings.prompt.system = "Sums.";
    const auto said = ask([](const http_request& request) {
        BOOST_TEST(request.path == "/completions");
        BOOST_TEST(request.body.find(R"("prompt":"Sums.\n\nQuestion: 2 + 2?\nAnswer:")") !=
                   std::string::npos);
        return response(200, R"({"choices":[{"text":" 4","finish_reason":"stop"}]})");
    });
    BOOST_REQUIRE(said.has_value());
    BOOST_TEST(said->text == " 4");
    BOOST_TEST(said->model_seconds == 1.5);
    const auto chatted = ask([](const http_request&) { return chat_reply("4"); });
    BOOST_REQUIRE(chatted.has_error());
    BOOST_TEST((chatted.error().why.code == failure_code::bad_response));
    BOOST_TEST(chatted.error().why.where == completions_path);
    const auto refused = ask([](const http_request&) { return response(404, "no such path"); });
    BOOST_TEST(refused.error().why.message() == "/completions: HTTP 404: no such path");
}

BOOST_AUTO_TEST_CASE(thoughts_at_the_front_are_no_answer) {
    const auto said =
        ask([](const http_request&) { return chat_reply("<think>\nIs it 5? No.\n</think>\n\n4"); });
    BOOST_TEST(said->text == "4");
    BOOST_TEST(said->reasoning == "Is it 5? No.");
    const auto cut_off = ask([](const http_request&) { return chat_reply("<think>Is it 5"); });
    BOOST_TEST(cut_off->text == "");
    BOOST_TEST(cut_off->reasoning == "Is it 5");
    const auto later = ask([](const http_request&) { return chat_reply("4 <think>x</think>"); });
    BOOST_TEST(later->text == "4 <think>x</think>");
}

BOOST_AUTO_TEST_CASE(a_probe_takes_any_answer_but_a_locked_or_busy_door) {
    for (const unsigned status : {200, 404, 405, 429, 500})
        BOOST_TEST(probe(response(status, "{}")));
    for (const unsigned status : {401, 403, 503}) BOOST_TEST(!probe(response(status, "{}")));
    BOOST_TEST(!probe(failure(failure_code::unreachable, "h", "refused")));
}

BOOST_AUTO_TEST_CASE(secrets_are_taken_out_longest_first) {
    scrubber clean;
    clean.add("abc"); // too short to be one
    clean.add("secret");
    clean.add("secret-and-more");
    BOOST_TEST(clean.clean("abc secret-and-more, secret.secret") == "abc ***, ***.***");
}

BOOST_AUTO_TEST_SUITE_END()
