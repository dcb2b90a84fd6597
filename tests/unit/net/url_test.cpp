#include "proctor/net/endpoint.hpp"
#include "proctor/net/host_port.hpp"

#include <boost/test/unit_test.hpp>

namespace proctor {

BOOST_AUTO_TEST_SUITE(url)

BOOST_AUTO_TEST_CASE(roots_are_taken_apart) {
    struct {
        const char* url;
        bool tls;
        const char *host, *port, *base_path, *text;
    } const table[] = {
        {"https://api.openai.com/v1", true, "api.openai.com", "443", "/v1",
         "https://api.openai.com/v1"},
        {"http://localhost:8000/v1/", false, "localhost", "8000", "/v1",
         "http://localhost:8000/v1"},
        {"http://localhost", false, "localhost", "80", "", "http://localhost"},
        {"HTTPS://Host:8443//", true, "Host", "8443", "", "https://Host:8443"},
        {"https://10.0.0.1:443/a/b", true, "10.0.0.1", "443", "/a/b", "https://10.0.0.1/a/b"},
        {"https://[::1]:8443/v1", true, "::1", "8443", "/v1", "https://[::1]:8443/v1"},
        {"https://h:/v1", true, "h", "443", "/v1", "https://h/v1"},
        {"https://h/a%20b", true, "h", "443", "/a%20b", "https://h/a%20b"},
    };
    for (const auto& row : table) {
        BOOST_TEST_CONTEXT(row.url) {
            const auto root = parse_api_root(row.url);
            BOOST_REQUIRE(root.has_value());
            BOOST_TEST(root->tls == row.tls);
            BOOST_TEST(root->host == row.host);
            BOOST_TEST(root->port == row.port);
            BOOST_TEST(root->base_path == row.base_path);
            BOOST_TEST(root->text() == row.text);
        }
    }
}

BOOST_AUTO_TEST_CASE(addresses_to_listen_on_are_taken_apart) {
    const auto plain = parse_host_port("localhost:8443");
    BOOST_REQUIRE(plain.has_value());
    BOOST_TEST(plain->host == "localhost");
    BOOST_TEST(plain->port == 8443);
    const auto bracketed = parse_host_port("[::1]:0");
    BOOST_REQUIRE(bracketed.has_value());
    BOOST_TEST(bracketed->host == "::1");
    BOOST_TEST(bracketed->port == 0);
    for (const auto* wrong : {"", ":", "host", "host:", ":80", "host:x", "host:1x", "host:65536",
                              "host:-1", "::1:80", "[]:80"})
        BOOST_TEST(!parse_host_port(wrong).has_value(), wrong);
}

BOOST_AUTO_TEST_CASE(what_is_no_root_is_refused) {
    for (const auto* url :
         {"", "localhost:8000", "localhost", "ftp://host/v1", "https://", "https:///v1",
          "https://host:0/v1", "https://host:65536/v1", "https://host:http/v1",
          "https://host/v1?key=1", "https://host/v1#a", "https://ho st/v1", "https://[::1/v1"}) {
        BOOST_TEST_CONTEXT(url) {
            const auto root = parse_api_root(url);
            BOOST_REQUIRE(root.has_error());
            BOOST_TEST((root.error().code == failure_code::bad_value));
        }
    }
}

BOOST_AUTO_TEST_CASE(a_password_is_not_repeated) {
    const auto root = parse_api_root("https://me:hunter2@host/v1");
    BOOST_REQUIRE(root.has_error());
    BOOST_TEST(root.error().message().find("hunter2") == std::string::npos);
    BOOST_TEST(root.error().message().find("host/v1") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace proctor
