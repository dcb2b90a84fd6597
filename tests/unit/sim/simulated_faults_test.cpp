#include "proctor/sim/simulated_endpoint.hpp"

#include "support/simulated_server.hpp"

#include <boost/json/value_to.hpp>
#include <boost/test/unit_test.hpp>

#include <map>
#include <optional>

namespace proctor {
namespace {

using namespace test;
using namespace std::chrono_literals;

simulator_options plain() {
    simulator_options options;
    options.tls = false;
    return options;
}

simulator_options plain_with(std::string_view faults) {
    auto options = plain();
    options.faults = parse_faults(faults).value();
    options.faults.drip_interval = {};
    return options;
}

bool contains(std::string_view text, std::string_view part) {
    return text.find(part) != text.npos;
}

std::string_view body_of(std::string_view response) {
    return response.substr(response.find("\r\n\r\n") + 4);
}

using counts = std::map<std::string, std::int64_t>;

counts faults_in(const boost::json::value& stats) {
    return boost::json::value_to<counts>(stats.at("faults"));
}

std::int64_t number(const boost::json::value& stats, std::string_view name) {
    return stats.at(boost::json::string_view(name.data(), name.size())).as_int64();
}

// Asks again until the number is this.
void await_number(event_loop& loop, const simulated_endpoint& server, std::string_view name,
                  std::int64_t value) {
    while (number(stats_of(loop, server), name) != value) {
    }
}

} // namespace

BOOST_AUTO_TEST_SUITE(simulated_faults)

BOOST_AUTO_TEST_CASE(ordered_statuses_come_as_real_servers_send_them) {
    struct {
        const char* faults;
        unsigned status;
        std::optional<duration> retry_after;
        const char* type;
    } const table[] = {
        {"429:100%", 429, 1s, "requests"},
        {"503:100%", 503, 1s, "server_error"},
        {"500:100%", 500, std::nullopt, "server_error"},
        {"401:100%", 401, std::nullopt, "authentication_error"},
        {"422:100%", 422, std::nullopt, "invalid_request_error"},
        {"599:100%", 599, std::nullopt, "server_error"},
    };
    for (const auto& row : table) {
        BOOST_TEST_CONTEXT(row.faults) {
            auto options = plain_with(row.faults);
            options.latency = parse_latency("1h").value(); // errors do not wait for it
            const running_endpoint server(std::move(options));
            event_loop loop;
            const auto client = connect(loop, options_for(server));
            const auto reply = loop.ask(*client, question_request("Why?")).value();
            BOOST_TEST(reply.status == row.status);
            BOOST_TEST((reply.retry_after == row.retry_after));
            const auto error = boost::json::parse(reply.body).at("error");
            BOOST_TEST(error.at("type").as_string() == row.type);
            BOOST_TEST(!error.at("message").as_string().empty());
            BOOST_TEST(error.at("param").is_null());

            const auto stats = stats_of(loop, server);
            BOOST_TEST((faults_in(stats) == counts{{std::to_string(row.status), 1}}));
            BOOST_TEST(number(stats, "requests") == 1);
            BOOST_TEST(number(stats, "answered") == 0);
            BOOST_TEST(number(stats, "in_progress") == 0);
        }
    }
}

BOOST_AUTO_TEST_CASE(only_requests_for_an_answer_fail) {
    const running_endpoint server(plain_with("500:100%"));
    event_loop loop;
    const auto client = connect(loop, options_for(server));
    BOOST_TEST(loop.ask(*client, question_request("Why?")).value().status == 500u);
    BOOST_TEST(loop.ask(*client, text_request("Why?")).value().status == 500u);
    BOOST_TEST(loop.ask(*client, {http_method::get, "/models"}).value().status == 200u);
}

BOOST_AUTO_TEST_CASE(limits_and_faults_count_requests_of_both_kinds_together) {
    auto options = plain_with("garbage:100%");
    options.requests_per_minute = 1;
    const running_endpoint server(std::move(options));
    event_loop loop;
    const auto client = connect(loop, options_for(server));
    const auto garbage = loop.ask(*client, text_request("Why?")).value();
    BOOST_TEST(garbage.status == 200u);
    BOOST_TEST(parse_completions_reply(garbage.body).has_error());
    BOOST_TEST(loop.ask(*client, question_request("Why?")).value().status == 429u);
    BOOST_TEST(loop.ask(*client, text_request("Why?")).value().status == 429u);
    const auto stats = stats_of(loop, server);
    BOOST_TEST((faults_in(stats) == counts{{"garbage", 1}, {"rpm", 2}}));
    BOOST_TEST(number(stats, "requests") == 3);
    BOOST_TEST(number(stats, "distinct") == 1);
}

BOOST_AUTO_TEST_CASE(a_reset_is_all_that_comes) {
    for (const bool tls : {false, true}) {
        auto options = plain_with("reset:100%");
        options.tls = tls;
        const running_endpoint server(std::move(options));
        event_loop loop;
        const auto client = connect(loop, options_for(server));
        const auto reply = loop.ask(*client, question_request("Why?"));
        BOOST_REQUIRE(reply.has_error());
        BOOST_TEST((reply.error().code == failure_code::connection_lost));
        BOOST_TEST((faults_in(stats_of(loop, server)) == counts{{"reset", 1}}));
    }
    const running_endpoint server(plain_with("reset:100%"));
    raw_client client(server);
    client.say(question_bytes("Why?"));
    BOOST_TEST(client.hear() == "");
    BOOST_TEST(client.error == asio::error::connection_reset);
}

BOOST_AUTO_TEST_CASE(half_of_a_truncated_body_comes) {
    const running_endpoint server(plain_with("truncate:100%"));
    raw_client client(server);
    client.say(question_bytes("Why?"));
    const auto reply = client.hear();
    BOOST_TEST(client.error == asio::error::eof);
    BOOST_TEST(reply.starts_with("HTTP/1.1 200"));
    constexpr std::string_view length = "Content-Length: ";
    const auto whole = std::stoul(reply.substr(reply.find(length) + length.size()));
    BOOST_TEST(body_of(reply).size() == whole / 2);
    event_loop loop;
    const auto stats = stats_of(loop, server);
    BOOST_TEST((faults_in(stats) == counts{{"truncate", 1}}));
    BOOST_TEST(number(stats, "answered") == 0);
}

BOOST_AUTO_TEST_CASE(garbage_is_no_json) {
    const running_endpoint server(plain_with("garbage:100%"));
    event_loop loop;
    const auto client = connect(loop, options_for(server));
    const auto reply = loop.ask(*client, question_request("Why?")).value();
    BOOST_TEST(reply.status == 200u);
    BOOST_REQUIRE(parse_chat_reply(reply.body).has_error());
    const auto stats = stats_of(loop, server);
    BOOST_TEST((faults_in(stats) == counts{{"garbage", 1}}));
    BOOST_TEST(number(stats, "answered") == 0);
}

BOOST_AUTO_TEST_CASE(a_stall_lasts_until_the_client_goes) {
    const running_endpoint server(plain_with("stall:100%"));
    event_loop loop;
    {
        raw_client client(server);
        client.say(question_bytes("Why?"));
        await_number(loop, server, "in_progress", 1);
        client.say_all("");
        BOOST_TEST(client.hear() == "");
        BOOST_TEST(client.error == asio::error::eof);
    }
    await_number(loop, server, "in_progress", 0);
    BOOST_TEST((faults_in(stats_of(loop, server)) == counts{{"stall", 1}}));
}

BOOST_AUTO_TEST_CASE(what_drips_is_an_answer_in_the_end) {
    for (const bool tls : {false, true}) {
        auto options = plain_with("drip:100%");
        options.tls = tls;
        const running_endpoint server(std::move(options));
        event_loop loop;
        const auto client = connect(loop, options_for(server));
        for (int i = 0; i < 2; ++i) {
            const auto reply = loop.ask(*client, question_request("Why?")).value();
            BOOST_TEST(parse_chat_reply(reply.body).has_value());
        }
        BOOST_TEST(client->counts().opened == 1u);
        const auto stats = stats_of(loop, server);
        BOOST_TEST((faults_in(stats) == counts{{"drip", 2}}));
        BOOST_TEST(number(stats, "answered") == 2);
    }
}

BOOST_AUTO_TEST_CASE(the_faults_are_those_that_were_drawn) {
    const auto options =
        plain_with("429:10%,500:10%,reset:10%,truncate:10%,garbage:10%,stall:10%,drip:10%");
    counts expected;
    std::int64_t answered = 0;
    constexpr int prompts = 60, times = 3;
    for (int i = 0; i < prompts; ++i) {
        for (std::uint64_t asked_before = 0; asked_before < times; ++asked_before) {
            const auto drawn =
                draw_fault(options.faults, options.seed,
                           prompt_hash("Question " + std::to_string(i)), asked_before);
            if (drawn.kind != fault_kind::none) ++expected[name_of(drawn)];
            answered += drawn.kind == fault_kind::none || drawn.kind == fault_kind::drip;
        }
    }
    BOOST_TEST(expected.size() == 7u);

    const running_endpoint server(options);
    for (int i = 0; i < prompts * times; ++i)
        say(server, question_bytes("Question " + std::to_string(i * 7 % prompts)));
    event_loop loop;
    const auto stats = stats_of(loop, server);
    BOOST_TEST((faults_in(stats) == expected));
    BOOST_TEST(number(stats, "requests") == prompts * times);
    BOOST_TEST(number(stats, "distinct") == prompts);
    BOOST_TEST(number(stats, "answered") == answered);
}

BOOST_AUTO_TEST_CASE(beyond_its_capacity_requests_are_refused) {
    auto options = plain();
    options.capacity = 2;
    options.latency = parse_latency("1h").value();
    const running_endpoint server(std::move(options));
    event_loop loop;
    std::optional<raw_client> at_work[2];
    for (auto& client : at_work) client.emplace(server).say(question_bytes("Why?"));
    await_number(loop, server, "in_progress", 2);

    const auto client = connect(loop, options_for(server));
    const auto reply = loop.ask(*client, question_request("Why?")).value();
    BOOST_TEST(reply.status == 429u);
    BOOST_TEST((reply.retry_after == 1s));
    BOOST_TEST(contains(error_message_of(reply.body), "Capacity"));
    const auto stats = stats_of(loop, server);
    BOOST_TEST((faults_in(stats) == counts{{"capacity", 1}}));
    BOOST_TEST(number(stats, "requests") == 3);
    BOOST_TEST(number(stats, "most_in_progress") == 2);
}

BOOST_AUTO_TEST_CASE(an_answer_makes_room_for_another) {
    auto options = plain();
    options.capacity = 1;
    const running_endpoint server(std::move(options));
    event_loop loop;
    const auto client = connect(loop, options_for(server));
    for (int i = 0; i < 3; ++i)
        BOOST_TEST(loop.ask(*client, question_request("Why?")).value().status == 200u);
}

BOOST_AUTO_TEST_CASE(beyond_a_minutes_requests_the_rest_is_told_to_wait) {
    auto options = plain();
    options.requests_per_minute = 1;
    const running_endpoint server(std::move(options));
    const auto granted = say(server, question_bytes("Why?"));
    BOOST_TEST(granted.starts_with("HTTP/1.1 200"));
    BOOST_TEST(contains(granted, "\r\nx-ratelimit-limit-requests: 1\r\n"));
    BOOST_TEST(contains(granted, "\r\nx-ratelimit-remaining-requests: 0\r\n"));
    BOOST_TEST(contains(granted, "\r\nx-ratelimit-reset-requests: "));
    BOOST_TEST(!contains(granted, "Retry-After"));

    const auto refused = say(server, question_bytes("Why?"));
    BOOST_TEST(refused.starts_with("HTTP/1.1 429"));
    BOOST_TEST(contains(refused, "\r\nRetry-After: "));
    BOOST_TEST(contains(refused, "\r\nretry-after-ms: "));
    BOOST_TEST(contains(refused, "\r\nx-ratelimit-remaining-requests: 0\r\n"));
    BOOST_TEST(contains(refused, "rate_limit_exceeded"));

    const auto wrong = say(server, "POST /v1/chat/completions HTTP/1.1\r\n\r\n");
    BOOST_TEST(wrong.starts_with("HTTP/1.1 400"));
    BOOST_TEST(contains(wrong, "\r\nx-ratelimit-limit-requests: 1\r\n"));
    event_loop loop;
    BOOST_TEST((faults_in(stats_of(loop, server)) == counts{{"rpm", 1}}));
}

BOOST_AUTO_TEST_CASE(in_an_outage_nobody_listens_and_afterwards_somebody_does) {
    auto options = plain();
    options.outages = parse_outages("300ms@0").value();
    const running_endpoint server(std::move(options));
    for (;;)
        if (raw_client(server).error == asio::error::connection_refused) break;
    while (!say(server, question_bytes("Why?")).starts_with("HTTP/1.1 200")) {
    }
}

BOOST_AUTO_TEST_CASE(an_outage_resets_what_is_connected) {
    auto options = plain();
    options.latency = parse_latency("1h").value();
    // Again and again, so that one comes however late the client is.
    for (int i = 1; i < 600; ++i) {
        outage away;
        away.begin = i * 200ms;
        away.length = 20ms;
        options.outages.push_back(away);
    }
    const running_endpoint server(std::move(options));
    std::optional<raw_client> idle, asking;
    do idle.emplace(server);
    while (idle->error);
    BOOST_TEST(idle->hear() == "");
    BOOST_TEST(idle->error == asio::error::connection_reset);
    do asking.emplace(server);
    while (asking->error);
    asking->say(question_bytes("Why?"));
    BOOST_TEST(asking->hear() == "");
    BOOST_TEST(asking->error == asio::error::connection_reset);
    while (!contains(say(server, "GET /stats HTTP/1.1\r\n\r\n"), "\"in_progress\":0")) {
    }
}

BOOST_AUTO_TEST_CASE(ordered_certificates_are_refused_for_what_is_wrong_with_them) {
    struct {
        const char* name;
        const char* complaint;
    } const table[] = {
        {"expired", "expired"},
        {"wrong-name", "wrong host name"},
        {"unknown-authority", "unknown authority"},
    };
    for (const auto& [name, complaint] : table) {
        BOOST_TEST_CONTEXT(name) {
            simulator_options options;
            options.certificate = parse_shown_certificate(name).value();
            const running_endpoint server(std::move(options));
            event_loop loop;
            const auto client = connect(loop, options_for(server));
            const auto reply = loop.ask(*client, {http_method::get, "/models"});
            BOOST_REQUIRE(reply.has_error());
            BOOST_TEST((reply.error().code == failure_code::tls_untrusted));
            BOOST_TEST(contains(reply.error().detail, complaint), reply.error().detail);
        }
    }
    BOOST_TEST((parse_shown_certificate("valid").value() == shown_certificate::valid));
    BOOST_TEST((parse_shown_certificate("old").error().code == failure_code::bad_value));
}

BOOST_AUTO_TEST_CASE(a_connection_ends_unannounced_after_so_many_responses) {
    auto options = plain();
    options.close_after = 2;
    const running_endpoint server(std::move(options));
    raw_client client(server);
    client.say(question_bytes("One?") + question_bytes("Two?"));
    const auto replies = client.hear();
    BOOST_TEST(client.error == asio::error::eof);
    BOOST_TEST(replies.find("HTTP/1.1 200") != replies.rfind("HTTP/1.1 200"));
    BOOST_TEST(!contains(replies, "Connection: close"));
    event_loop loop;
    BOOST_TEST(number(stats_of(loop, server), "answered") == 2);
}

BOOST_AUTO_TEST_CASE(an_idle_connection_ends) {
    auto options = plain();
    options.idle_close = 1ms;
    options.latency = parse_latency("20ms").value(); // no idleness
    const running_endpoint server(std::move(options));
    for (int attempt = 1;; ++attempt) {
        raw_client client(server);
        client.say(question_bytes("One?"));
        const auto reply = client.hear();
        BOOST_TEST(!contains(reply, "Connection: close"));
        if (client.error == asio::error::eof && reply.starts_with("HTTP/1.1 200")) break;
        BOOST_REQUIRE(attempt < 100); // it may close before it has read what we say
    }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace proctor
