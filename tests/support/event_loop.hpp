// Runs coroutines from straight-line tests: everything happens on the test's own thread.
#pragma once

#include "proctor/async/task_group.hpp"
#include "proctor/net/transport.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/test/unit_test.hpp>

#include <optional>

namespace proctor::test {

class event_loop {
public:
    event_loop() : tasks(io.get_executor()) {}
    ~event_loop() { end(tasks); }

    // Until `condition` holds. Fails the test rather than hang if nothing happens for a minute.
    template <class Condition>
    void run_until(Condition condition) {
        while (!condition()) {
            if (io.stopped()) io.restart();
            BOOST_REQUIRE_MESSAGE(io.run_one_for(std::chrono::minutes{1}),
                                  "nothing happens any more");
        }
    }

    // From inside the loop: outside it, co_spawn would put the cancellation off, and it might come
    // after its task has ended and is gone.
    void end(task_group& group) {
        bool cancelled = false;
        asio::post(io, [&] {
            group.cancel();
            cancelled = true;
        });
        run_until([&] { return cancelled && group.size() == 0; });
    }

    result<http_response> ask(transport& through, http_request request) {
        std::optional<result<http_response>> reply;
        start(through, std::move(request), reply);
        run_until([&] { return reply.has_value(); });
        return std::move(*reply);
    }

    // The same, not waiting for it.
    void start(transport& through, http_request request,
               std::optional<result<http_response>>& reply) {
        tasks.spawn(keep(through, std::move(request), reply));
    }

    asio::io_context io{1};
    task_group tasks;

private:
    static asio::awaitable<void> keep(transport& through, http_request request,
                                      std::optional<result<http_response>>& reply) {
        reply = co_await through.exchange(std::move(request));
    }
};

} // namespace proctor::test
