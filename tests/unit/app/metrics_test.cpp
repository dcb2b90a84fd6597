// The page of figures, and the little server that shows it.
#include "proctor/app/metrics.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <boost/test/unit_test.hpp>

#include <string>
#include <thread>

namespace {

using namespace proctor;

bool contains(const std::string& text, std::string_view part) {
    return text.find(part) != text.npos;
}

BOOST_AUTO_TEST_SUITE(metrics_for_prometheus)

BOOST_AUTO_TEST_CASE(figures_are_told_with_their_names_and_labels) {
    ledger counted;
    outcome what(record_kind::result, 1);
    what.score = 1;
    counted.apply(what);
    metrics now;
    now.figures.total = 10;
    now.figures.endpoints.attempts = 7;
    now.figures.endpoints.troubles["429"] = 3;
    now.endpoints.push_back({"https://a \"b\"/v1", 5, 16, false});
    const auto text = metrics_text(counted, now);
    for (const auto* line :
         {"# TYPE proctor_questions gauge\nproctor_questions 10\n",
          "\nproctor_questions_completed 1\n", "\nproctor_attempts_total 7\n",
          "\nproctor_attempt_failures_total{kind=\"429\"} 3\n",
          "\nproctor_requests_in_flight{endpoint=\"https://a \\\"b\\\"/v1\"} 5\n",
          "\nproctor_endpoint_up{endpoint=\"https://a \\\"b\\\"/v1\"} 0\n",
          "\n# TYPE proctor_request_duration_seconds histogram\n", "_bucket{le=\"+Inf\"} "})
        BOOST_TEST(contains(text, line), line);
    BOOST_TEST(text.back() == '\n');
}

BOOST_AUTO_TEST_CASE(the_server_answers_who_asks_for_them_and_nobody_else) {
    namespace asio = boost::asio;
    asio::io_context io;
    auto opened = metrics_listener::open(io.get_executor(), "127.0.0.1:0",
                                         [] { return std::string("proctor_questions 10\n"); });
    BOOST_REQUIRE(opened.has_value());
    auto& server = **opened;
    server.start();
    auto work = asio::make_work_guard(io);
    std::thread serving([&] { io.run(); });
    const auto url = server.url();
    const auto port = url.substr(17, url.find('/', 17) - 17); // behind "http://127.0.0.1:"
    const auto ask = [&](const std::string& request) {
        asio::io_context mine;
        asio::ip::tcp::socket socket(mine);
        socket.connect(
            {asio::ip::address_v4::loopback(), static_cast<std::uint16_t>(std::stoi(port))});
        asio::write(socket, asio::buffer(request));
        std::string reply;
        boost::system::error_code end;
        asio::read(socket, asio::dynamic_buffer(reply), end);
        return reply;
    };
    const auto page = ask("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
    BOOST_TEST(page.starts_with("HTTP/1.1 200 OK\r\n"));
    BOOST_TEST(page.ends_with("\r\n\r\nproctor_questions 10\n"));
    BOOST_TEST(ask("GET / HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 404 "));
    BOOST_TEST(ask(std::string(20'000, 'x')) == "");
    asio::post(io, [&] {
        work.reset();
        asio::co_spawn(io, server.stop(), [](std::exception_ptr) {});
    });
    serving.join();
}

BOOST_AUTO_TEST_CASE(what_is_no_address_is_told) {
    boost::asio::io_context io;
    for (const auto* wrong :
         {"", "9100", "localhost:9100", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:70000"})
        BOOST_TEST_CONTEXT(wrong) {
            const auto opened = metrics_listener::open(io.get_executor(), wrong, {});
            BOOST_REQUIRE(!opened.has_value());
            BOOST_TEST((opened.error().code == failure_code::bad_value));
        }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
