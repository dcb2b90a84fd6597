#include "exchanges.hpp"

#include <cstdio>
#include <fstream>
#include <list>

namespace proctor {

using namespace std::chrono_literals;
using namespace test;
using next = test::scripted_reply::next;
using greeting = test::fake_endpoint::greeting;

BOOST_AUTO_TEST_SUITE(endpoint_over_sockets)

BOOST_AUTO_TEST_CASE(a_request_and_its_response_travel_over_tls) {
    event_loop loop;
    fake_endpoint server(loop, trusted().issue("DNS:localhost"));
    server.script.emplace_back(http_text(200, R"({"ok":true})"));
    auto options = secure_options(server);
    options.api_key = "secret";
    options.headers.emplace_back("X-Extra", "yes");
    options.headers.emplace_back("user-agent", "mine");
    const auto client = connect(loop, options);

    const auto reply = loop.ask(*client, chat());
    BOOST_REQUIRE(reply.has_value());
    BOOST_TEST(reply->status == 200u);
    BOOST_TEST(reply->body == R"({"ok":true})");
    BOOST_TEST(!reply->retry_after.has_value());
    BOOST_TEST(!reply->should_retry.has_value());

    BOOST_REQUIRE(server.requests.size() == 1u);
    const auto& sent = server.requests.front();
    BOOST_TEST(sent.method_string() == "POST");
    BOOST_TEST(sent.target() == "/v1/chat/completions");
    BOOST_TEST(sent.body() == R"({"model":"m"})");
    BOOST_TEST(sent["Host"] == "localhost:" + server.port());
    BOOST_TEST(sent["Authorization"] == "Bearer secret");
    BOOST_TEST(sent["Content-Type"] == "application/json");
    BOOST_TEST(sent["X-Extra"] == "yes");
    BOOST_TEST(sent["User-Agent"] == "mine");
    BOOST_TEST(sent.count("User-Agent") == 1u);
}

BOOST_AUTO_TEST_CASE(plain_http_works_too) {
    event_loop loop;
    fake_endpoint server(loop, greeting::plain);
    const auto client = connect(loop, plain_options(server));
    const auto reply = loop.ask(*client, {http_method::get, "/models"});
    BOOST_REQUIRE(reply.has_value());
    BOOST_TEST(reply->body == "{}");
    BOOST_TEST(server.requests.front().method_string() == "GET");
    BOOST_TEST(server.requests.front().target() == "/v1/models");
    BOOST_TEST(server.requests.front()["User-Agent"].starts_with("proctor/"));
}

BOOST_AUTO_TEST_CASE(an_ip_address_is_verified_as_one) {
    event_loop loop;
    fake_endpoint server(loop, trusted().issue("IP:127.0.0.1"));
    const auto client = connect(loop, secure_options(server, "127.0.0.1"));
    BOOST_TEST(loop.ask(*client, chat()).has_value());
}

boost::test_tools::assertion_result has_ipv6(boost::unit_test::test_unit_id) {
    event_loop loop;
    boost::system::error_code none;
    asio::ip::tcp::acceptor listener(loop.io);
    listener.open(asio::ip::tcp::v6(), none);
    if (!none) listener.bind({asio::ip::address_v6::loopback(), 0}, none);
    return !none;
}

BOOST_AUTO_TEST_CASE(an_ipv6_address_is_connected_to, *boost::unit_test::precondition(has_ipv6)) {
    event_loop loop;
    fake_endpoint server(loop, trusted().issue("IP:::1"), asio::ip::address_v6::loopback());
    const auto client = connect(loop, secure_options(server, "[::1]"));
    BOOST_TEST(loop.ask(*client, chat()).has_value());
    BOOST_TEST(server.requests.front()["Host"] == "[::1]:" + server.port());
}

BOOST_AUTO_TEST_CASE(an_authority_may_come_from_a_file) {
    event_loop loop;
    fake_endpoint server(loop, trusted().issue("DNS:localhost"));
    const std::string path = "endpoint_test_ca_" + server.port() + ".pem";
    std::ofstream(path) << trusted().pem();
    auto options = secure_options(server);
    options.tls.ca_pem.clear();
    options.tls.ca_file = path;
    const auto client = connect(loop, options);
    std::remove(path.c_str());
    BOOST_TEST(loop.ask(*client, chat()).has_value());
}

BOOST_AUTO_TEST_CASE(an_authority_file_that_cannot_be_used_is_named) {
    event_loop loop;
    auto options = options_for("https://localhost");
    options.tls.ca_file = "/nowhere/ca.pem";
    const auto missing = make_endpoint(loop.io.get_executor(), options);
    BOOST_REQUIRE(missing.has_error());
    BOOST_TEST((missing.error().code == failure_code::not_found));
    BOOST_TEST(says(missing.error(), "/nowhere/ca.pem"));

    options.tls.ca_file = "/proc/self/status";
    const auto other = make_endpoint(loop.io.get_executor(), options);
    BOOST_REQUIRE(other.has_error());
    BOOST_TEST((other.error().code == failure_code::bad_value));
}

BOOST_AUTO_TEST_CASE(an_unknown_authority_is_not_trusted) {
    event_loop loop;
    const authority stranger("somebody else");
    fake_endpoint server(loop, stranger.issue("DNS:localhost"));
    const auto client = connect(loop, secure_options(server));
    const auto why = failure_of(loop.ask(*client, chat()));
    BOOST_TEST((why.code == failure_code::tls_untrusted));
    BOOST_TEST(says(why, "unknown authority"));
    BOOST_TEST(client->counts().open == 0u);
    BOOST_TEST(client->counts().opened == 0u);
}

BOOST_AUTO_TEST_CASE(an_authority_with_a_trusted_name_and_another_key_is_not_trusted) {
    event_loop loop;
    const authority impostor;
    fake_endpoint server(loop, impostor.issue("DNS:localhost"));
    const auto client = connect(loop, secure_options(server));
    const auto why = failure_of(loop.ask(*client, chat()));
    BOOST_TEST((why.code == failure_code::tls_untrusted));
    BOOST_TEST(says(why, "unknown authority"));
}

BOOST_AUTO_TEST_CASE(a_wrong_host_name_is_not_trusted) {
    for (const auto* host : {"localhost", "127.0.0.1"}) {
        event_loop loop;
        fake_endpoint server(loop, trusted().issue("DNS:example.org,IP:10.0.0.1"));
        const auto client = connect(loop, secure_options(server, host));
        const auto why = failure_of(loop.ask(*client, chat()));
        BOOST_TEST((why.code == failure_code::tls_untrusted));
        BOOST_TEST(says(why, std::string("not for \"") + host + "\""));
    }
}

BOOST_AUTO_TEST_CASE(a_certificate_out_of_its_time_is_not_trusted) {
    struct {
        long begins, ends;
        const char* words;
    } const table[] = {{-7200, -3600, "has expired"}, {3600, 7200, "not valid yet"}};
    for (const auto& row : table) {
        event_loop loop;
        fake_endpoint server(loop, trusted().issue("DNS:localhost", row.begins, row.ends));
        const auto client = connect(loop, secure_options(server));
        const auto why = failure_of(loop.ask(*client, chat()));
        BOOST_TEST((why.code == failure_code::tls_untrusted));
        BOOST_TEST(says(why, row.words));
    }
}

BOOST_AUTO_TEST_CASE(tls_to_a_plain_port_is_explained) {
    event_loop loop;
    fake_endpoint server(loop, greeting::plain);
    const auto client = connect(loop, secure_options(server));
    const auto why = failure_of(loop.ask(*client, chat()));
    BOOST_TEST((why.code == failure_code::bad_response));
    BOOST_TEST(says(why, "http://"));
}

BOOST_AUTO_TEST_CASE(plain_http_to_a_tls_port_is_explained) {
    event_loop loop;
    fake_endpoint server(loop, greeting::plain);
    server.script.emplace_back(std::string("\x15\x03\x01\x00\x02\x02\x46", 7), next::close);
    const auto client = connect(loop, plain_options(server));
    const auto why = failure_of(loop.ask(*client, chat()));
    BOOST_TEST((why.code == failure_code::bad_response));
    BOOST_TEST(says(why, "https://"));
}

BOOST_AUTO_TEST_CASE(a_peer_that_hangs_up_in_the_handshake_is_lost) {
    event_loop loop;
    fake_endpoint server(loop, greeting::hang_up);
    const auto client = connect(loop, secure_options(server));
    BOOST_TEST((failure_of(loop.ask(*client, chat())).code == failure_code::connection_lost));
}

BOOST_AUTO_TEST_CASE(nobody_there_is_unreachable) {
    event_loop loop;
    std::string port;
    {
        fake_endpoint closed(loop, greeting::plain);
        port = closed.port();
    }
    const auto client = connect(loop, options_for("http://127.0.0.1:" + port));
    const auto why = failure_of(loop.ask(*client, chat()));
    BOOST_TEST((why.code == failure_code::unreachable));
    BOOST_TEST(says(why, "refused"));
}

BOOST_AUTO_TEST_CASE(a_name_that_does_not_resolve_is_unreachable) {
    event_loop loop;
    const auto client = connect(loop, options_for("http://no-such-host.invalid"));
    const auto why = failure_of(loop.ask(*client, chat()));
    BOOST_TEST((why.code == failure_code::unreachable));
    BOOST_TEST(says(why, "no-such-host.invalid"));
}

BOOST_AUTO_TEST_CASE(a_handshake_that_takes_too_long_is_unreachable) {
    event_loop loop;
    fake_endpoint server(loop, greeting::silence);
    auto options = secure_options(server);
    options.connect_timeout = 30ms;
    const auto client = connect(loop, options);
    const auto why = failure_of(loop.ask(*client, chat()));
    BOOST_TEST((why.code == failure_code::unreachable));
    BOOST_TEST(says(why, "handshake"));
}

BOOST_AUTO_TEST_CASE(a_response_that_takes_too_long_times_out) {
    for (const auto* bytes : {"", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nha"}) {
        event_loop loop;
        fake_endpoint server(loop, trusted().issue("DNS:localhost"));
        server.script.emplace_back(bytes, next::stall);
        auto options = secure_options(server);
        options.timeout = 30ms;
        const auto client = connect(loop, options);
        BOOST_TEST((failure_of(loop.ask(*client, chat())).code == failure_code::timed_out));
        BOOST_TEST(client->counts().open == 0u);
    }
}

BOOST_AUTO_TEST_CASE(a_connection_is_used_again) {
    event_loop loop;
    fake_endpoint server(loop, trusted().issue("DNS:localhost"));
    const auto client = connect(loop, secure_options(server));
    for (int i = 0; i < 5; ++i) BOOST_TEST(loop.ask(*client, chat()).has_value());
    BOOST_TEST(client->counts().opened == 1u);
    BOOST_TEST(client->counts().open == 1u);
    BOOST_TEST(server.accepted == 1u);
}

BOOST_AUTO_TEST_CASE(a_connection_that_the_peer_ends_is_not_kept) {
    event_loop loop;
    fake_endpoint server(loop, greeting::plain);
    server.script.emplace_back(http_text(200, "1", "Connection: close\r\n"), next::close);
    server.script.emplace_back("HTTP/1.0 200 OK\r\n\r\nuntil the end", next::close);
    const auto client = connect(loop, plain_options(server));
    BOOST_TEST(loop.ask(*client, chat()).value().body == "1");
    BOOST_TEST(client->counts().open == 0u);
    BOOST_TEST(loop.ask(*client, chat()).value().body == "until the end");
    BOOST_TEST(client->counts().stale == 0u);
    BOOST_TEST(client->counts().opened == 2u);
}

BOOST_AUTO_TEST_CASE(a_stale_connection_is_replaced_and_the_request_repeated) {
    event_loop loop;
    fake_endpoint server(loop, trusted().issue("DNS:localhost"));
    server.script.emplace_back(http_text(200, "first"), next::close);
    server.script.emplace_back(http_text(200, "second"));
    const auto client = connect(loop, secure_options(server));
    BOOST_TEST(loop.ask(*client, chat()).value().body == "first");
    BOOST_TEST(loop.ask(*client, chat()).value().body == "second");
    BOOST_TEST(client->counts().stale == 1u);
    BOOST_TEST(client->counts().opened == 2u);
    BOOST_TEST(client->counts().open == 1u);
}

BOOST_AUTO_TEST_CASE(a_request_is_repeated_once_and_only_if_no_byte_came) {
    event_loop loop;
    fake_endpoint server(loop, greeting::plain);
    const auto client = connect(loop, plain_options(server));
    BOOST_TEST(loop.ask(*client, chat()).has_value());
    server.script.emplace_back("", next::close); // stale for all we know
    server.script.emplace_back("", next::close); // on a new connection: a failure
    BOOST_TEST((failure_of(loop.ask(*client, chat())).code == failure_code::connection_lost));
    BOOST_TEST(server.requests.size() == 3u);

    BOOST_TEST(loop.ask(*client, chat()).has_value());
    server.script.emplace_back("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nha", next::reset);
    BOOST_TEST((failure_of(loop.ask(*client, chat())).code == failure_code::connection_lost));
    BOOST_TEST(server.requests.size() == 5u);
    BOOST_TEST(client->counts().stale == 1u);
    BOOST_TEST(client->counts().open == 0u);
}

BOOST_AUTO_TEST_CASE(what_is_not_http_is_a_bad_response) {
    for (const auto* bytes : {"garbage, not a status line\r\n\r\n", "HTTP/1.1 abc\r\n\r\n",
                              "HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n"}) {
        event_loop loop;
        fake_endpoint server(loop, greeting::plain);
        server.script.emplace_back(bytes, next::close);
        const auto client = connect(loop, plain_options(server));
        BOOST_TEST((failure_of(loop.ask(*client, chat())).code == failure_code::bad_response));
    }
}

BOOST_AUTO_TEST_CASE(a_response_that_is_too_large_is_a_bad_response) {
    const std::string chunk = "10\r\n0123456789abcdef\r\n";
    for (const auto& bytes : {http_text(200, std::string(2000, 'x')),
                              "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk +
                                  chunk + chunk + chunk + chunk + chunk + chunk + "0\r\n\r\n",
                              http_text(200, "", "X-Long: " + std::string(70'000, 'x') + "\r\n")}) {
        event_loop loop;
        fake_endpoint server(loop, greeting::plain);
        server.script.emplace_back(bytes);
        auto options = plain_options(server);
        options.max_body = 100;
        const auto client = connect(loop, options);
        BOOST_TEST((failure_of(loop.ask(*client, chat())).code == failure_code::bad_response));
        BOOST_TEST(client->counts().open == 0u);
    }
}

BOOST_AUTO_TEST_CASE(responses_that_come_in_together_share_what_memory_they_may_take) {
    event_loop loop;
    fake_endpoint server(loop, greeting::plain);
    // The first response never ends, and keeps what it has taken.
    const auto most = http_text(200, std::string(1500, 'x'));
    server.script.emplace_back(most.substr(0, most.size() - 1), next::stall);
    server.script.emplace_back(http_text(200, std::string(1000, 'y')));
    server.script.emplace_back(http_text(200, std::string(1000, 'z')), next::close);
    auto options = plain_options(server);
    options.max_bodies = 2000;
    const auto client = connect(loop, options);
    task_group others(loop.io.get_executor());
    const auto forget = [&]() -> asio::awaitable<void> { (void)co_await client->exchange(chat()); };
    others.spawn(forget());
    loop.run_until([&] { return server.requests.size() == 1; });
    BOOST_TEST((failure_of(loop.ask(*client, chat())).code == failure_code::short_of_memory));
    loop.end(others);
    // What it held is free again.
    BOOST_TEST(loop.ask(*client, chat()).value().body.size() == 1000u);
}

BOOST_AUTO_TEST_CASE(long_and_chunked_bodies_arrive_whole) {
    std::string body;
    for (int i = 0; body.size() < 300'000; ++i) body += std::to_string(i);
    event_loop loop;
    fake_endpoint server(loop, trusted().issue("DNS:localhost"));
    server.script.emplace_back(http_text(200, body));
    server.script.emplace_back(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
    const auto client = connect(loop, secure_options(server));
    BOOST_TEST((loop.ask(*client, {http_method::post, "/", body}).value().body == body));
    BOOST_TEST((server.requests.front().body() == body));
    BOOST_TEST(loop.ask(*client, chat()).value().body == "abcde");
    BOOST_TEST(client->counts().opened == 1u);
}

BOOST_AUTO_TEST_CASE(advice_about_retries_is_read) {
    event_loop loop;
    fake_endpoint server(loop, greeting::plain);
    server.script.emplace_back(http_text(429, "", "Retry-After: 7\r\nX-Should-Retry: true\r\n"));
    server.script.emplace_back(
        http_text(503, "", "retry-after-ms: 250\r\nRetry-After: 7\r\nx-should-retry: false\r\n"));
    server.script.emplace_back(http_text(503, "", "Retry-After: whenever\r\n"));
    const auto client = connect(loop, plain_options(server));

    const auto limited = loop.ask(*client, chat()).value();
    BOOST_TEST(limited.status == 429u);
    BOOST_TEST((limited.retry_after == 7s));
    BOOST_TEST((limited.should_retry == true));
    const auto busy = loop.ask(*client, chat()).value();
    BOOST_TEST((busy.retry_after == 250ms));
    BOOST_TEST((busy.should_retry == false));
    const auto vague = loop.ask(*client, chat()).value();
    BOOST_TEST(vague.status == 503u);
    BOOST_TEST(!vague.retry_after.has_value());
    BOOST_TEST(!vague.should_retry.has_value());
}

BOOST_AUTO_TEST_CASE(handshakes_are_limited) {
    event_loop loop;
    fake_endpoint server(loop, greeting::silence);
    auto options = secure_options(server);
    options.max_handshakes = 2;
    const auto client = connect(loop, options);
    std::list<std::optional<result<http_response>>> replies;
    for (int i = 0; i < 6; ++i) loop.start(*client, chat(), replies.emplace_back());
    loop.run_until([&] { return server.accepted == 2; });
    while (loop.io.poll()) {
    }
    loop.end(loop.tasks);
    BOOST_TEST(server.accepted == 2u);
    for (const auto& reply : replies) BOOST_TEST(!reply.has_value());
}

BOOST_AUTO_TEST_CASE(requests_share_what_connections_become_free) {
    event_loop loop;
    fake_endpoint server(loop, trusted().issue("DNS:localhost"));
    auto options = secure_options(server);
    options.max_handshakes = 1;
    const auto client = connect(loop, options);
    std::list<std::optional<result<http_response>>> replies;
    for (int i = 0; i < 50; ++i) loop.start(*client, chat(), replies.emplace_back());
    loop.run_until([&] { return loop.tasks.size() == 0; });
    for (const auto& reply : replies) {
        BOOST_REQUIRE(reply.has_value());
        BOOST_TEST(reply->has_value());
    }
    BOOST_TEST(client->counts().opened <= 50u);
    BOOST_TEST(client->counts().open == client->counts().opened);
}

BOOST_AUTO_TEST_CASE(cancellation_unwinds_and_closes_the_connection) {
    for (const auto how : {greeting::plain, greeting::silence, greeting::tls}) {
        event_loop loop;
        std::optional<fake_endpoint> server;
        if (how == greeting::tls)
            server.emplace(loop, trusted().issue("DNS:localhost"));
        else
            server.emplace(loop, how);
        server->script.emplace_back("HTTP/1.1 200 OK\r\n", next::stall);
        const auto client = connect(loop, how == greeting::plain ? plain_options(*server)
                                                                 : secure_options(*server));
        std::optional<result<http_response>> reply;
        loop.start(*client, chat(), reply);
        loop.run_until([&] {
            return how == greeting::silence ? server->accepted == 1 : !server->requests.empty();
        });
        loop.end(loop.tasks);
        BOOST_TEST(!reply.has_value());
        BOOST_TEST(client->counts().open == 0u);
    }
}

BOOST_AUTO_TEST_CASE(stopping_closes_what_is_idle) {
    event_loop loop;
    fake_endpoint server(loop, greeting::plain);
    const auto client = connect(loop, plain_options(server));
    BOOST_TEST(loop.ask(*client, chat()).has_value());
    BOOST_TEST(client->counts().open == 1u);
    loop.tasks.spawn(client->stop());
    loop.run_until([&] { return loop.tasks.size() == 0; });
    BOOST_TEST(client->counts().open == 0u);
}

BOOST_AUTO_TEST_CASE(headers_that_would_break_the_framing_are_refused) {
    event_loop loop;
    const auto refused = [&](auto change) {
        auto options = options_for("http://localhost");
        change(options);
        const auto made = make_endpoint(loop.io.get_executor(), options);
        return made.has_error() && made.error().code == failure_code::bad_value &&
               !says(made.error(), "secret");
    };
    BOOST_TEST(refused([](auto& o) { o.api_key = "secret\r\nX: y"; }));
    BOOST_TEST(refused([](auto& o) { o.headers.emplace_back("X-A", "secret\nX: y"); }));
    BOOST_TEST(refused([](auto& o) { o.headers.emplace_back("X A", "1"); }));
    BOOST_TEST(refused([](auto& o) { o.headers.emplace_back("", "1"); }));
    BOOST_TEST(refused([](auto& o) { o.headers.emplace_back("content-length", "1"); }));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace proctor
