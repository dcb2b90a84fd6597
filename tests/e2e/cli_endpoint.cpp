// Endpoints that are reached in every way there is, and ones that refuse, or are not who they
// should be, or are not there.
#include "support/programs.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/test/unit_test.hpp>

using namespace proctor::test;

namespace {

struct class_room : workplace {
    class_room() { dir.write("q.jsonl", few_questions(5)); }

    finished ask_at(const std::string& base_url, const words& more = {}) const {
        return run_to_end(
            proctor(words{"run", "q.jsonl", "--model", "m", "--base-url", base_url} + more));
    }
};

void check_complete(const finished& run) {
    BOOST_TEST(run.code == 0, run.errors);
}

void check_refusal(const finished& run, int code, std::string_view part) {
    BOOST_TEST(run.code == code);
    BOOST_TEST(contains(run.errors, part), "\"" << part << "\" is not in: " << run.errors);
    BOOST_TEST(run.output == "");
}

// A port where nobody listens, and nobody can begin to as long as this lives.
class silent_port {
public:
    silent_port() : socket_(io_, {boost::asio::ip::address_v4::loopback(), 0}) {}
    std::string number() const { return std::to_string(socket_.local_endpoint().port()); }

private:
    boost::asio::io_context io_;
    boost::asio::ip::tcp::socket socket_; // bound, not listening
};

} // namespace

BOOST_AUTO_TEST_SUITE(cli)

BOOST_FIXTURE_TEST_CASE(an_endpoint_without_tls_is_asked_as_well, class_room) {
    const simulator endpoint({}, false);
    BOOST_TEST(endpoint.base_url().starts_with("http://"));
    check_complete(run_to_end(ask(endpoint, "q.jsonl")));
    BOOST_TEST(endpoint.requests() == 5u);
}

BOOST_FIXTURE_TEST_CASE(server_and_port_name_an_endpoint, class_room) {
    const simulator endpoint({}, false);
    dir.write("run.yaml", "questions_file: q.jsonl\n"
                          "model:\n"
                          "  generator: {generator_type: vllm}\n"
                          "  generator_settings: {model: m, server: 127.0.0.1, port: " +
                              endpoint.port() + "}\n");
    check_complete(run_to_end(proctor({"run", "--config", "run.yaml"})));
    BOOST_TEST(endpoint.requests() == 5u);
}

BOOST_FIXTURE_TEST_CASE(the_environment_names_endpoint_and_key, class_room) {
    const simulator endpoint({"--api-key", "sk-environment"}, false);
    auto how = proctor({"run", "q.jsonl", "--model", "m"});
    how.environment = {{"OPENAI_BASE_URL", endpoint.base_url()},
                       {"OPENAI_API_KEY", "sk-environment"}};
    check_complete(run_to_end(how));
    BOOST_TEST(endpoint.requests() == 5u);
}

BOOST_FIXTURE_TEST_CASE(a_key_of_the_environment_is_not_sent_to_an_endpoint_named_elsewhere,
                        class_room) {
    const simulator endpoint({"--api-key", "sk-environment"});
    auto how = ask(endpoint, "q.jsonl");
    how.environment = {{"OPENAI_API_KEY", "sk-environment"}};
    check_refusal(run_to_end(how), 77, "401");
}

BOOST_FIXTURE_TEST_CASE(a_wrong_key_stops_the_run, class_room) {
    const simulator endpoint({"--api-key", "sk-right"});
    check_refusal(run_to_end(ask(endpoint, "q.jsonl")), 77, "401");
    BOOST_TEST(endpoint.requests() == 0u);
}

BOOST_FIXTURE_TEST_CASE(a_certificate_for_another_name_stops_the_run, class_room) {
    const simulator endpoint;
    // To the resolver 127.1 is 127.0.0.1, but the certificate does not have it.
    const auto elsewhere = "https://127.1:" + endpoint.port() + "/v1";
    check_refusal(ask_at(elsewhere, {"--ca-file", endpoint.ca_file()}), 77, "wrong host name");
    BOOST_TEST(endpoint.requests() == 0u);
}

BOOST_FIXTURE_TEST_CASE(an_unknown_authority_stops_the_run, class_room) {
    const simulator endpoint;
    check_refusal(ask_at(endpoint.base_url()), 77, "unknown authority");
    BOOST_TEST(endpoint.requests() == 0u);
}

BOOST_FIXTURE_TEST_CASE(an_authority_file_that_is_not_there_is_named, class_room) {
    const simulator endpoint;
    check_refusal(ask_at(endpoint.base_url(), {"--ca-file", "nowhere.pem"}), 2, "nowhere.pem");
    BOOST_TEST(!std::filesystem::exists(dir.file("checkpoints")));
}

BOOST_FIXTURE_TEST_CASE(an_endpoint_that_is_not_there_is_waited_for_and_the_run_can_go_on,
                        class_room) {
    const silent_port nobody;
    const auto away =
        ask_at("http://127.0.0.1:" + nobody.number() + "/v1", {"--wait-for-endpoint", "1s"});
    check_refusal(away, 75, "Waiting for the endpoint");
    BOOST_TEST(contains(away.errors, "stayed away too long"));
    BOOST_TEST(contains(away.errors, "To go on: "));

    const simulator endpoint({}, false);
    check_complete(ask_at(endpoint.base_url(), {"--must-resume"}));
    BOOST_TEST(endpoint.requests() == 5u);
}

BOOST_AUTO_TEST_SUITE_END()
