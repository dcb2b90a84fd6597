#include "proctor/sim/simulated_endpoint.hpp"

#include "proctor/sim/certificate_authority.hpp"
#include "support/fake_endpoint.hpp"
#include "support/scratch_dir.hpp"
#include "support/simulated_server.hpp"

#include <boost/test/unit_test.hpp>

#include <list>

namespace proctor {

using namespace test;

BOOST_AUTO_TEST_SUITE(simulated_endpoints)

BOOST_AUTO_TEST_CASE(a_question_is_answered_over_verified_tls) {
    const running_endpoint server;
    event_loop loop;
    const auto client = connect(loop, options_for(server));
    const auto reply = loop.ask(*client, question_request("Which?\nA) x\nB) y"));
    BOOST_REQUIRE(reply.has_value());
    BOOST_TEST(reply->status == 200u);
    const auto said = parse_chat_reply(reply->body).value();
    BOOST_TEST(!said.text.empty());
    BOOST_TEST(said.finish_reason == "stop");
    BOOST_TEST(said.usage.prompt == 4u); // 16 characters
    BOOST_TEST(said.usage.completion > 0u);
    BOOST_TEST(boost::json::parse(reply->body).at("model").as_string() == "some-model");
}

BOOST_AUTO_TEST_CASE(a_text_is_gone_on_with) {
    const running_endpoint server;
    event_loop loop;
    const auto client = connect(loop, options_for(server));
    const auto reply = loop.ask(*client, text_request("Which?\nA) x\nB) y")).value();
    BOOST_TEST(reply.status == 200u);
    const auto said = parse_completions_reply(reply.body).value();
    BOOST_TEST(said.text.starts_with(" "));
    BOOST_TEST(said.finish_reason == "stop");
    BOOST_TEST(said.usage.prompt == 4u); // 16 characters
    BOOST_TEST(said.usage.completion > 0u);
    const auto body = boost::json::parse(reply.body);
    BOOST_TEST(body.at("object").as_string() == "text_completion");
    BOOST_TEST(body.at("model").as_string() == "some-model");
    BOOST_TEST(parse_chat_reply(reply.body).has_error());
    const auto chat = loop.ask(*client, question_request("Which?")).value();
    BOOST_TEST(parse_completions_reply(chat.body).has_error());
}

BOOST_AUTO_TEST_CASE(a_question_is_known_in_a_chat_and_in_a_text) {
    const scratch_dir directory;
    const auto questions = directory.write(
        "questions.jsonl", "{\"question\": \"One?\", \"answer\": \"one and only\"}\n");
    prompt_settings by_template;
    by_template.spoken = dialect::completions;
    by_template.system = "Count.";
    by_template.template_text = "{question} It is";
    const struct {
        prompt_settings prompting; // of the key
        http_request request;
    } table[] = {
        {{}, question_request("One?")},
        {{}, text_request("Question: One?\nAnswer:")},
        {{}, text_request("Count.\n\nQuestion: Two?\nAnswer: 2\n\nQuestion: One?\nAnswer:")},
        {by_template, text_request("Count.\n\nOne? It is")},
    };
    for (const auto& row : table) {
        BOOST_TEST_CONTEXT(row.request.body) {
            simulator_options options;
            options.key = answer_key::read(questions, {}, row.prompting).value();
            options.accuracy = 1;
            const running_endpoint server(std::move(options));
            event_loop loop;
            const auto client = connect(loop, options_for(server));
            const auto reply = loop.ask(*client, row.request).value();
            BOOST_TEST(reply.body.find("one and only") != reply.body.npos, reply.body);
            BOOST_TEST(stats_of(loop, server).at("asked").at("1").as_int64() == 1);
        }
    }
}

BOOST_AUTO_TEST_CASE(the_certificate_names_every_way_to_this_machine) {
    const running_endpoint server;
    for (const auto* host : {"localhost", "127.0.0.1"}) {
        event_loop loop;
        auto options = options_for(server);
        options.root.host = host;
        const auto client = connect(loop, options);
        BOOST_TEST(loop.ask(*client, {http_method::get, "/models"}).has_value());
    }
}

BOOST_AUTO_TEST_CASE(another_authority_is_not_trusted) {
    const running_endpoint server;
    event_loop loop;
    auto options = options_for(server);
    options.tls.ca_pem = certificate_authority().pem();
    const auto client = connect(loop, options);
    const auto reply = loop.ask(*client, {http_method::get, "/models"});
    BOOST_REQUIRE(reply.has_error());
    BOOST_TEST((reply.error().code == failure_code::tls_untrusted));
}

BOOST_AUTO_TEST_CASE(issued_certificates_hold_for_their_hosts_and_time) {
    const certificate_authority authority;
    const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    validity past;
    past.from = now - std::chrono::hours{2};
    past.until = now - std::chrono::hours{1};
    struct {
        server_identity identity;
        const char* complaint; // null: none
    } const table[] = {
        {authority.issue({"localhost", "10.0.0.1"}), nullptr},
        {authority.issue({"example.org"}), "wrong host name"},
        {authority.issue({"localhost"}, past), "expired"},
    };
    for (const auto& row : table) {
        event_loop loop;
        test::authority::identity shown;
        shown.certificate = row.identity.certificate;
        shown.key = row.identity.private_key;
        const test::fake_endpoint server(loop, shown);
        endpoint_options options;
        options.root = parse_api_root("https://localhost:" + server.port()).value();
        options.tls.ca_pem = authority.pem();
        const auto client = connect(loop, options);
        const auto reply = loop.ask(*client, {http_method::get, "/"});
        BOOST_TEST(reply.has_value() == !row.complaint);
        if (row.complaint) {
            BOOST_REQUIRE(reply.has_error());
            BOOST_TEST((reply.error().code == failure_code::tls_untrusted));
            BOOST_TEST(reply.error().detail.find(row.complaint) != std::string::npos);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_grader_gets_a_verdict) {
    struct {
        double accuracy;
        const char* system;
        const char* prompt;
        std::optional<int> score;
    } const table[] = {
        {1, "", "Give a score, as JSON.", 1},
        {0, "", "Give a score, as JSON.", 0},
        {1, "Give a score, as JSON.", "Is it right?", 1},
        {1, "Give a score.", "As JSON.", std::nullopt},
    };
    for (const auto& row : table) {
        simulator_options ordered;
        ordered.tls = false;
        ordered.accuracy = row.accuracy;
        const running_endpoint server(std::move(ordered));
        event_loop loop;
        const auto client = connect(loop, options_for(server));
        sampling_settings sampling;
        sampling.model = "grader";
        const http_request request{http_method::post, std::string(chat_path),
                                   chat_request_body(sampling, row.system, row.prompt)};
        const auto reply = loop.ask(*client, request).value();
        const auto said = parse_chat_reply(reply.body).value();
        BOOST_TEST(said.text.starts_with("{") == row.score.has_value());
        if (!row.score) continue;
        const auto verdict = boost::json::parse(said.text);
        BOOST_TEST(verdict.at("score").as_int64() == *row.score);
        BOOST_TEST(!verdict.at("reasoning").as_string().empty());
    }
}

BOOST_AUTO_TEST_CASE(models_are_listed) {
    const running_endpoint server;
    event_loop loop;
    const auto client = connect(loop, options_for(server));
    const auto reply = loop.ask(*client, {http_method::get, "/models"}).value();
    BOOST_TEST(reply.status == 200u);
    BOOST_TEST(boost::json::parse(reply.body).at("data").at(0).at("id").as_string() == "simulated");
}

BOOST_AUTO_TEST_CASE(stats_tell_how_often_each_question_was_asked) {
    const scratch_dir directory;
    const auto questions =
        directory.write("questions.jsonl", "{\"question\": \"One?\", \"answer\": \"1\"}\n"
                                           "{\"question\": \"Two?\", \"answer\": \"2\"}\n");
    simulator_options options;
    options.key = answer_key::read(questions).value();
    const running_endpoint server(std::move(options));
    event_loop loop;
    const auto client = connect(loop, options_for(server));
    for (const auto* prompt : {"Two?", "One?", "Two?", "Three?"})
        BOOST_TEST(loop.ask(*client, question_request(prompt)).value().status == 200u);

    const auto stats = stats_of(loop, server);
    BOOST_TEST(stats.at("requests").as_int64() == 4);
    BOOST_TEST(stats.at("distinct").as_int64() == 3);
    BOOST_TEST(stats.at("connections").as_int64() == 2);
    BOOST_TEST(stats.at("answered").as_int64() == 4);
    BOOST_TEST(stats.at("in_progress").as_int64() == 0);
    BOOST_TEST(stats.at("most_in_progress").as_int64() == 1);
    BOOST_TEST(stats.at("faults").as_object().empty());
    const auto& asked = stats.at("asked").as_object();
    BOOST_TEST(asked.size() == 3u);
    BOOST_TEST(asked.at("1").as_int64() == 1);
    BOOST_TEST(asked.at("2").as_int64() == 2);
    for (const auto& [key, times] : asked)
        if (key != "1" && key != "2") BOOST_TEST(key.size() == 16u);
}

BOOST_AUTO_TEST_CASE(many_requests_at_once_are_all_answered) {
    simulator_options ordered;
    ordered.latency = parse_latency("lognormal:2ms,0.5").value();
    const running_endpoint server(std::move(ordered));
    event_loop loop;
    const auto client = connect(loop, options_for(server));
    std::list<std::optional<result<http_response>>> replies;
    for (int i = 0; i < 200; ++i)
        loop.start(*client, question_request("Question " + std::to_string(i)),
                   replies.emplace_back());
    loop.run_until([&] { return loop.tasks.size() == 0; });
    for (const auto& reply : replies) {
        BOOST_REQUIRE((reply.has_value() && reply->has_value()));
        BOOST_TEST((*reply)->status == 200u);
    }
    BOOST_TEST(stats_of(loop, server).at("distinct").as_int64() == 200);
}

BOOST_AUTO_TEST_CASE(a_key_is_asked_for_where_one_is_set) {
    simulator_options ordered;
    ordered.api_key = "sesame";
    const running_endpoint server(std::move(ordered));
    struct {
        const char* key;
        unsigned status;
    } const table[] = {{"", 401}, {"open", 401}, {"sesame", 200}, {"sesame2", 401}};
    for (const auto& [key, status] : table) {
        event_loop loop;
        auto options = options_for(server);
        options.api_key = key;
        const auto client = connect(loop, options);
        const auto reply = loop.ask(*client, question_request("One?")).value();
        BOOST_TEST(reply.status == status);
        if (status == 401)
            BOOST_TEST(error_message_of(reply.body) == "Incorrect API key provided.");
    }
}

BOOST_AUTO_TEST_CASE(bad_requests_are_refused_and_the_connection_goes_on) {
    simulator_options ordered;
    ordered.tls = false;
    const running_endpoint server(std::move(ordered));
    BOOST_TEST(server.authority_pem().empty());
    BOOST_TEST(server.base_url().starts_with("http://"));
    event_loop loop;
    const auto client = connect(loop, options_for(server));
    const std::string path(chat_path), text_path(completions_path);
    struct {
        http_request request;
        unsigned status;
    } const table[] = {
        {{http_method::post, path, ""}, 400},
        {{http_method::post, path, "{"}, 400},
        {{http_method::post, path, "[]"}, 400},
        {{http_method::post, path, R"({"messages":{}})"}, 400},
        {{http_method::post, path, R"({"messages":[]})"}, 400},
        {{http_method::post, path, R"({"messages":[1,{"role":"user"}]})"}, 400},
        {{http_method::post, path, R"({"messages":[{"role":"system","content":"x"}]})"}, 400},
        {{http_method::post, path, std::string(10'000, '[')}, 400},
        {{http_method::get, path}, 405},
        {{http_method::post, text_path, ""}, 400},
        {{http_method::post, text_path, "[]"}, 400},
        {{http_method::post, text_path, R"({"prompt":["Hi"]})"}, 400},
        {{http_method::post, text_path, R"({"messages":[{"role":"user","content":"Hi"}]})"}, 400},
        {{http_method::get, text_path}, 405},
        {{http_method::post, text_path, R"({"prompt":"Hi"})"}, 200},
        {{http_method::post, "/models", ""}, 405},
        {{http_method::get, "/elsewhere"}, 404},
        {{http_method::post, path,
          R"({"messages":[{"role":"user","content":[{"type":"text","text":"Hi"}]}]})"},
         200},
    };
    for (const auto& [request, status] : table) {
        BOOST_TEST_CONTEXT(request.path << " " << request.body.substr(0, 80))
        BOOST_TEST(loop.ask(*client, request).value().status == status);
    }
    BOOST_TEST(client->counts().opened == 1u);
}

BOOST_AUTO_TEST_CASE(garbage_is_refused_and_the_endpoint_lives_on) {
    simulator_options ordered;
    ordered.tls = false;
    const running_endpoint server(std::move(ordered));
    BOOST_TEST(say(server, "\x16\x03\x01 garbage\r\n\r\n").starts_with("HTTP/1.1 400"));
    BOOST_TEST(say(server, "GET / HTTP/1.1\r\nX: " + std::string(70'000, 'x') + "\r\n\r\n")
                   .starts_with("HTTP/1.1 431"));
    BOOST_TEST(say(server, "POST /v1/chat/completions HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n")
                   .starts_with("HTTP/1.1 413"));
    BOOST_TEST(say(server, "POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nhalf") == "");
    BOOST_TEST(say(server, "") == "");
    BOOST_TEST(say(server, "GET /models HTTP/1.0\r\n\r\n").find("Connection: close") !=
               std::string::npos);
}

BOOST_AUTO_TEST_CASE(an_address_in_use_is_reported) {
    const running_endpoint server;
    simulator_options same;
    same.port = server.port();
    simulated_endpoint second(std::move(same));
    const auto started = second.start();
    BOOST_REQUIRE(started.has_error());
    BOOST_TEST((started.error().code == failure_code::io_error));
    BOOST_TEST(started.error().message().find(std::to_string(server.port())) != std::string::npos);
}

BOOST_AUTO_TEST_CASE(stopping_ends_requests_that_are_under_way) {
    simulator_options ordered;
    ordered.latency = parse_latency("1h").value();
    running_endpoint server(std::move(ordered));
    event_loop loop;
    const auto client = connect(loop, options_for(server));
    std::optional<result<http_response>> reply;
    loop.start(*client, question_request("When?"), reply);
    loop.run_until([&] { return client->counts().open == 1; });
    server.stop();
    server.stop();
    loop.run_until([&] { return reply.has_value(); });
    BOOST_REQUIRE(reply->has_error());
    BOOST_TEST((reply->error().code == failure_code::connection_lost));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace proctor
