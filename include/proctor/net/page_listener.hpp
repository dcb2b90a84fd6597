// The least of a web server: pages that are made when somebody asks for them, over plain HTTP, one
// a connection. It stays on this machine unless it is told otherwise; one who asks slowly holds up
// nobody.
#pragma once

#include "proctor/async/task_group.hpp"
#include "proctor/core/error.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <functional>
#include <memory>
#include <string>

namespace proctor {

struct page_request {
    std::string target; // path and query, as they were sent
    std::string host;   // what the one who asks calls this server; empty: nothing
};

struct page_reply {
    unsigned status = 200;
    std::string content_type;
    std::string body;
};

// Answers GET and HEAD. On the executor's one thread, which is held up while a page is made.
class page_listener {
public:
    using page_maker = std::function<page_reply(const page_request&)>;

    // bad_value, io_error, of `what`: `address` is no address with a port, or cannot be listened
    // on.
    static result<std::unique_ptr<page_listener>>
    open(asio::any_io_executor, const std::string& what, const std::string& address, page_maker);

    std::string url() const; // "http://127.0.0.1:8765/"
    bool is_local() const;   // only this machine, with all who use it, can reach it
    // Whoever asks before this waits.
    void start();
    // Once start() was called.
    asio::awaitable<void> stop();

private:
    page_listener(asio::any_io_executor, page_maker);
    asio::awaitable<void> accept();
    asio::awaitable<void> answer(asio::ip::tcp::socket);

    asio::ip::tcp::acceptor acceptor_;
    page_maker make_;
    task_group tasks_;
};

} // namespace proctor
