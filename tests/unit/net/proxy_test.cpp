#include "proctor/net/proxy.hpp"

#include "exchanges.hpp"
#include "support/connect_proxy.hpp"

#include <map>

namespace proctor {

using namespace test;
using greeting = test::fake_endpoint::greeting;

namespace {

using variables = std::map<std::string, std::string>;

result<std::optional<proxy_server>> find(const std::string& url, const variables& set) {
    return find_proxy(parse_api_root(url).value(),
                      [&](const std::string& name) -> std::optional<std::string> {
                          const auto found = set.find(name);
                          if (found == set.end()) return std::nullopt;
                          return found->second;
                      });
}

// "": none.
std::string found_for(const std::string& url, const variables& set) {
    const auto found = find(url, set);
    BOOST_REQUIRE(found.has_value());
    return *found ? (*found)->text() : "";
}

} // namespace

BOOST_AUTO_TEST_SUITE(proxies)

BOOST_AUTO_TEST_CASE(variables_name_them) {
    const std::string secure = "https://api.example.org/v1";
    const std::string plain = "http://api.example.org/v1";
    struct {
        std::string url;
        variables set;
        std::string proxy;
    } const table[] = {
        {secure, {}, ""},
        {secure, {{"HTTPS_PROXY", "http://one:3128"}}, "http://one:3128"},
        {secure, {{"https_proxy", "http://one:3128/"}}, "http://one:3128"},
        {secure, {{"https_proxy", "two:1"}, {"HTTPS_PROXY", "one:2"}}, "http://two:1"},
        {secure, {{"https_proxy", ""}, {"HTTPS_PROXY", "one:2"}}, "http://one:2"},
        {secure, {{"http_proxy", "one:2"}, {"HTTP_PROXY", "one:2"}}, ""},
        {secure, {{"HTTPS_PROXY", "10.0.0.1"}}, "http://10.0.0.1:80"},
        {secure, {{"HTTPS_PROXY", "HTTP://u:p@[::1]:3128"}}, "http://[::1]:3128"},
        {plain, {{"http_proxy", "http://one:3128"}}, "http://one:3128"},
        {plain, {{"HTTP_PROXY", "http://one:3128"}}, "http://one:3128"},
        {plain, {{"http_proxy", "two:1"}, {"HTTP_PROXY", "one:2"}}, "http://two:1"},
        {plain, {{"HTTP_PROXY", "one:2"}, {"REQUEST_METHOD", "GET"}}, ""},
        {plain, {{"http_proxy", "one:2"}, {"REQUEST_METHOD", "GET"}}, "http://one:2"},
        {plain, {{"HTTPS_PROXY", "http://one:3128"}}, ""},
        {secure, {{"ALL_PROXY", "one:2"}}, "http://one:2"},
        {secure, {{"all_proxy", "two:1"}, {"ALL_PROXY", "one:2"}}, "http://two:1"},
        {secure, {{"HTTPS_PROXY", "one:2"}, {"all_proxy", "two:1"}}, "http://one:2"},
        // What is not used need not be one that we know.
        {secure, {{"HTTPS_PROXY", "one:2"}, {"ALL_PROXY", "socks5://two:1"}}, "http://one:2"},
        {secure, {{"NO_PROXY", "example.org"}, {"ALL_PROXY", "socks5://two:1"}}, ""},
        {plain, {{"ALL_PROXY", "one:2"}}, "http://one:2"},
        {plain, {{"http_proxy", "two:1"}, {"ALL_PROXY", "one:2"}}, "http://two:1"},
        {plain, {{"HTTP_PROXY", "two:1"}, {"ALL_PROXY", "one:2"}}, "http://two:1"},
        {secure, {{"HTTPS_PROXY", "one:2"}, {"NO_PROXY", "example.org"}}, ""},
        {secure, {{"HTTPS_PROXY", "one:2"}, {"no_proxy", "x"}, {"NO_PROXY", "*"}}, "http://one:2"},
    };
    for (const auto& row : table) BOOST_TEST(found_for(row.url, row.set) == row.proxy);
}

BOOST_AUTO_TEST_CASE(exceptions_are_made) {
    struct {
        std::string host, list;
        bool excepted;
    } const table[] = {
        {"api.example.org", "*", true},
        {"api.example.org", "api.example.org", true},
        {"api.example.org", "example.org", true},
        {"api.example.org", ".example.org", true},
        {"example.org", ".example.org", true},
        {"api.example.org", "*.example.org", true},
        {"API.Example.org", "eXample.ORG", true},
        {"api.example.org", "example.org.", true},
        {"myexample.org", "example.org", false},
        {"example.org", "api.example.org", false},
        {"api.example.org", "", false},
        {"api.example.org", " , ,", false},
        {"api.example.org", ".", false},
        {"api.example.org", "one.net, example.org , two.net", true},
        {"api.example.org", "one.net example.org", true},
        {"api.example.org", "example.org:443", true},
        {"api.example.org:8443", "example.org:443", false},
        {"api.example.org:8443", "example.org:8443", true},
        {"localhost", "localhost,127.0.0.1", true},
        {"127.0.0.1", "localhost,127.0.0.1", true},
        {"127.0.0.1:8443", "127.0.0.1:8443", true},
        {"127.0.0.1:8443", "127.0.0.1:443", false},
        {"127.0.0.1", "127.0.0.0/8", true},
        {"128.0.0.1", "127.0.0.0/8", false},
        {"10.1.2.3", "10.1.2.99/24", true},
        {"10.1.3.3", "10.1.2.99/24", false},
        {"10.1.2.3", "0.0.0.0/0", true},
        {"10.1.2.3", "10.1.2.3/33", false},
        {"10.1.2.3", "2.3", false},
        {"localhost", "127.0.0.0/8", false},
        {"[::1]", "::1", true},
        {"[::1]", "0:0:0:0:0:0:0:1", true},
        {"[::1]", "[::1]", true},
        {"[::1]:8443", "[::1]:8443", true},
        {"[::1]:8443", "[::1]:443", false},
        {"[fd00::1]", "fd00::/8", true},
        {"[fe80::1]", "fd00::/8", false},
        {"[fd00::1]", "10.0.0.0/8", false},
        {"10.0.0.1", "fd00::/8", false},
        {"10.0.0.1", "/", false},
    };
    for (const auto& row : table) BOOST_TEST_CONTEXT(row.host << " in \"" << row.list << '"')
    BOOST_TEST(
        found_for("https://" + row.host, {{"https_proxy", "proxy:1"}, {"no_proxy", row.list}})
            .empty() == row.excepted);
}

BOOST_AUTO_TEST_CASE(user_information_is_kept_to_itself) {
    const auto found = find("https://h", {{"HTTPS_PROXY", "http://Aladdin:open%20sesame@p:1"}});
    const auto proxy = found.value().value();
    BOOST_TEST(proxy.text() == "http://p:1");
    BOOST_TEST(proxy.authorization() == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    const std::vector<std::string> secrets{"open sesame", "QWxhZGRpbjpvcGVuIHNlc2FtZQ=="};
    BOOST_TEST(proxy.secrets() == secrets);
    const auto open = find("https://h", {{"HTTPS_PROXY", "http://p:1"}}).value().value();
    BOOST_TEST(open.authorization() == "");
    BOOST_TEST(open.secrets().empty());
}

BOOST_AUTO_TEST_CASE(what_names_no_proxy_is_refused_and_not_repeated) {
    for (const auto* value :
         {"https://u:opensesame@p:1", "socks5://u:opensesame@p:1", "http://u:opensesame@:1",
          "http://u:opensesame/x@p:1", "http://u:opensesame#x@p:1", "http://u:opensesame?x@p:1",
          "http://u:opensesame@p:http", "u:opensesame@p:0", "http://u:%@opensesame", "u opensesame",
          "http://"}) {
        BOOST_TEST_CONTEXT(value) {
            const auto found = find("https://h", {{"HTTPS_PROXY", value}});
            BOOST_REQUIRE(found.has_error());
            BOOST_TEST((found.error().code == failure_code::bad_value));
            BOOST_TEST(found.error().where == "HTTPS_PROXY");
            BOOST_TEST(!says(found.error(), "opensesame"));
        }
    }
}

BOOST_AUTO_TEST_CASE(what_to_do_about_a_proxy_that_we_cannot_use_is_said) {
    for (const std::string scheme : {"https", "socks5", "socks5h"}) {
        const auto found = find("https://api.example.org", {{"ALL_PROXY", scheme + "://p:1"}});
        BOOST_REQUIRE(found.has_error());
        BOOST_TEST(found.error().where == "ALL_PROXY");
        BOOST_TEST(says(found.error(), scheme + ":// proxies are not supported"));
        BOOST_TEST(says(found.error(), "HTTPS_PROXY may name an http:// one"));
        BOOST_TEST(says(found.error(), "NO_PROXY=api.example.org"));
    }
}

namespace {

proxy_server on_port(const std::string& port) {
    proxy_server proxy;
    proxy.host = "127.0.0.1";
    proxy.port = port;
    proxy.user = "Aladdin";
    proxy.password = "open sesame";
    return proxy;
}

constexpr auto credentials = "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==";

} // namespace

BOOST_AUTO_TEST_CASE(https_goes_through_a_tunnel) {
    event_loop loop;
    fake_endpoint server(loop, trusted().issue("DNS:no-such-host.invalid"));
    connect_proxy proxy(loop, server.port());
    auto options = options_for("https://no-such-host.invalid:8443/v1");
    options.proxy = on_port(proxy.port());
    options.api_key = "secret";
    const auto client = connect(loop, options);
    for (int i = 0; i < 3; ++i) BOOST_TEST(loop.ask(*client, chat()).has_value());
    BOOST_REQUIRE(proxy.requests.size() == 1u);
    const auto& sent = proxy.requests.front();
    BOOST_TEST(sent.method_string() == "CONNECT");
    BOOST_TEST(sent.target() == "no-such-host.invalid:8443");
    BOOST_TEST(sent["Host"] == "no-such-host.invalid:8443");
    BOOST_TEST(sent["Proxy-Authorization"] == credentials);
    BOOST_TEST(sent.count("Authorization") == 0u);
    BOOST_TEST(server.requests.size() == 3u);
    BOOST_TEST(server.requests.front().target() == "/v1/chat/completions");
    BOOST_TEST(server.requests.front().count("Proxy-Authorization") == 0u);
    BOOST_TEST(client->counts().opened == 1u);
}

BOOST_AUTO_TEST_CASE(an_address_in_a_tunnel_has_brackets) {
    event_loop loop;
    fake_endpoint server(loop, trusted().issue("IP:::1"));
    connect_proxy proxy(loop, server.port());
    auto options = options_for("https://[::1]/v1");
    options.proxy = on_port(proxy.port());
    options.proxy->user.clear();
    options.proxy->password.clear();
    const auto client = connect(loop, options);
    BOOST_TEST(loop.ask(*client, chat()).has_value());
    BOOST_TEST(proxy.requests.front().target() == "[::1]:443");
    BOOST_TEST(proxy.requests.front().count("Proxy-Authorization") == 0u);
}

BOOST_AUTO_TEST_CASE(http_asks_the_proxy_by_absolute_form) {
    event_loop loop;
    fake_endpoint proxy(loop, greeting::plain);
    auto options = options_for("http://no-such-host.invalid:8000/v1");
    options.proxy = on_port(proxy.port());
    const auto client = connect(loop, options);
    BOOST_TEST(loop.ask(*client, chat()).has_value());
    const auto& sent = proxy.requests.front();
    BOOST_TEST(sent.target() == "http://no-such-host.invalid:8000/v1/chat/completions");
    BOOST_TEST(sent["Host"] == "no-such-host.invalid:8000");
    BOOST_TEST(sent["Proxy-Authorization"] == credentials);
}

BOOST_AUTO_TEST_CASE(what_a_proxy_refuses_is_told_as_its_own) {
    struct {
        const char* answer;
        failure_code code;
        const char* words;
    } const table[] = {
        {"HTTP/1.1 407 Who\r\nContent-Length: 0\r\n\r\n", failure_code::proxy_refused, "407"},
        {"HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno", failure_code::proxy_refused, "403"},
        {"HTTP/1.1 502 Bad\r\nContent-Length: 900\r\n\r\n", failure_code::unreachable, "502"},
        {"HTTP/1.0 504 Late\r\n\r\n", failure_code::unreachable, "504"},
        {"HTTP/1.1 200 OK\r\n\r\nnot TLS", failure_code::bad_response, "proxy"},
        {"SSH-2.0-OpenSSH_9.2\r\n\r\n", failure_code::bad_response, "proxy"},
        {"HTTP/1.1 200", failure_code::unreachable, "proxy"},
    };
    for (const auto& row : table) {
        BOOST_TEST_CONTEXT(row.answer) {
            event_loop loop;
            fake_endpoint proxy(loop, greeting::plain);
            proxy.script.emplace_back(row.answer, scripted_reply::next::close);
            auto options = options_for("https://no-such-host.invalid/v1");
            options.proxy = on_port(proxy.port());
            const auto client = connect(loop, options);
            const auto why = failure_of(loop.ask(*client, chat()));
            BOOST_TEST((why.code == row.code));
            BOOST_TEST(says(why, row.words), why.message());
            BOOST_TEST(says(why, "proxy http://127.0.0.1:" + proxy.port()), why.message());
            BOOST_TEST(!says(why, "sesame"));
            BOOST_TEST(client->counts().open == 0u);
        }
    }
}

BOOST_AUTO_TEST_CASE(credentials_asked_for_by_a_proxy_of_http_are_its_own_matter_too) {
    event_loop loop;
    fake_endpoint proxy(loop, greeting::plain);
    proxy.script.emplace_back(http_text(407, ""));
    auto options = options_for("http://no-such-host.invalid/v1");
    options.proxy = on_port(proxy.port());
    const auto client = connect(loop, options);
    const auto why = failure_of(loop.ask(*client, chat()));
    BOOST_TEST((why.code == failure_code::proxy_refused));
    BOOST_TEST(says(why, "proxy http://127.0.0.1:" + proxy.port()));
}

BOOST_AUTO_TEST_CASE(a_proxy_that_is_not_there_is_unreachable) {
    event_loop loop;
    std::string port;
    {
        fake_endpoint closed(loop, greeting::plain);
        port = closed.port();
    }
    auto options = options_for("https://no-such-host.invalid/v1");
    options.proxy = on_port(port);
    const auto client = connect(loop, options);
    auto why = failure_of(loop.ask(*client, chat()));
    BOOST_TEST((why.code == failure_code::unreachable));
    BOOST_TEST(says(why, "proxy http://127.0.0.1:" + port), why.message());
    BOOST_TEST(says(why, "refused"));

    options.proxy->host = "no-such-proxy.invalid";
    const auto other = connect(loop, options);
    why = failure_of(loop.ask(*other, chat()));
    BOOST_TEST((why.code == failure_code::unreachable));
    BOOST_TEST(says(why, "no-such-proxy.invalid"));
    BOOST_TEST(!says(why, "no-such-host"));
}

BOOST_AUTO_TEST_CASE(a_proxy_that_says_nothing_runs_out_of_time) {
    event_loop loop;
    fake_endpoint proxy(loop, greeting::silence);
    auto options = options_for("https://no-such-host.invalid/v1");
    options.proxy = on_port(proxy.port());
    options.connect_timeout = std::chrono::milliseconds{30};
    const auto client = connect(loop, options);
    const auto why = failure_of(loop.ask(*client, chat()));
    BOOST_TEST((why.code == failure_code::unreachable));
    BOOST_TEST(says(why, "proxy"));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace proctor
