// Both dialects as endpoints speak them.
#include "proctor/eval/chat_protocol.hpp"

#include <boost/json/parse.hpp>
#include <boost/test/unit_test.hpp>

using namespace proctor;

namespace {

answer reply(std::string_view message, std::string_view rest = "") {
    const auto said = parse_chat_reply("{\"choices\":[{\"message\":" + std::string(message) +
                                       ",\"finish_reason\":\"stop\"}]" + std::string(rest) + "}");
    BOOST_REQUIRE_MESSAGE(said.has_value(), message);
    return *said;
}

} // namespace

BOOST_AUTO_TEST_SUITE(chat_protocol)

BOOST_AUTO_TEST_CASE(a_request_says_what_was_asked_for) {
    sampling_settings sampling;
    sampling.model = "my \"model\"";
    sampling.temperature = 0.7;
    sampling.max_tokens = 64;
    const auto body = boost::json::parse(chat_request_body(sampling, "be brief", "2 + 2?\n√"));
    BOOST_TEST(body.at("model").as_string() == "my \"model\"");
    BOOST_TEST(body.at("temperature").as_double() == 0.7);
    BOOST_TEST(body.at("max_tokens").as_int64() == 64);
    const auto& messages = body.at("messages").as_array();
    BOOST_TEST(messages.size() == 2u);
    BOOST_TEST(messages[0].at("role").as_string() == "system");
    BOOST_TEST(messages[0].at("content").as_string() == "be brief");
    BOOST_TEST(messages[1].at("role").as_string() == "user");
    BOOST_TEST(messages[1].at("content").as_string() == "2 + 2?\n√");
}

BOOST_AUTO_TEST_CASE(without_a_system_message_there_is_only_the_question) {
    const auto body = boost::json::parse(chat_request_body({}, "", "hi"));
    BOOST_TEST(body.at("messages").as_array().size() == 1u);
}

BOOST_AUTO_TEST_CASE(examples_are_turns_before_the_question) {
    const std::vector<prompt_example> examples{{"1 + 1?", "2"}, {"1 + 2?", "3"}};
    const auto body = boost::json::parse(chat_request_body({}, "count", "2 + 2?", examples));
    std::string told;
    for (const auto& message : body.at("messages").as_array()) {
        told += message.at("role").as_string();
        told += ": ";
        told += message.at("content").as_string();
        told += "\n";
    }
    BOOST_TEST(told == "system: count\nuser: 1 + 1?\nassistant: 2\nuser: 1 + 2?\nassistant: 3\n"
                       "user: 2 + 2?\n");
}

BOOST_AUTO_TEST_CASE(extra_members_come_along_and_may_replace_ours) {
    sampling_settings sampling;
    sampling.model = "m";
    sampling.extra_body =
        boost::json::parse(R"({"top_p": 0.5, "stop": ["\n"], "chat_template_kwargs": )"
                           R"({"enable_thinking": false}, "temperature": null, )"
                           R"("max_completion_tokens": 9})")
            .as_object();
    auto wanted = sampling.extra_body;
    wanted["model"] = "m";
    wanted["messages"] = boost::json::array{{{"role", "user"}, {"content", "hi"}}};
    BOOST_TEST((boost::json::parse(chat_request_body(sampling, "", "hi")) == wanted));
}

BOOST_AUTO_TEST_CASE(a_reply_is_read) {
    const auto said = reply(R"({"role":"assistant","content":"B"})",
                            R"(,"usage":{"prompt_tokens":12,"completion_tokens":3})");
    BOOST_TEST(said.text == "B");
    BOOST_TEST(said.finish_reason == "stop");
    BOOST_TEST(said.usage.prompt == 12u);
    BOOST_TEST(said.usage.completion == 3u);
}

BOOST_AUTO_TEST_CASE(content_comes_in_several_forms) {
    BOOST_TEST(reply(R"({"content":null})").text == "");
    BOOST_TEST(reply(R"({"content":""})").text == "");
    BOOST_TEST(reply(R"({})").text == "");
    BOOST_TEST(reply(R"({"content":null,"refusal":"I cannot."})").text == "I cannot.");
    BOOST_TEST(
        reply(
            R"({"content":[{"type":"text","text":"a"},{"type":"image"},{"type":"text","text":"b"}]})")
            .text == "ab");
    BOOST_TEST(reply(R"({"content":"B","reasoning_content":"hm"})").reasoning == "hm");
    BOOST_TEST(reply(R"({"content":"B","reasoning":"hm"})").reasoning == "hm");
    BOOST_TEST(reply("{\"content\":\"a\xff\"}").text == "a\xff");
}

BOOST_AUTO_TEST_CASE(usage_that_is_absent_or_odd_counts_as_none) {
    BOOST_TEST(reply(R"({"content":"B"})", R"(,"usage":null)").usage.prompt == 0u);
    BOOST_TEST(reply(R"({"content":"B"})", R"(,"usage":{"prompt_tokens":-1})").usage.prompt == 0u);
}

BOOST_AUTO_TEST_CASE(what_is_no_completion_is_a_bad_response) {
    for (const char* body : {"", "<html>", "[]", "{}", R"({"choices":[]})", R"({"choices":[{}]})",
                             R"({"choices":[{"message":"B"}]})", R"({"choices":{"message":{}}})"}) {
        const auto said = parse_chat_reply(body);
        BOOST_TEST((said.has_error() && said.error().code == failure_code::bad_response), body);
    }
    BOOST_TEST(parse_chat_reply(R"({"error":{"message":"overloaded"}})")
                   .error()
                   .detail.find("overloaded") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_request_for_a_completion_has_the_prompt_and_the_same_sampling) {
    sampling_settings sampling;
    sampling.model = "my \"base\"";
    sampling.temperature = 0.5;
    sampling.max_tokens = 8;
    sampling.extra_body = boost::json::parse(R"({"stop": ["\n\n"], "seed": 7})").as_object();
    const auto wanted = boost::json::parse(
        R"({"model":"my \"base\"","prompt":"2 + 2?\n√","temperature":0.5,"max_tokens":8,)"
        R"("stop":["\n\n"],"seed":7})");
    BOOST_TEST((boost::json::parse(completions_request_body(sampling, "2 + 2?\n√")) == wanted));
    sampling.extra_body = boost::json::parse(R"({"max_tokens": 9})").as_object();
    const auto body = boost::json::parse(completions_request_body(sampling, "hi"));
    BOOST_TEST(body.at("max_tokens").as_int64() == 9);
    BOOST_TEST(!body.as_object().contains("stop")); // nobody ordered it
}

BOOST_AUTO_TEST_CASE(a_completion_is_read) {
    const auto said = parse_completions_reply(
        R"({"id":"cmpl-1","object":"text_completion","choices":[{"index":0,"text":" B\n",)"
        R"("logprobs":null,"finish_reason":"length"},{"text":"C"}],)"
        R"("usage":{"prompt_tokens":12,"completion_tokens":3}})");
    BOOST_REQUIRE(said.has_value());
    BOOST_TEST(said->text == " B\n");
    BOOST_TEST(said->finish_reason == "length");
    BOOST_TEST(said->usage.prompt == 12u);
    BOOST_TEST(said->usage.completion == 3u);
    BOOST_TEST(parse_completions_reply(R"({"choices":[{"text":""}]})").value().text == "");
}

BOOST_AUTO_TEST_CASE(what_has_no_text_is_a_bad_response_to_completions) {
    for (const char* body :
         {"", "<html>", "[]", "{}", R"({"choices":[]})", R"({"choices":[{}]})",
          R"({"choices":[{"text":null}]})", R"({"choices":[{"text":7}]})",
          R"({"choices":{"text":"B"}})", R"({"text":"B"})", R"({"choices":["B"]})"}) {
        const auto said = parse_completions_reply(body);
        BOOST_TEST((said.has_error() && said.error().code == failure_code::bad_response), body);
    }
    BOOST_TEST(parse_completions_reply(R"({"error":{"message":"overloaded"}})")
                   .error()
                   .detail.find("overloaded") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_reply_of_the_other_dialect_is_told_as_one) {
    const auto chat = parse_completions_reply(
        R"({"choices":[{"message":{"role":"assistant","content":"B"},"finish_reason":"stop"}]})");
    BOOST_REQUIRE(chat.has_error());
    BOOST_TEST((chat.error().code == failure_code::bad_response));
    BOOST_TEST(chat.error().detail ==
               "expected choices with a text, got a chat reply: what answers "
               "there does not speak the dialect of completions");
    const auto completion =
        parse_chat_reply(R"({"choices":[{"text":"B","finish_reason":"stop"}]})");
    BOOST_REQUIRE(completion.has_error());
    BOOST_TEST((completion.error().code == failure_code::bad_response));
    BOOST_TEST(completion.error().detail ==
               "expected choices with a message, got a completion: what answers there does not "
               "speak the dialect of chat");
}

BOOST_AUTO_TEST_CASE(error_messages_are_found_in_their_variants) {
    BOOST_TEST(error_message_of(R"({"error":{"message":"no such model","code":404}})") ==
               "no such model");
    BOOST_TEST(error_message_of(R"({"error":"quota"})") == "quota");
    BOOST_TEST(error_message_of(R"({"object":"error","message":"too long"})") == "too long");
    BOOST_TEST(error_message_of(R"({"detail":"Not Found"})") == "Not Found");
    BOOST_TEST(error_message_of(R"({"detail":[{"msg":"field required"}]})") == "field required");
    BOOST_TEST(error_message_of("<html>\n <b>502</b>\n</html>\n") == "<html> <b>502</b> </html>");
    BOOST_TEST(error_message_of("") == "an empty body");
    BOOST_TEST(error_message_of(R"({"code":7})") == R"({"code":7})");
}

BOOST_AUTO_TEST_CASE(an_empty_account_is_told_from_a_rate_limit) {
    const struct {
        std::string body;
        bool expected;
    } table[] = {
        {R"({"error":{"message":"You exceeded your current quota","type":"insufficient_quota",)"
         R"("param":null,"code":"insufficient_quota"}})",
         true},
        {R"({"error":{"type":"insufficient_quota","code":null}})", true},
        {R"({"error":{"type":"invalid_request_error","code":"billing_hard_limit_reached"}})", true},
        {R"({"error":{"type":"billing_not_active"}})", true},
        {R"({"error":{"message":"Rate limit reached","type":"requests",)"
         R"("code":"rate_limit_exceeded"}})",
         false},
        // Gemini's rate limit a minute
        {R"({"error":{"code":429,"message":"You exceeded your current quota, please check your )"
         R"(plan and billing details.","status":"RESOURCE_EXHAUSTED"}})",
         false},
        {R"({"error":{"message":"insufficient_quota"}})", false},
        {R"({"error":"insufficient_quota"})", false},
        {R"({"code":"insufficient_quota"})", false},
        {R"([{"error":7}])", false},
        {"<html>insufficient_quota</html>", false},
        {"", false},
    };
    for (const auto& [body, expected] : table) BOOST_TEST(says_no_credit(body) == expected, body);
}

BOOST_AUTO_TEST_CASE(a_long_error_message_is_cut_between_characters) {
    std::string body;
    while (body.size() < 1000) body += "ü";
    for (const std::string front : {"", "x"}) {
        const auto line = error_message_of(front + body);
        BOOST_TEST(line.size() <= 500u);
        BOOST_TEST(line.size() >= 498u);
        BOOST_TEST(static_cast<unsigned char>(line.back()) == 0xbc); // the second byte of ü
    }
}

BOOST_AUTO_TEST_SUITE_END()
