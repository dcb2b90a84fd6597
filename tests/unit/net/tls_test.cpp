// Who trusts whom, beyond what endpoint_test.cpp asks.
#include "exchanges.hpp"
#include "net/tls_context.hpp"
#include "support/scratch_dir.hpp"

#include <cstdlib>

namespace proctor {

using namespace test;
using next = test::scripted_reply::next;

namespace {

// A server that lets in whom `trusted()` has issued a certificate, and files with such a one.
struct asking_server {
    asking_server() {
        server.ask_for_certificate(trusted().pem());
        const auto mine = trusted().issue("DNS:client");
        certificate = dir.write("client.pem", mine.certificate);
        key = dir.write("client.key", mine.key);
        both = dir.write("both.pem", mine.certificate + mine.key);
    }

    event_loop loop;
    fake_endpoint server{loop, trusted().issue("DNS:localhost")};
    scratch_dir dir;
    std::string certificate, key, both;
};

} // namespace

BOOST_AUTO_TEST_SUITE(trust)

BOOST_AUTO_TEST_CASE(a_client_certificate_is_shown_to_a_server_that_asks) {
    asking_server asking;
    auto options = secure_options(asking.server);
    options.tls.client_certificate = asking.certificate;
    options.tls.client_key = asking.key;
    const auto client = connect(asking.loop, options);
    BOOST_TEST(asking.loop.ask(*client, chat()).has_value());

    options.tls.client_certificate = asking.both;
    options.tls.client_key.clear();
    const auto other = connect(asking.loop, options);
    BOOST_TEST(asking.loop.ask(*other, chat()).has_value());
}

BOOST_AUTO_TEST_CASE(a_server_that_wants_another_client_certificate_says_so) {
    asking_server asking;
    auto options = secure_options(asking.server);
    const auto none = connect(asking.loop, options);
    auto why = failure_of(asking.loop.ask(*none, chat()));
    BOOST_TEST((why.code == failure_code::tls_untrusted), why.message());
    BOOST_TEST(says(why, "tls.client_certificate"));

    const auto strange = authority("somebody else").issue("DNS:client");
    options.tls.client_certificate =
        asking.dir.write("strange.pem", strange.certificate + strange.key);
    const auto stranger = connect(asking.loop, options);
    why = failure_of(asking.loop.ask(*stranger, chat()));
    BOOST_TEST((why.code == failure_code::tls_untrusted), why.message());
    BOOST_TEST(says(why, "tls.client_certificate"));
}

BOOST_AUTO_TEST_CASE(client_certificates_that_cannot_be_used_are_named) {
    asking_server asking;
    const auto& dir = asking.dir;
    const auto other_key = dir.write("other.key", trusted().issue("DNS:client").key);
    const auto nothing = dir.write("nothing.pem", "nothing of use");
    const auto locked =
        dir.write("locked.key", "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n"
                                "DEK-Info: AES-128-CBC,0123456789ABCDEF0123456789ABCDEF\n\n"
                                "AAAAAAAAAAAAAAAAAAAAAA==\n-----END RSA PRIVATE KEY-----\n");
    struct {
        std::string certificate, key;
        failure_code code;
        std::string where, words;
    } const table[] = {
        {"/nowhere/client.pem", asking.key, failure_code::not_found, "/nowhere/client.pem",
         "No such file"},
        {asking.certificate, "/nowhere/client.key", failure_code::not_found, "/nowhere/client.key",
         "No such file"},
        {nothing, asking.key, failure_code::bad_value, nothing, "none in PEM form"},
        {asking.certificate, nothing, failure_code::bad_value, nothing, "no private key"},
        {asking.certificate, locked, failure_code::bad_value, locked, "passphrase"},
        {asking.certificate, "", failure_code::bad_value, asking.certificate, "no private key"},
        {asking.certificate, other_key, failure_code::bad_value, other_key, "does not belong to"},
        {"", asking.key, failure_code::bad_value, "tls.client_key", "tls.client_certificate"},
    };
    for (const auto& row : table) {
        BOOST_TEST_CONTEXT(row.certificate << " " << row.key) {
            auto options = secure_options(asking.server);
            options.tls.client_certificate = row.certificate;
            options.tls.client_key = row.key;
            const auto made = make_endpoint(asking.loop.io.get_executor(), options);
            BOOST_REQUIRE(made.has_error());
            BOOST_TEST((made.error().code == row.code));
            BOOST_TEST(made.error().where == row.where);
            BOOST_TEST(says(made.error(), row.words), made.error().message());
        }
    }
}

BOOST_AUTO_TEST_CASE(whom_to_trust_may_be_left_open) {
    event_loop loop;
    fake_endpoint server(loop, authority("somebody else").issue("DNS:example.org"));
    auto options = secure_options(server);
    options.tls.insecure_skip_verify = true;
    const auto client = connect(loop, options);
    BOOST_TEST(loop.ask(*client, chat()).has_value());
}

BOOST_AUTO_TEST_CASE(authorities_are_found_where_other_systems_keep_them) {
    const auto where_only = [](const std::string& there) {
        return find_authorities([there](const std::string& path) { return path == there; });
    };
    for (const std::string path :
         {"/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem"})
        BOOST_TEST(where_only(path) == path);
    BOOST_TEST(find_authorities([](const std::string&) { return true; }) ==
               "/etc/ssl/certs/ca-certificates.crt");
    BOOST_TEST(where_only("/elsewhere").empty());
}

BOOST_AUTO_TEST_CASE(ssl_cert_file_names_authorities) {
    event_loop loop;
    const scratch_dir dir;
    const auto path = dir.write("ca.pem", trusted().pem());
    fake_endpoint server(loop, trusted().issue("DNS:localhost"));
    auto options = secure_options(server);
    options.tls.ca_pem.clear();
    ::setenv("SSL_CERT_FILE", path.c_str(), 1);
    const auto client = connect(loop, options);
    ::unsetenv("SSL_CERT_FILE");
    BOOST_TEST(loop.ask(*client, chat()).has_value());

    const auto without = connect(loop, options);
    BOOST_TEST((failure_of(loop.ask(*without, chat())).code == failure_code::tls_untrusted));
}

BOOST_AUTO_TEST_CASE(a_new_connection_resumes_the_tls_session_of_an_earlier_one) {
    event_loop loop;
    fake_endpoint server(loop, trusted().issue("DNS:localhost"));
    for (int i = 0; i < 4; ++i)
        server.script.emplace_back(http_text(200, "", "Connection: close\r\n"), next::close);
    const auto client = connect(loop, secure_options(server));
    for (int i = 0; i < 4; ++i) BOOST_TEST(loop.ask(*client, chat()).has_value());
    BOOST_TEST(client->counts().opened == 4u);
    BOOST_TEST(client->counts().resumed == 3u);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace proctor
