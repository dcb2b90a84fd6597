// The little server that shows pages.
#include "proctor/net/page_listener.hpp"

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

// Shows who asks what they asked for.
class server {
public:
    server()
        : listener_(page_listener::open(io_.get_executor(), "--listen", "127.0.0.1:0",
                                        [](const page_request& asked) -> page_reply {
                                            return {asked.target == "/none" ? 404u : 200u,
                                                    "text/html", asked.target + asked.host};
                                        })
                        .value()) {
        listener_->start();
        serving_ = std::thread([this] { io_.run(); });
    }
    ~server() {
        asio::post(io_,
                   [this] { asio::co_spawn(io_, listener_->stop(), [](std::exception_ptr) {}); });
        serving_.join();
    }

    const page_listener& listener() const { return *listener_; }

    asio::ip::tcp::endpoint local() const {
        const auto url = listener_->url();
        const auto port = url.substr(17, url.find('/', 17) - 17); // behind "http://127.0.0.1:"
        return {asio::ip::address_v4::loopback(), static_cast<std::uint16_t>(std::stoi(port))};
    }

    std::string ask(const std::string& request) const {
        asio::io_context mine;
        asio::ip::tcp::socket socket(mine);
        socket.connect(local());
        asio::write(socket, asio::buffer(request));
        std::string reply;
        boost::system::error_code end;
        asio::read(socket, asio::dynamic_buffer(reply), end);
        return reply;
    }

private:
    asio::io_context io_;
    std::unique_ptr<page_listener> listener_;
    std::thread serving_;
};

bool contains(const std::string& text, std::string_view part) {
    return text.find(part) != text.npos;
}

BOOST_AUTO_TEST_SUITE(page_listeners)

BOOST_AUTO_TEST_CASE(a_page_is_made_of_what_was_asked) {
    const server pages;
    const auto reply = pages.ask("GET /a?b=c HTTP/1.1\r\nHost: here:80\r\n\r\n");
    BOOST_TEST(reply.starts_with("HTTP/1.1 200 OK\r\n"));
    BOOST_TEST(contains(reply, "\r\nContent-Type: text/html\r\n"));
    BOOST_TEST(contains(reply, "\r\nCache-Control: no-store\r\n"));
    BOOST_TEST(contains(reply, "\r\nContent-Length: 13\r\n"));
    BOOST_TEST(reply.ends_with("\r\n\r\n/a?b=chere:80"));
    BOOST_TEST(pages.ask("GET /none HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 404 "));
    BOOST_TEST(pages.listener().is_local());
}

BOOST_AUTO_TEST_CASE(a_head_has_no_body_and_nothing_is_changed_by_others) {
    const server pages;
    const auto head = pages.ask("HEAD /abc HTTP/1.1\r\nHost: x\r\n\r\n");
    BOOST_TEST(contains(head, "\r\nContent-Length: 5\r\n"));
    BOOST_TEST(head.ends_with("\r\n\r\n"));
    for (const auto* method : {"POST", "PUT", "DELETE", "BREW"})
        BOOST_TEST(pages.ask(std::string(method) + " / HTTP/1.1\r\nContent-Length: 0\r\n\r\n")
                       .starts_with("HTTP/1.1 405 "));
}

BOOST_AUTO_TEST_CASE(what_is_no_request_is_not_answered_and_harms_nobody) {
    const server pages;
    for (const auto& noise : {std::string(20'000, 'x'), std::string("\0\r\n\r\n", 5),
                              "GET / HTTP/1.1\r\nA: " + std::string(9'000, 'a') + "\r\n\r\n"})
        BOOST_TEST(pages.ask(noise) == "");
    BOOST_TEST(pages.ask("GET / HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 200 "));
}

BOOST_AUTO_TEST_CASE(it_ends_while_somebody_has_said_nothing_yet) {
    asio::io_context mine;
    asio::ip::tcp::socket idle(mine);
    {
        const server pages;
        idle.connect(pages.local());
        pages.ask("GET / HTTP/1.1\r\n\r\n"); // behind it in the queue
    }
    char byte = 0;
    boost::system::error_code ended;
    asio::read(idle, asio::buffer(&byte, 1), ended);
    BOOST_TEST(ended.failed());
}

BOOST_AUTO_TEST_CASE(what_is_no_address_is_told) {
    asio::io_context io;
    for (const auto* wrong :
         {"", "9100", "localhost:9100", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:70000"})
        BOOST_TEST_CONTEXT(wrong) {
            const auto opened = page_listener::open(io.get_executor(), "--listen", wrong, {});
            BOOST_REQUIRE(!opened.has_value());
            BOOST_TEST((opened.error().code == failure_code::bad_value));
            BOOST_TEST(opened.error().where == "--listen");
        }
}

BOOST_AUTO_TEST_CASE(an_address_that_is_taken_is_told) {
    const server pages;
    const auto url = pages.listener().url();
    asio::io_context io;
    const auto opened =
        page_listener::open(io.get_executor(), "--listen", url.substr(7, url.size() - 8), {});
    BOOST_REQUIRE(!opened.has_value());
    BOOST_TEST((opened.error().code == failure_code::io_error));
    BOOST_TEST(contains(opened.error().detail, "Address already in use"));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
